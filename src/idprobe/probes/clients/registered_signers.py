"""Throw-away clients that sign assertions with keys that we chose; one that says nothing."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import token_request
from idprobe.flows.registration import Registration
from idprobe.formats.jose import generate_key, public_key, spare_key
from idprobe.model.profile import Capability, Client
from idprobe.probes import probe
from idprobe.probes.steps.client_assertions import Signer, accepted, secret_key, signing
from idprobe.probes.steps.throwaway_clients import ThrowawayClients, metadata_for, throwaway_clients
from idprobe.probes.steps.token_requests import WRONG_SECRET

__all__ = [
    "registered_by_default_method",
    "registered_keys",
    "registered_rs256",
    "registered_short_key",
    "registered_signers",
    "registered_strange_key",
]

NEEDS: Final = frozenset(
    {Capability.REGISTRATION, Capability.CLIENT_CREDENTIALS, Capability.SIGNED_CLIENT}
)
FORM: Final = (("grant_type", "client_credentials"),)
BASIC: Final = "client_secret_basic"
ALG: Final = "token_endpoint_auth_signing_alg"
SHORT_BITS: Final = 1_024


@probe(needs=NEEDS)
async def registered_signers(wire: Wire) -> None:
    """Register a client for RS256 alone and use other algorithms, and RS256 in name only."""
    async with throwaway_clients(wire) as throwaway:
        key = spare_key("registered", "RSA")
        metadata = signing_metadata([key], **{ALG: "RS256"})
        signer = await _enrolled(throwaway, "register", metadata, key, "RS256")
        await signer.send(wire, "ps256", signer.request(FORM, signer.signed(alg="PS256")))
        by_secret = signer.signed(key=secret_key(WRONG_SECRET), alg="HS256")
        await signer.send(wire, "hs256", signer.request(FORM, by_secret))
        crossed = signer.signed(alg="RS256", signed_by="PS256")
        await signer.send(wire, "named-rs256", signer.request(FORM, crossed))


@probe(needs=NEEDS, logs_in=True)
async def registered_rs256(wire: Wire) -> None:
    """Register a client that signs with RS256; `tokens` says whether that works."""
    audience = (await signing(wire)).audience
    async with throwaway_clients(wire) as throwaway:
        key = spare_key("registered", "RSA")
        metadata = signing_metadata([key])
        client = _client(await throwaway.register("register", metadata), metadata, key)
        provider = wire.provider.with_client(client)
        signer = Signer(provider, key, _header(key, "RS256"), audience)
        await wire.send(signer.request(FORM), "tokens")


@probe(needs=NEEDS)
async def registered_keys(wire: Wire) -> None:
    """Register a client for ES256 with keys of two kinds, and another: `rs256`, `borrowed`.

    `borrowed` is signed for the first client with the key of the other.
    """
    async with throwaway_clients(wire) as throwaway:
        rsa, key, other = spare_key("registered", "RSA"), generate_key("EC"), generate_key("EC")
        both = signing_metadata([rsa, key], **{ALG: "ES256"})
        signer = await _enrolled(throwaway, "register", both, key, "ES256")
        wrong = signer.signed(key=rsa, alg="RS256", kid=rsa["kid"])
        await signer.send(wire, "rs256", signer.request(FORM, wrong))
        await _enrolled(throwaway, "register-other", signing_metadata([other]), other, "ES256")
        borrowed = signer.signed(key=other, kid=other["kid"])
        await signer.send(wire, "borrowed", signer.request(FORM, borrowed))


@probe(needs=NEEDS)
async def registered_strange_key(wire: Wire) -> None:
    """Register a key of an unknown type before a good one; `tokens` is signed with the good one."""
    async with throwaway_clients(wire) as throwaway:
        key = generate_key("EC")
        strange = {"kty": "IDPROBE", "kid": "strange", "use": "sig"}
        await throwaway.register("control", signing_metadata([key]))
        metadata = signing_metadata([strange, key])
        response = await throwaway.offer("register", metadata)
        if not response.is_granted:
            raise Unsuited("the server registers no key of a type that it does not know")
        client = _client(Registration.from_response(response), metadata, key)
        audience = wire.provider.endpoint("token_endpoint")
        signer = Signer(wire.provider.with_client(client), key, _header(key, "ES256"), audience)
        await wire.send(signer.request(FORM), "tokens")


@probe(needs=NEEDS)
async def registered_short_key(wire: Wire) -> None:
    """Register an RSA key of 1024 bits, `register`; if that goes, use it: `tokens`."""
    async with throwaway_clients(wire) as throwaway:
        await throwaway.register("control", signing_metadata([spare_key("registered", "RSA")]))
        key = generate_key("RSA", rsa_bits=SHORT_BITS)
        metadata = signing_metadata([key])
        response = await throwaway.offer("register", metadata)
        if response.is_granted:
            client = _client(Registration.from_response(response), metadata, key)
            audience = wire.provider.endpoint("token_endpoint")
            provider = wire.provider.with_client(client)
            signer = Signer(provider, key, _header(key, "RS256"), audience)
            await wire.send(signer.request(FORM), "tokens")


@probe(needs={Capability.REGISTRATION, Capability.CLIENT_CREDENTIALS})
async def registered_by_default_method(wire: Wire) -> None:
    """Register a client that names no method, `register`; it uses HTTP Basic: `tokens`."""
    async with throwaway_clients(wire) as throwaway:
        metadata = metadata_for(
            wire.provider,
            grant_types=["client_credentials"],
            response_types=[],
            redirect_uris=[],
            token_endpoint_auth_method=None,
        )
        registration = await throwaway.register("register", metadata)
        if registration.members.get("token_endpoint_auth_method", BASIC) != BASIC:
            raise Unsuited("the server names another method as its default")
        provider = wire.provider.with_client(registration.client("default", metadata))
        await wire.send(token_request(provider, FORM, method=BASIC), "tokens")


def signing_metadata(keys: list[dict[str, Any]], **further: Any) -> dict[str, Any]:
    """Return the metadata of a client that signs assertions and acts for itself."""
    return {
        "client_name": "idprobe throw-away signer",
        "redirect_uris": [],
        "grant_types": ["client_credentials"],
        "response_types": [],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [{**public_key(key), "use": "sig"} for key in keys]},
        **further,
    }


def _header(key: Mapping[str, Any], alg: str) -> dict[str, Any]:
    return {"alg": alg, "typ": "JWT", "kid": key["kid"]}


def _client(
    registration: Registration, metadata: Mapping[str, Any], key: Mapping[str, Any]
) -> Client:
    """Return a registered client with its private key; it asks for no scope in particular."""
    client = registration.client("signer", metadata)
    return replace(client, jwks={"keys": [key]}, scope="")


async def _enrolled(
    throwaway: ThrowawayClients,
    step: str,
    metadata: dict[str, Any],
    key: Mapping[str, Any],
    alg: str,
) -> Signer:
    """Register a client and prove that its assertions work, with the audience that does."""
    client = _client(await throwaway.register(step, metadata), metadata, key)
    provider = throwaway.wire.provider.with_client(client)
    return await accepted(throwaway.wire, Signer(provider, key, _header(key, alg), ""))
