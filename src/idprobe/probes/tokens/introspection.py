"""The introspection endpoint (RFC 7662)."""

import asyncio
from dataclasses import replace
from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import (
    Tokens,
    authenticated,
    authorize,
    client_credentials,
    introspection_request,
    redeem,
    refresh,
)
from idprobe.formats.jose import generate_key, sign_jwt
from idprobe.model.exchange import Request
from idprobe.model.profile import Capability, Role
from idprobe.probes import Depth, probe
from idprobe.probes.steps.altered_tokens import forgeries
from idprobe.probes.steps.token_requests import WRONG_SECRET, honest_tokens, scope_of_its_own

__all__ = [
    "expired_token_introspected",
    "forged_tokens_introspected",
    "introspected_by_another_client",
    "introspection_faults",
    "introspection_unauthenticated",
    "own_token_introspected",
    "tokens_introspected",
    "used_refresh_token_introspected",
]

A_MOMENT_S: Final = 1.5
INTROSPECTION: Final = frozenset({Capability.AUTHORIZATION_CODE, Capability.INTROSPECTION})


@probe(role=Role.WEB, needs=INTROSPECTION, logs_in=True)
async def tokens_introspected(wire: Wire) -> None:
    """Ask about live tokens: `access`, `refresh`, and with a wrong hint `access-hint`, ..."""
    provider = wire.provider
    tokens = await _tokens(wire)
    await wire.send(introspection_request(provider, tokens.access_token), "access")
    hinted = introspection_request(provider, tokens.access_token, hint="refresh_token")
    await wire.send(hinted, "access-hint")
    if tokens.refresh_token is not None:
        await wire.send(introspection_request(provider, tokens.refresh_token), "refresh")
        hinted = introspection_request(provider, tokens.refresh_token, hint="access_token")
        await wire.send(hinted, "refresh-hint")


@probe(role=Role.SERVICE, needs={Capability.CLIENT_CREDENTIALS, Capability.INTROSPECTION})
async def own_token_introspected(wire: Wire) -> None:
    """Ask about a token that a client has for itself; steps `tokens`, `own`."""
    scope = scope_of_its_own(wire.provider.client)
    tokens = await wire.run(client_credentials(wire.provider, scope), "tokens")
    await wire.send(introspection_request(wire.provider, tokens.access_token), "own")


@probe(role=Role.WEB, needs=INTROSPECTION | {Capability.REFRESH_TOKEN}, logs_in=True)
async def used_refresh_token_introspected(wire: Wire) -> None:
    """Ask about a refresh token before it is traded and after; steps `before`, `after`."""
    provider = wire.provider
    tokens = await _tokens(wire)
    if tokens.refresh_token is None:
        raise Unsuited(f"the server gives the client {provider.client.name} no refresh token")
    await wire.send(introspection_request(provider, tokens.refresh_token), "before")
    second = await wire.run(refresh(provider, tokens.refresh_token), "rotate")
    if second.refresh_token in {None, tokens.refresh_token}:
        raise Unsuited("the server does not rotate refresh tokens")
    if provider.profile.contract.get("refresh_reuse_leeway_s"):
        raise Unsuited("the contract lets a refresh token be used again for a while")
    await wire.send(introspection_request(provider, tokens.refresh_token), "after")


@probe(role=Role.WEB, needs=INTROSPECTION, logs_in=True)
async def introspection_faults(wire: Wire) -> None:
    """Ask about what is no token, about nothing, and by GET; then about a live one: `usual`."""
    provider = wire.provider
    tokens = await _tokens(wire)
    await wire.send(introspection_request(provider, "idprobe-no-such-token"), "bogus")
    await wire.send(introspection_request(provider, "x"), "short")
    await wire.send(introspection_request(provider, "idprobe" * 1_400), "long")
    await wire.send(introspection_request(provider, _foreign_jwt()), "foreign")
    await wire.send(authenticated(provider, "introspection_endpoint", ()), "missing")
    by_post = introspection_request(provider, tokens.access_token)
    headers = tuple(pair for pair in by_post.headers if pair[0] != "Content-Type")
    by_get = Request.get(by_post.url, by_post.form, headers=headers)
    await wire.send(by_get, "get")
    await wire.send(by_post, "usual")


@probe(role=Role.WEB, needs=INTROSPECTION, logs_in=True)
async def forged_tokens_introspected(wire: Wire) -> None:
    """Ask about altered and forged copies of a live token, `forged-HOW`; then about it: `usual`."""
    provider = wire.provider
    tokens = await _tokens(wire)
    for how, forged in forgeries(tokens.access_token):
        await wire.send(introspection_request(provider, forged), f"forged-{how}")
    await wire.send(introspection_request(provider, tokens.access_token), "usual")


@probe(role=Role.WEB, needs=INTROSPECTION, logs_in=True)
async def introspection_unauthenticated(wire: Wire) -> None:
    """Ask without credentials, with the client_id alone, with a wrong secret; then as usual."""
    provider = wire.provider
    if provider.client.client_secret is None:
        raise Unsuited(f"the client {provider.client.name} has no secret to get wrong")
    token = (await _tokens(wire)).access_token
    url = provider.endpoint("introspection_endpoint")
    await wire.send(Request.post_form(url, (("token", token),)), "nobody")
    await wire.send(introspection_request(provider, token, method="none"), "client-id")
    headers = (("Authorization", "Bearer idprobe-no-such-token"),)
    await wire.send(Request.post_form(url, (("token", token),), headers=headers), "bearer")
    wrong = provider.with_client(replace(provider.client, client_secret=WRONG_SECRET))
    async with wire.guessing(provider.client):
        await wire.send(introspection_request(wrong, token), "wrong-secret")
        await wire.send(introspection_request(provider, token), "usual")


@probe(needs={Capability.INTROSPECTION, Capability.CLIENT_CREDENTIALS}, depth=Depth.FULL)
async def expired_token_introspected(wire: Wire) -> None:
    """Ask about a token that soon expires, `before`, and once it has, `after`.

    It is of the first client whose own tokens live no longer than we wait.
    """
    limit_s = wire.provider.profile.limits.max_wait_s
    for client in wire.provider.profile.clients.values():
        if "client_credentials" not in client.grant_types:
            continue
        provider = wire.provider.with_client(client)
        tokens = await honest_tokens(wire, provider, f"tokens-{client.name}")
        if tokens.expires_in is not None and tokens.expires_in < limit_s:
            await wire.send(introspection_request(provider, tokens.access_token), "before")
            await asyncio.sleep(tokens.expires_in + A_MOMENT_S)
            await wire.send(introspection_request(provider, tokens.access_token), "after")
            return
    raise Unsuited(f"no client of the profile gets tokens that live less than {limit_s:g} s")


@probe(
    role=Role.WEB,
    others=(Role.SECOND,),
    needs=INTROSPECTION | {Capability.SECOND_CLIENT},
    logs_in=True,
)
async def introspected_by_another_client(wire: Wire) -> None:
    """Ask about a client's token as another client, `other`; then as its own: `usual`.

    The other client asks about what is no token too: `other-unknown`.
    """
    token, second = (await _tokens(wire)).access_token, wire.acting_as(Role.SECOND)
    await wire.send(introspection_request(second, token), "other")
    await wire.send(introspection_request(second, "idprobe-no-such-token"), "other-unknown")
    await wire.send(introspection_request(wire.provider, token), "usual")


async def _tokens(wire: Wire) -> Tokens:
    authorized = await wire.run(authorize(wire.provider), "login")
    return await wire.run(redeem(wire.provider, authorized), "tokens")


def _foreign_jwt() -> str:
    """Return a well-made JWT of an issuer that nobody knows."""
    claims = {"iss": "https://elsewhere.idprobe.example", "sub": "somebody", "exp": 4_000_000_000}
    return sign_jwt(claims, generate_key("EC"), {"alg": "ES256", "typ": "at+jwt", "kid": "one"})
