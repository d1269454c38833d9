"""Refresh tokens: used, rotated, replayed, stolen, altered (RFC 6749 section 6)."""

import asyncio
from typing import Any, Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import (
    Tokens,
    authorize,
    redeem,
    redemption,
    refresh,
    refresh_request,
    token_request,
    userinfo_request,
)
from idprobe.model.exchange import Request
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes import Depth, probe
from idprobe.probes.steps.altered_tokens import altered
from idprobe.probes.steps.token_requests import JSON, WRONG_SECRET, with_secret

__all__ = [
    "public_refresh_replayed",
    "public_refresh_replayed_late",
    "public_refresh_stolen",
    "refresh_beside_code",
    "refresh_replayed",
    "refresh_replayed_after_three",
    "refresh_scopes",
    "refresh_stolen",
    "refresh_stolen_by_public",
    "refresh_token_faults",
    "refresh_unauthenticated",
    "refreshed",
    "refreshed_id_token",
    "refreshed_later",
]

REFRESH: Final = frozenset({Capability.AUTHORIZATION_CODE, Capability.REFRESH_TOKEN})
PUBLIC: Final = REFRESH | {Capability.PUBLIC_CLIENT}
MAX_AGE: Final = (("max_age", "10000"),)
LATER_S: Final = 2.2
A_MOMENT_S: Final = 0.5
A_SECOND_S: Final = 1.1
UNBOUND: Final = frozenset({"openid", "offline_access"})


@probe(role=Role.WEB, needs=REFRESH, logs_in=True)
async def refreshed(wire: Wire) -> None:
    """Refresh twice and use what came; steps `login`, `tokens`, `refresh`, `again`, `userinfo`."""
    first = await _refreshable(wire, wire.provider, "", extra=MAX_AGE)
    second = await wire.run(refresh(wire.provider, first.refresh_token or ""), "refresh")
    newest = second.refresh_token or first.refresh_token or ""
    await wire.run(refresh(wire.provider, newest), "again")
    await _ask(wire, second.access_token, "userinfo")


@probe(role=Role.WEB, needs=REFRESH, logs_in=True, depth=Depth.FULL)
async def refreshed_later(wire: Wire) -> None:
    """Refresh some seconds after the login; steps `login`, `tokens`, `refresh`."""
    first = await _refreshable(wire, wire.provider, "", extra=MAX_AGE)
    await asyncio.sleep(LATER_S)
    second = await wire.run(refresh(wire.provider, first.refresh_token or ""), "refresh")
    _with_id_token(second)


@probe(role=Role.WEB, needs=REFRESH | {Capability.OPENID}, logs_in=True)
async def refreshed_id_token(wire: Wire) -> None:
    """Refresh for another ID Token, where there is one; steps `login`, `tokens`, `refresh`."""
    first = await _refreshable(wire, wire.provider, "", extra=MAX_AGE)
    second = await wire.run(refresh(wire.provider, first.refresh_token or ""), "refresh")
    _with_id_token(second)


@probe(role=Role.WEB, needs=REFRESH, logs_in=True)
async def refresh_replayed(wire: Wire) -> None:
    """Use a refresh token again after it was traded: `replay`, then `successor`, then a sibling."""
    await _replayed(wire)


@probe(role=Role.PUBLIC, needs=PUBLIC, logs_in=True)
async def public_refresh_replayed(wire: Wire) -> None:
    """Replay a public client's refresh token: `replay`, then `successor`, then a sibling."""
    await _replayed(wire)


@probe(role=Role.PUBLIC, needs=PUBLIC, logs_in=True, depth=Depth.FULL)
async def public_refresh_replayed_late(wire: Wire) -> None:
    """Replay a public client's refresh token once the declared leeway is over.

    Steps `within`, as soon as the token was traded, and `replay`, when it may work no more.
    """
    leeway_s = wire.provider.profile.contract.get("refresh_reuse_leeway_s")
    limit_s = wire.provider.profile.limits.max_wait_s
    if not leeway_s:
        raise Unsuited("the contract declares no refresh_reuse_leeway_s")
    if leeway_s >= limit_s:
        raise Unsuited(f"a leeway of {leeway_s} s is longer than limits.max_wait_s, {limit_s:g}")
    first = await _refreshable(wire, wire.provider, "")
    token = first.refresh_token or ""
    second = await wire.run(refresh(wire.provider, token), "refresh")
    if second.refresh_token in {None, token}:
        raise Unsuited("the server does not rotate refresh tokens")
    await wire.send(refresh_request(wire.provider, token), "within")
    await asyncio.sleep(leeway_s + A_MOMENT_S)
    await wire.send(refresh_request(wire.provider, token), "replay")
    await _sibling(wire, wire.provider)


@probe(role=Role.WEB, needs=REFRESH, logs_in=True)
async def refresh_scopes(wire: Wire) -> None:
    """Refresh with less scope (`narrow`), with none said (`omitted`), with more (`wider`)."""
    client = wire.provider.client
    bound = [one for one in client.scopes if one in UNBOUND]
    free = [one for one in client.scopes if one not in UNBOUND]
    if len(free) < 2:  # noqa: PLR2004 -- one to leave out, one to ask for later
        raise Unsuited(f"the client {client.name} has too few scopes to ask for less and more")
    granted = " ".join((*bound, *free[:-1]))
    wider = await _refreshable(wire, wire.provider, "_wider", scope=granted)
    asked = f"{granted} {free[-1]}"
    await wire.send(refresh_request(wire.provider, wider.refresh_token or "", asked), "wider")
    first = await _refreshable(wire, wire.provider, "", scope=granted)
    narrow = " ".join((*bound, *free[:1])) if len(free) > 2 else " ".join(bound)  # noqa: PLR2004 -- as above
    if not narrow:
        raise Unsuited(f"the client {client.name} has too few scopes to ask for less")
    second = await wire.run(refresh(wire.provider, first.refresh_token or "", narrow), "narrow")
    newest = second.refresh_token or first.refresh_token or ""
    await wire.run(refresh(wire.provider, newest), "omitted")


@probe(role=Role.WEB, needs=REFRESH, logs_in=True)
async def refresh_beside_code(wire: Wire) -> None:
    """Send a refresh token of less scope with a code of more, `refresh`, and a code the same way.

    `redeem` has a code of less scope with a refresh token of more. Each works alone: `sibling`.
    """
    provider = wire.provider
    less = " ".join(one for one in provider.client.scopes if one in UNBOUND)
    if not less or len(less.split()) == len(provider.client.scopes):
        raise Unsuited(f"the client {provider.client.name} has too few scopes to mix them up")
    poor = await _refreshable(wire, provider, "_poor", scope=less)
    code = (await wire.run(authorize(provider), "login_code")).code or ""
    request = refresh_request(provider, poor.refresh_token or "", extra=(("code", code),))
    await wire.send(request, "refresh")
    rich = await _refreshable(wire, provider, "_rich")
    authorized = await wire.run(authorize(provider, scope=less), "login_less")
    beside = (("refresh_token", rich.refresh_token or ""),)
    await wire.send(redemption(provider, authorized, extra=beside), "redeem")
    await _sibling(wire, provider)


@probe(role=Role.WEB, needs=REFRESH, logs_in=True)
async def refresh_token_faults(wire: Wire) -> None:
    """Refresh with what is no refresh token of this grant: a step for each, then a sibling."""
    first = await _refreshable(wire, wire.provider, "")
    token = first.refresh_token or ""
    provider = wire.provider
    await wire.send(refresh_request(provider, "idprobe-no-such-refresh-token"), "bogus")
    await wire.send(refresh_request(provider, first.access_token), "access-token")
    await wire.send(token_request(provider, (("grant_type", "refresh_token"),)), "missing")
    await wire.send(refresh_request(provider, ""), "empty")
    await wire.send(refresh_request(provider, altered(token)), "altered")
    await wire.send(refresh_request(provider, token[:-8]), "cut")
    if first.id_token is not None:
        await wire.send(refresh_request(provider, first.id_token), "id-token")
    authorized = await wire.run(authorize(provider), "login_code")
    await wire.send(refresh_request(provider, authorized.code or ""), "code")
    again = (("refresh_token", "idprobe-no-such-refresh-token"),)
    await wire.send(refresh_request(provider, token, extra=again), "twice")
    await _sibling(wire, provider)


@probe(role=Role.WEB, needs=REFRESH, logs_in=True)
async def refresh_unauthenticated(wire: Wire) -> None:
    """Refresh as a confidential client without credentials, and with wrong ones."""
    provider = wire.provider
    if provider.client.client_secret is None:
        raise Unsuited(f"the client {provider.client.name} has no secret to get wrong")
    first = await _refreshable(wire, provider, "")
    anonymous = refresh_request(provider, first.refresh_token or "", method="none")
    await wire.send(anonymous, "anonymous")
    fresh = await _refreshable(wire, provider, "_nameless")
    form = (("grant_type", "refresh_token"), ("refresh_token", fresh.refresh_token or ""))
    nameless = Request.post_form(provider.endpoint("token_endpoint"), form, headers=(JSON,))
    await wire.send(nameless, "nameless")
    second = await _refreshable(wire, provider, "_guessed")
    third = await _refreshable(wire, provider, "_sibling")
    form = (("grant_type", "refresh_token"), ("refresh_token", second.refresh_token or ""))
    async with wire.guessing(provider.client):
        await wire.send(with_secret(provider, form, WRONG_SECRET), "wrong-secret")
        await wire.run(refresh(provider, third.refresh_token or ""), "sibling")


@probe(
    role=Role.WEB, others=(Role.SECOND,), needs=REFRESH | {Capability.SECOND_CLIENT}, logs_in=True
)
async def refresh_stolen(wire: Wire) -> None:
    """Send a client's refresh token as another client: `stolen`, and `stolen-rotated` after use."""
    provider, thief = wire.provider, wire.acting_as(Role.SECOND)
    if "refresh_token" not in thief.client.grant_types:
        raise Unsuited(f"the client {thief.client.name} may not refresh at all")
    first = await _refreshable(wire, provider, "")
    await wire.send(refresh_request(thief, first.refresh_token or ""), "stolen")
    second = await _refreshable(wire, provider, "_rotated")
    rotated = await wire.run(refresh(provider, second.refresh_token or ""), "rotated")
    newest = rotated.refresh_token or second.refresh_token or ""
    await wire.send(refresh_request(thief, newest), "stolen-rotated")
    await _sibling(wire, provider)


@probe(role=Role.WEB, others=(Role.PUBLIC,), needs=PUBLIC, logs_in=True)
async def refresh_stolen_by_public(wire: Wire) -> None:
    """Send a confidential client's refresh token as a public one: `stolen`, then a sibling."""
    thief = wire.acting_as(Role.PUBLIC)
    first = await _refreshable(wire, wire.provider, "")
    await wire.send(refresh_request(thief, first.refresh_token or ""), "stolen")
    await _sibling(wire, wire.provider)


@probe(role=Role.PUBLIC, needs=PUBLIC, logs_in=True)
async def refresh_replayed_after_three(wire: Wire) -> None:
    """Refresh three times, then send the first token again: `replay`; then the newest: `newest`.

    `userinfo-before` and `userinfo-after` are asked with the last access token. Before the first
    refresh a second goes by, as some servers know the age of tokens by the second.
    """
    provider = wire.provider
    if provider.profile.contract.get("refresh_reuse_leeway_s"):
        raise Unsuited("the contract lets a refresh token be used again for a while")
    first = await _refreshable(wire, provider, "")
    last = first
    await asyncio.sleep(A_SECOND_S)
    for number in range(3):
        token = last.refresh_token or ""
        last = await wire.run(refresh(provider, token), f"refresh/{number + 1}")
        if last.refresh_token in {None, token}:
            raise Unsuited("the server does not rotate refresh tokens")
    await _ask(wire, last.access_token, "userinfo-before")
    await wire.send(refresh_request(provider, first.refresh_token or ""), "replay")
    await wire.send(refresh_request(provider, last.refresh_token or ""), "newest")
    await _ask(wire, last.access_token, "userinfo-after")
    await _sibling(wire, provider)


@probe(role=Role.PUBLIC, others=(Role.WEB,), needs=PUBLIC, logs_in=True)
async def public_refresh_stolen(wire: Wire) -> None:
    """Send a public client's refresh token as a confidential one: `stolen`, then a sibling."""
    first = await _refreshable(wire, wire.provider, "")
    thief = wire.acting_as(Role.WEB)
    await wire.send(refresh_request(thief, first.refresh_token or ""), "stolen")
    await _sibling(wire, wire.provider)


def _with_id_token(tokens: Tokens) -> None:
    """Raise Unsuited without a refreshed ID Token: a server need not issue any (section 12.2)."""
    if tokens.id_token is None:
        raise Unsuited("a refresh brings no ID Token")


async def _replayed(wire: Wire) -> None:
    provider = wire.provider
    leeway_s = provider.profile.contract.get("refresh_reuse_leeway_s")
    if leeway_s:
        raise Unsuited(f"the contract lets a refresh token be used again for {leeway_s} s")
    first = await _refreshable(wire, provider, "")
    second = await wire.run(refresh(provider, first.refresh_token or ""), "refresh")
    await wire.send(refresh_request(provider, first.refresh_token or ""), "replay")
    newest = second.refresh_token or first.refresh_token or ""
    await wire.send(refresh_request(provider, newest), "successor")
    await _ask(wire, second.access_token, "userinfo")
    await _sibling(wire, provider)


async def _sibling(wire: Wire, provider: Provider) -> None:
    """Show that an honest refresh still works, with a token of its own."""
    tokens = await _refreshable(wire, provider, "_sibling")
    await wire.run(refresh(provider, tokens.refresh_token or ""), "sibling")


async def _refreshable(wire: Wire, provider: Provider, suffix: str, **options: Any) -> Tokens:
    """Log in and redeem the code; raises Unsuited if no refresh token comes."""
    client = provider.client
    if "refresh_token" not in client.grant_types:
        raise Unsuited(f"the client {client.name} has no grant refresh_token")
    authorized = await wire.run(authorize(provider, **options), f"login{suffix}")
    tokens = await wire.run(redeem(provider, authorized), f"tokens{suffix}")
    if tokens.refresh_token is None:
        raise Unsuited(f"the server gives the client {client.name} no refresh token")
    return tokens


async def _ask(wire: Wire, access_token: str, step: str) -> None:
    if wire.provider.has_endpoint("userinfo_endpoint"):
        await wire.send(userinfo_request(wire.provider, access_token), step)
