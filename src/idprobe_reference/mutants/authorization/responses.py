"""Mutants of the authorization response: where it goes, what is in it, what the pages do."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from collections.abc import Mapping

from starlette.responses import Response

from idprobe_reference.endpoints.authorization import Transaction
from idprobe_reference.endpoints.replies import page_reply
from idprobe_reference.faults import AuthorizationFault, PageFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.authorization_request import Wish
from idprobe_reference.server import ReferenceServer
from idprobe_reference.stores import Session

IN_THE_FRAGMENT = (
    "RFC6749-4.1.2/code-in-query",
    "RFC6749-4.1.2.1/error-in-query",
    "OIDCC-3.1.2.5/code-response-in-query",
    "OIDCC-3.1.2.6/code-flow-errors-in-query",
    "OAUTH2-RT-2.1/response-mode-default-by-type",
)


@mutant(
    breaks=IN_THE_FRAGMENT,
    also={"RFC9700-4.1.3/fragment-reattachment": "the code is in the fragment"},
)
class CodesTravelInFragment(ReferenceServer):
    """Every response type is answered in the fragment."""

    def default_response_mode(self, types: frozenset[str]) -> str:
        del types
        return "fragment"

    def response_mode_for(
        self, form: Mapping[str, str], types: frozenset[str]
    ) -> tuple[str, AuthorizationFault | None]:
        mode = form.get("response_mode")
        known = super().response_mode_for(form, types)  # type: ignore[arg-type] # it is a Form
        return (mode, None) if mode == "query" and types == {"code"} else known


@mutant(breaks=["OAUTH2-RT-2.1/query-mode", "OAUTH2-RT-2.1/fragment-mode"])
class ResponseModesAreSwapped(ReferenceServer):
    """A code that is asked for by query comes by fragment, and the other way round."""

    def deliver(self, wish: Wish, parameters: Mapping[str, str]) -> Response:
        response = super().deliver(wish, parameters)
        location = response.headers.get("location", "")
        if self.asked_for_mode(wish):
            response.headers["location"] = location.translate({ord("?"): "#", ord("#"): "?"})
        return response

    def asked_for_mode(self, wish: Wish) -> bool:
        """Return whether it is one of the probe's requests, whose state has markup."""
        return wish.response_mode != "form_post" and "<b>" in (wish.state or "")


# State


@mutant(
    breaks=[
        "RFC6749-4.2.2/state-returned",
        "RFC6749-4.2.2.1/state-returned-on-error",
        "OIDCC-3.2.2.5/state-returned",
        "OAUTH2-RT-3/state-echoed",
        "OAUTH2-RT-5/state-echoed",
    ],
    also={"OAUTH2-RT-2.1/fragment-mode": "the state is not in the fragment"},
    profile="speakup",
)
class FragmentHasNoState(ReferenceServer):
    """Responses in the fragment have no state."""

    def state_parameter(self, wish: Wish, *, is_error: bool) -> dict[str, str]:
        if wish.response_mode == "fragment":
            return {}
        return super().state_parameter(wish, is_error=is_error)


@mutant(
    breaks=[
        "RFC6749-A.5/state-syntax",
        "RFC6749-4.1.2/state-returned-unchanged",
        "RFC6749-4.1.2.1/state-returned-on-error",
        "OIDCC-3.1.2.5/code-and-state-returned",
        "OIDCC-3.1.2.6/error-state-echoed",
        "OAUTH2-FP-2/parameters-as-form-values",
    ],
    also={
        "OAUTH2-RT-2.1/query-mode": "the state is changed",
        "OAUTH2-RT-2.1/fragment-mode": "the state is changed",
    },
)
class StateLosesMarkup(ReferenceServer):
    """What looks like markup is taken out of a state."""

    def state_parameter(self, wish: Wish, *, is_error: bool) -> dict[str, str]:
        parameters = super().state_parameter(wish, is_error=is_error)
        return {n: v.replace("<", "").replace(">", "") for n, v in parameters.items()}


@mutant(
    breaks=[
        "OIDCC-3.1.2.1/state-optional",
        "RFC6749-3.1/empty-parameter-is-absent",
        "RFC6749-4.1.2.1/state-returned-on-error",
        "OIDCC-3.1.2.6/error-state-echoed",
    ],
)
class StateIsMadeUp(ReferenceServer):
    """A response to a request without state has one."""

    def state_parameter(self, wish: Wish, *, is_error: bool) -> dict[str, str]:
        return {"state": "none", **super().state_parameter(wish, is_error=is_error)}


@mutant(
    breaks=["RFC9207-2.4/iss-equals-id-token-iss", "RFC9207-2.3/iss-equals-metadata-issuer"],
    profile="speakup",
)
class IssHasSlash(ReferenceServer):
    """The iss of authorization responses has a slash that the issuer has not."""

    def iss_parameter(self, *, is_error: bool) -> dict[str, str]:
        parameters = super().iss_parameter(is_error=is_error)
        return {name: f"{value}/" for name, value in parameters.items()}


@mutant(breaks=["RFC9207-2/iss-is-https-url", "RFC9207-2.3/iss-equals-metadata-issuer"])
class IssHasQuery(ReferenceServer):
    """The iss of authorization responses has a query."""

    def iss_parameter(self, *, is_error: bool) -> dict[str, str]:
        parameters = super().iss_parameter(is_error=is_error)
        return {name: f"{value}?from=here" for name, value in parameters.items()}


# Errors


@mutant(
    breaks=[
        "RFC6749-4.1.2.1/access-denied",
        "OIDCC-3.1.2.1/prompt-consent-impossible-is-error",
        "OIDCC-3.1.2.4/authorization-decision-obtained",
        "OAUTH2-RT-3/redirected-after-decision",
    ],
    profile="speakup",
)
class DenialIsInvalidRequest(ReferenceServer):
    """A person who says no is reported as invalid_request."""

    def authorization_error(self, fault: AuthorizationFault) -> dict[str, str]:
        code = "invalid_request" if fault.code == "access_denied" else fault.code
        return super().authorization_error(AuthorizationFault(code, fault.description))


@mutant(
    breaks=[
        "RFC6749-4.1.2.1/error-description-charset",
        "RFC6749-4.2.2.1/error-values-charset",
        "OIDCC-3.1.2.6/error-description-ascii",
    ],
    profile="speakup",
)
class ErrorsSpeakGerman(ReferenceServer):
    """error_description has letters that are not ASCII."""

    def authorization_error(self, fault: AuthorizationFault) -> dict[str, str]:
        return {"error": fault.code, "error_description": "Zugriff verwehrt für Sie"}


@mutant(breaks="RFC6749-4.1.2.1/error-uri-syntax")
class ErrorUriIsNoUri(ReferenceServer):
    """error_uri is a sentence."""

    def authorization_error(self, fault: AuthorizationFault) -> dict[str, str]:
        return {**super().authorization_error(fault), "error_uri": "see the manual"}


@mutant(breaks="OIDCC-3.1.2.6/no-other-error-parameters")
class ErrorsTellMore(ReferenceServer):
    """Errors come with a parameter of the server's own."""

    def authorization_error(self, fault: AuthorizationFault) -> dict[str, str]:
        return {**super().authorization_error(fault), "debug": "step 3"}


@mutant(
    breaks=[
        "RFC6749-4.1.2.1/error-charset",
        "RFC6749-4.1.2.1/error-parameter-present",
        "OIDCC-3.1.2.6/error-parameter-present",
    ],
    also={
        "RFC6749-3.1/repeated-parameter-rejected": "it is another code",
        "RFC6749-3.1.1/missing-response-type": "it is another code",
        "RFC6749-3.1.1/unknown-response-type": "it is another code",
        "RFC6749-4.1.2.1/access-denied": "it is another code",
        "RFC6749-4.1.2.1/invalid-request": "it is another code",
        "RFC6749-4.1.2.1/invalid-scope": "it is another code",
        "RFC6749-4.1.2.1/unsupported-response-type": "it is another code",
        "OAUTH2-RT-4/none-not-combined": "it is another code",
        "OIDCC-3.1.2.1/prompt-consent-impossible-is-error": "it is another code",
        "OIDCC-3.1.2.6/prompt-none-error-code": "it is another code",
    },
)
class ErrorsAreQuoted(ReferenceServer):
    """The error code stands in quotes."""

    def authorization_error(self, fault: AuthorizationFault) -> dict[str, str]:
        return {**super().authorization_error(fault), "error": f'"{fault.code}"'}


@mutant(
    breaks=[
        "RFC6749-3.1/response-parameter-once",
        "RFC6749-4.1.2.1/error-parameter-present",
        "OIDCC-3.1.2.6/error-parameter-present",
    ],
)
class ErrorsAreToldTwice(ReferenceServer):
    """The error is in the response twice."""

    def deliver(self, wish: Wish, parameters: Mapping[str, str]) -> Response:
        response = super().deliver(wish, parameters)
        if "error" in parameters and "location" in response.headers:
            response.headers["location"] += f"&error={parameters['error']}"
        return response


# The redirect and the pages


@mutant(breaks="RFC6749-3.1.2/redirect-uri-query-kept")
class QueryOfRedirectUriIsLost(ReferenceServer):
    """The query of a registered redirect_uri is dropped."""

    def deliver(self, wish: Wish, parameters: Mapping[str, str]) -> Response:
        response = super().deliver(wish, parameters)
        registered = wish.redirect_uri.partition("?")[2]
        if registered:
            location = response.headers["location"]
            response.headers["location"] = location.replace(f"{registered}&", "", 1)
        return response


@mutant(
    breaks=[
        "RFC9700-4.12/no-307",
        "RFC9700-4.12/use-303",
        "RFC9700-2.1/credentials-not-forwarded",
        "RFC9110-9.3.3/see-other-after-post",
    ],
    also={"OIDCC-16.22/no-307-to-redirect-uri": "the login is answered with 307"},
)
class LoginIsRedirectedWith307(ReferenceServer):
    """The redirect after the login repeats the body, and so the password."""

    async def after_login(self, transaction: Transaction, session: Session) -> Response:
        response = await super().after_login(transaction, session)
        response.status_code = 307
        return response


@mutant(breaks="RFC9700-4.2.4/no-third-party-content")
class PagesLoadFromElsewhere(ReferenceServer):
    """The login page shows a picture of another site."""

    def login_page(
        self,
        transaction: Transaction,
        message: str = "",
        status: int = 200,
        username: str | None = None,
    ) -> Response:
        page = super().login_page(transaction, message, status, username)
        picture = '<img src="https://pictures.idprobe.example/logo.png" alt=""></main>'
        text = bytes(page.body).decode().replace("</main>", picture)
        return page_reply(text, status, self.page_headers(form_action=""))


@mutant(
    breaks=[
        "RFC6749-4.1.2.1/resource-owner-told-of-bad-client",
        "RFC6749-3.1.2.4/resource-owner-told-of-bad-redirect",
    ],
    also={"RFC6749-4.1.1/client-id-required": "it is no refusal that a person could read"},
)
class ErrorPagesAreEmpty(ReferenceServer):
    """What cannot be redirected is answered with an empty response."""

    def error_page(self, fault: PageFault) -> Response:
        return Response(b"", fault.status, {"Cache-Control": "no-store"})
