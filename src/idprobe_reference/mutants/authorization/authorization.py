"""Mutants of the authorization endpoint's requests and answers."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from dataclasses import replace

from starlette.responses import Response

from idprobe_reference.core import fresh_secret
from idprobe_reference.endpoints.authorization import Step, Transaction
from idprobe_reference.faults import AuthorizationFault, PageFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.authorization_request import Wish
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import Session
from idprobe_reference.tokens.issuing import IdTokenContext

_EXACT = (
    "RFC6749-3.1.2.3/simple-string-comparison",
    "RFC6749-3.1.2.2/partial-registration-fixes-scheme-authority-path",
    "RFC9700-2.1/exact-redirect-matching",
    "RFC9700-4.1.3/redirect-uris-equal",
    "OIDCC-3.1.2.1/redirect-uri-exact-match",
)


@mutant(
    breaks=_EXACT,
    also={"RFC9700-4.1.3/loopback-port-variable": "another port begins otherwise"},
)
class RedirectUriByPrefix(ReferenceServer):
    """A redirect_uri has to begin with a registered one."""

    def redirect_uri_matches(self, registered: str, given: str, client: ClientConfig) -> bool:
        del client
        return given.startswith(registered)


@mutant(
    breaks=[
        "RFC6749-3.1.2.3/simple-string-comparison",
        "RFC6749-3.1.2.2/partial-registration-fixes-scheme-authority-path",
        "RFC9700-2.1/exact-redirect-matching",
        "RFC9700-4.1.3/redirect-uris-equal",
        "OIDCC-3.1.2.1/redirect-uri-exact-match",
        "RFC6749-3.1.2.3/redirect-uri-matches-registration",
        "RFC6749-3.1.2.4/no-redirect-to-invalid-uri",
        "RFC6749-3.1.2.4/resource-owner-told-of-bad-redirect",
        "RFC6749-4.1.2.1/no-redirect-on-bad-client-or-uri",
        "RFC6749-10.6/redirect-uri-validated",
        "OIDCC-3.1.2.6/invalid-redirect-uri-not-followed",
        "RFC6749-A.6/redirect-uri-syntax",
    ]
)
class AnyRedirectUriWillDo(ReferenceServer):
    """Every redirect_uri is accepted."""

    def redirect_uri_matches(self, registered: str, given: str, client: ClientConfig) -> bool:
        del registered, given, client
        return True


@mutant(
    breaks=["RFC6749-4.1.2.1/state-returned-on-error", "OIDCC-3.1.2.6/error-state-echoed"],
)
class StateIsLostOnError(ReferenceServer):
    """Error responses have no state."""

    def state_parameter(self, wish: Wish, *, is_error: bool) -> dict[str, str]:
        return {} if is_error else super().state_parameter(wish, is_error=is_error)


@mutant(breaks=["RFC6749-4.1.2/state-returned-unchanged"])
class StateIsTruncated(ReferenceServer):
    """A state longer than 255 characters is cut."""

    def state_parameter(self, wish: Wish, *, is_error: bool) -> dict[str, str]:
        parameters = super().state_parameter(wish, is_error=is_error)
        return {name: value[:255] for name, value in parameters.items()}


@mutant(breaks="RFC9207-2/iss-in-error-response")
class IssuerIsLostOnError(ReferenceServer):
    """Error responses have no iss."""

    def iss_parameter(self, *, is_error: bool) -> dict[str, str]:
        return {} if is_error else super().iss_parameter(is_error=is_error)


@mutant(
    breaks=[
        "RFC9207-2/iss-in-success-response",
        "RFC9207-2/iss-in-error-response",
        "RFC9700-4.4.2.1/issuer-identification",
    ]
)
class IssuerIsLost(ReferenceServer):
    """Authorization responses have no iss."""

    def iss_parameter(self, *, is_error: bool) -> dict[str, str]:
        del is_error
        return {}


@mutant(
    breaks=[
        "RFC6749-4.1.2.1/error-description-charset",
    ]
)
class ErrorsQuoteWrongly(ReferenceServer):
    """error_description has characters that it may not have."""

    def authorization_error(self, fault: AuthorizationFault) -> dict[str, str]:
        return {"error": fault.code, "error_description": f'"{fault.description}"'}


@mutant(
    breaks=[
        "RFC6749-3.1.1/unknown-response-type",
        "RFC6749-4.1.2.1/unsupported-response-type",
        "OIDCC-3.1.2.2/oauth-parameters-validated",
    ],
    also={
        "RFC6749-3.1/repeated-parameter-rejected": "every error is server_error",
        "RFC6749-3.1.1/missing-response-type": "every error is server_error",
        "RFC6749-4.1.2.1/invalid-request": "every error is server_error",
        "OAUTH2-RT-4/none-not-combined": "every error is server_error",
    },
)
class ErrorsAreServerErrors(ReferenceServer):
    """Every error is server_error."""

    def authorization_error(self, fault: AuthorizationFault) -> dict[str, str]:
        return super().authorization_error(AuthorizationFault("server_error", fault.description))


@mutant(
    breaks=[
        "OIDCC-3.1.2.1/prompt-none-no-ui",
        "OIDCC-3.1.2.3/prompt-none-unauthenticated-is-error",
        "OIDCC-15.1/prompt-supported",
        "OIDCC-3.1.2.6/error-redirects-to-client",
    ],
    also={"OIDCC-3.1.2.6/prompt-none-error-code": "there is no error"},
)
class PromptNoneShowsLogin(ReferenceServer):
    """prompt=none leads to a login page."""

    def next_step(self, transaction: Transaction, session: Session | None) -> Step:
        if transaction.wish.prompts == {"none"}:
            loud = replace(transaction.wish, prompts=frozenset())
            return super().next_step(replace(transaction, wish=loud), session)
        return super().next_step(transaction, session)


@mutant(breaks="OIDCC-3.1.2.2/any-error-gets-error-response")
class WrongPromptsStayHere(ReferenceServer):
    """A prompt that contradicts itself is told on a page of the server."""

    def deny(self, wish: Wish, fault: AuthorizationFault) -> Response:
        if len(wish.prompts) > 1:
            return self.error_page(PageFault("There is something wrong with prompt."))
        return super().deny(wish, fault)


@mutant(breaks="OIDCC-3.1.2.1/prompt-none-combined-is-error")
class PromptNoneMayBeCombined(ReferenceServer):
    """prompt=none together with another value is no error, and the other value counts."""

    def check_prompt(self, prompts: frozenset[str]) -> None:
        pass

    def next_step(self, transaction: Transaction, session: Session | None) -> Step:
        prompts = transaction.wish.prompts
        if len(prompts) > 1:
            loud = replace(transaction.wish, prompts=prompts - {"none"})
            return super().next_step(replace(transaction, wish=loud), session)
        return super().next_step(transaction, session)


@mutant(
    breaks=[
        "OIDCC-3.1.2.1/prompt-consent-reprompts",
        "OIDCC-3.1.2.4/authorization-decision-obtained",
        "RFC6749-4.1.1/decision-obtained",
        "contract/authorization_page_asks",
    ],
    also={"OIDCC-3.1.2.1/prompt-consent-impossible-is-error": "nobody can decline"},
)
class ConsentIsNotAsked(ReferenceServer):
    """Nobody is asked for consent."""

    def consent_is_needed(self, transaction: Transaction, session: Session) -> bool:
        del transaction, session
        return False


# Implicit and hybrid


@mutant(
    breaks=["OIDCC-3.2.2.1/nonce-required", "OIDCC-3.3.2.1/nonce-required"],
    profile="speakup",
)
class NonceIsNotRequired(ReferenceServer):
    """Requests for a front-channel ID token may leave nonce out."""

    def nonce_is_required(self, types: frozenset[str]) -> bool:
        del types
        return False


@mutant(
    breaks=[
        "RFC6749-4.2.2/token-in-fragment",
        "RFC6749-4.2.2.1/error-in-fragment",
        "OIDCC-3.2.2.5/response-in-fragment",
        "OIDCC-3.2.2.6/errors-in-fragment",
        "OIDCC-3.3.2.5/response-in-fragment",
        "OIDCC-3.3.2.6/errors-in-fragment",
        "OAUTH2-RT-2.2/one-mode-for-all-parameters",
        "OAUTH2-RT-2.2/same-mode-for-errors",
        "OAUTH2-RT-3/supplied-or-default-mode",
        "OAUTH2-RT-5/supplied-or-default-mode",
        "OAUTH2-RT-7/no-tokens-in-query",
        "OAUTH2-RT-7/fragment-default-never-in-query",
        "OAUTH2-RT-5/query-mode-forbidden",
        "OAUTH2-RT-3/query-mode-forbidden",
        "OAUTH2-RT-5/code-id-token-members",
        "OAUTH2-RT-5/code-id-token-token-members",
        "OAUTH2-RT-5/code-token-members",
    ],
    also={"OAUTH2-RT-5/id-token-token-members": "they are in the query"},
    profile="speakup",
)
class TokensTravelInQuery(ReferenceServer):
    """Every response type is answered in the query."""

    def default_response_mode(self, types: frozenset[str]) -> str:
        del types
        return "query"


@mutant(breaks="RFC6749-4.2.2/no-refresh-token", profile="speakup")
class ImplicitBringsRefreshToken(ReferenceServer):
    """The implicit grant brings a refresh token."""

    async def authorization_response(self, wish: Wish, session: Session) -> dict[str, str]:
        parameters = await super().authorization_response(wish, session)
        return {**parameters, "refresh_token": fresh_secret()}


@mutant(
    breaks=[
        "RFC6749-4.2.2/token-type-present",
        "OIDCC-3.2.2.5/token-type-bearer",
        "OAUTH2-RT-5/id-token-token-members",
    ],
    also={"OIDCC-3.3.2.5/access-token-returned": "it wants token_type too"},
    profile="speakup",
)
class ImplicitWithoutTokenType(ReferenceServer):
    """Front-channel access tokens come without token_type."""

    async def authorization_response(self, wish: Wish, session: Session) -> dict[str, str]:
        parameters = await super().authorization_response(wish, session)
        return {name: value for name, value in parameters.items() if name != "token_type"}


@mutant(
    breaks=["OIDCC-3.2.2.10/at-hash-required", "OIDCC-3.3.2.11/at-hash-required"],
    also={"OIDCC-3.2.2.9/at-hash-value": "there is no at_hash"},
    profile="speakup",
)
class FrontChannelWithoutAtHash(ReferenceServer):
    """Front-channel ID tokens do not bind the access token beside them."""

    def front_channel_context(
        self, wish: Wish, code: str | None, access_token: str | None
    ) -> IdTokenContext:
        del access_token
        return super().front_channel_context(wish, code, None)
