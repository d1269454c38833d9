"""Mutants that believe the wrong client assertions, or refuse the right ones."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry
from starlette.requests import Request

from idprobe.formats.jose import encode, public_pem, signature_over
from idprobe_reference.faults import OAuthFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.client_authentication import Presented
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import AuthMethod, ClientConfig

Claims = dict[str, Any]

_BASIC = "client_secret_basic"
_EXPIRY = (
    "RFC7521-5.2/expired-rejected",
    "RFC7523-3/exp-passed-rejected",
    "RFC7519-4.1.4/expired-rejected",
    "OIDCC-9/expired-assertion-refused",
    "RFC7521-4.2.1/invalid-client",
    "RFC7523-3.2/invalid-client",
)
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


def _decoded(segment: str) -> bytes:
    """Return the octets of a segment; what does not belong into base64url is passed over."""
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def _object(assertion: str, number: int) -> Claims:
    """Return the JSON object in a segment; an empty one if there is none."""
    try:
        found = json.loads(_decoded(assertion.split(".")[number]))
    except (ValueError, IndexError):
        return {}
    return found if isinstance(found, dict) else {}


def _signed(server: ReferenceServer, client: ClientConfig, assertion: str) -> bytes | None:
    """Return the octets that a registered key signed, whatever the header says of it."""
    message, _, signature = assertion.rpartition(".")
    for _, key, algorithms in server.assertion_keys(client):
        model = JWSRegistry.algorithms[algorithms[0]]
        try:
            if model.verify(message.encode(), _decoded(signature), key):
                return _decoded(message.partition(".")[2])
        except ValueError:
            return None
    return None


def _read(
    server: ReferenceServer, client: ClientConfig, assertion: str, parse: Callable[[bytes], Any]
) -> Claims | None:
    """Return the claims that `parse` makes of signed octets under an ordinary header."""
    header = _object(assertion, 0)
    octets = _signed(server, client, assertion)
    if octets is None or "crit" in header or header.get("alg") not in {"ES256", "HS256"}:
        return None
    try:
        found = parse(octets)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


@mutant(
    breaks=[
        "RFC7521-5.2/issuer-present",
        "RFC7521-5.1/issuer-string-comparison",
        "RFC7523-3/iss-required",
        "OIDCC-9/assertion-iss-is-client",
    ]
)
class AssertionsOfAnyIssuer(ReferenceServer):
    """Who issued a client assertion does not matter."""

    def assertion_issuer_fits(self, client: ClientConfig, issuer: object) -> bool:
        del client, issuer
        return True


@mutant(
    breaks=[
        "RFC7521-5.2/subject-present",
        "RFC7523-3/sub-required",
        "RFC7523-3/sub-is-client-id",
        "RFC8725-3.8/subject-validated",
        "OIDCC-9/assertion-sub-is-client",
    ],
    also={
        "RFC7523-3/otherwise-invalid-jwt-rejected": "the subject that comes twice is not looked at",
        "RFC7519-4/duplicate-claims-in-received-jwt": "the subject that comes twice is ignored",
    },
)
class AssertionsAboutAnybody(ReferenceServer):
    """Whom a client assertion is about does not matter."""

    def assertion_subject_fits(self, client: ClientConfig, subject: object) -> bool:
        del client, subject
        return True


@mutant(breaks=["RFC7521-5.1/audience-string-comparison", "RFC7523-3/aud-string-comparison"])
class AudiencesAreNormalized(ReferenceServer):
    """An audience is compared as a URL, not as a string."""

    def is_own_name(self, value: object) -> bool:
        names = {self.issuer(), self.url("/token")}
        return isinstance(value, str) and value.lower().rstrip("/") in names


@mutant(breaks="OIDCC-9/assertion-aud-token-endpoint")
class TokenEndpointIsNoAudience(ReferenceServer):
    """Only the issuer is accepted as audience."""

    def is_own_name(self, value: object) -> bool:
        return value == self.issuer()


@mutant(
    breaks=["RFC7523-3/token-endpoint-as-aud", "OIDCC-9/assertion-aud-token-endpoint"],
)
class TokenEndpointIsABadRequest(ReferenceServer):
    """The token endpoint as audience makes a request invalid."""

    def is_own_name(self, value: object) -> bool:
        if value == self.url("/token"):
            raise OAuthFault("invalid_request", "the audience has to be the issuer")
        return value == self.issuer()


@mutant(breaks=_EXPIRY)
class ExpiredAssertionsAreTaken(ReferenceServer):
    """An assertion works after its expiry."""

    def assertion_expiry_fits(self, expires_at: object) -> bool:
        return isinstance(expires_at, int)


@mutant(
    breaks=[
        "RFC7521-5.2/expiry-present",
        "RFC7523-3/exp-required",
        "OIDCC-9/assertion-exp-required",
    ]
)
class AssertionsNeedNoExpiry(ReferenceServer):
    """An assertion without expiry works."""

    def assertion_is_timely(self, claims: Claims) -> bool:
        return super().assertion_is_timely({"exp": self.clock() + 60, **claims})


@mutant(breaks="RFC7523-3/otherwise-invalid-jwt-rejected")
class ExpiryMayBeText(ReferenceServer):
    """An expiry that is text counts as the number in it."""

    def assertion_expiry_fits(self, expires_at: object) -> bool:
        number = float(expires_at) if isinstance(expires_at, str) else expires_at
        return super().assertion_expiry_fits(number)


@mutant(breaks=["RFC7523-3/nbf-respected", "RFC7519-4.1.5/not-before-respected"])
class AssertionsWorkBeforeTheirTime(ReferenceServer):
    """What an assertion says of its beginning is ignored."""

    def assertion_has_begun(self, not_before: object) -> bool:
        del not_before
        return True


@mutant(breaks="RFC7523-3/unreasonable-times-rejected")
class FarExpiryIsABadGrant(ReferenceServer):
    """An expiry that is far away is answered as if the grant were bad."""

    def assertion_expiry_fits(self, expires_at: object) -> bool:
        if isinstance(expires_at, int) and expires_at > self.clock() + 100_000:
            raise OAuthFault("invalid_grant", "exp is too far away")
        return super().assertion_expiry_fits(expires_at)


@mutant(breaks="RFC7523-3/jti-replay-rejected")
class ReplayIsABadGrant(ReferenceServer):
    """An assertion that comes twice is answered as if the grant were bad."""

    def assertion_is_new(self, spent: str) -> bool:
        if not super().assertion_is_new(spent):
            raise OAuthFault("invalid_grant", "the assertion was used before")
        return True


@mutant(breaks="OIDCC-9/assertion-jti-required")
class AssertionsNeedNoIdentifier(ReferenceServer):
    """An assertion without jti works, as often as it likes."""

    def assertion_id_is_spent(self, client: ClientConfig, claims: Claims) -> bool:
        return "jti" not in claims or super().assertion_id_is_spent(client, claims)


@mutant(
    breaks=["OIDCC-9/assertion-unknown-claims-ignored", "RFC7519-4/unknown-claims-ignored"],
)
class UnknownClaimsAreRefused(ReferenceServer):
    """An assertion with a claim that the server does not know is refused."""

    def assertion_is_acceptable(self, client: ClientConfig, claims: Claims) -> bool:
        known = {"iss", "sub", "aud", "jti", "iat", "exp", "nbf"}
        return claims.keys() <= known and super().assertion_is_acceptable(client, claims)


@mutant(breaks=_SIGNATURE)
class SignaturesAreNotChecked(ReferenceServer):
    """A client assertion is believed whoever signed it."""

    def verified_assertion(self, client: ClientConfig, assertion: str) -> Claims | None:
        if client.token_endpoint_auth_method == "client_secret_jwt":  # noqa: S105 -- a method
            return super().verified_assertion(client, assertion)
        return _object(assertion, 1) or None


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
            return _object(assertion, 1) or None
        return super().verified_assertion(client, assertion)


@mutant(breaks=_UNSIGNED)
class UnsignedAssertionsAreTaken(ReferenceServer):
    """An assertion that says it has no signature needs none."""

    def verified_assertion(self, client: ClientConfig, assertion: str) -> Claims | None:
        if str(_object(assertion, 0).get("alg")).lower() == "none":
            return _object(assertion, 1) or None
        return super().verified_assertion(client, assertion)


@mutant(breaks=["RFC7523-3/bad-signature-rejected", "OIDCC-9/private-key-jwt-signature"])
class KeysInsideAreTrusted(ReferenceServer):
    """The key that an assertion brings along verifies it."""

    def verified_assertion(self, client: ClientConfig, assertion: str) -> Claims | None:
        header = _object(assertion, 0)
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
                return _object(assertion, 1)
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
        octets = _signed(self, client, assertion)
        usual = super().verified_assertion(client, assertion)
        return usual if octets is None else _object(assertion, 1)


@mutant(breaks="RFC7515-4/unknown-headers-ignored")
class UnknownHeadersOfAssertionsAreRefused(ReferenceServer):
    """An assertion with a header that the server does not know is refused."""

    def verified_assertion(self, client: ClientConfig, assertion: str) -> Claims | None:
        if _object(assertion, 0).keys() - {"alg", "kid", "typ"}:
            return None
        return super().verified_assertion(client, assertion)


@mutant(breaks="RFC8725-3.10/kid-not-an-injection")
class StrangeKidsBreakTheServer(ReferenceServer):
    """A key identifier with a quotation mark is more than the look-up can take."""

    def verified_assertion(self, client: ClientConfig, assertion: str) -> Claims | None:
        if "'" in str(_object(assertion, 0).get("kid")):
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
        if _object(assertion, 0).get("alg") == "RS256":
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


@mutant(breaks="OIDCC-9/default-client-secret-basic")
class NewcomersCannotUseBasic(ReferenceServer):
    """A client that registered itself is refused when it uses HTTP Basic."""

    def method_fits(self, client: ClientConfig, method: AuthMethod) -> bool:
        is_new = client.client_id in self.records
        return super().method_fits(client, method) and not (is_new and method == _BASIC)


@mutant(
    breaks=[
        "RFC7519-7.2/malformed-jwt-rejected",
        "RFC7523-3/otherwise-invalid-jwt-rejected",
    ]
)
class StrayMarksArePassedOver(ReferenceServer):
    """What does not belong into base64url is passed over."""

    def verified_assertion(self, client: ClientConfig, assertion: str) -> Claims | None:
        return _read(self, client, assertion, json.loads)


@mutant(breaks="RFC7515-10.12/strict-json")
class TextAfterHeadersIsPassedOver(ReferenceServer):
    """What follows the JSON of a header is not read."""

    def verified_assertion(self, client: ClientConfig, assertion: str) -> Claims | None:
        try:
            header = _decoded(assertion.partition(".")[0]).decode()
            _, end = json.JSONDecoder().raw_decode(header)
        except ValueError:
            return super().verified_assertion(client, assertion)
        is_signed = _signed(self, client, assertion) is not None
        if end < len(header) and is_signed:
            return _object(assertion, 1)
        return super().verified_assertion(client, assertion)


@mutant(breaks="RFC7519-7.2/malformed-jwt-rejected")
class TrailingTextIsPassedOver(ReferenceServer):
    """What follows the claims is not read."""

    def verified_assertion(self, client: ClientConfig, assertion: str) -> Claims | None:
        usual = super().verified_assertion(client, assertion)
        if usual is not None or "!" in assertion or " " in assertion or "\n" in assertion:
            return usual
        read = json.JSONDecoder().raw_decode
        return _read(self, client, assertion, lambda octets: read(octets.decode())[0])


@mutant(
    breaks=[
        "RFC7519-4/duplicate-claims-in-received-jwt",
        "RFC7523-3/otherwise-invalid-jwt-rejected",
    ]
)
class FirstOfTwoClaimsCounts(ReferenceServer):
    """Where a claim comes twice, the first one counts."""

    def verified_assertion(self, client: ClientConfig, assertion: str) -> Claims | None:
        usual = super().verified_assertion(client, assertion)
        if usual is None:
            return None
        return _read(self, client, assertion, _first_of_each)


def _first_of_each(octets: bytes) -> Any:
    return json.loads(octets, object_pairs_hook=lambda pairs: dict(reversed(pairs)))


@mutant(breaks="RFC7523-2.2/single-jwt-client-assertion")
class FirstOfTwoAssertionsCounts(ReferenceServer):
    """Of two assertions in one parameter the first one counts."""

    def client_of_assertion(self, presented: Presented) -> ClientConfig:
        first = presented.assertion.partition(" ")[0]
        return super().client_of_assertion(replace(presented, assertion=first))


@mutant(
    breaks=[
        "RFC7521-4.2/client-assertion-parameters-required",
        "RFC7523-2.2/client-assertion-type-value",
        "OIDCC-9/assertion-parameters",
    ]
)
class AnyAssertionTypeWillDo(ReferenceServer):
    """Every type of client assertion is taken for that of a JWT."""

    def assertion_type_fits(self, value: str) -> bool:
        del value
        return True


@mutant(breaks="RFC7521-4.2/client-id-same-client")
class ClientIdMayDiffer(ReferenceServer):
    """A client_id that names another client than the assertion is passed over."""

    def named_client_fits(self, client: ClientConfig, client_id: str | None) -> bool:
        del client, client_id
        return True


@mutant(
    breaks=["RFC7521-4.2.1/invalid-client", "RFC7523-3.2/invalid-client"],
    also={"RFC7523-2.2/single-jwt-client-assertion": "its refusal has the wrong code too"},
)
class BadAssertionsAreBadGrants(ReferenceServer):
    """A bad client assertion is answered as if the grant were bad."""

    def client_of_assertion(self, presented: Presented) -> ClientConfig:
        try:
            return super().client_of_assertion(presented)
        except OAuthFault as fault:
            raise OAuthFault("invalid_grant", fault.description) from fault


@mutant("RFC6749-2.3.1/credentials-not-in-uri")
class AssertionsMayBeInTheUri(ReferenceServer):
    """An assertion in the request URI is as good as one in the body."""

    def check_query_credentials(self, request: Request) -> None:
        if "client_secret" in request.query_params:
            super().check_query_credentials(request)

    def presented_credentials(self, request: Request, form: Form) -> Presented:
        given = {k: v for k, v in request.query_params.items() if k.startswith("client_assertion")}
        return super().presented_credentials(request, Form([*form.items(), *given.items()]))
