"""Mutants that believe what an assertion brings along, or an identifier that is none."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import base64
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey

from idprobe.formats.jose import read_jwt, verified_by
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig

LONG = 512
"""What a header with a certificate exceeds, which the usual reader does not look at."""


@mutant(breaks="RFC7523-3/bad-signature-rejected")
class CertificatesInsideAreTrusted(ReferenceServer):
    """The key of the certificate that an assertion brings along verifies it."""

    def verified_assertion(self, client: ClientConfig, assertion: str) -> dict[str, Any] | None:
        inside = super().verified_assertion(client, assertion)
        header = assertion.partition(".")[0]
        if inside is not None or len(header) < LONG:
            return inside
        token = read_jwt(assertion)
        if "x5c" not in token.header:
            return None
        certificate = x509.load_der_x509_certificate(base64.b64decode(token.header["x5c"][0]))
        form = Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        pem = certificate.public_key().public_bytes(*form)
        key = ECKey.import_key(pem).as_dict(private=False)
        return dict(token.claims) if verified_by(assertion, {"keys": [key]}) is not None else None


@mutant(breaks="OIDCC-9/assertion-jti-required")
class EmptyIdentifiersWillDo(ReferenceServer):
    """An assertion whose jti is empty works, as often as it likes."""

    def assertion_id_is_spent(self, client: ClientConfig, claims: dict[str, Any]) -> bool:
        return claims.get("jti") == "" or super().assertion_id_is_spent(client, claims)
