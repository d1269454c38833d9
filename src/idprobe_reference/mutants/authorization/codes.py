"""Mutants of authorization codes and of PKCE."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from typing import Any

from idprobe_reference.faults import AuthorizationFault, OAuthFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import Code


@mutant(
    breaks=[
        "RFC6749-4.1.2/code-single-use",
        "OIDCC-3.1.3.2/code-single-use",
        "RFC9700-4.2.4/code-invalid-after-first-use",
        "RFC6749-4.1.2/code-replay-revokes-tokens",
        "RFC6749-10.5/code-reuse-revokes-access-tokens",
        "RFC9700-4.2.4/replay-revokes-tokens",
    ]
)
class CodesCanBeReplayed(ReferenceServer):
    """A code works as often as it is sent."""

    def code_is_usable(self, code: Code) -> bool:
        return self.grant_is_active(code.grant)


@mutant(
    breaks=[
        "RFC6749-4.1.2/code-replay-revokes-tokens",
        "RFC6749-10.5/code-reuse-revokes-access-tokens",
        "RFC9700-4.2.4/replay-revokes-tokens",
    ]
)
class ReplayLeavesTokens(ReferenceServer):
    """A replayed code is refused, and the tokens of its first use live on."""

    def code_was_replayed(self, code: Code) -> None:
        pass


@mutant(
    breaks=[
        "RFC6749-4.1.3/code-issued-to-authenticated-client",
        "RFC6749-4.1.3/code-issued-to-public-client-id",
        "RFC6749-10.5/code-client-match",
        "OIDCC-3.1.3.2/code-bound-to-client",
    ]
)
class CodesOfOthersAreTaken(ReferenceServer):
    """A code works for every client."""

    def code_belongs_to(self, code: Code, client: ClientConfig) -> bool:
        del code, client
        return True


@mutant(
    breaks=[
        "RFC6749-4.1.3/redirect-uri-identical",
        "RFC6749-4.1.3/redirect-uri-present",
        "RFC6749-10.6/redirect-uri-identical-at-token-endpoint",
        "OIDCC-3.1.3.2/redirect-uri-identical",
    ]
)
class RedemptionIgnoresRedirectUri(ReferenceServer):
    """The redirect_uri of a token request does not count."""

    def redemption_uri_matches(self, code: Code, given: str | None) -> bool:
        del code, given
        return True


@mutant(breaks="RFC6749-4.1.2/code-expires")
class CodesDoNotExpire(ReferenceServer):
    """A code works for an hour."""

    def code_is_fresh(self, code: Code) -> bool:
        del code
        return True


@mutant(
    breaks=[
        "RFC7636-4.5/verifier-required",
        "RFC9700-2.1.1/pkce-enforced-when-used",
        "RFC9700-4.8.2/verifier-demanded",
        "OAUTH21-4.1.3/verifier-iff-challenge",
    ]
)
class VerifierMayBeLeftOut(ReferenceServer):
    """A code with a challenge works without a verifier."""

    def verify_pkce(self, code: Code, verifier: str | None) -> bool:
        return verifier is None or super().verify_pkce(code, verifier)


@mutant(
    breaks=[
        "RFC7636-4.4/challenge-bound-to-code",
        "RFC7636-4.5/method-of-the-code-used",
        "RFC7636-4.6/mismatch-invalid-grant",
        "RFC7636-4.6/comparison-is-exact",
        "RFC9700-2.1.1/pkce-enforced-when-used",
        "RFC9700-2.1.1/pkce-supported",
        "RFC9700-4.8.2/challenge-bound-to-code",
    ],
    also={"RFC7636-4.1/verifier-syntax-enforced": "no verifier is looked at"},
)
class VerifierIsNotCompared(ReferenceServer):
    """Any verifier fits the challenge."""

    def verify_pkce(self, code: Code, verifier: str | None) -> bool:
        return code.challenge is None or verifier is not None


@mutant("RFC7636-4.5/method-of-the-code-used")
class MethodAtTheTokenEndpointIsRefused(ReferenceServer):
    """A code is not redeemed by a request that names a method of challenges."""

    async def redeem_code(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        if "code_challenge_method" in form:
            raise OAuthFault("invalid_request", "that is for the authorization endpoint")
        return await super().redeem_code(client, form)


@mutant(
    breaks=[
        "RFC9700-2.1.1/pkce-downgrade-prevented",
        "RFC9700-4.8.2/verifier-without-challenge-rejected",
    ],
    profile="speakup",
)
class VerifierWithoutChallengeIsTaken(ReferenceServer):
    """A verifier is ignored if the code had no challenge."""

    def verify_pkce(self, code: Code, verifier: str | None) -> bool:
        return code.challenge is None or super().verify_pkce(code, verifier)


@mutant(breaks=["RFC7636-4.4.1/unsupported-method-error", "RFC7636-7.2/plain-not-used"])
class PlainIsTaken(ReferenceServer):
    """The challenge method plain works though it is not listed."""

    def accepted_challenge_methods(self) -> frozenset[str]:
        return frozenset({"S256", "plain"})


@mutant(breaks="RFC7636-4.3/method-defaults-to-plain")
class AbsentMethodMeansS256(ReferenceServer):
    """A challenge without a method is taken for S256."""

    def default_challenge_method(self) -> str:
        return "S256"


@mutant(breaks="RFC7636-4.2/challenge-syntax-checked")
class MalformedChallengesAreTaken(ReferenceServer):
    """A challenge may have any length and any characters."""

    def challenge_is_well_formed(self, challenge: str) -> bool:
        del challenge
        return True


@mutant(breaks="RFC7636-4.1/verifier-syntax-enforced")
class MalformedVerifiersAreTaken(ReferenceServer):
    """A verifier may have any length and any characters."""

    def verifier_is_well_formed(self, verifier: str) -> bool:
        return verifier.isascii()


@mutant(
    breaks="RFC7636-4.4.1/pkce-required-error",
    also={
        "OAUTH21-4.1.1/code-challenge-enforced": "the error is the wrong one",
        "OAUTH21-4.1.2.1/public-client-without-challenge-rejected": "the error is the wrong one",
    },
)
class MissingChallengeIsUnauthorized(ReferenceServer):
    """A request without the PKCE that it needs is reported as unauthorized_client."""

    def challenge_for(
        self, client: ClientConfig, form: Form, types: frozenset[str]
    ) -> tuple[str | None, str]:
        if "code_challenge" not in form and self.pkce_is_required(client):
            raise AuthorizationFault("unauthorized_client", "code_challenge is missing")
        return super().challenge_for(client, form, types)
