"""What was issued for a short time, tried out after it (with `--depth full`)."""

import asyncio
import time
from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import EvidenceError, Unsuited
from idprobe.flows import (
    Tokens,
    authorize,
    introspection_request,
    redeem,
    redemption,
    refresh_request,
    revocation_request,
    tokens_by_code,
    userinfo_request,
)
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes import Depth, probe
from idprobe.probes.steps.authorization_request import is_openid, ordinary, tried

__all__ = ["brief_code", "brief_tokens", "refresh_token_left_alone"]

BRIEF: Final = frozenset({Capability.AUTHORIZATION_CODE})
AFTER_S: Final = 1.5
"""Clocks count whole seconds: so long after the end it is over."""

BEFORE_S: Final = 1.0
"""So long before the end something is still good, be the clocks apart by a little or not."""


@probe(role=Role.BRIEF, needs=BRIEF, logs_in=True, depth=Depth.FULL)
async def brief_code(wire: Wire) -> None:
    """Redeem a code at once, `control`, and one after its time, `late`.

    One that was redeemed, `redeem`, is sent again shortly before its end, `replay`, and after it.
    """
    provider = wire.provider
    lifetime_s = _promised_s(provider, "code_lifetime_s")
    authorized = await wire.run(authorize(provider), "authorize")
    await wire.run(tokens_by_code(provider), "control")
    used = await wire.run(authorize(provider), "authorize-used")
    await wire.run(redeem(provider, used), "redeem")
    await _wait(provider, lifetime_s - AFTER_S - BEFORE_S)
    await wire.send(redemption(provider, used), "replay")
    await _wait(provider, BEFORE_S)
    await wire.send(redemption(provider, authorized), "late")
    await wire.send(redemption(provider, used), "late-replay")
    await wire.run(tokens_by_code(provider), "control")


@probe(role=Role.BRIEF, needs=BRIEF, logs_in=True, depth=Depth.FULL)
async def brief_tokens(wire: Wire) -> None:
    """Use an access token at once and after its time.

    Steps: `use` and `introspect`, later `late-use`, `late-introspect`, `late-hint` (its ID Token as
    id_token_hint), `late-refresh` and `late-revoke`; a fresh token at the end, `usual`.
    """
    provider = wire.provider
    tokens = await wire.run(tokens_by_code(provider), "redeem")
    begun_s = time.monotonic()
    if tokens.expires_in is None:
        raise Unsuited("the token response does not say when the access token expires")
    await _use(wire, tokens, "")
    await _wait(provider, tokens.expires_in)
    await _use(wire, tokens, "late-")
    if tokens.id_token is not None and is_openid(provider):
        asks = (("prompt", "none"), ("id_token_hint", tokens.id_token))
        await tried(wire, "late-hint", ordinary(provider, extra=asks), user=False)
    if tokens.refresh_token is not None:
        await wire.send(refresh_request(provider, tokens.refresh_token), "late-refresh")
        _be_in_time(provider, time.monotonic() - begun_s)
    if provider.has_endpoint("revocation_endpoint"):
        await wire.send(revocation_request(provider, tokens.access_token), "late-revoke")
    fresh = await wire.run(tokens_by_code(provider), "redeem-again")
    await _use(wire, fresh, "usual-")


@probe(role=Role.BRIEF, needs=BRIEF | {Capability.REFRESH_TOKEN}, logs_in=True, depth=Depth.FULL)
async def refresh_token_left_alone(wire: Wire) -> None:
    """Leave a refresh token unused: `late`; one that was just issued works after it: `usual`."""
    provider = wire.provider
    idle_s = _promised_s(provider, "refresh_token_idle_s")
    first = await _refreshable(wire, "tokens")
    await _wait(provider, idle_s)
    await wire.send(refresh_request(provider, first), "late")
    second = await _refreshable(wire, "tokens-again")
    await wire.send(refresh_request(provider, second), "usual")


async def _refreshable(wire: Wire, step: str) -> str:
    authorized = await wire.run(authorize(wire.provider), f"login-{step}")
    tokens = await wire.run(redeem(wire.provider, authorized), step)
    if tokens.refresh_token is None:
        raise Unsuited(f"the client {wire.provider.client.name} is given no refresh token")
    return tokens.refresh_token


async def _use(wire: Wire, tokens: Tokens, prefix: str) -> None:
    provider = wire.provider
    if provider.has_endpoint("userinfo_endpoint") and is_openid(provider):
        await wire.send(userinfo_request(provider, tokens.access_token), f"{prefix}use")
    if provider.has_endpoint("introspection_endpoint"):
        request = introspection_request(provider, tokens.access_token)
        await wire.send(request, f"{prefix}introspect")


def _promised_s(provider: Provider, key: str) -> float:
    """Return a lifetime that the contract promises; raises Unsuited without it."""
    promised = provider.profile.contract.get(key)
    if not promised:
        raise Unsuited(f"[contract] of the profile does not say {key}")
    return float(promised)


def _be_in_time(provider: Provider, seconds: float) -> None:
    """Raise EvidenceError if a refresh token may have ended because nobody used it so long."""
    idle_s = provider.profile.contract.get("refresh_token_idle_s")
    if idle_s and seconds + BEFORE_S > float(idle_s):
        raise EvidenceError(f"the experiment took {seconds:.1f} s, too long for a refresh token")


async def _wait(provider: Provider, seconds: float) -> None:
    """Wait until something has expired; raises Unsuited if that takes too long."""
    limit_s = provider.profile.limits.max_wait_s
    if seconds + AFTER_S > limit_s:
        raise Unsuited(f"it lives for {seconds:g} s, too long for max_wait_s of [limits]")
    await asyncio.sleep(seconds + AFTER_S)
