"""Mutants that take the wrong signatures of client assertions, or refuse the right ones."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from dataclasses import replace
from typing import Any

from joserfc.jwk import RSAKey

from idprobe.formats.jose import encode, public_pem, signature_over
from idprobe_reference.faults import OAuthFault
from idprobe_reference.mutants.clients.assertion_parts import Claims, object_in, signed_octets
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig

_FORGERY = (
    "RFC7523-3/bad-signature-rejected",
    "RFC7523-3.2/invalid-client",
    "OIDCC-9/private-key-jwt-signature",
)
_SIGNATURE = (
    *_FORGERY,
    "RFC7521-4.2.1/invalid-client",
    "RFC7521-5.2/bad-signature-rejected",
    "RFC7515-5.2/invalid-signature-rejected",
    "RFC7523-3/signature-required",
    "RFC7518-3.6/unsecured-not-accepted-by-default",
    "RFC7515-4.1.1/alg-case-sensitive",
    "RFC7515-4.1.11/unknown-crit-rejected",
    "RFC7515-10.12/strict-json",
    "RFC7523-3/otherwise-invalid-jwt-rejected",
    "RFC7519-7.2/unacceptable-algorithm-rejected",
    "RFC8725-3.1/key-algorithm-binding-checked",
    "RFC8725-3.1/alg-header-matches-operation",
    "RFC8725-3.10/kid-not-an-injection",
    "RFC7009-2.1/client-authenticated",
    "RFC7662-2.1/authorization-required",
    "RFC8725-3.1/algorithm-allowlist",
    "RFC8725-3.8/keys-belong-to-issuer",
    "OIDCR-2/auth-alg-enforced",
    "RFC7519-7.2/malformed-jwt-rejected",
    "RFC7523-2.2/single-jwt-client-assertion",
)
_UNSIGNED = (
    "RFC7523-3/signature-required",
    "RFC7518-3.6/unsecured-not-accepted-by-default",
    "RFC7515-4.1.1/alg-case-sensitive",
)


@mutant(breaks=_SIGNATURE)
class SignaturesAreNotChecked(ReferenceServer):
    """A client assertion is believed whoever signed it."""

    def verified_assertion(self, client: ClientConfig, assertion: str) -> Claims | None:
        if client.token_endpoint_auth_method == "client_secret_jwt":  # noqa: S105 -- a method
            return super().verified_assertion(client, assertion)
        return object_in(assertion, 1) or None


@mutant(
    breaks=[
        "OIDCC-9/client-secret-jwt-key",
        "RFC7523-3/bad-signature-rejected",
        "RFC7523-3/signature-required",
    ]
)
class SealsAreNotChecked(ReferenceServer):
    """An assertion of a client with a secret is believed whatever its MAC."""

    def verified_assertion(self, client: ClientConfig, assertion: str) -> Claims | None:
        if client.token_endpoint_auth_method == "client_secret_jwt":  # noqa: S105 -- a method
            return object_in(assertion, 1) or None
        return super().verified_assertion(client, assertion)


@mutant(breaks=_UNSIGNED)
class UnsignedAssertionsAreTaken(ReferenceServer):
    """An assertion that says it has no signature needs none."""

    def verified_assertion(self, client: ClientConfig, assertion: str) -> Claims | None:
        if str(object_in(assertion, 0).get("alg")).lower() == "none":
            return object_in(assertion, 1) or None
        return super().verified_assertion(client, assertion)


@mutant(breaks=["RFC7523-3/bad-signature-rejected", "OIDCC-9/private-key-jwt-signature"])
class KeysInsideAreTrusted(ReferenceServer):
    """The key that an assertion brings along verifies it."""

    def verified_assertion(self, client: ClientConfig, assertion: str) -> Claims | None:
        header = object_in(assertion, 0)
        if "jwk" in header:
            key = {**header["jwk"], "kid": header.get("kid")}
            client = replace(client, jwks={"keys": [key]})
        return super().verified_assertion(client, assertion)


@mutant(
    breaks=[
        "RFC7519-7.2/unacceptable-algorithm-rejected",
        "RFC8725-3.1/key-algorithm-binding-checked",
        "RFC7523-3/bad-signature-rejected",
    ]
)
class PublicKeysAreSecrets(ReferenceServer):
    """A MAC keyed with the public key of the client counts as its signature."""

    def verified_assertion(self, client: ClientConfig, assertion: str) -> Claims | None:
        message, _, signature = assertion.rpartition(".")
        for jwk in (client.jwks or {}).get("keys", ()):
            key = {"kty": "oct", "k": encode(public_pem(jwk).encode())}
            if signature == signature_over(message, key, "HS256"):
                return object_in(assertion, 1)
        return super().verified_assertion(client, assertion)


@mutant(
    breaks=[
        "RFC8725-3.1/alg-header-matches-operation",
        "RFC7515-4.1.1/alg-case-sensitive",
        "RFC7515-4.1.11/unknown-crit-rejected",
        "RFC7515-10.12/strict-json",
        "RFC7523-3/otherwise-invalid-jwt-rejected",
    ],
    also={"RFC7519-7.2/malformed-jwt-rejected": "the claims are read by a lenient reader"},
)
class HeadersAreNotRead(ReferenceServer):
    """Only the signature of an assertion counts, not what its header says of it."""

    def verified_assertion(self, client: ClientConfig, assertion: str) -> Claims | None:
        octets = signed_octets(self, client, assertion)
        usual = super().verified_assertion(client, assertion)
        return usual if octets is None else object_in(assertion, 1)


@mutant(breaks="RFC7515-4/unknown-headers-ignored")
class UnknownHeadersOfAssertionsAreRefused(ReferenceServer):
    """An assertion with a header that the server does not know is refused."""

    def verified_assertion(self, client: ClientConfig, assertion: str) -> Claims | None:
        if object_in(assertion, 0).keys() - {"alg", "kid", "typ"}:
            return None
        return super().verified_assertion(client, assertion)


@mutant(breaks="RFC8725-3.10/kid-not-an-injection")
class StrangeKidsBreakTheServer(ReferenceServer):
    """A key identifier with a quotation mark is more than the look-up can take."""

    def verified_assertion(self, client: ClientConfig, assertion: str) -> Claims | None:
        if "'" in str(object_in(assertion, 0).get("kid")):
            raise OAuthFault("server_error", "the look-up failed", status=500)
        return super().verified_assertion(client, assertion)


@mutant(
    breaks=["OIDCR-2/auth-alg-enforced", "RFC8725-3.1/algorithm-allowlist"],
)
class RegisteredAlgorithmIsForgotten(ReferenceServer):
    """A client may sign by another algorithm than it registered."""

    def verified_assertion(self, client: ClientConfig, assertion: str) -> Claims | None:
        return super().verified_assertion(
            replace(client, token_endpoint_auth_signing_alg=None), assertion
        )


@mutant(breaks="RFC7523-5/rs256-implemented")
class OnlyCurvesAreVerified(ReferenceServer):
    """An assertion that is signed with RS256 is refused."""

    def verified_assertion(self, client: ClientConfig, assertion: str) -> Claims | None:
        if object_in(assertion, 0).get("alg") == "RS256":
            return None
        return super().verified_assertion(client, assertion)


@mutant(breaks="RFC8725-3.8/keys-belong-to-issuer")
class KeysAreEverybodys(ReferenceServer):
    """What any client's key signs is good for every client."""

    def verified_assertion(self, client: ClientConfig, assertion: str) -> Claims | None:
        keys = [key for one in self.clients.values() for key in (one.jwks or {}).get("keys", ())]
        return super().verified_assertion(replace(client, jwks={"keys": keys}), assertion)


@mutant(breaks="RFC7517-5/unknown-keys-tolerated")
class StrangeKeysAreFatal(ReferenceServer):
    """A key of a type that the server does not know spoils all keys of a client."""

    def usable_key(self, jwk: object) -> Any:
        if isinstance(jwk, dict) and jwk.get("kty") not in {"RSA", "EC"}:
            raise OAuthFault("invalid_client", "a key of the client cannot be read")
        return super().usable_key(jwk)


@mutant(breaks="RFC7518-3.3/short-client-rsa-key")
class ShortKeysAreTaken(ReferenceServer):
    """An RSA key of any length is good."""

    def key_is_long_enough(self, key: RSAKey) -> bool:
        del key
        return True
