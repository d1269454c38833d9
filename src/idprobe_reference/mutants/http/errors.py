"""Mutants of the token endpoint's errors."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from typing import Any

from starlette.responses import HTMLResponse, Response

from idprobe_reference.faults import OAuthFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig


@mutant(
    breaks=[
        "RFC6749-5.2/invalid-client-401-for-authorization-header",
        "RFC6749-5.2/invalid-client-www-authenticate",
        "RFC7662-2.3/bad-client-credentials-401",
    ]
)
class InvalidClientIs400(ReferenceServer):
    """Wrong Basic credentials are answered with 400."""

    def token_error_status(self, error: str) -> int:
        del error
        return 400


@mutant(breaks=["RFC6749-5.2/status-400", "OIDCC-3.1.3.4/error-form"])
class TokenErrorsAre200(ReferenceServer):
    """Errors are answered with 200."""

    def token_error_status(self, error: str) -> int:
        return 401 if error == "invalid_client" else 200


@mutant(breaks="RFC6749-5.2/invalid-client-www-authenticate")
class ChallengeNamesAnotherScheme(ReferenceServer):
    """Wrong Basic credentials are answered with a challenge for Digest."""

    def authentication_challenge(self) -> str:
        return 'Digest realm="idprobe"'


@mutant(breaks="RFC7617-2/realm-in-basic-challenge")
class BasicChallengeWithoutRealm(ReferenceServer):
    """The Basic challenge has no realm."""

    def authentication_challenge(self) -> str:
        return 'Basic charset="UTF-8"'


@mutant(breaks="RFC9110-11.5/realm-quoted")
class RealmIsNotQuoted(ReferenceServer):
    """The realm of the challenge is a token."""

    def authentication_challenge(self) -> str:
        return "Basic realm=idprobe"


@mutant(
    breaks=[
        "RFC6749-3.2/repeated-parameter-rejected",
        "RFC6749-5.2/invalid-request-repeated-parameter",
    ]
)
class RepeatedParametersAreTaken(ReferenceServer):
    """The first of several values of a parameter counts."""

    def check_repetition(self, form: Form) -> None:
        pass


@mutant(
    breaks=["RFC6749-5.2/media-type-json", "OIDCC-3.1.3.4/error-form"],
    also={"RFC7009-2.2.1/error-format": "its errors come from the same place"},
)
class TokenErrorsAreHtml(ReferenceServer):
    """Errors are sent as HTML."""

    def oauth_error(self, fault: OAuthFault) -> Response:
        response = super().oauth_error(fault)
        kept = {k: v for k, v in response.headers.items() if k not in _CONTENT}
        return HTMLResponse(bytes(response.body), response.status_code, kept)


@mutant(breaks=["RFC6749-5.2/error-description-charset", "RFC6749-A.8/error-description-syntax"])
class DescriptionsHaveQuotes(ReferenceServer):
    """error_description has characters that it may not have."""

    def oauth_error(self, fault: OAuthFault) -> Response:
        response = super().oauth_error(fault)
        kept = {k: v for k, v in response.headers.items() if k != "content-length"}
        body = bytes(response.body).replace(b'_description":"', b'_description":"\\"')
        return Response(body, response.status_code, kept)


@mutant(
    breaks=["RFC6749-5.2/unsupported-grant-type", "RFC6749-A.10/grant-type-syntax"],
    also={
        "RFC6749-10.7/password-grant-minimised": "invalid_grant says that the grant is known",
        "RFC9700-2.4/password-grant-absent": "invalid_grant says that the grant is known",
        "OAUTH21-10/implicit-and-password-omitted": "invalid_grant says that the grant is known",
        "contract/no_password_grant": "invalid_grant says that the grant is known",
    },
)
class UnknownGrantTypeIsInvalidGrant(ReferenceServer):
    """A grant type that nobody knows is answered with invalid_grant."""

    async def grant_tokens(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        try:
            return await super().grant_tokens(client, form)
        except OAuthFault as fault:
            if fault.code != "unsupported_grant_type":
                raise
            raise OAuthFault("invalid_grant", fault.description) from fault


@mutant(breaks="RFC6749-5.2/unauthorized-client")
class EveryClientMayUseEveryGrant(ReferenceServer):
    """The grant types that a client registered do not count."""

    def grant_type_is_allowed(self, client: ClientConfig, grant_type: str) -> bool:
        del client, grant_type
        return True


@mutant(
    breaks="RFC6749-5.2/invalid-scope",
    also={
        "RFC6749-10.3/scope-depends-on-client": "every scope is granted",
        "RFC6749-3.3/scope-syntax": "every scope is granted",
    },
)
class UnknownScopesAreGranted(ReferenceServer):
    """Client credentials get whatever scope they ask for."""

    def scope_for_client_credentials(
        self, client: ClientConfig, requested: str | None
    ) -> frozenset[str]:
        if requested is None:
            return super().scope_for_client_credentials(client, requested)
        return frozenset(requested.split())


_CONTENT = frozenset({"content-length", "content-type"})
