"""What OpenID Connect adds to registration: kinds of application, algorithms, wishes."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import authorize, redeem, registration_request, visit
from idprobe.flows.registration import registration_of
from idprobe.formats.jose import generate_key, public_key
from idprobe.model.exchange import form_encode
from idprobe.model.profile import Capability, Provider
from idprobe.probes import Depth, probe
from idprobe.probes.steps.authorization_request import ordinary
from idprobe.probes.steps.throwaway_clients import (
    CALLBACK,
    ThrowawayClients,
    metadata_for,
    throwaway_clients,
)

__all__ = [
    "auth_time_registered",
    "default_acr_registered",
    "id_token_algorithms_registered",
    "implicit_clients_registered",
    "max_age_registered",
    "native_redirects_registered",
    "openid_metadata_faults",
]

REGISTRATION: Final = frozenset({Capability.REGISTRATION})
AT_WORK: Final = REGISTRATION | {Capability.LOGIN, Capability.OPENID}
ELSEWHERE: Final = "https://elsewhere.idprobe.example"
WITHOUT_SECRET: Final = ("RS", "PS", "ES", "Ed", "none")
MAX_AGE_S: Final = 1
UNSAFE: Final[Mapping[str, Mapping[str, Any]]] = {
    "plain-http": {"redirect_uris": ["http://client.example/cb"]},
    "localhost": {"redirect_uris": ["https://localhost/cb"]},
    "unsigned": {"id_token_signed_response_alg": "none"},
}
UNREACHABLE: Final = "urn:idprobe:unreachable"
SILENT: Final = ("prompt", "none")


@probe(needs=REGISTRATION)
async def openid_metadata_faults(wire: Wire) -> None:
    """Register what OpenID Connect does not let in, or lets be replaced; a step for each."""
    provider = wire.provider
    public = public_key({**generate_key("EC", "P-256"), "kid": "idprobe-1", "use": "sig"})
    signing = {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [public]}}
    cases: Mapping[str, Mapping[str, Any]] = {
        "mixed-uris": {"redirect_uris": [CALLBACK, f"{CALLBACK}#f"]},
        "empty-uris": {"redirect_uris": []},
        "plain-jwks-uri": {"jwks_uri": "http://client.example/jwks"},
        "plain-request-uri": {"request_uris": ["http://client.example/object"]},
        "plain-login-uri": {"initiate_login_uri": "http://client.example/login"},
        "assertions-unsigned": {**signing, "token_endpoint_auth_signing_alg": "none"},
        "strange-alg": {"id_token_signed_response_alg": "XS999"},
        "strange-subject": {"subject_type": "idprobe-no-such-type"},
        "logo-elsewhere": {"logo_uri": f"{ELSEWHERE}/logo.png"},
        "policy-elsewhere": {"policy_uri": f"{ELSEWHERE}/privacy"},
    }
    async with throwaway_clients(wire) as throwaway:
        await throwaway.register("control", metadata_for(provider))
        for step, changes in cases.items():
            await throwaway.offer(step, metadata_for(provider, **changes))
        await _register_by_form(throwaway)
        await throwaway.register("control-again", metadata_for(provider))


@probe(needs=REGISTRATION)
async def native_redirects_registered(wire: Wire) -> None:
    """Register native clients: at `loopback`, with its `own-scheme`, and by `plain-http`."""
    native = {"application_type": "native", "token_endpoint_auth_method": "none"}
    async with throwaway_clients(wire) as throwaway:
        await throwaway.register("control", metadata_for(wire.provider))
        for step, uri in {
            "loopback": "http://127.0.0.1/cb",
            "own-scheme": "com.example.idprobe:/cb",
            "plain-http": "http://client.example/cb",
        }.items():
            await throwaway.offer(step, metadata_for(wire.provider, **native, redirect_uris=[uri]))


@probe(needs=REGISTRATION)
async def implicit_clients_registered(wire: Wire) -> None:
    """Register clients of the implicit flow whose metadata are not safe; a step for each."""
    if "id_token" not in wire.provider.metadata.get("response_types_supported", ()):
        raise Unsuited("the metadata does not list the response type id_token")
    implicit: dict[str, Any] = {
        "response_types": ["id_token"],
        "grant_types": ["implicit"],
        "token_endpoint_auth_method": "none",
    }
    async with throwaway_clients(wire) as throwaway:
        await throwaway.register("control", metadata_for(wire.provider, **implicit))
        for step, changes in UNSAFE.items():
            await throwaway.offer(step, metadata_for(wire.provider, **implicit, **changes))
        await throwaway.register("control-again", metadata_for(wire.provider, **implicit))


@probe(needs=AT_WORK, logs_in=True)
async def id_token_algorithms_registered(wire: Wire) -> None:
    """Register each algorithm on offer for ID Tokens, and get one: `register/ALG`, `token/ALG`.

    No signature, `none`, is an algorithm too where it is on offer (Core section 2).
    """
    offered = wire.provider.metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
    async with throwaway_clients(wire) as throwaway:
        for alg in [one for one in offered if str(one).startswith(WITHOUT_SECRET)]:
            metadata = metadata_for(wire.provider, id_token_signed_response_alg=alg)
            provider = await _registered(throwaway, f"register/{alg}", metadata)
            await _token(wire, provider, f"/{alg}")


@probe(needs=AT_WORK, logs_in=True)
async def auth_time_registered(wire: Wire) -> None:
    """Register require_auth_time and get an ID Token: `token`."""
    async with throwaway_clients(wire) as throwaway:
        metadata = metadata_for(wire.provider, require_auth_time=True)
        await _token(wire, await _registered(throwaway, "register", metadata), "")


@probe(needs=AT_WORK, logs_in=True)
async def default_acr_registered(wire: Wire) -> None:
    """Register default_acr_values that nobody can meet, and log in: `login`."""
    async with throwaway_clients(wire) as throwaway:
        await _registered(throwaway, "control", metadata_for(wire.provider))
        metadata = metadata_for(wire.provider, default_acr_values=[UNREACHABLE])
        registration = registration_of(await throwaway.offer("register", metadata))
        if registration is None:
            raise Unsuited("the server registers no default_acr_values that it cannot meet")
        client = replace(registration.client("registered", metadata), scope="openid")
        provider = wire.provider.with_client(client)
        await wire.run(visit(provider, ordinary(provider)), "login")


@probe(needs=AT_WORK, logs_in=True, depth=Depth.FULL)
async def max_age_registered(wire: Wire) -> None:
    """Register default_max_age; once the login is older: `stale`, and with max_age `overridden`."""
    async with throwaway_clients(wire) as throwaway:
        metadata = metadata_for(wire.provider, default_max_age=MAX_AGE_S)
        provider = await _registered(throwaway, "register", metadata)
        await wire.run(authorize(provider, scope="openid"), "authorize")
        await asyncio.sleep(MAX_AGE_S + 1.5)
        old = ordinary(provider, extra=(SILENT, ("max_age", "10000")))
        await wire.run(visit(provider, old, user=False), "overridden")
        stale = ordinary(provider, extra=(SILENT,))
        await wire.run(visit(provider, stale, user=False), "stale")


async def _registered(
    throwaway: ThrowawayClients, step: str, metadata: Mapping[str, Any]
) -> Provider:
    """Return the provider as a client sees it that was registered with these metadata."""
    registration = await throwaway.register(step, metadata)
    client = replace(registration.client("registered", metadata), scope="openid")
    return throwaway.wire.provider.with_client(client)


async def _token(wire: Wire, provider: Provider, suffix: str) -> None:
    """Log in to a registered client and redeem its code."""
    authorized = await wire.run(authorize(provider, scope="openid"), f"authorize{suffix}")
    await wire.run(redeem(provider, authorized), f"token{suffix}")


async def _register_by_form(throwaway: ThrowawayClients) -> None:
    """Send a registration as a form body: `form`."""
    token = throwaway.wire.provider.profile.initial_access_token
    request = registration_request(
        throwaway.wire.provider, metadata_for(throwaway.wire.provider), initial_access_token=token
    )
    others = tuple(pair for pair in request.headers if pair[0] != "Content-Type")
    form = (("Content-Type", "application/x-www-form-urlencoded"), *others)
    body = form_encode([("redirect_uris", CALLBACK), ("client_name", "idprobe")]).encode()
    await throwaway.send("form", replace(request, headers=form, body=body))
