"""Registering what must not be registered (RFC 7591 sections 2, 3.2.2 and 5)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from idprobe.client.wire import Wire
from idprobe.flows import registration_request, visit
from idprobe.flows.registration import Registration, registration_of
from idprobe.formats.jose import generate_key, public_key
from idprobe.model.profile import Capability
from idprobe.probes import probe
from idprobe.probes.steps.authorization_request import ordinary
from idprobe.probes.steps.throwaway_clients import (
    CALLBACK,
    ThrowawayClients,
    metadata_for,
    throwaway_clients,
)

__all__ = [
    "loose_redirect_uris_registered",
    "registration_body_faults",
    "registration_key_faults",
    "registration_metadata_faults",
    "registration_redirect_faults",
    "registration_without_redirect_uris",
]

REGISTRATION: Final = frozenset({Capability.REGISTRATION})
LOOSE: Final = {
    "origin": ("https://client.example", "https://client.example/any/path"),
    "wildcard": ("https://*.client.example/cb", "https://any.client.example/cb"),
}
"""What is registered, and what is asked for then."""

SCRIPT: Final = "javascript:alert(1)"
STRAY: Final = "https://stray.client.example/cb"

Cases = Mapping[str, Mapping[str, Any]]

REDIRECTS: Final[Mapping[str, Any]] = {
    "relative": ["/cb"],
    "without-scheme": ["//client.example/cb"],
    "no-uri": ["not a uri"],
    "fragment": [f"{CALLBACK}#f"],
    "javascript": ["javascript:alert(1)"],
    "data": ["data:text/html,x"],
    "plain-http": ["http://client.example/cb"],
    "like-loopback": ["http://127.0.0.1.client.example/cb"],
    "like-localhost": ["http://localhost.client.example/cb"],
    "text": CALLBACK,
}


@probe(needs=REGISTRATION)
async def registration_redirect_faults(wire: Wire) -> None:
    """Register redirect URIs that are none, or not safe; a step for each."""
    cases = {step: {"redirect_uris": value} for step, value in REDIRECTS.items()}
    await _offered(wire, cases)


@probe(needs=REGISTRATION)
async def registration_without_redirect_uris(wire: Wire) -> None:
    """Register clients of redirect-based grants without a redirect URI; a step for each grant.

    `asked/STEP` is a request of one that could register, with a URI of its choice; `asked/stray`
    one of a client that has registered another.
    """
    implicit = {"grant_types": ["implicit"], "response_types": ["token"]}
    with_id_token = {"grant_types": ["implicit"], "response_types": ["id_token token"]}
    cases: dict[str, Mapping[str, Any]] = {
        "code": {},
        "code-public": {"token_endpoint_auth_method": "none"},
        "implicit": implicit,
        "implicit-id-token": with_id_token,
    }
    async with throwaway_clients(wire) as throwaway:
        metadata = metadata_for(wire.provider)
        control = await throwaway.register("control", metadata)
        await _asked(wire, "control", control, metadata)
        await _asked(wire, "stray", control, metadata, uri=STRAY)
        for step, case in cases.items():
            metadata = metadata_for(wire.provider, redirect_uris=None, **case)
            registration = registration_of(await throwaway.offer(step, metadata))
            if registration is not None:
                await _asked(wire, step, registration, metadata)
        await _control_again(throwaway, wire)


@probe(needs=REGISTRATION)
async def registration_metadata_faults(wire: Wire) -> None:
    """Register values of a wrong type, in contradiction, or dangerous; a step for each."""
    service = {"grant_types": ["client_credentials"], "response_types": ["code"]}
    mixed = {"grant_types": ["authorization_code"], "response_types": ["token"]}
    cases: Cases = {
        "grant-types-text": {"grant_types": "authorization_code"},
        "auth-method-number": {"token_endpoint_auth_method": 5},
        "contradiction-service": service,
        "contradiction-code": mixed,
        "script-as-link": {"client_uri": SCRIPT},
        "script-as-logo": {"logo_uri": SCRIPT},
        "script-as-terms": {"tos_uri": SCRIPT},
        "script-as-policy": {"policy_uri": SCRIPT},
    }
    await _offered(wire, cases)


@probe(needs=REGISTRATION)
async def registration_key_faults(wire: Wire) -> None:
    """Register keys that are none, twice, or private; a step for each, `good-key` is right."""
    private = {**generate_key("EC", "P-256"), "kid": "idprobe-1", "use": "sig", "alg": "ES256"}
    good = public_key(private)
    nameless = {name: value for name, value in good.items() if name != "kty"}
    method = {"token_endpoint_auth_method": "private_key_jwt"}
    cases: Cases = {
        "both": {"jwks": {"keys": [good]}, "jwks_uri": "https://client.example/jwks", **method},
        "text": {"jwks": "x", **method},
        "keys-text": {"jwks": {"keys": "x"}, **method},
        "without-kty": {"jwks": {"keys": [nameless]}, **method},
        "private": {"jwks": {"keys": [private]}, **method},
    }
    await _offered(wire, cases)


@probe(needs=REGISTRATION)
async def registration_body_faults(wire: Wire) -> None:
    """Send bodies that are no JSON object to the registration endpoint; a step for each."""
    token = wire.provider.profile.initial_access_token
    good = registration_request(
        wire.provider, metadata_for(wire.provider), initial_access_token=token
    )
    async with throwaway_clients(wire) as throwaway:
        await throwaway.register("control", metadata_for(wire.provider))
        for step, body in {"array": b"[]", "text": b'"x"', "broken": good.body[:-1]}.items():
            await throwaway.send(step, replace(good, body=body))
        await _control_again(throwaway, wire)


@probe(needs=REGISTRATION | {Capability.LOGIN}, logs_in=True)
async def loose_redirect_uris_registered(wire: Wire) -> None:
    """Register an `origin` and a `wildcard`; then ask for what a loose reading would allow."""
    async with throwaway_clients(wire) as throwaway:
        await throwaway.register("control", metadata_for(wire.provider))
        for step, (registered, asked) in LOOSE.items():
            metadata = metadata_for(wire.provider, redirect_uris=[registered])
            registration = registration_of(await throwaway.offer(step, metadata))
            if registration is not None:
                provider = wire.provider.with_client(registration.client("registered", metadata))
                request = ordinary(provider, extra=(("redirect_uri", asked),))
                await wire.run(visit(provider, request), f"{step}-asked")


async def _offered(wire: Wire, cases: Cases) -> None:
    """Offer each case to the server, with an ordinary registration before and after."""
    async with throwaway_clients(wire) as throwaway:
        await throwaway.register("control", metadata_for(wire.provider))
        for step, changes in cases.items():
            await throwaway.offer(step, metadata_for(wire.provider, **changes))
        await _control_again(throwaway, wire)


async def _asked(
    wire: Wire,
    step: str,
    registration: Registration,
    metadata: Mapping[str, Any],
    *,
    uri: str = CALLBACK,
) -> None:
    """Begin a login at a redirect URI, whether that is registered or not."""
    client = replace(registration.client("registered", metadata), redirect_uris=(uri,))
    provider = wire.provider.with_client(client)
    request = ordinary(provider, response_type=metadata["response_types"][0])
    await wire.run(visit(provider, request, user=False), f"asked/{step}")


async def _control_again(throwaway: ThrowawayClients, wire: Wire) -> None:
    await throwaway.register("control-again", metadata_for(wire.provider))
