"""Mutants of what is made of an authorization request."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.endpoints.replies import page_reply
from idprobe_reference.faults import AuthorizationFault, PageFault
from idprobe_reference.guard import Handler
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.authorization_request import Wish
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import Session


@mutant(
    breaks=[
        "RFC6749-3.1/unknown-parameter-ignored",
        "OIDCC-3.1.2.2/unknown-parameters-ignored",
    ]
)
class UnknownParametersAreErrors(ReferenceServer):
    """A parameter that nobody defined is refused."""

    def details_of(
        self, client: ClientConfig, form: Form, types: frozenset[str]
    ) -> dict[str, object]:
        if "xyz_unknown" in form:
            raise AuthorizationFault("invalid_request", "a parameter is not known")
        return super().details_of(client, form, types)


@mutant(breaks="OIDCC-3.1.2.1/nonce-optional-in-code-flow")
class NonceIsAlwaysWanted(ReferenceServer):
    """Every OpenID request needs a nonce."""

    def check_nonce(self, form: Form, scope: tuple[str, ...], types: frozenset[str]) -> None:
        super().check_nonce(form, scope, types)
        if "openid" in scope and "nonce" not in form:
            raise AuthorizationFault("invalid_request", "nonce is missing")


@mutant(breaks="OIDCC-3.1.2.1/state-optional")
class StateIsWanted(ReferenceServer):
    """Every request needs a state."""

    def details_of(
        self, client: ClientConfig, form: Form, types: frozenset[str]
    ) -> dict[str, object]:
        if "state" not in form:
            raise AuthorizationFault("invalid_request", "state is missing")
        return super().details_of(client, form, types)


@mutant(breaks="RFC6749-3.1/empty-parameter-is-absent")
class EmptyStatesComeBack(ReferenceServer):
    """An empty state comes back as one that nobody sent."""

    async def authorization_form(self, request: Request) -> Form:
        form = await super().authorization_form(request)
        query = f"&{request.url.query}&"
        if "&state=&" not in query:
            return form
        return Form.parse(query.replace("&state=&", "&state=none&").strip("&").encode())


@mutant(breaks="OIDCC-3.1.2.1/unknown-scope-ignored")
class UnknownScopesAreErrors(ReferenceServer):
    """An OpenID request with a scope that nobody knows is refused."""

    def authorized_scope(
        self,
        client: ClientConfig,
        requested: str | None,
        types: frozenset[str],
        prompts: frozenset[str],
    ) -> tuple[str, ...]:
        if requested is not None and not client.scopes >= set(requested.split()):
            raise AuthorizationFault("invalid_scope", "the client may not have this scope")
        return super().authorized_scope(client, requested, types, prompts)


@mutant(
    breaks=[
        "OIDCC-3.1.2.2/redirect-uri-required",
        "RFC6749-3.1.2.3/redirect-uri-required-if-ambiguous",
    ]
)
class RedirectUriIsGuessed(ReferenceServer):
    """Without redirect_uri the answer goes to the first that is registered."""

    def redirect_uri_for(self, client: ClientConfig, form: Form) -> str:
        if "redirect_uri" not in form:
            return client.redirect_uris[0]
        return super().redirect_uri_for(client, form)


@mutant(breaks="RFC6749-3.1.2.2/every-client-registers-redirect")
class UnregisteredClientsAreServed(ReferenceServer):
    """A client without redirect URIs may name any."""

    def redirect_uri_for(self, client: ClientConfig, form: Form) -> str:
        if not client.redirect_uris and "redirect_uri" in form:
            return form["redirect_uri"]
        return super().redirect_uri_for(client, form)


@mutant(
    breaks=[
        "RFC6749-4.2.1/redirect-uri-verified",
        "RFC6749-4.2.2.1/no-redirect-on-bad-client-or-uri",
        "OIDCC-3.2.2.1/redirect-uri-exact-match",
    ],
    profile="speakup",
)
class ImplicitRedirectsAnywhere(ReferenceServer):
    """The redirect_uri of clients that use the implicit grant is not checked."""

    def redirect_uri_matches(self, registered: str, given: str, client: ClientConfig) -> bool:
        return client.is_public or super().redirect_uri_matches(registered, given, client)


@mutant(
    breaks=[
        "RFC6749-3.1.1/missing-response-type",
        "OIDCC-3.1.2.2/required-parameters-checked",
    ]
)
class ResponseTypeDefaultsToCode(ReferenceServer):
    """A request without response_type is taken for one of the code flow."""

    def wish_of(self, form: Form) -> Wish:
        if "response_type" not in form:
            return super().wish_of(Form([*form.items(), ("response_type", "code")]))
        return super().wish_of(form)


@mutant(
    breaks=[
        "RFC6749-4.1.1/client-id-required",
        "RFC6749-4.1.2.1/resource-owner-told-of-bad-client",
        "RFC6749-4.1.2.1/no-redirect-on-bad-client-or-uri",
        "OIDCC-3.1.2.2/oauth-parameters-validated",
        "OIDCC-3.1.2.2/required-parameters-checked",
    ]
)
class AbsentClientIsGuessed(ReferenceServer):
    """An unknown client is the one whose redirect_uri is named."""

    def client_for_authorization(self, form: Form) -> ClientConfig:
        uri = form.get("redirect_uri", "")
        owner = next((c for c in self.clients.values() if uri in c.redirect_uris), None)
        known = form.get("client_id") in self.clients
        return super().client_for_authorization(form) if known or owner is None else owner


@mutant(breaks="RFC6749-4.1.2.1/unauthorized-client", profile="speakup")
class ClientsUseAnyResponseType(ReferenceServer):
    """A client may use response types that it is not registered for."""

    def check_response_type(self, client: ClientConfig, form: Form) -> None:
        super().check_response_type(
            replace(client, response_types=self.config.response_types), form
        )


@mutant(
    breaks=[
        "RFC6749-3.1.1/response-type-order-irrelevant",
        "OAUTH2-RT-1.2/word-order-irrelevant",
    ],
    profile="speakup",
)
class ResponseTypesAreOrdered(ReferenceServer):
    """The words of a response type have to come in one order."""

    def check_response_type(self, client: ClientConfig, form: Form) -> None:
        super().check_response_type(client, form)
        if form["response_type"] not in self.config.response_types:
            raise AuthorizationFault("unsupported_response_type", "the words are in disorder")


@mutant(breaks="OIDCC-3.1.2.6/unsupported-response-mode-is-400")
class UnknownModeIsRedirected(ReferenceServer):
    """An unknown response_mode is reported at the redirect_uri."""

    def response_mode_for(
        self, form: Form, types: frozenset[str]
    ) -> tuple[str, AuthorizationFault | None]:
        if form.get("response_mode", "query") not in {"query", "fragment", "form_post"}:
            fault = AuthorizationFault("invalid_request", "response_mode is not supported")
            return self.default_response_mode(types), fault
        return super().response_mode_for(form, types)


@mutant(
    breaks=[
        "RFC6749-3.1/resource-owner-verified-first",
        "OIDCC-3.1.2.3/authenticates-when-no-session",
    ],
    also={
        "RFC9700-4.11.2/user-authenticated-before-redirect": "everybody is logged in",
        "contract/authorization_page_asks": "no login page is needed",
    },
)
class EverybodyIsAlice(ReferenceServer):
    """A browser without a session is taken for somebody's who has agreed."""

    def session_of(self, request: Request) -> Session | None:
        known = super().session_of(request)
        if known is not None:
            return known
        alice = next(iter(self.users.values()))
        consents = {client.client_id: client.scopes for client in self.clients.values()}
        session = Session("anybody", user=alice, auth_time=self.now(), consents=consents)
        self.sessions.put(session.key, session, self.clock() + 60)
        return session


@mutant(breaks="RFC9700-4.11.2/user-authenticated-before-redirect")
class ErrorsAreRedirectedAtOnce(ReferenceServer):
    """Errors go to the client though nobody is logged in."""

    def login_is_needed_for_error(self, session: Session | None) -> bool:
        del session
        return False


@mutant(breaks=["RFC6749-3.1/get-supported", "OIDCC-3.1.2.1/get-supported"])
class AuthorizationByPostOnly(ReferenceServer):
    """The authorization endpoint does not answer GET."""

    def routes(self) -> dict[str, Mapping[str, Handler]]:
        return {**super().routes(), f"{self.path}/authorize": {"POST": self.authorize}}


@mutant(breaks="RFC6749-3.1/endpoint-without-fragment")
class AuthorizationEndpointHasFragment(ReferenceServer):
    """The URL of the authorization endpoint has a fragment."""

    def metadata(self) -> dict[str, Any]:
        document = super().metadata()
        return {**document, "authorization_endpoint": document["authorization_endpoint"] + "#x"}


@mutant(
    breaks=[
        "RFC9700-2.1.2/no-token-in-authorization-response",
        "OAUTH21-10.1/response-type-token-gone",
    ],
    also={
        "OIDCD-3/dynamic-grant-types": "with one implicit type there have to be more",
        "OIDCD-3/dynamic-response-types": "with one implicit type there have to be more",
    },
)
class TokenTypeIsListed(ReferenceServer):
    """The metadata offers access tokens by redirect."""

    def metadata(self) -> dict[str, Any]:
        document = super().metadata()
        listed = [*document["response_types_supported"], "token"]
        return {**document, "response_types_supported": listed}


@mutant(breaks="RFC9207-2.3/support-announced")
class IssIsNotAnnounced(ReferenceServer):
    """The metadata does not say that responses have iss."""

    def metadata(self) -> dict[str, Any]:
        document = super().metadata()
        del document["authorization_response_iss_parameter_supported"]
        return document


@mutant(breaks=["RFC9207-2.3/issuer-provided", "RFC9700-2.6/metadata-published"])
class IssuerIsNotTold(ReferenceServer):
    """The metadata has no issuer."""

    def metadata(self) -> dict[str, Any]:
        document = super().metadata()
        del document["issuer"]
        return document


@mutant(breaks="OIDCC-3.3.2.1/nonce-optional-for-code-token", profile="speakup")
class NonceIsWantedForCodeToken(ReferenceServer):
    """A request for `code token` needs a nonce."""

    def check_nonce(self, form: Form, scope: tuple[str, ...], types: frozenset[str]) -> None:
        super().check_nonce(form, scope, types)
        if types == {"code", "token"} and "nonce" not in form:
            raise AuthorizationFault("invalid_request", "nonce is missing")


@mutant(breaks="RFC6749-10.14/input-sanitised")
class PagesRepeatTheInput(ReferenceServer):
    """The error page shows the client_id as it came."""

    def client_for_authorization(self, form: Form) -> ClientConfig:
        if form.get("client_id", "") not in self.clients:
            raise PageFault(form.get("client_id", ""))
        return super().client_for_authorization(form)

    def error_page(self, fault: PageFault) -> Response:
        page = f"<!doctype html><title>Error</title><p>This is wrong: {fault.description}</p>"
        return page_reply(page, fault.status, self.page_headers())
