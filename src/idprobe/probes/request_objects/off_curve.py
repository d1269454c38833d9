"""Messages to a key on P-256 whose ephemeral point is on another curve (RFC 8725 section 3.4).

A point of small order leaves a secret that anybody can guess: a server that does not look whether
the point is on its curve opens what was made without its key, and tells of the key by doing so.
"""

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from idprobe.client.wire import Wire
from idprobe.errors import EvidenceError, Unsuited
from idprobe.formats.jose import encode
from idprobe.formats.jwe import encrypt
from idprobe.model.exchange import Request
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes import probe
from idprobe.probes.request_objects.encrypted_requests import ALG, ENC
from idprobe.probes.request_objects.request_objects import NEEDS, OPENID, sealer_of
from idprobe.probes.steps.authorization_request import ordinary, tried

__all__ = ["content_key", "request_object_off_curve"]

PRIME: Final = 2**256 - 2**224 + 2**192 + 2**96 - 1
COEFFICIENT: Final = -3
OCTETS: Final = 32
CURVE: Final = "P-256"
DIRECT: Final = "ECDH-ES"
CONTENT: Final = "A256GCM"
VECTOR_OCTETS: Final = 12
TAG_OCTETS: Final = 16
TRIES: Final = range(2, 200)


@probe(role=Role.SIGNED, needs=NEEDS | {Capability.SIGNED_CLIENT, Capability.JWKS}, logs_in=True)
async def request_object_off_curve(wire: Wire) -> None:
    """Encrypt good Request Objects with points that are off the curve, between two good points.

    Steps `order-2`, `order-2-infinity` and `order-3`, by what is guessed; `sealed`, `sealed-again`.
    """
    provider, sealer = wire.provider, sealer_of(wire.provider)
    response = await wire.send(Request.get(provider.endpoint("jwks_uri")), "keys")
    keys = response.json_object.get("keys") if response.is_success else None
    key = _key_to_use(provider, keys if isinstance(keys, list) else [])
    named = {"kid": key["kid"]} if "kid" in key else {}
    header = {"alg": DIRECT, "enc": CONTENT, "cty": "JWT", **named}
    plain = ordinary(provider, extra=OPENID)

    async def ask(step: str, request: str) -> None:
        await tried(wire, step, (*plain, ("request", request)))

    await ask("sealed", encrypt(sealer.request(plain), key, header))
    for step, point, shared in _guesses():
        await ask(step, _sealed(sealer.request(plain), header, point, shared))
    await ask("sealed-again", encrypt(sealer.request(plain), key, header))


def _key_to_use(provider: Provider, keys: Sequence[Any]) -> Mapping[str, Any]:
    """Return a published key on P-256 that Request Objects can be encrypted to directly."""
    for name, value in ((ALG, DIRECT), (ENC, CONTENT)):
        offered = provider.metadata.get(name)
        if not isinstance(offered, list) or value not in offered:
            raise Unsuited(f"{name} does not list {value}")
    for key in keys:
        if not isinstance(key, Mapping):
            raise EvidenceError("the JWK Set has a key that is no object")
        if key.get("crv") == CURVE and key.get("use", "enc") == "enc":
            return key
    raise Unsuited(f"the server publishes no key on {CURVE} for encryption")


def _guesses() -> Iterator[tuple[str, tuple[int, int], int]]:
    """Yield points of small order with the secret that they leave, by what is guessed."""
    x = secrets.randbelow(PRIME - 2) + 2
    yield "order-2", (x, 0), x  # an odd key leaves the point
    yield "order-2-infinity", (x, 0), 0  # an even one leaves none
    point = _of_order_three()
    yield "order-3", point, point[0]


def _of_order_three() -> tuple[int, int]:
    """Return a point of order 3 on a curve that differs from P-256 in its last coefficient alone.

    Its x is a root of the third division polynomial, which the coefficient is solved for.
    """
    a = COEFFICIENT
    for x in TRIES:
        b = (a * a - 3 * x**4 - 6 * a * x * x) * pow(12 * x, -1, PRIME) % PRIME
        square = (x**3 + a * x + b) % PRIME
        y = pow(square, (PRIME + 1) // 4, PRIME)
        if y * y % PRIME == square:
            return x, y
    raise EvidenceError("no point of order 3 was found")  # each try has an even chance


def content_key(shared: int) -> bytes:
    """Return the key that a shared secret makes for A256GCM (RFC 7518 section 4.6.2)."""
    enc = CONTENT.encode("ascii")
    info = len(enc).to_bytes(4, "big") + enc + bytes(8) + (OCTETS * 8).to_bytes(4, "big")
    return hashlib.sha256(b"\0\0\0\1" + shared.to_bytes(OCTETS, "big") + info).digest()


def _sealed(content: str, header: Mapping[str, Any], point: tuple[int, int], shared: int) -> str:
    """Return a JWE with a point as its ephemeral key, made with the secret that it may leave."""
    x, y = (encode(one.to_bytes(OCTETS, "big")) for one in point)
    epk = {"kty": "EC", "crv": CURVE, "x": x, "y": y}
    start = encode(json.dumps({**header, "epk": epk}).encode())
    vector = secrets.token_bytes(VECTOR_OCTETS)
    sealed = AESGCM(content_key(shared)).encrypt(vector, content.encode(), start.encode())
    text, tag = sealed[:-TAG_OCTETS], sealed[-TAG_OCTETS:]
    return ".".join((start, "", encode(vector), encode(text), encode(tag)))
