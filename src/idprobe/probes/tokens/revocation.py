"""The revocation endpoint (RFC 7009)."""

from dataclasses import replace
from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import (
    Tokens,
    authenticated,
    authorize,
    introspection_request,
    redeem,
    refresh,
    refresh_request,
    revocation_request,
    userinfo_request,
)
from idprobe.model.exchange import Request
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes import probe
from idprobe.probes.steps.token_requests import WRONG_SECRET

__all__ = [
    "access_token_revoked",
    "hints_of_revocation",
    "refresh_token_revoked",
    "revocation_by_another_client",
    "revocation_faults",
    "revocation_unauthenticated",
]

REVOCATION: Final = frozenset({Capability.AUTHORIZATION_CODE, Capability.REVOCATION})
WITH_REFRESH: Final = REVOCATION | {Capability.REFRESH_TOKEN}


@probe(role=Role.WEB, needs=REVOCATION, logs_in=True)
async def access_token_revoked(wire: Wire) -> None:
    """Revoke an access token, `revoke`; use it before and after, and its refresh token after."""
    tokens = await _tokens(wire, wire.provider, "")
    await _use(wire, tokens.access_token, "before")
    await wire.send(revocation_request(wire.provider, tokens.access_token), "revoke")
    await _use(wire, tokens.access_token, "after")
    if tokens.refresh_token is not None:
        await wire.send(refresh_request(wire.provider, tokens.refresh_token), "refresh")


@probe(role=Role.WEB, needs=WITH_REFRESH, logs_in=True)
async def refresh_token_revoked(wire: Wire) -> None:
    """Revoke a refresh token twice, `revoke` and `twice`; then try it and its access token."""
    await _control(wire)
    tokens = await _refreshable(wire, "")
    token = tokens.refresh_token or ""
    await _use(wire, tokens.access_token, "before")
    await wire.send(revocation_request(wire.provider, token, hint="refresh_token"), "revoke")
    # first the access token: to try the refresh token may end it, as a reuse
    await _use(wire, tokens.access_token, "after")
    await wire.send(refresh_request(wire.provider, token), "refresh")
    await wire.send(revocation_request(wire.provider, token, hint="refresh_token"), "twice")


@probe(role=Role.WEB, needs=WITH_REFRESH, logs_in=True)
async def hints_of_revocation(wire: Wire) -> None:
    """Revoke refresh tokens with a wrong hint and with an unknown one, and try them."""
    await _control(wire)
    for step, hint in (("wrong", "access_token"), ("unknown", "idprobe_nonsense")):
        tokens = await _refreshable(wire, f"-{step}")
        token = tokens.refresh_token or ""
        await wire.send(revocation_request(wire.provider, token, hint=hint), f"revoke-{step}")
        await wire.send(refresh_request(wire.provider, token), f"refresh-{step}")


@probe(role=Role.WEB, needs=REVOCATION, logs_in=True)
async def revocation_faults(wire: Wire) -> None:
    """Revoke what does not exist, and nothing; steps named for it, then a real token: `usual`."""
    provider = wire.provider
    tokens = await _tokens(wire, provider, "")
    await wire.send(revocation_request(provider, "idprobe-no-such-token"), "bogus")
    bogus_with_hint = revocation_request(provider, "idprobe-no-such-token", hint="refresh_token")
    await wire.send(bogus_with_hint, "bogus-with-hint")
    await wire.send(authenticated(provider, "revocation_endpoint", ()), "missing")
    await wire.send(revocation_request(provider, tokens.access_token), "usual")


@probe(role=Role.WEB, needs=WITH_REFRESH, logs_in=True)
async def revocation_unauthenticated(wire: Wire) -> None:
    """Revoke without credentials, then with wrong ones; `refresh` shows whether that worked."""
    provider = wire.provider
    secret = provider.client.client_secret
    if secret is None:
        raise Unsuited(f"the client {provider.client.name} has no secret to get wrong")
    await _control(wire)
    tokens = await _refreshable(wire, "")
    token = tokens.refresh_token or ""
    await wire.send(revocation_request(provider, token, method="none"), "anonymous")
    wrong = provider.with_client(replace(provider.client, client_secret=WRONG_SECRET))
    async with wire.guessing(provider.client):
        await wire.send(revocation_request(wrong, token), "wrong-secret")
        await wire.send(refresh_request(provider, token), "refresh")


@probe(
    role=Role.WEB,
    others=(Role.SECOND,),
    needs=WITH_REFRESH | {Capability.SECOND_CLIENT},
    logs_in=True,
)
async def revocation_by_another_client(wire: Wire) -> None:
    """Revoke a client's refresh token as another client: `revoke`; `refresh` shows the effect.

    Its access token is revoked as well, by that client and by a public one; a use before and after.
    """
    await _control(wire)
    tokens = await _refreshable(wire, "")
    token = tokens.refresh_token or ""
    other = wire.acting_as(Role.SECOND)
    await _use(wire, tokens.access_token, "before")
    await wire.send(revocation_request(other, tokens.access_token), "revoke-access")
    public = wire.provider.profile.client_for(Role.PUBLIC)
    if public is not None:
        stranger = wire.provider.with_client(public)
        await wire.send(revocation_request(stranger, tokens.access_token), "revoke-as-public")
    await _use(wire, tokens.access_token, "after")
    await wire.send(revocation_request(other, token), "revoke")
    await wire.send(refresh_request(wire.provider, token), "refresh")


async def _control(wire: Wire) -> None:
    """Show that a refresh token works as long as nobody revokes it."""
    tokens = await _refreshable(wire, "-control")
    await wire.run(refresh(wire.provider, tokens.refresh_token or ""), "control")


async def _refreshable(wire: Wire, suffix: str) -> Tokens:
    """Log in and redeem the code; raises Unsuited if no refresh token comes."""
    tokens = await _tokens(wire, wire.provider, suffix)
    if tokens.refresh_token is None:
        raise Unsuited(f"the server gives the client {wire.provider.client.name} no refresh token")
    return tokens


async def _tokens(wire: Wire, provider: Provider, suffix: str) -> Tokens:
    authorized = await wire.run(authorize(provider), f"login{suffix}")
    return await wire.run(redeem(provider, authorized), f"tokens{suffix}")


async def _use(wire: Wire, token: str, when: str) -> None:
    """Try a token wherever there is a place for it; steps `userinfo-WHEN`, `introspect-WHEN`."""
    provider = wire.provider
    request: Request
    if provider.has_endpoint("userinfo_endpoint") and "openid" in provider.client.scopes:
        request = userinfo_request(provider, token)
        await wire.send(request, f"userinfo-{when}")
    if provider.has_endpoint("introspection_endpoint"):
        request = introspection_request(provider, token)
        await wire.send(request, f"introspect-{when}")
