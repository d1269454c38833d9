"""Mutants at the edges of HTTP."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import functools
import gzip
import json
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from idprobe_reference.faults import OAuthFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.mutants.tokens.token_form import with_body
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer

_LARGE = 16_384


class _Gateway(ReferenceServer):
    """A server with something in front of it that answers some requests by itself."""

    status = 500

    @functools.cached_property
    def app(self) -> ASGIApp:
        inner = super().app

        async def gateway(scope: Scope, receive: Receive, send: Send) -> None:
            if self.is_caught(scope):
                await PlainTextResponse("Oops.", self.status)(scope, receive, send)
            else:
                await inner(scope, receive, send)

        return gateway

    def is_caught(self, scope: Scope) -> bool:
        del scope
        return False


@mutant(breaks="RFC9110-5.4/too-large-fields-4xx")
class LargeHeadersCrash(_Gateway):
    """A large header is answered with 500."""

    def is_caught(self, scope: Scope) -> bool:
        return sum(len(value) for _, value in scope["headers"]) > _LARGE


@mutant(breaks=["RFC9112-3/long-request-target-414", "RFC9110-15.5.15/414-for-long-uri"])
class LongTargetsCrash(_Gateway):
    """A long URI is answered with 500."""

    def is_caught(self, scope: Scope) -> bool:
        return len(scope["query_string"]) > _LARGE


@mutant(breaks="RFC9110-9.1/unknown-method-501")
class UnknownMethodsAreNotFound(_Gateway):
    """A method that nobody knows is answered with 404."""

    status = 404

    def is_caught(self, scope: Scope) -> bool:
        return scope["method"] not in {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"}


@mutant(
    breaks="RFC9110-9.1/get-and-head-supported",
    also={"RFC9110-9.3.2/head-fields-as-get": "it has the fields of an error"},
)
class HeadIsNotFound(_Gateway):
    """HEAD is answered with 404."""

    status = 404

    def is_caught(self, scope: Scope) -> bool:
        return bool(scope["method"] == "HEAD")


@mutant(breaks="RFC9110-9.3.2/head-fields-as-get")
class HeadIsOfAnotherType(ReferenceServer):
    """HEAD on the metadata says another media type than GET."""

    async def show_metadata(self, request: Request) -> Response:
        response = await super().show_metadata(request)
        if request.method == "HEAD":
            response.headers["content-type"] = "text/html"
        return response


@mutant(breaks="RFC9110-15.5.16/415-for-wrong-media-type")
class JsonIsTaken(ReferenceServer):
    """The token endpoint takes JSON for a form."""

    async def posted_form(self, request: Request) -> Form:
        if self.media_type(request) != "application/json":
            return await super().posted_form(request)
        try:
            members: dict[str, str] = dict(json.loads(await self.body(request)))
        except (ValueError, TypeError) as error:
            raise OAuthFault("invalid_request", "the body is no JSON object") from error
        return Form(list(members.items()))


@mutant(breaks="RFC9110-15.5.16/415-for-wrong-media-type")
class OtherTypesCrash(ReferenceServer):
    """A body that is no form is answered with 500."""

    async def token(self, request: Request) -> Response:
        if self.media_type(request) == "text/plain":
            return PlainTextResponse("Oops.", 500)
        return await super().token(request)


@mutant(
    breaks="RFC9110-8.4/content-encoding-declared",
    also={
        "RFC8259-2/json-grammar": "compressed octets are no JSON",
        "RFC8259-10/generator-strict": "compressed octets are no JSON",
        "RFC8259-8.1/utf-8": "compressed octets are no text",
    },
)
class CompressionIsNotDeclared(ReferenceServer):
    """Token responses are compressed, and nobody says so."""

    async def token(self, request: Request) -> Response:
        response = await super().token(request)
        return with_body(response, gzip.compress(bytes(response.body)))


@mutant(
    breaks=["RFC6749-10.3/tokens-over-tls-only", "RFC6749-10.8/no-credentials-in-clear"],
    also={
        "RFC7009-2/endpoint-https": "it is the same endpoint",
        "RFC7009-2/http-service-not-published": "it is the same endpoint",
        "OAUTH21-1.5/https-only": "it is an endpoint like the others",
    },
    medium="tls",
)
class RevocationIsInTheClear(ReferenceServer):
    """The metadata announce the revocation endpoint under http."""

    def metadata(self) -> dict[str, Any]:
        members = super().metadata()
        return {**members, "revocation_endpoint": self.url("/revoke").replace("https:", "http:")}


@mutant(breaks="RFC9110-15.5.16/415-for-wrong-media-type")
class MultipartIsTaken(ReferenceServer):
    """The token endpoint takes multipart for a form."""

    async def posted_form(self, request: Request) -> Form:
        if self.media_type(request) != "multipart/form-data":
            return await super().posted_form(request)
        text = (await self.body(request)).decode()
        return Form(re.findall(r'name="([^"]+)"\r\n\r\n(.*?)\r\n', text))
