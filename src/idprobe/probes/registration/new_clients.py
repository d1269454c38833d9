"""What a client gets that nobody knew before, and how its names are compared."""

from dataclasses import replace
from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import Authorized, authorize, fresh_pkce, redemption, visit
from idprobe.flows.moves import Landed
from idprobe.flows.registration import registration_of
from idprobe.model.profile import Capability, Role
from idprobe.probes import probe
from idprobe.probes.steps.authorization_request import ordinary, tried, tried_for_tokens
from idprobe.probes.steps.throwaway_clients import metadata_for, throwaway_clients
from idprobe.probes.tokens.protection import NEEDS

__all__ = [
    "code_redeemed_without_redirect_uri",
    "newcomer",
    "public_client_in_the_clear",
    "strings_compared",
]

COMPOSED: Final = "https://client.example/caf%C3%A9"
DECOMPOSED: Final = "https://client.example/cafe%CC%81"
CLEAR: Final = "http://client.example/cb"
PUBLIC: Final = {"token_endpoint_auth_method": "none"}
OPENID: Final = (("scope", "openid"),)


@probe(needs=NEEDS, logs_in=True)
async def newcomer(wire: Wire) -> None:
    """Register with nothing but the metadata known: `register`; log in: `login`, `tokens-login`."""
    async with throwaway_clients(wire) as throwaway:
        metadata = metadata_for(wire.provider)
        registration = registration_of(await throwaway.enter("register", metadata))
        if registration is not None:
            client = registration.client("registered", metadata)
            wire.provider = wire.provider.with_client(replace(client, scope="openid"))
            await tried_for_tokens(wire, "login", scope="openid")


@probe(needs=NEEDS, logs_in=True)
async def strings_compared(wire: Wire) -> None:
    """Write a redirect URI in another form of a letter: `decomposed`; other cases: `case-NAME`.

    The client is registered with a redirect URI that has an é of one code point. The scope in
    upper case is `case-scope`, and `tokens-case-scope` if a code lands.
    """
    async with throwaway_clients(wire) as throwaway:
        metadata = metadata_for(wire.provider, redirect_uris=[COMPOSED])
        registration = registration_of(await throwaway.enter("register", metadata))
        if registration is None:
            raise Unsuited("the server registers no redirect URI with such a letter")
        client = replace(registration.client("registered", metadata), scope="openid")
        provider = wire.provider = wire.provider.with_client(client)
        await wire.run(authorize(provider, scope="openid"), "control")
        other = (*OPENID, ("redirect_uri", DECOMPOSED))
        watched = provider.with_client(replace(client, redirect_uris=(COMPOSED, DECOMPOSED)))
        await wire.run(visit(watched, ordinary(provider, extra=other)), "decomposed")
        if client.client_id.swapcase() != client.client_id:
            named = (*OPENID, ("client_id", client.client_id.swapcase()))
            await tried(wire, "case-client", ordinary(provider, extra=named))
        await tried_for_tokens(wire, "case-scope", scope="OPENID")
        await wire.run(authorize(provider, scope="openid"), "control-again")


@probe(needs=frozenset({Capability.REGISTRATION}))
async def public_client_in_the_clear(wire: Wire) -> None:
    """Register a public web client whose redirect URI is http: `clear`."""
    async with throwaway_clients(wire) as throwaway:
        await throwaway.register("control", metadata_for(wire.provider, **PUBLIC))
        await throwaway.offer("clear", metadata_for(wire.provider, **PUBLIC, redirect_uris=[CLEAR]))
        await throwaway.register("control-again", metadata_for(wire.provider, **PUBLIC))


@probe(role=Role.WEB, needs={Capability.AUTHORIZATION_CODE, Capability.OPENID}, logs_in=True)
async def code_redeemed_without_redirect_uri(wire: Wire) -> None:
    """Leave redirect_uri out of a token request, of a client with several: `missing`."""
    provider = wire.provider
    if len(provider.client.redirect_uris) < 2:  # noqa: PLR2004 -- with one the server may go on
        raise Unsuited("the client has one redirect URI only, so it may be left out")
    for step, omit in {"control": (), "missing": ("redirect_uri",), "control-again": ()}.items():
        pkce = fresh_pkce()
        parameters = ordinary(provider, extra=pkce.parameters)
        ended = await wire.run(visit(provider, parameters), f"login-{step}")
        if isinstance(ended, Landed):
            authorized = Authorized(ended.landing, parameters, pkce)
            await wire.send(redemption(provider, authorized, omit=omit), step)
