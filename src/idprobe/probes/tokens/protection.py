"""Clients that registered how their answers are signed and encrypted (OIDC Core section 10)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import Tokens, authorize, redeem, userinfo_request
from idprobe.flows.registration import registration_of
from idprobe.formats.jose import generate_key, public_key
from idprobe.formats.jwe import CONTENT_BITS
from idprobe.model.profile import Capability, Provider
from idprobe.probes import probe
from idprobe.probes.steps.authorization_request import tried_for_tokens
from idprobe.probes.steps.throwaway_clients import ThrowawayClients, metadata_for, throwaway_clients

__all__ = [
    "at_work",
    "encrypted_id_token",
    "encrypted_id_tokens",
    "encrypted_userinfo",
    "encryption_by_secret",
    "encryption_faults",
    "mac_id_tokens",
    "mac_secrets",
    "public_client_with_secrets",
    "signed_userinfo",
]

NEEDS: Final = frozenset({Capability.REGISTRATION, Capability.LOGIN, Capability.OPENID})
USERINFO: Final = NEEDS | {Capability.USERINFO}
SECRET_ALGORITHMS: Final = ("dir", "A128KW", "A256KW", "A128GCMKW", "A256GCMKW")
SECRETS: Final = 10
MOST: Final = 6
"""How many algorithms of a kind are tried, at most."""


def _listed(provider: Provider, name: str) -> list[str]:
    listed = provider.metadata.get(name)
    return [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []


def _first(provider: Provider, name: str, *fitting: str) -> str:
    """Return the first value on offer that fits; raises Unsuited if there is none."""
    for one in fitting:
        if one in _listed(provider, name):
            return one
    raise Unsuited(f"{name} lists none of {', '.join(fitting)}")


def _key_pair(wire: Wire, kty: str, use: str, number: int = 1) -> dict[str, Any]:
    """Return our private key for a use, which is said; the evidence can tell what is for it."""
    key = _made(kty, use, number)
    wire.hold(key)
    return key


@cache
def _made(kty: str, use: str, number: int) -> dict[str, Any]:
    """Return a private key; one serves all clients, as those of RSA take their time."""
    del number  # it tells two of a kind apart
    return {**generate_key(kty), "use": use}


def _jwks(alg: str, *keys: Mapping[str, Any]) -> dict[str, Any]:
    """Return the public keys; what is for encryption names its algorithm, as some servers look."""
    named = ({"alg": alg} if key["use"] == "enc" else {} for key in keys)
    return {"keys": [{**public_key(key), **more} for key, more in zip(keys, named, strict=True)]}


async def at_work(
    throwaway: ThrowawayClients, step: str, *, userinfo: bool = False, **metadata: Any
) -> Provider:
    """Register a client and log in to it: `register/STEP`, `token/STEP`, and `userinfo/STEP`."""
    wire = throwaway.wire
    asked = metadata_for(wire.provider, **metadata)
    registration = await throwaway.register(f"register/{step}", asked)
    client = replace(registration.client("registered", asked), scope="openid")
    provider = wire.provider.with_client(client)
    tokens = await _tokens(wire, provider, step)
    if userinfo:
        await wire.send(userinfo_request(provider, tokens.access_token), f"userinfo/{step}")
    return provider


async def _tokens(wire: Wire, provider: Provider, step: str) -> Tokens:
    authorized = await wire.run(authorize(provider, scope="openid"), f"authorize/{step}")
    return await wire.run(redeem(provider, authorized), f"token/{step}")


@probe(needs=NEEDS, logs_in=True)
async def mac_id_tokens(wire: Wire) -> None:
    """Register each HMAC algorithm on offer for ID Tokens: `register/ALG`, `token/ALG`."""
    offered = _listed(wire.provider, "id_token_signing_alg_values_supported")
    algorithms = [one for one in offered if one.startswith("HS")]
    if not algorithms:
        raise Unsuited("the server offers no HMAC algorithm for ID Tokens")
    async with throwaway_clients(wire) as throwaway:
        for alg in algorithms:
            await at_work(throwaway, alg, id_token_signed_response_alg=alg)


@probe(needs=frozenset({Capability.REGISTRATION}))
async def mac_secrets(wire: Wire) -> None:
    """Register clients for each HMAC algorithm, `register/ALG`, and ten for one: `secret/N`."""
    offered = _listed(wire.provider, "id_token_signing_alg_values_supported")
    algorithms = [one for one in offered if one.startswith("HS")]
    if not algorithms:
        raise Unsuited("the server offers no HMAC algorithm for ID Tokens")
    async with throwaway_clients(wire) as throwaway:
        for alg in algorithms:
            metadata = metadata_for(wire.provider, id_token_signed_response_alg=alg)
            await throwaway.register(f"register/{alg}", metadata)
        metadata = metadata_for(wire.provider, id_token_signed_response_alg=algorithms[0])
        for number in range(SECRETS):
            await throwaway.register(f"secret/{number}", metadata)


@probe(needs=frozenset({Capability.REGISTRATION}))
async def public_client_with_secrets(wire: Wire) -> None:
    """Register public clients that want a MAC, `mac`, or symmetric encryption, `encryption`."""
    provider = wire.provider
    wishes: dict[str, dict[str, Any]] = {}
    if "HS256" in _listed(provider, "id_token_signing_alg_values_supported"):
        wishes["mac"] = {"id_token_signed_response_alg": "HS256"}
    offered = _listed(provider, "id_token_encryption_alg_values_supported")
    symmetric = [one for one in SECRET_ALGORITHMS if one in offered]
    if symmetric:
        wishes["encryption"] = {"id_token_encrypted_response_alg": symmetric[0]}
    if not wishes:
        raise Unsuited("the server offers no algorithm that a secret is the key of")
    async with throwaway_clients(wire) as throwaway:
        for step, wish in wishes.items():
            await throwaway.register("control", metadata_for(provider, **wish))
            await throwaway.offer(
                step,
                metadata_for(provider, token_endpoint_auth_method="none", **wish),  # noqa: S106 -- a method
            )


@probe(needs=USERINFO, logs_in=True)
async def signed_userinfo(wire: Wire) -> None:
    """Register each algorithm for UserInfo: `userinfo/ALG`; and none: `userinfo/plain`."""
    offered = _listed(wire.provider, "userinfo_signing_alg_values_supported")
    async with throwaway_clients(wire) as throwaway:
        await at_work(throwaway, "plain", userinfo=True)
        for alg in [one for one in offered if one != "none"][:MOST]:
            await at_work(throwaway, alg, userinfo=True, userinfo_signed_response_alg=alg)


def _asymmetric(provider: Provider, kind: str) -> list[tuple[str, str]]:
    """Return the algorithms on offer for which we have keys, each with their type."""
    offered = _listed(provider, f"{kind}_encryption_alg_values_supported")
    known = [(one, "RSA") for one in offered if one in {"RSA-OAEP", "RSA-OAEP-256"}]
    known += [(one, "EC") for one in offered if one.startswith("ECDH-ES")]
    if not known:
        raise Unsuited("the server offers no asymmetric encryption that idprobe can open")
    return known[:MOST]


def encrypted_id_token(wire: Wire) -> dict[str, Any]:
    """Return what a client registers to have its ID Tokens encrypted to a key of ours."""
    alg, kty = _asymmetric(wire.provider, "id_token")[0]
    return {"id_token_encrypted_response_alg": alg, "jwks": _jwks(alg, *_keys(wire, kty))}


@probe(needs=NEEDS, logs_in=True)
async def encrypted_id_tokens(wire: Wire) -> None:
    """Register encryption of ID Tokens, an algorithm after another: `token/ALG`.

    The first is tried with each content encryption on offer too, `token/ALG ENC`, and with two
    keys, `token/two-keys`. No encryption is `token/plain`. Each key set has a signing key first.
    """
    provider = wire.provider
    algorithms = _asymmetric(provider, "id_token")
    offered = _listed(provider, "id_token_encryption_enc_values_supported")
    keys = {kty: _keys(wire, kty) for kty in {kty for _, kty in algorithms}}
    async with throwaway_clients(wire) as throwaway:
        await at_work(throwaway, "plain")
        for alg, kty in algorithms:
            jwks = _jwks(alg, *keys[kty])
            await at_work(throwaway, alg, jwks=jwks, id_token_encrypted_response_alg=alg)
        alg, kty = algorithms[0]
        wish: dict[str, Any] = {"id_token_encrypted_response_alg": alg}
        for enc in [one for one in offered if one in CONTENT_BITS][:MOST]:
            jwks = _jwks(alg, *keys[kty])
            named = {**wish, "id_token_encrypted_response_enc": enc}
            await at_work(throwaway, f"{alg} {enc}", jwks=jwks, **named)
        second = _key_pair(wire, kty, "enc", 2)
        await at_work(throwaway, "two-keys", jwks=_jwks(alg, *keys[kty], second), **wish)


def _keys(wire: Wire, kty: str) -> Sequence[Mapping[str, Any]]:
    """Return a key to sign with and one to be encrypted to."""
    return _key_pair(wire, kty, "sig"), _key_pair(wire, kty, "enc")


@probe(needs=USERINFO, logs_in=True)
async def encrypted_userinfo(wire: Wire) -> None:
    """Register encryption of UserInfo: `userinfo/alone`; and of what is signed: `userinfo/both`."""
    (alg, kty), *_ = _asymmetric(wire.provider, "userinfo")
    signing = _listed(wire.provider, "userinfo_signing_alg_values_supported")
    wish = {"userinfo_encrypted_response_alg": alg, "jwks": _jwks(alg, *_keys(wire, kty))}
    async with throwaway_clients(wire) as throwaway:
        await at_work(throwaway, "alone", userinfo=True, **wish)
        if "RS256" in signing:
            both = {**wish, "userinfo_signed_response_alg": "RS256"}
            await at_work(throwaway, "both", userinfo=True, **both)


@probe(needs=NEEDS, logs_in=True)
async def encryption_by_secret(wire: Wire) -> None:
    """Register encryption of ID Tokens by the client secret: `register/ALG`, `token/ALG`."""
    alg = _first(wire.provider, "id_token_encryption_alg_values_supported", *SECRET_ALGORITHMS)
    async with throwaway_clients(wire) as throwaway:
        await at_work(throwaway, alg, id_token_encrypted_response_alg=alg)


@probe(needs=NEEDS, logs_in=True)
async def encryption_faults(wire: Wire) -> None:
    """Register `enc` without alg, and encryption with a key for signatures alone: `signing-key`.

    If the latter is registered a login is tried: `tokens-signing-key`.
    """
    provider = wire.provider
    (alg, kty), *_ = _asymmetric(provider, "id_token")
    encs = _listed(provider, "id_token_encryption_enc_values_supported") or ["A128CBC-HS256"]
    wish: dict[str, Any] = {"id_token_encrypted_response_alg": alg}
    async with throwaway_clients(wire) as throwaway:
        good = metadata_for(provider, jwks=_jwks(alg, *_keys(wire, kty)), **wish)
        await throwaway.register("control", good)
        alone = metadata_for(provider, id_token_encrypted_response_enc=encs[0])
        await throwaway.offer("enc", alone)
        metadata = metadata_for(provider, jwks=_jwks(alg, _key_pair(wire, kty, "sig")), **wish)
        registration = registration_of(await throwaway.offer("signing-key", metadata))
        if registration is not None:
            client = registration.client("registered", metadata)
            wire.provider = provider.with_client(client)
            await tried_for_tokens(wire, "signing-key", scope="openid")
            wire.provider = provider
        await throwaway.register("control-again", good)
