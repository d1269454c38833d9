"""RFC 7517 sections 4.7 to 4.9: certificates beside published keys are those of the keys."""

import warnings
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha1, sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, import_key

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    published_keys,
    requirement,
)

BARE = ("kty", "n", "e", "crv", "x", "y")


def _certified(trace: Trace, *members: str) -> Sequence[Mapping[str, Any]]:
    found = [key for key in published_keys(trace) if {"x5c", *members} <= key.keys()]
    if not found:
        raise Unsuited(f"no key of the JWK Set has {' and '.join(('x5c', *members))}")
    return found


def _der(key: Mapping[str, Any]) -> bytes:
    """Return the first certificate of a key; AssertionError unless it is standard base64."""
    chain = key["x5c"]
    assert isinstance(chain, list), "x5c is no array"
    assert chain, "x5c is empty"
    assert isinstance(chain[0], str), "x5c has a member that is no string"
    try:
        return b64decode(chain[0], validate=True)
    except ValueError:
        raise AssertionError("x5c is not in standard base64") from None


def _spki_of_certificate(key: Mapping[str, Any]) -> bytes:
    try:
        certificate = x509.load_der_x509_certificate(_der(key))
    except ValueError:
        raise AssertionError("x5c holds no certificate that can be read") from None
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _spki_of_key(key: Mapping[str, Any]) -> bytes:
    bare: dict[str, str | list[str]] = {name: str(key[name]) for name in BARE if name in key}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a short key is judged elsewhere
            found = import_key(bare)
    except (JoseError, ValueError, KeyError):
        raise EvidenceError("a key cannot be read") from None
    if isinstance(found, OctKey):
        raise EvidenceError("a symmetric key has a certificate")
    return found.as_der(private=False)


def _digest(hashed: bytes) -> str:
    return urlsafe_b64encode(hashed).rstrip(b"=").decode()


@requirement("RFC7517-4.7/x5c-matches")
def test_certificate_of_a_key_is_its_own(keys_document: Trace) -> None:
    """The first certificate of x5c has the public key that the other members say."""
    for key in _certified(keys_document):
        assert _spki_of_certificate(key) == _spki_of_key(key), "x5c is of another key"


@requirement("RFC7517-4.8/x5t-matches")
def test_sha1_thumbprint_is_of_the_certificate(keys_document: Trace) -> None:
    """x5t is the SHA-1 of the certificate."""
    for key in _certified(keys_document, "x5t"):
        digest = _digest(sha1(_der(key), usedforsecurity=False).digest())
        assert key["x5t"] == digest, "x5t is of another certificate, or not in base64url"


@requirement("RFC7517-4.9/x5t-s256-matches")
def test_sha256_thumbprint_is_of_the_certificate(keys_document: Trace) -> None:
    """x5t#S256 is the SHA-256 of the certificate."""
    for key in _certified(keys_document, "x5t#S256"):
        digest = _digest(sha256(_der(key)).digest())
        assert key["x5t#S256"] == digest, "x5t#S256 is of another certificate, or not in base64url"
