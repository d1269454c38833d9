"""Addresses of ours that a server is given to call; whether it calls any of them at all."""

import asyncio
import contextlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from idprobe.client.listener import Reply
from idprobe.client.wire import Wire
from idprobe.errors import EvidenceError, IdprobeError, Unsuited
from idprobe.flows.authorization import BROWSER_HEADERS
from idprobe.flows.registration import registration_of
from idprobe.formats.jose import generate_key, public_key, sign_jwt, spare_key
from idprobe.model.exchange import Agent, Pairs, Request
from idprobe.model.profile import Capability, Provider
from idprobe.probes import Depth, probe
from idprobe.probes.steps.authorization_request import ordinary
from idprobe.probes.steps.client_assertions import Signer, accepted, signing
from idprobe.probes.steps.throwaway_clients import ThrowawayClients, metadata_for, throwaway_clients

__all__ = [
    "FORM",
    "JWT",
    "SETTLE_S",
    "assertion_names_its_keys",
    "client_key_rotated",
    "document",
    "key_server",
    "listener_reached",
    "signed_by",
]

FORM: Final = (("grant_type", "client_credentials"),)
KEY_AGE_S: Final = 3.0
"""How long a key has been known before the next one comes: longer than our answer may be kept."""
SETTLE_S: Final = 1.0
"""How long a call may come after the answer that should have waited for it."""
JWT: Final = "application/oauth-authz-req+jwt"
SECTOR: Final = "application/json"


def document(value: Any, media_type: str = SECTOR) -> Reply:
    """Return an answer with a JSON document."""
    return Reply(200, json.dumps(value).encode(), media_type)


def key_server(*keys: Mapping[str, Any]) -> Reply:
    """Return the answer of a jwks_uri, which may be kept for a second."""
    public = [{**public_key(key), "use": "sig"} for key in keys]
    reply = document({"keys": public}, "application/jwk-set+json")
    return replace(reply, headers=(("Cache-Control", "max-age=1"),))


def key_metadata(jwks_uri: str) -> dict[str, Any]:
    """Return the metadata of a client that acts for itself with keys at an address."""
    return {
        "client_name": "idprobe throw-away signer",
        "redirect_uris": [],
        "grant_types": ["client_credentials"],
        "response_types": [],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks_uri": jwks_uri,
    }


def key_header(key: Mapping[str, Any]) -> dict[str, Any]:
    """Return the header of an assertion by an RSA key."""
    return {"alg": "RS256", "typ": "JWT", "kid": key["kid"]}


def signed_by(provider: Provider, key: Mapping[str, Any], parameters: Pairs, **bent: Any) -> str:
    """Return a Request Object of the provider's client, of parameters with some bent."""
    alg = "none" if not key else "ES256" if key["kty"] == "EC" else "RS256"
    names = {"iss": provider.client.client_id, "aud": provider.issuer}
    header = {"alg": alg, **({"kid": key["kid"]} if key else {})}
    return sign_jwt({**names, **dict(parameters), **bent}, key, header)


@probe(needs={Capability.LISTENER})
async def listener_reached(wire: Wire) -> None:
    """Give the server addresses of ours until it calls one: a jwks_uri, a request_uri, a sector."""
    if not wire.provider.has_endpoint("registration_endpoint"):
        raise Unsuited("the server has no registration_endpoint to be told of our addresses")
    said: list[str] = []
    async with throwaway_clients(wire) as throwaway:
        for way in (_by_jwks_uri, _by_request_uri, _by_sector):
            try:
                await way(throwaway)
            except (IdprobeError, EvidenceError) as error:
                said.append(str(error))
            if wire.calls:
                return
    tried = f" ({'; '.join(dict.fromkeys(said))[:300]})" if said else ""
    raise Unsuited(f"the server called none of our addresses at {_host(wire)}{tried}")


@probe(
    needs={Capability.LISTENER, Capability.REGISTRATION, Capability.CLIENT_CREDENTIALS},
    depth=Depth.FULL,
)
async def client_key_rotated(wire: Wire) -> None:
    """Use a key that our address tells, `first`, and some seconds later another one: `second`."""
    async with throwaway_clients(wire) as throwaway:
        first, second = spare_key("first", "RSA"), spare_key("second", "RSA")
        place = wire.listen("call-keys", key_server(first))
        metadata = key_metadata(place.url)
        registration = await throwaway.register("register", metadata)
        client = replace(registration.client("signer", metadata), scope="")
        provider = wire.provider.with_client(client)
        signer = await accepted(wire, Signer(provider, first, key_header(first), ""))
        await asyncio.sleep(KEY_AGE_S)
        place.reply = key_server(second)
        assertion = signer.signed(key=second, kid=second["kid"])
        await wire.send(signer.request(FORM, assertion), "second")


@probe(needs={Capability.LISTENER, Capability.SIGNED_CLIENT}, logs_in=True)
async def assertion_names_its_keys(wire: Wire) -> None:
    """Sign assertions with a strange key that our address tells, named by `jku` and by `x5u`."""
    signer = await signing(wire)
    strange = generate_key("EC")
    place = wire.listen("call-keys", key_server(strange))
    for name in ("jku", "x5u"):
        header = {"alg": "ES256", "kid": strange["kid"], name: place.url}
        await signer.try_out(wire, name, signer.signed(key=strange, **header))


def _host(wire: Wire) -> str:
    return wire.listener.url if wire.listener is not None else "any place"


async def _by_jwks_uri(throwaway: ThrowawayClients) -> None:
    """Authenticate with a key that only our address tells."""
    wire, key = throwaway.wire, spare_key("first", "RSA")
    place = wire.listen("call-jwks", key_server(key))
    metadata = key_metadata(place.url)
    response = await throwaway.enter("register-jwks", metadata)
    registration = registration_of(response)
    if registration is None:
        return
    client = replace(registration.client("signer", metadata), jwks={"keys": [key]}, scope="")
    provider = wire.provider.with_client(client)
    for audience in (provider.endpoint("token_endpoint"), provider.issuer):
        signer = Signer(provider, key, key_header(key), audience)
        response = await wire.send(signer.request(FORM), "tokens-jwks")
        if await place.called(SETTLE_S if response.is_granted else 0):
            return


async def _by_request_uri(throwaway: ThrowawayClients) -> None:
    """Ask for a login whose parameters stand at our address."""
    wire = throwaway.wire
    place = wire.listen("call-request-uri", suffix=".jwt")
    key = generate_key("EC")
    metadata = metadata_for(
        wire.provider,
        request_uris=[place.url],
        jwks={"keys": [{**public_key(key), "use": "sig"}]},
    )
    registration = registration_of(await throwaway.enter("register-request-uri", metadata))
    if registration is None:
        return
    provider = wire.provider.with_client(registration.client("by-reference", metadata))
    plain = ordinary(provider, extra=(("scope", "openid"),))
    place.reply = Reply(200, signed_by(provider, key, plain).encode(), JWT)
    url = provider.endpoint("authorization_endpoint")
    pairs = (*plain, ("request_uri", place.url))
    request = Request.get(url, pairs, headers=BROWSER_HEADERS, agent=Agent.USER)
    with contextlib.suppress(EvidenceError):
        await wire.send(request, "request-uri")
    await place.called(SETTLE_S)


async def _by_sector(throwaway: ThrowawayClients) -> None:
    """Register a pairwise client whose redirect URIs are listed at our address."""
    wire = throwaway.wire
    metadata = metadata_for(wire.provider)
    place = wire.listen("call-sector", document(metadata["redirect_uris"]), ".json")
    pairwise = {"subject_type": "pairwise", "sector_identifier_uri": place.url}
    await throwaway.offer("register-sector", {**metadata, **pairwise})
    await place.called(SETTLE_S)
