"""Tokens for resources that the client names (RFC 8707), and resources that nobody knows."""

from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

from idprobe.client.wire import Wire
from idprobe.errors import EvidenceError, Unsuited
from idprobe.flows import (
    Authorized,
    Landed,
    Tokens,
    authorization_parameters,
    authorize,
    client_credentials_request,
    fresh_pkce,
    introspection_request,
    redemption,
    refresh_request,
    userinfo_request,
    visit,
)
from idprobe.formats.jose import looks_like_jwt
from idprobe.model.exchange import Pairs, Response
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes import probe
from idprobe.probes.request_objects.request_objects import UNSIGNED, Sealer
from idprobe.probes.steps.authorization_request import ordinary, tried
from idprobe.probes.steps.token_requests import get_tokens

__all__ = [
    "UNKNOWN",
    "resources_at_authorization",
    "resources_in_request_object",
    "resources_of_client",
    "resources_of_grant",
    "token_of_resource_at_userinfo",
]

NEEDS: Final = frozenset({Capability.RESOURCE_INDICATORS})
CODE: Final = NEEDS | {Capability.AUTHORIZATION_CODE}
UNKNOWN: Final = "https://unknown.idprobe.example/"
FOREIGN: Final = "attacker.idprobe.example"
PERSONAL: Final = ("openid", "offline_access")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two resources, the scope that each has for itself, and what they share."""

    first: str
    second: str
    first_scope: str
    second_scope: str
    shared: tuple[str, ...]

    @property
    def scope(self) -> str:
        """What both have for themselves."""
        return f"{self.first_scope} {self.second_scope}"


def _pair(provider: Provider) -> Pair:
    """Return the first two resources; raises Unsuited unless each has a scope of its own."""
    one, other = provider.profile.indicators[:2]
    first, second = sorted(one.scopes - other.scopes), sorted(other.scopes - one.scopes)
    if not first or not second:
        raise Unsuited("the two resources of the profile have no scope of their own")
    return Pair(one.uri, other.uri, first[0], second[0], tuple(sorted(one.scopes & other.scopes)))


def resource(*uris: str) -> Pairs:
    """Return the parameters that name resources."""
    return tuple(("resource", uri) for uri in uris)


def faults(known: str) -> dict[str, Pairs]:
    """Return what no server may take for a resource of its own, by the name of the fault."""
    parts = urlsplit(known)
    return {
        "relative": resource("idprobe-resource"),
        "path": resource("/idprobe-resource"),
        "fragment": resource(f"{known}#idprobe"),
        "empty-fragment": resource(f"{known}#"),
        "unknown": resource(UNKNOWN),
        "longer-host": resource(parts._replace(netloc=f"{parts.netloc}.{FOREIGN}").geturl()),
        "host-as-user": resource(parts._replace(netloc=f"{parts.netloc}@{FOREIGN}").geturl()),
        "one-unknown": resource(known, UNKNOWN),
    }


@probe(role=Role.TARGETED, needs=NEEDS)
async def resources_of_client(wire: Wire) -> None:
    """Ask for tokens of the client's own: `first`, `second` and `both` resources, then neither.

    Without a resource: `default-first`, `default-second`, `default-both` by their scopes. With
    more scope than the resource has: `wide`. With a scope that they share: `shared`, and `alone`
    of one of them. Faults are a step each; `again` is the first once more. What brings opaque
    tokens is introspected as `introspected-STEP`.
    """
    provider, pair = wire.provider, _pair(wire.provider)
    if "client_credentials" not in provider.client.grant_types:
        raise Unsuited(f"the client {provider.client.name} has no grant client_credentials")
    await _own(wire, "first", pair.first_scope, resource(pair.first), sure=True)
    await _own(wire, "second", pair.second_scope, resource(pair.second), sure=True)
    for step, parameters in faults(pair.first).items():
        await _own(wire, step, pair.first_scope, parameters)
    await _own(wire, "both", pair.scope, resource(pair.first, pair.second))
    await _own(wire, "wide", pair.scope, resource(pair.first))
    await _own(wire, "default-first", pair.first_scope, ())
    await _own(wire, "default-second", pair.second_scope, ())
    await _own(wire, "default-both", pair.scope, ())
    for scope in pair.shared[:1]:
        await _own(wire, "alone", scope, resource(pair.first))
        await _own(wire, "shared", scope, resource(pair.first, pair.second))
    await _own(wire, "again", pair.first_scope, resource(pair.first), sure=True)


@probe(role=Role.TARGETED, needs=CODE, logs_in=True)
async def resources_of_grant(wire: Wire) -> None:
    """Grant two resources and ask for one at a time: `redeem`, `refresh-second`, `refresh-first`.

    Then grant the first alone and ask for the second: `redeem-other`, `refresh-other`, between
    `redeem-one` and `refresh-one`, which ask for what was granted.
    """
    provider, pair = wire.provider, _pair(wire.provider)
    both = await _granted(wire, "authorize", pair.scope, pair.first, pair.second)
    tokens = await _redeemed(wire, "redeem", both, pair.first)
    for step, uri in (("refresh-second", pair.second), ("refresh-first", pair.first)):
        tokens = await _refreshed(wire, step, tokens, uri) or tokens
    other = await _granted(wire, "authorize-other", pair.scope, pair.first)
    response = await wire.send(
        redemption(provider, other, extra=resource(pair.second)), "redeem-other"
    )
    await _look(wire, "redeem-other", response)
    one = await _granted(wire, "authorize-one", pair.scope, pair.first)
    tokens = await _redeemed(wire, "redeem-one", one, pair.first)
    tokens = await _refreshed(wire, "refresh-other", tokens, pair.second) or tokens
    await _refreshed(wire, "refresh-one", tokens, pair.first)


@probe(role=Role.TARGETED, needs=CODE | {Capability.OPENID, Capability.USERINFO}, logs_in=True)
async def token_of_resource_at_userinfo(wire: Wire) -> None:
    """Use a token of another resource at UserInfo: `elsewhere`; before it one without: `here`."""
    provider, pair = wire.provider, _pair(wire.provider)
    if "openid" not in provider.client.scopes:
        raise Unsuited(f"the client {provider.client.name} has no scope openid")
    plain = await wire.run(authorize(provider, scope="openid"), "authorize-plain")
    tokens = await wire.run(get_tokens(redemption(provider, plain)), "redeem-plain")
    await wire.send(userinfo_request(provider, tokens.access_token), "here")
    scope = f"openid {pair.first_scope}"
    bound = await wire.run(
        authorize(provider, scope=scope, extra=resource(pair.first)), "authorize"
    )
    tokens = await _redeemed(wire, "redeem", bound, pair.first)
    await wire.send(userinfo_request(provider, tokens.access_token), "elsewhere")


@probe(role=Role.TARGETED, needs=CODE, logs_in=True)
async def resources_at_authorization(wire: Wire) -> None:
    """Ask for authorization of a resource: `authorize`, `both`, of none: `omitted`, of bad ones.

    Each fault is a step; `control` is a good one at the end.
    """
    pair = _pair(wire.provider)
    await _granted(wire, "authorize", pair.first_scope, pair.first)
    wanted = {
        **faults(pair.first),
        "both": resource(pair.first, pair.second),
        "omitted": (),
    }
    for step, parameters in wanted.items():
        scope = pair.scope if step == "both" else pair.first_scope
        asked = authorization_parameters(
            wire.provider,
            scope=_with_personal(wire.provider, scope),
            pkce=fresh_pkce(),
            extra=parameters,
        )
        await tried(wire, step, asked)
    await _granted(wire, "control", pair.first_scope, pair.first)


@probe(role=Role.TARGETED, needs=CODE | {Capability.OPENID}, logs_in=True)
async def resources_in_request_object(wire: Wire) -> None:
    """Name resources in a Request Object: `string`, `array`, and `array-unknown` with a bad one.

    The first two are redeemed for one resource each: `tokens-string`, `tokens-array`.
    """
    pair, sealer = _pair(wire.provider), _sealer(wire.provider)
    await _granted(wire, "authorize", pair.first_scope, pair.first)
    for step, value, chosen in (
        ("string", pair.first, pair.first),
        ("array", [pair.first, pair.second], pair.second),
        ("array-unknown", [pair.first, UNKNOWN], None),
    ):
        pkce = fresh_pkce()
        extra = (("scope", f"openid {pair.scope}"), *pkce.parameters)
        plain = ordinary(wire.provider, extra=extra)
        asked = (*plain, ("request", sealer.request(plain, resource=value)))
        ending = await wire.run(visit(wire.provider, asked), step)
        if chosen and isinstance(ending, Landed) and ending.landing.get("code"):
            authorized = Authorized(ending.landing, asked, pkce)
            request = redemption(wire.provider, authorized, extra=resource(chosen))
            await _look(wire, f"tokens-{step}", await wire.send(request, f"tokens-{step}"))


def _sealer(provider: Provider) -> Sealer:
    """Return what makes unsigned Request Objects; raises Unsuited where none are taken."""
    algorithms = provider.metadata.get("request_object_signing_alg_values_supported")
    if not isinstance(algorithms, list) or "none" not in algorithms:
        raise Unsuited("the server takes no Request Objects without a signature")
    return Sealer(provider, {}, UNSIGNED)


async def _own(wire: Wire, step: str, scope: str, parameters: Pairs, *, sure: bool = False) -> None:
    """Ask for a token of the client's own, and look at what came; a sure one must come."""
    request = client_credentials_request(wire.provider, scope, extra=parameters)
    response = await wire.send(request, step)
    if sure and not response.is_granted:
        raise EvidenceError(f"{step}: the client gets no token for a resource of the profile")
    await _look(wire, step, response)


async def _granted(wire: Wire, step: str, scope: str, *uris: str) -> Authorized:
    """Let the user grant a scope at resources, and openid and offline access if there are any."""
    wanted = _with_personal(wire.provider, scope)
    return await wire.run(authorize(wire.provider, scope=wanted, extra=resource(*uris)), step)


def _with_personal(provider: Provider, scope: str) -> str:
    personal = [one for one in PERSONAL if one in provider.client.scopes]
    return " ".join((*personal, scope))


async def _redeemed(wire: Wire, step: str, authorized: Authorized, uri: str) -> Tokens:
    """Redeem a code for one of its resources, which must work."""
    request = redemption(wire.provider, authorized, extra=resource(uri))
    tokens = await wire.run(get_tokens(request), step)
    await _inspect(wire, step, tokens.access_token)
    return tokens


async def _refreshed(wire: Wire, step: str, tokens: Tokens, uri: str) -> Tokens | None:
    """Refresh for one resource; return what came, None if that is nothing."""
    if tokens.refresh_token is None:
        raise Unsuited("the server gives the client no refresh token")
    request = refresh_request(wire.provider, tokens.refresh_token, extra=resource(uri))
    response = await wire.send(request, step)
    await _look(wire, step, response)
    if not response.is_granted:
        return None
    fresh = Tokens.from_response(response)
    return replace(fresh, refresh_token=fresh.refresh_token or tokens.refresh_token)


async def _look(wire: Wire, step: str, response: Response) -> None:
    """Introspect the access token of a response, if it brought one."""
    token: Any = response.json_object.get("access_token") if response.is_granted else None
    if isinstance(token, str):
        await _inspect(wire, step, token)


async def _inspect(wire: Wire, step: str, token: str) -> None:
    """Introspect a token that tells nothing by itself, where the server can."""
    if not looks_like_jwt(token) and wire.provider.has_endpoint("introspection_endpoint"):
        await wire.send(introspection_request(wire.provider, token), f"introspected-{step}")
