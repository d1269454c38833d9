"""Mutants that believe the wrong claims of client assertions, or refuse the right ones."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from idprobe_reference.faults import OAuthFault
from idprobe_reference.mutants.clients.assertion_parts import Claims
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig

_EXPIRY = (
    "RFC7521-5.2/expired-rejected",
    "RFC7523-3/exp-passed-rejected",
    "RFC7519-4.1.4/expired-rejected",
    "OIDCC-9/expired-assertion-refused",
    "RFC7521-4.2.1/invalid-client",
    "RFC7523-3.2/invalid-client",
)


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
