"""Encrypt and decrypt JWEs in compact form (RFC 7516); the cryptography is joserfc's."""

import hashlib
import warnings
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from joserfc import jwe, jwk
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry

from idprobe.errors import EvidenceError, UsageError
from idprobe.formats.strict_json import parse_json

__all__ = [
    "CONTENT_BITS",
    "Opened",
    "encrypt",
    "header_of_jwe",
    "looks_like_jwe",
    "opened",
    "secret_key",
]

MAX_JWE_CHARS: Final = 65_536
SEGMENTS: Final = 5
MATERIAL: Final = ("kty", "n", "e", "d", "p", "q", "dp", "dq", "qi", "crv", "x", "y", "k")
CONTENT_BITS: Final[Mapping[str, int]] = {
    "A128CBC-HS256": 256,
    "A192CBC-HS384": 384,
    "A256CBC-HS512": 512,
    "A128GCM": 128,
    "A192GCM": 192,
    "A256GCM": 256,
}
WRAPPING_BITS: Final[Mapping[str, int]] = {
    "A128KW": 128,
    "A192KW": 192,
    "A256KW": 256,
    "A128GCMKW": 128,
    "A192GCMKW": 192,
    "A256GCMKW": 256,
}
ALGORITHMS: Final = (
    "RSA-OAEP",
    "RSA-OAEP-256",
    "ECDH-ES",
    "ECDH-ES+A128KW",
    "ECDH-ES+A192KW",
    "ECDH-ES+A256KW",
    "dir",
    *WRAPPING_BITS,
)
ALLOWED: Final = [*ALGORITHMS, *CONTENT_BITS]
OPENING: Final = JWERegistry(algorithms=[*ALLOWED, "DEF"], strict_check_header=False)
"""What can be opened: compressed content too (bounded), and headers with members of their own."""
FAILURES: Final = (JoseError, ValueError, TypeError, KeyError, AttributeError)


@dataclass(frozen=True, slots=True)
class Opened:
    """What was in a JWE, and the kid of the key that opened it."""

    content: str = field(repr=False)
    kid: str | None


def looks_like_jwe(text: str) -> bool:
    """Return whether the text has the form of a JWE in compact form."""
    try:
        header_of_jwe(text)
    except EvidenceError:
        return False
    return True


def header_of_jwe(token: str) -> dict[str, Any]:
    """Return the protected header; raises EvidenceError for what is no JWE in compact form."""
    segments = token.split(".")
    if len(token) > MAX_JWE_CHARS or len(segments) != SEGMENTS:
        raise EvidenceError("the token is not five segments, so no encrypted JWT")
    try:
        header = parse_json(urlsafe_b64decode(segments[0] + "=" * (-len(segments[0]) % 4)))
    except ValueError:
        raise EvidenceError("the header of the encrypted token is not base64url") from None
    if not isinstance(header, dict):
        raise EvidenceError("the header of the encrypted token is no JSON object")
    return header


def encrypt(content: str, key: Mapping[str, Any], header: Mapping[str, Any]) -> str:
    """Return a JWE of the content with just this header, to a JWK.

    Raises UsageError if the key does not fit the header.
    """
    try:
        return jwe.encrypt_compact(dict(header), content, _imported(key), algorithms=ALLOWED)
    except FAILURES:
        raise UsageError("idprobe cannot encrypt with this header to the key given") from None


def opened(token: str, keys: Iterable[Mapping[str, Any]]) -> Opened | None:
    """Return what the first private JWK that fits finds in a JWE; None if none does."""
    alg = str(header_of_jwe(token).get("alg"))
    kty = "RSA" if alg.startswith("RSA") else "EC" if alg.startswith("ECDH") else "oct"
    for key in keys:
        if key.get("kty") != kty:
            continue
        try:
            content = jwe.decrypt_compact(token, _imported(key), registry=OPENING).plaintext
        except FAILURES:
            continue
        if content is not None:
            return Opened(content.decode("utf-8", "replace"), key.get("kid"))
    return None


def secret_key(secret: str, alg: str, enc: str) -> dict[str, Any] | None:
    """Return the symmetric JWK that a client secret makes; None where the algorithm uses none.

    It is the left-most bits of a hash of the secret (OpenID Connect Core 1.0, section 10.2).
    """
    bits = CONTENT_BITS.get(enc) if alg == "dir" else WRAPPING_BITS.get(alg)
    if bits is None:
        return None
    name = "sha256" if bits <= 256 else f"sha{bits}"  # noqa: PLR2004 -- the bits of SHA-256
    octets = hashlib.new(name, secret.encode("utf-8", "surrogatepass")).digest()[: bits // 8]
    return {"kty": "oct", "k": urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")}


def _imported(key: Mapping[str, Any]) -> Any:
    """Return the bare material of a key, so that `use` and the like forbid nothing."""
    return _import(tuple((name, key[name]) for name in MATERIAL if name in key))


@lru_cache(maxsize=256)
def _import(material: tuple[tuple[str, Any], ...]) -> Any:
    """Return a key from its members; the numbers of a private RSA key take 35 ms to check."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a weak key is the server's finding, not our warning
        return jwk.import_key(dict(material))
