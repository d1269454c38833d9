"""Mutants of published keys: their certificates, and keys that are too short for PSS."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import base64
import functools
import hashlib
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from joserfc.jwk import ECKey, RSAKey

from idprobe_reference.mutants.bending import having
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.server import ReferenceServer


def certificate_of(jwk: Mapping[str, Any]) -> bytes:
    """Return a certificate of a public key, in DER; somebody else has signed it."""
    bare = {name: str(jwk[name]) for name in ("kty", "n", "e", "crv", "x", "y") if name in jwk}
    key_class = RSAKey if jwk["kty"] == "RSA" else ECKey
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "idprobe")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=load_der_public_key(key_class.import_key({**bare}).as_der(private=False)),  # type: ignore[arg-type] # an RSA or EC key
        serial_number=x509.random_serial_number(),
        not_valid_before=now,
        not_valid_after=now + timedelta(days=1),
    )
    key = ec.generate_private_key(ec.SECP256R1())
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def certified(jwk: Mapping[str, Any], der: bytes) -> dict[str, Any]:
    """Return a key with a certificate and both of its thumbprints."""
    sha1 = hashlib.sha1(der, usedforsecurity=False).digest()
    return {
        **jwk,
        "x5c": [base64.b64encode(der).decode()],
        "x5t": base64url(sha1),
        "x5t#S256": base64url(hashlib.sha256(der).digest()),
    }


def base64url(octets: bytes) -> str:
    """Return octets in base64url without padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


@functools.cache
def short_key() -> dict[str, Any]:
    """Return a public RSA key of 1024 bits."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the key is short on purpose
        public = RSAKey.generate_key(1024).as_dict(private=False)
    return {**public, "kid": "short", "use": "sig", "alg": "PS256"}


@mutant(breaks="RFC7517-4.7/x5c-matches")
class CertificatesAreOfOtherKeys(ReferenceServer):
    """Each published key has the certificate of the next one."""

    def jwks(self) -> dict[str, Any]:
        keys = super().jwks()["keys"]
        ders = [certificate_of(key) for key in (*keys[1:], *keys[:1])]
        return {"keys": [certified(key, der) for key, der in zip(keys, ders, strict=True)]}


class ThumbprintsAreChanged(ReferenceServer):
    """Each published key has its certificate, and a thumbprint that is changed."""

    changed = ""

    def jwks(self) -> dict[str, Any]:
        keys = [certified(key, certificate_of(key)) for key in super().jwks()["keys"]]
        change = having(**{self.changed: base64url(bytes(20))})
        return {"keys": [change(key) for key in keys]}


@mutant(breaks="RFC7517-4.8/x5t-matches")
class Sha1ThumbprintsAreOfNothing(ThumbprintsAreChanged):
    """x5t is the thumbprint of no certificate."""

    changed = "x5t"


@mutant(breaks="RFC7517-4.9/x5t-s256-matches")
class Sha256ThumbprintsAreOfNothing(ThumbprintsAreChanged):
    """x5t#S256 is the thumbprint of no certificate."""

    changed = "x5t#S256"


@mutant(
    breaks="RFC7518-3.5/pss-2048",
    also={"RFC7518-3.3/rsa-2048": "the key is short for any algorithm"},
)
class KeysForPssAreShort(ReferenceServer):
    """An RSA key of 1024 bits is published for PS256."""

    def jwks(self) -> dict[str, Any]:
        return {"keys": [*super().jwks()["keys"], short_key()]}


@functools.cache
def related_keys() -> list[dict[str, Any]]:
    """Return two public RSA keys that have one prime in common."""
    one, two = (RSAKey.generate_key(2048).as_dict(private=True) for _ in range(2))
    primes = [base64.urlsafe_b64decode(f"{key['p']}==") for key in (one, two)]
    product = int.from_bytes(primes[0], "big") * int.from_bytes(primes[1], "big")
    moduli = (one["n"], base64url(product.to_bytes(256, "big")))
    rest = {"kty": "RSA", "e": "AQAB", "use": "sig", "alg": "RS256"}
    return [{**rest, "n": n, "kid": f"related-{i}"} for i, n in enumerate(moduli)]


@mutant(breaks="RFC8725-3.5/key-entropy")
class KeysHaveAPrimeInCommon(ReferenceServer):
    """Two RSA keys are published that were made from too little chance."""

    def jwks(self) -> dict[str, Any]:
        return {"keys": [*super().jwks()["keys"], *related_keys()]}
