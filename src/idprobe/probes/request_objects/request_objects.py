"""Request Objects by value (OpenID Connect Core section 6.1): used, bent in one place, forged."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import (
    Authorized,
    Landed,
    Pkce,
    authorize,
    fresh_pkce,
    redemption,
    visit,
    without,
)
from idprobe.formats.jose import default_alg, generate_key, public_key, sign_jwt, spare_key
from idprobe.model.exchange import Pairs
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes import probe
from idprobe.probes.steps.altered_tokens import altered
from idprobe.probes.steps.authorization_request import is_openid, ordinary, tried
from idprobe.probes.steps.throwaway_clients import metadata_for, throwaway_clients

__all__ = [
    "IN_OBJECT",
    "NEEDS",
    "OPENID",
    "Sealer",
    "control",
    "request_object_algorithms",
    "request_object_faults",
    "request_object_unsigned",
    "request_object_used",
    "sealer_of",
]

NEEDS: Final = frozenset({Capability.AUTHORIZATION_CODE, Capability.OPENID})
IN_OBJECT: Final = "idprobe-inner"
OUTER: Final = "idprobe-outer"
ASTRAY: Final = "https://elsewhere.idprobe.example/cb"
PUSHED: Final = "urn:ietf:params:oauth:request_uri:idprobe-no-such-request"
"""A request_uri that nobody could fetch (RFC 9126 section 2.2)."""
UNSIGNED: Final[Mapping[str, Any]] = {"alg": "none"}
OPENID: Final = (("scope", "openid"),)


@dataclass(frozen=True, slots=True, repr=False)
class Sealer:
    """What a client makes its Request Objects with."""

    provider: Provider
    key: Mapping[str, Any]
    header: Mapping[str, Any]

    def request(self, parameters: Pairs, **bent: Any) -> str:
        """Return a Request Object of the parameters, some of them bent."""
        names = {"iss": self.provider.client.client_id, "aud": self.provider.issuer}
        return sign_jwt({**names, **dict(parameters), **bent}, self.key, self.header)


def sealer_of(provider: Provider) -> Sealer:
    """Return the sealer of a client with a key of its own."""
    keys = [key for key in (provider.client.jwks or {}).get("keys", ()) if "d" in key]
    if not keys or not is_openid(provider):
        raise Unsuited("the profile has no client with keys and the scope openid")
    key = keys[0]
    header = {"alg": default_alg(key), **({"kid": key["kid"]} if "kid" in key else {})}
    return Sealer(provider, key, header)


@probe(role=Role.SIGNED, needs=NEEDS | {Capability.SIGNED_CLIENT}, logs_in=True)
async def request_object_used(wire: Wire) -> None:
    """Pass parameters in a Request Object: `values`, `split`, `redirect-inside`, and so on.

    `values` differ inside and outside; they and those of `split` are redeemed: `tokens-STEP`.
    """
    sealer = sealer_of(wire.provider)
    provider = wire.provider
    await control(wire, sealer, "control")
    pkce = fresh_pkce()
    outer = (*OPENID, ("state", OUTER), ("nonce", OUTER), *pkce.parameters)
    plain = ordinary(provider, extra=outer)
    whole = sealer.request(plain, state=IN_OBJECT, nonce=IN_OBJECT)
    await _redeemed(wire, "values", (*plain, ("request", whole)), pkce)
    least = tuple(pair for pair in plain if pair[0] in {"response_type", "client_id", "scope"})
    await _redeemed(wire, "split", (*plain, ("request", sealer.request(least))), pkce)
    plain = ordinary(provider, extra=OPENID)
    outside = without(plain, "redirect_uri")
    inside = (*outside, ("request", sealer.request(plain)))
    await tried(wire, "redirect-inside", inside)
    astray = (*outside, ("redirect_uri", ASTRAY), ("request", sealer.request(plain)))
    await tried(wire, "redirect-outside", astray)
    wire.fresh_browser()
    silent = sealer.request(plain, prompt="none")
    await tried(wire, "prompt-inside", (*plain, ("request", silent)), user=False)


@probe(role=Role.SIGNED, needs=NEEDS | {Capability.SIGNED_CLIENT}, logs_in=True)
async def request_object_faults(wire: Wire) -> None:
    """Pass Request Objects with one fault each, a step for each, between two good ones."""
    sealer = sealer_of(wire.provider)
    await control(wire, sealer, "control")
    plain = ordinary(wire.provider, extra=OPENID)
    good = sealer.request(plain)
    foreign = spare_key("stranger", "EC" if str(sealer.header["alg"]).startswith("ES") else "RSA")
    alg = "ES256" if foreign["kty"] == "EC" else "RS256"
    strange = replace(sealer, key=foreign, header={**sealer.header, "alg": alg})
    start, _, signature = good.rpartition(".")
    for step, request in {
        "response-type": sealer.request(plain, response_type="code id_token"),
        "client-id": sealer.request(plain, client_id="idprobe-somebody-else"),
        "nested": sealer.request(plain, request=good),
        "audience": sealer.request(plain, aud="https://other.idprobe.example"),
        "foreign-key": strange.request(plain, state=IN_OBJECT),
        "altered": f"{start}.{altered(signature)}",
        "not-a-jwt": "not.a.jwt",
    }.items():
        await tried(wire, step, (*plain, ("request", request)))
    both = (*plain, ("request", good), ("request_uri", PUSHED))
    await tried(wire, "both", both)
    await control(wire, sealer, "control-again")


@probe(role=Role.WEB, needs=NEEDS, logs_in=True)
async def request_object_unsigned(wire: Wire) -> None:
    """Pass a Request Object without a signature: `unsigned`; then a plain request: `control`."""
    provider = wire.provider
    plain = ordinary(provider, extra=OPENID)
    request = Sealer(provider, {}, UNSIGNED).request(plain, state=IN_OBJECT)
    await tried(wire, "unsigned", (*plain, ("request", request)))
    await wire.run(authorize(provider, scope="openid"), "control")


@probe(needs=NEEDS | {Capability.REGISTRATION}, logs_in=True)
async def request_object_algorithms(wire: Wire) -> None:
    """Register a client that signs with ES256: `good`, then `rs256` and `unsigned`."""
    async with throwaway_clients(wire) as throwaway:
        curved, rsa = generate_key("EC"), spare_key("registered", "RSA")
        metadata = metadata_for(
            wire.provider,
            request_object_signing_alg="ES256",
            jwks={"keys": [{**public_key(one), "use": "sig"} for one in (curved, rsa)]},
        )
        registration = await throwaway.register("register", metadata)
        wire.provider = wire.provider.with_client(registration.client("registered", metadata))
        plain = ordinary(wire.provider, extra=OPENID)
        for step, (key, alg) in {
            "good": (curved, "ES256"),
            "rs256": (rsa, "RS256"),
            "unsigned": ({}, "none"),
        }.items():
            header = {"alg": alg, **({"kid": key["kid"]} if key else {})}
            request = Sealer(wire.provider, key, header).request(plain)
            await tried(wire, step, (*plain, ("request", request)))


async def control(wire: Wire, sealer: Sealer, step: str) -> None:
    """Prove that a good Request Object with all parameters in it is served."""
    plain = ordinary(wire.provider, extra=OPENID)
    request = (("request", sealer.request(plain)),)
    await wire.run(authorize(wire.provider, pkce=None, extra=(*plain, *request)), step)


async def _redeemed(wire: Wire, step: str, parameters: Pairs, pkce: Pkce) -> None:
    """Send a request that has this code challenge, and redeem the code that lands."""
    ending = await wire.run(visit(wire.provider, parameters), step)
    if isinstance(ending, Landed) and ending.landing.get("code"):
        authorized = Authorized(ending.landing, parameters, pkce)
        await wire.send(redemption(wire.provider, authorized), f"tokens-{step}")
