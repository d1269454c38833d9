"""Variants of refusals: other codes where several fit, more or less said, other pages."""

# ruff: noqa: D102 - the class of a variant says what its one method does

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.endpoints.replies import page_reply
from idprobe_reference.faults import AuthorizationFault, BearerFault, OAuthFault, PageFault
from idprobe_reference.server import ReferenceServer
from idprobe_reference.variants.layers import Answer, Rewriting
from idprobe_reference.variants.registry import variant


@variant(
    "RFC 6749 sections 4.1.2.1 and 5.2: error_description is optional",
    differs={
        "RFC6749-5.2/error-description-charset": "there is no description",
        "RFC6749-A.8/error-description-syntax": "there is no description",
    },
)
class ErrorsAreNotDescribed(Rewriting):
    """Errors have a code and nothing else, but for PKCE (RFC 7636 section 4.4.1 explains)."""

    def rewritten(self, answer: Answer) -> Answer:
        def write(value: Any) -> str:
            if isinstance(value, dict) and "error" in value:
                value.pop("error_description", None)
            return json.dumps(value)

        return answer.rewritten(write)

    def authorization_error(self, fault: AuthorizationFault) -> dict[str, str]:
        about_pkce = "code_challenge" in fault.description
        return super().authorization_error(fault) if about_pkce else {"error": fault.code}


@variant("RFC 6749 sections 4.1.2.1 and 5.2: error_uri is optional", shape="speakup")
class ErrorsHaveUri(Rewriting):
    """Errors have an error_uri, and in JSON a member of the server's own."""

    def rewritten(self, answer: Answer) -> Answer:
        def write(value: Any) -> str:
            if isinstance(value, dict) and "error" in value:
                value |= {"error_uri": "https://idprobe.example/errors#e1", "trace_id": "5f1d"}
            return json.dumps(value)

        return answer.rewritten(write)

    def authorization_error(self, fault: AuthorizationFault) -> dict[str, str]:
        more = {"error_uri": "https://idprobe.example/errors#e1"}
        return {**super().authorization_error(fault), **more}


@variant(
    "RFC 6749 section 5.2: 401 is needed only where the Authorization header was tried",
    shape="speakup",
    differs={"RFC9110-11.6.1/challenge-in-401": "some refusals are no 401"},
)
class UnknownClientsGet400(ReferenceServer):
    """A client that fails without an Authorization header is answered with 400."""

    async def client_request(self, request: Request) -> Any:
        try:
            return await super().client_request(request)
        except OAuthFault as fault:
            introspects = request.url.path.endswith("/introspect")  # RFC 7662 section 2.3
            in_header = introspects or "authorization" in request.headers
            if fault.code == "invalid_client" and not in_header:
                raise OAuthFault(
                    fault.code, fault.description, status=400, headers=fault.headers
                ) from fault
            raise


@variant("RFC 9110 section 15.5: which 4xx a page has is left open")
class ErrorPagesAreForbidden(ReferenceServer):
    """Error pages come with 403, but for what the specifications want a 400."""

    def error_page(self, fault: PageFault) -> Response:
        if "not supported" in fault.description:
            return super().error_page(fault)
        return super().error_page(PageFault(fault.description, status=403))


@variant("RFC 6749 section 4.1.2.1: the person is informed, by a page of any status")
class ErrorPagesAreOk(ReferenceServer):
    """Error pages come with 200, but for what the specifications want a 400."""

    def error_page(self, fault: PageFault) -> Response:
        if "not supported" in fault.description:
            return super().error_page(fault)
        return super().error_page(PageFault(fault.description, status=200))


@variant("RFC 6749 section 4.1.2.1: the person is informed, in whatever words", shape="speakup")
class ErrorPagesSpeakGerman(ReferenceServer):
    """Error pages are in German, with a code and a link home."""

    def error_page(self, fault: PageFault) -> Response:
        html = (
            '<!doctype html><html lang="de"><head><meta charset="utf-8"><title>Fehler</title>'
            "</head><body><h2>Das hat leider nicht geklappt</h2><p>Die Anfrage ist ungültig "
            "(invalid_request).</p><p>Kennung: 5f1d9c0a</p><a href='/'>Zur Startseite</a></body>"
            "</html>"
        )
        return page_reply(html, fault.status, self.page_headers())


@variant("RFC 6750 section 3.1: the body is left open")
class BearerErrorsHaveNoBody(ReferenceServer):
    """A resource says what is wrong in its challenge alone."""

    def bearer_error(self, fault: BearerFault) -> Response:
        headers = {**self.resource_headers(), "WWW-Authenticate": self.bearer_challenge(fault)}
        return Response(b"", fault.status, headers)


@variant("RFC 6749 section 4.1.2.1: several codes fit a client that may not use something")
class ErrorsHaveTheOtherCode(ReferenceServer):
    """A client that may not use a response type is told unsupported_response_type."""

    def check_response_type(self, client: Any, form: Any) -> None:
        try:
            super().check_response_type(client, form)
        except AuthorizationFault as fault:
            if fault.code == "unauthorized_client":
                raise AuthorizationFault("unsupported_response_type", "not this one") from fault
            raise
