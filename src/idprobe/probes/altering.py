"""Tokens that look right and are not: altered in one character, or forged."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from idprobe.errors import EvidenceError
from idprobe.jose import generate_key, looks_like_jwt, read_jwt, sign_jwt

__all__ = ["altered", "forgeries"]

NEXT: Final = {"z": "a", "Z": "A", "9": "0", "f": "a", "F": "A"}
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
    return sign_jwt(claims, generate_key(kty), {**header, "alg": alg})
