"""An Ed25519 signature over manifest.json: that evidence is of who holds a key.

Keys are PEM as OpenSSL writes them, and the signature is the 64 octets alone, so that an auditor
can verify it without idprobe (docs/how-to/seal-evidence.md).
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from idprobe.errors import EvidenceError, UsageError
from idprobe.evidence.seals import MANIFEST, SIGNATURE
from idprobe.formats.bounded import read_plain

__all__ = ["SIGNING_KEY", "check_signature", "key_id", "signing_key", "verify_key"]

SIGNING_KEY: Final = "IDPROBE_SIGNING_KEY"
"""The environment variable that has the private key, as PEM."""
_MOST_BYTES: Final = 65_536
_KEY_ID_DIGITS: Final = 16


def signing_key(environ: Mapping[str, str]) -> Ed25519PrivateKey | None:
    """Return the key of the environment, if there is one; raises UsageError for what is none.

    A variable that is set and empty is no key: CI servers set one for a secret that they lack.
    """
    text = environ.get(SIGNING_KEY, "").strip()
    if not text:
        return None
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(
            f"{SIGNING_KEY} is no Ed25519 private key in PEM without a passphrase: make one with "
            f"openssl genpkey -algorithm ed25519, or unset it"
        )
    return key


def verify_key(path: Path) -> Ed25519PublicKey:
    """Return the public key in a file; raises UsageError for what is none."""
    try:
        key = load_pem_public_key(read_plain(path, _MOST_BYTES))
    except OSError as error:
        raise UsageError(f"--verify-key {path} cannot be read ({error.strerror})") from None
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError(
            f"--verify-key {path} is no Ed25519 public key in PEM: openssl pkey -pubout writes it"
        )
    return key


def key_id(key: Ed25519PublicKey) -> str:
    """Return the first digits of the SHA-256 of a public key, by which reports name it."""
    octets = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(octets).hexdigest()[:_KEY_ID_DIGITS]


def check_signature(files: Mapping[str, bytes], key: Ed25519PublicKey) -> str:
    """Return the id of the key that signed the manifest; raises EvidenceError if it did not."""
    if MANIFEST not in files:
        raise EvidenceError(f"the evidence has no {MANIFEST}, so that no key has signed it")
    if SIGNATURE not in files:
        raise EvidenceError(f"the evidence is not signed: there is no {SIGNATURE}")
    try:
        key.verify(files[SIGNATURE], files[MANIFEST])
    except InvalidSignature:
        raise EvidenceError(
            f"{SIGNATURE} is no signature by key {key_id(key)} over {MANIFEST}: another key made "
            f"it, or one of the two was changed"
        ) from None
    return key_id(key)
