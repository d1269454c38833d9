"""Read, verify and make JWTs; the cryptography is joserfc's.

Nothing here trusts a token: reading is of its structure only (RFC 7519, RFC 7515 section 7.1), and
which key verifies it is a fact of its own. Headers are not restricted to the registered ones, so
that strange tokens can be read, and made.
"""

import binascii
import hashlib
import hmac
import json
import re
import secrets
import warnings
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, Final, Literal, cast

from joserfc import jwk
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from idprobe.errors import EvidenceError, UsageError
from idprobe.formats.strict_json import parse_json

__all__ = [
    "Jwt",
    "client_assertion",
    "default_alg",
    "generate_key",
    "half_hash",
    "looks_like_jwt",
    "public_key",
    "public_pem",
    "read_jwt",
    "sign_jws",
    "sign_jwt",
    "signature_over",
    "spare_key",
    "stock_rsa_keys",
    "verified_by",
]

MAX_JWT_CHARS: Final = 65_536
MAX_KEYS: Final = 100
MAX_KEY_MEMBER_CHARS: Final = 4_096
SEGMENT: Final = re.compile(r"[A-Za-z0-9_-]*\Z")
HASH_SIZE: Final = re.compile(r"(?:RS|PS|ES|HS)(256|384|512)K?\Z")
UNREADABLE: Final = (JoseError, ValueError, TypeError, KeyError, AttributeError)
"""What a key may raise that a server made up."""
MATERIAL: Final[Mapping[str, tuple[str, ...]]] = {
    "RSA": ("n", "e", "d", "p", "q", "dp", "dq", "qi"),
    "EC": ("crv", "x", "y", "d"),
    "OKP": ("crv", "x", "d"),
    "oct": ("k",),
}
PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
CURVE_OF: Final[Mapping[str, str]] = {
    "ES256": "P-256",
    "ES384": "P-384",
    "ES512": "P-521",
    "ES256K": "secp256k1",
    "Ed25519": "Ed25519",
    "Ed448": "Ed448",
}
RSA_BITS: Final = 2048
MACS: Final = frozenset({"HS256", "HS384", "HS512"})
ALG_OF_CURVE: Final[Mapping[str, str]] = {
    "P-256": "ES256",
    "P-384": "ES384",
    "P-521": "ES512",
    "secp256k1": "ES256K",
    "Ed25519": "EdDSA",
    "Ed448": "EdDSA",
}

Key = jwk.OctKey | jwk.RSAKey | jwk.ECKey | jwk.OKPKey


@dataclass(frozen=True, slots=True, repr=False)
class Jwt:
    """A JWS in compact form, taken apart; nothing about its signature is known yet."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signed_part: str
    """The first two segments with the dot between, which is what was signed."""

    @property
    def alg(self) -> str | None:
        """The algorithm that the header names, None unless it is a string."""
        alg = self.header.get("alg")
        return alg if isinstance(alg, str) else None

    @property
    def kid(self) -> str | None:
        """The key ID that the header names, None unless it is a string."""
        kid = self.header.get("kid")
        return kid if isinstance(kid, str) else None

    def __repr__(self) -> str:
        return f"<JWT by {self.alg!r:.20} with {len(self.claims)} claims>"


def read_jwt(token: str) -> Jwt:
    """Return the parts of a signed or unsecured JWT in compact form.

    Raises EvidenceError unless it is three base64url segments, of which the first two are JSON
    objects (RFC 7519 section 7.2). An encrypted JWT is no such thing.
    """
    header, claims, _ = _segments(token)
    return Jwt(_object(header, "header"), _object(claims, "claims set"), token.rpartition(".")[0])


def looks_like_jwt(text: str) -> bool:
    """Return whether the text can be read as a JWT in compact form."""
    try:
        read_jwt(text)
    except EvidenceError:
        return False
    return True


def verified_by(
    token: str, jwks: Mapping[str, Any], *, secret: str | None = None
) -> dict[str, Any] | None:
    """Return which key verifies the signature, as kid, kty, alg and source; None if none does.

    Only keys that fit the header's `alg` are tried (RFC 8725 section 3.1), those with its `kid`
    first; `none` is verified by nothing. The secret is tried for the HMAC algorithms alone, and a
    published symmetric key never is. Raises EvidenceError if the token is no JWT.
    """
    parsed = read_jwt(token)
    signature = _segments(token)[2]
    message = parsed.signed_part.encode("ascii")
    alg = parsed.alg or ""
    if alg.startswith("HS"):
        if secret and _verifies(alg, _key_of(secret), message, signature):
            return {"kid": None, "kty": "oct", "alg": alg, "source": "client_secret"}
        return None
    candidates = sorted(_fitting_keys(jwks, alg), key=lambda key: key.get("kid") != parsed.kid)
    for key in candidates:
        if _verifies(alg, public_key(key), message, signature):
            return {"kid": key.get("kid"), "kty": key["kty"], "alg": alg, "source": "jwks"}
    return None


def half_hash(value: str, alg: str) -> str:
    """Return the left half of the value's hash, as at_hash and c_hash have it.

    OpenID Connect Core 1.0, sections 3.1.3.6 and 3.3.2.11. Raises EvidenceError for an algorithm
    without a known hash.
    """
    data = value.encode("utf-8", "surrogatepass")
    if alg == "Ed448":
        return encode(hashlib.shake_256(data).digest(114)[:57])
    sized = HASH_SIZE.match(alg)
    if sized is None and alg not in {"EdDSA", "Ed25519"}:
        raise EvidenceError("the ID Token's algorithm has no hash that idprobe knows")
    digest = hashlib.new(f"sha{sized[1] if sized else 512}", data).digest()
    return encode(digest[: len(digest) // 2])


def sign_jwt(claims: Mapping[str, Any], key: Mapping[str, Any], header: Mapping[str, Any]) -> str:
    """Return a JWT with just this header, signed with the private JWK by the header's `alg`.

    `none` leaves the signature empty. Raises UsageError if the key does not fit the algorithm.
    """
    return sign_jws(_json(claims), key, header)


def sign_jws(
    payload: bytes, key: Mapping[str, Any], header: Mapping[str, Any], *, alg: str | None = None
) -> str:
    """Return a JWS in compact form over these octets; `alg` signs by another than the header's."""
    message = f"{encode(_json(header))}.{encode(payload)}"
    return f"{message}.{signature_over(message, key, alg or str(header.get('alg')))}"


def signature_over(message: str, key: Mapping[str, Any], alg: str) -> str:
    """Return the last segment of a JWS over its first two, which may be of any form.

    `none` leaves it empty. Raises UsageError if the key does not fit the algorithm.
    """
    if alg == "none":
        return ""
    if alg in MACS and key.get("kty") == "oct":
        # joserfc refuses a public key as a secret, which is what a forger uses
        return encode(hmac.digest(_octets(key), message.encode(), f"sha{alg[2:]}"))
    model = JWSRegistry.algorithms.get(alg)
    if model is None:
        raise UsageError(f"idprobe cannot sign with {alg!r:.20}")
    try:
        imported = _imported(key)
        model.check_key(imported)
        signature = model.sign(message.encode("ascii"), imported)
    except UNREADABLE:
        raise UsageError(f"the key given does not fit {alg}") from None
    return encode(signature)


def client_assertion(  # noqa: PLR0913 -- each is a fact of the assertion, and they are named
    client_id: str,
    audience: str | list[str],
    *,
    key: Mapping[str, Any] | str,
    alg: str | None = None,
    now: datetime,
    lifetime_s: int = 60,
) -> str:
    """Return an assertion by which a client authenticates itself (RFC 7523 section 3).

    The key is a private JWK, or a client secret as text (OpenID Connect Core 1.0, section 9).
    """
    material = _key_of(key) if isinstance(key, str) else key
    header: dict[str, Any] = {"alg": alg or default_alg(material), "typ": "JWT"}
    if "kid" in material:
        header["kid"] = material["kid"]
    issued_at = int(now.timestamp())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": secrets.token_urlsafe(24),
        "iat": issued_at,
        "exp": issued_at + lifetime_s,
    }
    return sign_jwt(claims, material, header)


def _key_of(secret: str) -> Mapping[str, Any]:
    """Return the symmetric JWK of a client secret; a lone surrogate in it counts by its octets."""
    return {"kty": "oct", "k": encode(secret.encode("utf-8", "surrogatepass"))}


def default_alg(key: Mapping[str, Any]) -> str:
    """Return the algorithm of a JWK: what it says, or else the usual one for its type."""
    if isinstance(alg := key.get("alg"), str):
        return alg
    usual = {"RSA": "RS256", "oct": "HS256"}.get(str(key.get("kty")))
    found = usual or ALG_OF_CURVE.get(str(key.get("crv")))
    if found is None:
        raise UsageError("the key is of a type that idprobe cannot sign with")
    return found


def generate_key(kty: str, crv: str | None = None, *, rsa_bits: int = RSA_BITS) -> dict[str, Any]:
    """Return a fresh private JWK with a `kid`: RSA (2048 bits), EC, OKP or oct (256 bits)."""
    key: Key
    match kty:
        case "RSA":
            key = _STOCK.pop() if _STOCK and rsa_bits == RSA_BITS else _rsa_key(rsa_bits)
        case "EC":
            curve = cast("Literal['P-256', 'P-384', 'P-521', 'secp256k1']", crv or "P-256")
            key = jwk.generate_key("EC", curve, auto_kid=True)
        case "OKP":
            key = jwk.generate_key(
                "OKP", cast("Literal['Ed25519', 'Ed448']", crv or "Ed25519"), auto_kid=True
            )
        case "oct":
            key = jwk.generate_key("oct", 256, auto_kid=True)
        case _:
            raise UsageError("keys are of type RSA, EC, OKP or oct")
    made = dict(key.as_dict(private=True))
    _OWN[kty, _material(made)] = key
    return made


def stock_rsa_keys(count: int) -> None:
    """Make RSA keys now that `generate_key` hands out later, each once: they take 40 ms each."""
    _STOCK.extend(_rsa_key(RSA_BITS) for _ in range(count))


def _rsa_key(bits: int) -> jwk.RSAKey:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a weak key is made on purpose
        return jwk.generate_key("RSA", bits, auto_kid=True)


_STOCK: Final[list[jwk.RSAKey]] = []
_OWN: Final[dict[tuple[str, tuple[tuple[str, Any], ...]], Key]] = {}
"""The keys that were made here, which nobody needs to read again."""


def spare_key(name: str, kty: str, crv: str | None = None) -> dict[str, Any]:
    """Return a private JWK of this process by its name: the same one for each who asks.

    It is in no profile. Experiments that do not touch each other share one, since an RSA key takes
    longer to make than ten exchanges.
    """
    return dict(_spare_key(name, kty, crv))


@cache
def _spare_key(_name: str, kty: str, crv: str | None) -> Mapping[str, Any]:
    return generate_key(kty, crv)


def public_key(key: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JWK without its private members."""
    return {name: value for name, value in key.items() if name not in PRIVATE}


def public_pem(key: Mapping[str, Any]) -> str:
    """Return the public half of a JWK as PEM; raises UsageError for what is no key of a pair."""
    try:
        imported = _imported(public_key(key))
    except UNREADABLE as error:
        raise UsageError(f"the key cannot be read: {type(error).__name__}") from None
    if not isinstance(imported, jwk.RSAKey | jwk.ECKey | jwk.OKPKey):
        raise UsageError("only the key of a pair has a public half")
    return imported.as_pem(private=False).decode("ascii")


def encode(data: bytes) -> str:
    """Return base64url without padding (RFC 7515 section 2)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _octets(key: Mapping[str, Any]) -> bytes:
    value = str(key["k"])
    return urlsafe_b64decode(value + "=" * (-len(value) % 4))


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def _segments(token: str) -> tuple[bytes, bytes, bytes]:
    if len(token) > MAX_JWT_CHARS:
        raise EvidenceError(f"the token is longer than {MAX_JWT_CHARS} characters")
    segments = token.split(".")
    if len(segments) != 3 or not all(SEGMENT.match(segment) for segment in segments):  # noqa: PLR2004 -- JWS compact serialization has three
        raise EvidenceError("the token is not three base64url segments, so no signed JWT")
    try:
        header, claims, signature = (
            urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in segments
        )
    except (binascii.Error, ValueError):
        raise EvidenceError("a segment of the token is not base64url") from None
    return header, claims, signature


def _object(data: bytes, what: str) -> dict[str, Any]:
    try:
        value = parse_json(data)
    except EvidenceError:
        raise EvidenceError(f"the token's {what} is not JSON that can be trusted") from None
    if not isinstance(value, dict):
        raise EvidenceError(f"the token's {what} is not a JSON object")
    return value


def _fitting_keys(jwks: Mapping[str, Any], alg: str) -> Iterator[Mapping[str, Any]]:
    """Yield the keys of the set that can belong to the asymmetric algorithm."""
    kty = "RSA" if alg[:2] in {"RS", "PS"} else "EC" if alg[:2] == "ES" else "OKP"
    keys = jwks.get("keys")
    for key in keys[:MAX_KEYS] if isinstance(keys, list) else ():
        fits = isinstance(key, Mapping) and key.get("kty") == kty
        if fits and key.get("crv") == CURVE_OF.get(alg, key.get("crv")):
            yield key


def _imported(key: Mapping[str, Any]) -> Key:
    """Return the key for joserfc: its bare material, so that `use` and the like forbid nothing."""
    kty, material = key["kty"], _material(key)
    if any(not isinstance(v, str) or len(v) > MAX_KEY_MEMBER_CHARS for _, v in material):
        raise ValueError("a member of the key is no text of sensible length")
    return _OWN.get((kty, material)) or _import(kty, material)


def _material(key: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Return the members that are the key itself."""
    return tuple((name, key[name]) for name in MATERIAL[key["kty"]] if name in key)


@lru_cache(maxsize=256)
def _import(kty: str, material: tuple[tuple[str, str], ...]) -> Key:
    """Return a key from its members; the numbers of a private RSA key take 35 ms to check."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a weak key is the server's finding, not our warning
        return jwk.import_key({"kty": kty, **dict(material)})


def _verifies(alg: str, key: Mapping[str, Any], message: bytes, signature: bytes) -> bool:
    model = JWSRegistry.algorithms.get(alg)
    if model is None:
        return False
    try:
        imported = _imported(key)
        model.check_key(imported)
        return model.verify(message, signature, imported)
    except UNREADABLE:
        return False
