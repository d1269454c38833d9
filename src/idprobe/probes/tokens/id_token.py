"""ID Tokens of the code flow: repeated logins, nonce, max_age, who they are about."""

import asyncio
from typing import Any, Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import (
    Authorized,
    Landed,
    authorization_parameters,
    authorize,
    fresh_pkce,
    redeem,
    redemption,
    visit,
)
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes import Depth, probe
from idprobe.probes.steps.authorization_request import plain_scope

__all__ = [
    "login_without_openid",
    "logins_apart_in_time",
    "logins_of_two_clients",
    "logins_of_two_users",
    "max_age_login",
    "nonces_returned",
    "openid_alone",
    "parameters_reversed",
    "signed_in_twice",
]

OPENID_LOGIN: Final = frozenset({Capability.AUTHORIZATION_CODE, Capability.OPENID})
MAX_AGE: Final = (("max_age", "10000"),)
ODD_NONCE: Final = "aB %2F+/=é~"
LONG_NONCE: Final = "n0nce-Of_512." + "x" * 499
AGES_APART_S: Final = 3.0


@probe(role=Role.WEB, needs=OPENID_LOGIN, logs_in=True)
async def signed_in_twice(wire: Wire) -> None:
    """Log in from two browsers; steps `login`, `tokens`, `login_again`, `tokens_again`."""
    await _tokens(wire, wire.provider, "")
    wire.fresh_browser()
    await _tokens(wire, wire.provider, "_again")


@probe(role=Role.WEB, needs=OPENID_LOGIN | {Capability.SECOND_USER}, logs_in=True)
async def logins_of_two_users(wire: Wire) -> None:
    """Log in as one user, then as another: `login`, `tokens`, `login_other`, `tokens_other`."""
    await _tokens(wire, wire.provider, "")
    wire.fresh_browser()
    other = list(wire.provider.profile.users.values())[1]
    await _tokens(wire, wire.provider.with_user(other), "_other")


@probe(
    role=Role.WEB,
    others=(Role.SECOND,),
    needs=OPENID_LOGIN | {Capability.SECOND_CLIENT},
    logs_in=True,
)
async def logins_of_two_clients(wire: Wire) -> None:
    """Log one user in at two clients; steps `login`, `tokens`, `login_other`, `tokens_other`."""
    await _tokens(wire, wire.provider, "")
    other = wire.acting_as(Role.SECOND)
    if "openid" not in other.client.scopes:
        raise Unsuited(f"the client {other.client.name} has no scope openid")
    await _tokens(wire, other, "_other")


@probe(role=Role.WEB, needs=OPENID_LOGIN, logs_in=True)
async def parameters_reversed(wire: Wire) -> None:
    """Send a request, `tokens`, and the same in the other order, scopes too: `tokens_reversed`."""
    await _tokens(wire, wire.provider, "", scope=plain_scope(wire.provider))
    scope = " ".join(reversed(plain_scope(wire.provider).split()))
    pkce = fresh_pkce()
    parameters = authorization_parameters(wire.provider, scope=scope, pkce=pkce)[::-1]
    ending = await wire.run(visit(wire.provider, parameters), "login_reversed")
    if isinstance(ending, Landed) and ending.landing.get("code"):
        authorized = Authorized(ending.landing, parameters, pkce)
        await wire.send(redemption(wire.provider, authorized), "tokens_reversed")


@probe(role=Role.WEB, needs=OPENID_LOGIN, logs_in=True)
async def openid_alone(wire: Wire) -> None:
    """Log in with the scope openid and nothing else; steps `login`, `tokens`."""
    await _tokens(wire, wire.provider, "", scope="openid")


@probe(role=Role.WEB, needs=OPENID_LOGIN, logs_in=True)
async def max_age_login(wire: Wire) -> None:
    """Ask for a login that is not too old; steps `login`, `tokens`."""
    await _tokens(wire, wire.provider, "", extra=MAX_AGE)


@probe(role=Role.WEB, needs=OPENID_LOGIN, logs_in=True, depth=Depth.FULL)
async def logins_apart_in_time(wire: Wire) -> None:
    """Get two ID Tokens by one login, some seconds apart; the second pair of steps is `_later`."""
    await _tokens(wire, wire.provider, "", extra=MAX_AGE)
    await asyncio.sleep(AGES_APART_S)
    await _tokens(wire, wire.provider, "_later", extra=MAX_AGE)


@probe(role=Role.WEB, needs=OPENID_LOGIN, logs_in=True)
async def nonces_returned(wire: Wire) -> None:
    """Send an odd nonce and a long one: steps `login_KIND`, `tokens_KIND`, then a usual one."""
    await _attempt(wire, "odd", nonce=ODD_NONCE)
    await _attempt(wire, "long", nonce=LONG_NONCE)
    await _tokens(wire, wire.provider, "")


@probe(role=Role.WEB, needs={Capability.AUTHORIZATION_CODE, Capability.OPENID}, logs_in=True)
async def login_without_openid(wire: Wire) -> None:
    """Leave openid out of the scope: `login_plain`, `tokens_plain`; then ask as usual."""
    scope = " ".join(
        one for one in wire.provider.client.scopes if one not in {"openid", "offline_access"}
    )
    if not scope:
        raise Unsuited("the client has no scope besides openid")
    await _attempt(wire, "plain", scope=scope)
    await _tokens(wire, wire.provider, "")


async def _tokens(wire: Wire, provider: Provider, suffix: str, **options: Any) -> None:
    """Log in and redeem the code, both of which have to work."""
    authorized = await wire.run(authorize(provider, **options), f"login{suffix}")
    await wire.run(redeem(provider, authorized), f"tokens{suffix}")


async def _attempt(wire: Wire, kind: str, **options: Any) -> None:
    """Try to log in, and redeem the code if one lands."""
    pkce = fresh_pkce()
    parameters = authorization_parameters(wire.provider, pkce=pkce, **options)
    ending = await wire.run(visit(wire.provider, parameters), f"login_{kind}")
    if isinstance(ending, Landed) and ending.landing.get("code"):
        authorized = Authorized(ending.landing, parameters, pkce)
        await wire.send(redemption(wire.provider, authorized), f"tokens_{kind}")
