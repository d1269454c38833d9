"""One kind of JWT where another belongs, secrets that clients choose, signatures in number."""

from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import ControlFailed, Unsuited
from idprobe.flows import (
    Tokens,
    authorize,
    redeem,
    refresh,
    refresh_request,
    token_request,
    userinfo_request,
)
from idprobe.formats.jose import looks_like_jwt
from idprobe.model.profile import Capability, Role
from idprobe.probes import Depth, probe
from idprobe.probes.steps.authorization_request import ordinary, plain_scope, tried
from idprobe.probes.steps.client_assertions import TYPE
from idprobe.probes.steps.throwaway_clients import metadata_for, throwaway_clients

__all__ = [
    "CHOSEN_SECRET",
    "elliptic_signatures",
    "jwts_out_of_place",
    "secret_chosen_by_client",
    "unsigned_id_token",
]

NEEDS: Final = frozenset({Capability.AUTHORIZATION_CODE, Capability.OPENID})
CHOSEN_SECRET: Final = "idprobe-correct-horse-battery-staple"  # noqa: S105 -- it opens nothing
SIGNATURES: Final = 60
UNSIGNED: Final = "none"


@probe(role=Role.WEB, needs=NEEDS | {Capability.USERINFO}, logs_in=True)
async def jwts_out_of_place(wire: Wire) -> None:
    """Use an ID Token, and a JWT access token, for everything else; a step for each, then `usual`.

    `tokens` brings them. `userinfo-*` and `grant-*` are at those endpoints, `client-*` is an
    assertion of the client, and `request-*` a Request Object where the server takes them.
    """
    provider = wire.provider
    authorized = await wire.run(authorize(provider), "authorize")
    tokens = await wire.run(redeem(provider, authorized), "tokens")
    if tokens.id_token is None:
        raise ControlFailed(wire.exchanges[-1], "there is no ID Token")
    await wire.send(userinfo_request(provider, tokens.id_token), "userinfo-id-token")
    kinds = {"id-token": tokens.id_token, "access-token": tokens.access_token}
    jwts = {name: token for name, token in kinds.items() if looks_like_jwt(token)}
    for name, token in jwts.items():
        await wire.send(refresh_request(provider, token), f"grant-refresh-{name}")
        code = (("grant_type", "authorization_code"), ("code", token))
        redirect = ("redirect_uri", provider.client.redirect_uri)
        await wire.send(token_request(provider, (*code, redirect)), f"grant-code-{name}")
        claimed = (
            ("grant_type", "client_credentials"),
            ("client_assertion_type", TYPE),
            ("client_assertion", token),
        )
        await wire.send(token_request(provider, claimed, method="none"), f"client-{name}")
        if provider.metadata.get("request_parameter_supported") is True:
            asked = (*ordinary(provider), ("request", token))
            await tried(wire, f"request-{name}", asked)
    await _still_usual(wire, tokens)


async def _still_usual(wire: Wire, tokens: Tokens) -> None:
    """Show that the tokens are good where they belong."""
    await wire.send(userinfo_request(wire.provider, tokens.access_token), "usual")
    if tokens.refresh_token is not None:
        await wire.run(refresh(wire.provider, tokens.refresh_token), "refresh")


@probe(needs={Capability.REGISTRATION})
async def secret_chosen_by_client(wire: Wire) -> None:
    """Register a client that signs with its secret, `register`, and one that brings it: `chosen`.

    What it brings is a sentence that anybody could think of.
    """
    method = "client_secret_jwt"
    async with throwaway_clients(wire) as throwaway:
        metadata = metadata_for(wire.provider, token_endpoint_auth_method=method)
        await throwaway.register("register", metadata)
        await throwaway.offer("chosen", {**metadata, "client_secret": CHOSEN_SECRET})


@probe(role=Role.SIGNED, needs=NEEDS | {Capability.SIGNED_CLIENT}, logs_in=True, depth=Depth.FULL)
async def elliptic_signatures(wire: Wire) -> None:
    """Log in again and again for ID Tokens that are signed with ECDSA: `tokens/N`."""
    provider = wire.provider
    if "openid" not in provider.client.scopes:
        raise Unsuited(f"the client {provider.client.name} has no scope openid")
    for number in range(SIGNATURES):
        flow = authorize(provider, scope=plain_scope(provider))
        authorized = await wire.run(flow, f"authorize/{number}")
        await wire.run(redeem(provider, authorized), f"tokens/{number}")


@probe(needs=NEEDS | {Capability.REGISTRATION}, logs_in=True)
async def unsigned_id_token(wire: Wire) -> None:
    """Register a client for ID Tokens without a signature, and log in: `register`, `tokens`."""
    offered = wire.provider.metadata.get("id_token_signing_alg_values_supported")
    if not isinstance(offered, list) or UNSIGNED not in offered:
        raise Unsuited("the server offers no ID Tokens without a signature")
    async with throwaway_clients(wire) as throwaway:
        metadata = metadata_for(wire.provider, id_token_signed_response_alg=UNSIGNED)
        registration = await throwaway.register("register", metadata)
        provider = wire.provider.with_client(registration.client("unsigned", metadata))
        authorized = await wire.run(authorize(provider, scope="openid"), "authorize")
        await wire.run(redeem(provider, authorized), "tokens")
