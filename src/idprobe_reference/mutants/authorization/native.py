"""Mutants that serve native apps wrongly (RFC 8252)."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from idprobe_reference.faults import OAuthFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.authorization_request import Wish
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import Code

_SAFE = "com.example.safe:/cb"


@mutant(
    breaks=[
        "RFC8252-6/pkce-supported",
        "RFC8252-8.5/no-shared-secret-demanded",
        "RFC8252-8.4/client-type-recorded",
        "OAUTH21-8.1/no-shared-secret-for-native-apps",
    ]
)
class NativeVerifiersNeverFit(ReferenceServer):
    """No code verifier of a native app is good."""

    def verify_pkce(self, code: Code, verifier: str | None) -> bool:
        client = self.clients.get(code.grant.client_id)
        is_native = client is not None and client.application_type == "native"
        return not is_native and super().verify_pkce(code, verifier)


@mutant(breaks="RFC8252-8.1/pkce-demanded")
class NativeAppsNeedNoPkce(ReferenceServer):
    """A native app may leave out the code challenge."""

    def pkce_is_required(self, client: ClientConfig) -> bool:
        return client.application_type != "native" and super().pkce_is_required(client)


@mutant(breaks="RFC8252-8.2/no-implicit-for-native-apps", profile="speakup")
class NativeAppsGetTokensByRedirect(ReferenceServer):
    """A native app may use the implicit flow, registered for it or not."""

    def check_response_type(self, client: ClientConfig, form: Form) -> None:
        if client.application_type == "native" and form.get("response_type") == "token":
            return
        super().check_response_type(client, form)


@mutant(
    breaks=[
        "RFC8252-8.6/no-automatic-approval",
        "RFC8252-8.6/earlier-approval-disregarded",
        "RFC6749-10.2/no-silent-repeat-for-unauthenticated-client",
    ]
)
class NativeAppsAreApprovedUnseen(ReferenceServer):
    """Who approved a native app once is not asked again."""

    def consent_may_be_remembered(self, wish: Wish) -> bool:
        del wish
        return True


@mutant(
    breaks=["RFC8252-8.4/exact-match-except-loopback-port"],
    also={"RFC8252-8.4/complete-redirect-uri-registered": "a longer path is fine with it"},
)
class NativeRedirectsMayBeLonger(ReferenceServer):
    """A redirect URI that begins like the registered one is good for a native app."""

    def redirect_uri_matches(self, registered: str, given: str, client: ClientConfig) -> bool:
        if client.application_type == "native" and given.startswith(registered):
            return True
        return super().redirect_uri_matches(registered, given, client)


@mutant(breaks="RFC8252-8.4/complete-redirect-uri-registered")
class RedirectsWithoutPathHaveAnyPath(ReferenceServer):
    """Where the registered redirect URI has no path, any path will do."""

    def redirect_uri_matches(self, registered: str, given: str, client: ClientConfig) -> bool:
        if not urlsplit(registered).path and urlsplit(given).scheme == urlsplit(registered).scheme:
            return True
        return super().redirect_uri_matches(registered, given, client)


@mutant(
    breaks=["RFC8252-7.3/any-loopback-port", "RFC9700-4.1.3/loopback-port-variable"],
    also={"RFC8252-7/three-redirect-kinds": "the flow of a loopback URI uses another port"},
)
class LoopbackPortsAreFixed(ReferenceServer):
    """The port of a loopback redirect URI has to be the registered one."""

    def redirect_uri_matches(self, registered: str, given: str, client: ClientConfig) -> bool:
        del client
        return given == registered


@mutant(breaks="RFC8252-7/three-redirect-kinds")
class AppsNeedWebsites(ReferenceServer):
    """A scheme of an application's own cannot be registered."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        client = super().client_of_metadata(body, client_id, secret)
        if not all(uri.startswith("http") for uri in client.redirect_uris):
            raise OAuthFault("invalid_redirect_uri", "a redirect URI has to be http or https")
        return client


@mutant(breaks=["RFC8252-8.4/reverse-domain-schemes", "RFC8252-8.4/scheme-without-period-rejected"])
class SchemesNeedNoPeriod(ReferenceServer):
    """A scheme of a single word can be registered."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        uris = body.get("redirect_uris")
        if body.get("application_type") != "native" or not isinstance(uris, list):
            return super().client_of_metadata(body, client_id, secret)
        safe = [_SAFE if str(uri).startswith("idprobe:") else uri for uri in uris]
        client = super().client_of_metadata({**body, "redirect_uris": safe}, client_id, secret)
        return replace(client, redirect_uris=tuple(uris))


@mutant(breaks="RFC8252-8.12/embedded-user-agents-blocked")
class WebViewsCrash(ReferenceServer):
    """A login in a web view is answered with 500."""

    async def authorize(self, request: Request) -> Response:
        if "; wv)" in request.headers.get("user-agent", ""):
            return PlainTextResponse("Oops.", 500)
        return await super().authorize(request)
