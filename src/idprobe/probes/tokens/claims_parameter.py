"""The claims request parameter (OpenID Connect Core section 5.5): what it adds."""

import json
from collections.abc import Mapping
from typing import Any, Final, Literal

from idprobe.client.wire import Wire
from idprobe.errors import ControlFailed
from idprobe.flows import (
    authorization_parameters,
    authorize,
    fresh_pkce,
    redeem,
    userinfo_request,
    visit,
)
from idprobe.formats.jose import read_jwt
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes import probe
from idprobe.probes.steps.authorization_request import ordinary, tried, tried_for_tokens

__all__ = [
    "NOWHERE",
    "UNREACHABLE",
    "acr_requested",
    "claims_broken",
    "claims_requested",
    "claims_requested_unsupported",
    "sub_requested",
]

OPENID: Final = frozenset({Capability.AUTHORIZATION_CODE, Capability.OPENID})
NOWHERE: Final = "https://idprobe.example/no-such-claim"
UNREACHABLE: Final = "https://idprobe.example/no-such-acr"
ESSENTIAL: Final = {"essential": True}

LONG: Final = 2_000
BROKEN: Final[Mapping[str, str]] = {
    "cut-off": '{"id_token":{"email":',
    "list": '["email"]',
    "wrong-member": '{"id_token":["email"],"userinfo":7}',
    "wrong-claim": '{"id_token":{"email":3},"userinfo":{"email":{"essential":"x","values":1}}}',
    "deep": '{"userinfo":' * 5_000 + "1" + "}" * 5_000,
    "long": json.dumps({"userinfo": {"email": {"value": "x" * 50_000}}}),
}

Asked = Mapping[str, Any]
REQUESTS: Final[Mapping[str, Asked]] = {
    "named": {
        "userinfo": {"name": ESSENTIAL, "nickname": None, "email": None},
        "id_token": {"auth_time": ESSENTIAL, "email": None},
    },
    "unknown-member": {"xyz_unknown": {"a": 1}, "userinfo": {"name": None}},
    "unknown-qualifier": {"userinfo": {"name": {"essential": True, "xyz_unknown": 7}}},
    "unavailable": {"userinfo": {NOWHERE: ESSENTIAL}, "id_token": {NOWHERE: ESSENTIAL}},
    "other-value": {"userinfo": {"email": {"value": "nobody@idprobe.example"}}},
    "other-language": {"userinfo": {"family_name#ja-Kana-JP": None}},
}


@probe(role=Role.WEB, needs=OPENID | {Capability.USERINFO}, logs_in=True)
async def claims_requested(wire: Wire) -> None:
    """Ask for claims by name in several ways: `KIND`, `tokens-KIND`, `userinfo-KIND`, for each.

    The control is the same request without claims: `login`, `tokens-control`, `userinfo-control`.
    """
    provider = wire.provider
    authorized = await wire.run(authorize(provider, scope="openid"), "login")
    tokens = await wire.run(redeem(provider, authorized), "tokens-control")
    await wire.send(userinfo_request(provider, tokens.access_token), "userinfo-control")
    for step, asked in REQUESTS.items():
        await _ask(wire, step, asked)


@probe(role=Role.WEB, needs=OPENID, logs_in=True)
async def claims_requested_unsupported(wire: Wire) -> None:
    """Ask for a claim by name where that is not supported: `asked`; then without: `control`."""
    parameter = _claims({"userinfo": {"email": None}})
    await tried(wire, "asked", ordinary(wire.provider, extra=parameter))
    await wire.run(authorize(wire.provider, scope="openid"), "control")


@probe(role=Role.WEB, needs=OPENID, logs_in=True)
async def claims_broken(wire: Wire) -> None:
    """Send claims that cannot be read, a step for each fault, by POST where they are long."""
    provider = wire.provider
    await wire.run(authorize(provider, scope="openid"), "authorize")
    for step, text in BROKEN.items():
        pairs = ordinary(provider, extra=(("claims", text),))
        method: Literal["GET", "POST"] = "POST" if len(text) > LONG else "GET"
        await wire.run(visit(provider, pairs, method=method), step)
    wire.fresh_browser()
    await wire.run(authorize(provider, scope="openid"), "control")


@probe(role=Role.WEB, needs=OPENID, logs_in=True)
async def acr_requested(wire: Wire) -> None:
    """Ask for an acr: `reachable` and `unreachable` as Essential, `voluntary` as Voluntary.

    `by-parameter` asks by acr_values, which is Voluntary too.
    The control asks for none: `login`, `tokens-control`.
    """
    provider = wire.provider
    authorized = await wire.run(authorize(provider, scope="openid"), "login")
    await wire.run(redeem(provider, authorized), "tokens-control")
    offered = provider.metadata.get("acr_values_supported")
    if isinstance(offered, list) and offered:
        await _ask(wire, "reachable", _acr(essential=True, values=[offered[-1]]))
    await _ask(wire, "unreachable", _acr(essential=True, values=[UNREACHABLE]))
    await _ask(wire, "voluntary", _acr(values=[UNREACHABLE]))
    wish = (("acr_values", UNREACHABLE),)
    await tried_for_tokens(wire, "by-parameter", scope="openid", extra=wish)
    await wire.run(authorize(provider, scope="openid"), "control")


@probe(role=Role.WEB, needs=OPENID | {Capability.SECOND_USER}, logs_in=True)
async def sub_requested(wire: Wire) -> None:
    """Ask silently for the user who is logged in, `own`, and for another: `other`.

    Then for the other in a list, `listed`, and for both in either order: `both`, `both-reversed`.
    """
    provider = wire.provider
    users = list(provider.profile.users.values())
    other = await _sub(wire, provider.with_user(users[1]), "-other")
    wire.fresh_browser()
    own = await _sub(wire, provider.with_user(users[0]), "")
    for step, sub in {"own": own, "other": other}.items():
        parameter = _claims({"id_token": {"sub": {"value": sub}}})
        pairs = authorization_parameters(
            provider, scope="openid", pkce=fresh_pkce(), extra=(*parameter, ("prompt", "none"))
        )
        await tried(wire, step, pairs, user=False)
    lists = {"listed": [other], "both": [own, other], "both-reversed": [other, own]}
    for step, subs in lists.items():
        parameter = (*_claims({"id_token": {"sub": {"values": subs}}}), ("prompt", "none"))
        await tried_for_tokens(wire, step, scope="openid", extra=parameter, user=False)


async def _sub(wire: Wire, provider: Provider, suffix: str) -> str:
    authorized = await wire.run(authorize(provider, scope="openid"), f"login{suffix}")
    tokens = await wire.run(redeem(provider, authorized), f"tokens{suffix}")
    sub = read_jwt(tokens.id_token or "").claims.get("sub")
    if not isinstance(sub, str):
        raise ControlFailed(wire.exchanges[-1], "the ID Token has no sub")
    return sub


def _acr(**request: Any) -> Asked:
    return {"id_token": {"acr": request}}


def _claims(asked: Asked) -> tuple[tuple[str, str], ...]:
    return (("claims", json.dumps(asked, separators=(",", ":"))),)


async def _ask(wire: Wire, step: str, asked: Asked) -> None:
    """Ask with the scope openid alone; redeem what lands, and use it."""
    token = await tried_for_tokens(wire, step, scope="openid", extra=_claims(asked))
    if token is not None and wire.provider.has_endpoint("userinfo_endpoint"):
        await wire.send(userinfo_request(wire.provider, token), f"userinfo-{step}")
