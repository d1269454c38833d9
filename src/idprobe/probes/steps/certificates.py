"""Certificates that anybody could make: of a key, by that key itself."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc.jwk import ECKey, RSAKey

__all__ = ["certificate_of"]

LIFETIME: Final = timedelta(days=1)


def certificate_of(key: Mapping[str, Any]) -> str:
    """Return a self-signed certificate of an RSA or EC key, as an element of x5c has it."""
    imported = (RSAKey if key["kty"] == "RSA" else ECKey).import_key(dict(key))
    private = imported.private_key
    if not isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise TypeError("only a private key signs its certificate")
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "idprobe")])
    now = datetime.now(UTC)
    certificate = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=private.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - LIFETIME,
        not_valid_after=now + LIFETIME,
    ).sign(private, hashes.SHA256())
    return b64encode(certificate.public_bytes(Encoding.DER)).decode("ascii")
