"""Mutants that take HTTP and JSON not as they are meant."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import base64
import functools
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from idprobe_reference.faults import OAuthFault
from idprobe_reference.guard import Handler
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.authorization_request import Wish
from idprobe_reference.requests.client_authentication import Presented
from idprobe_reference.requests.forms import Form, form_decoded
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig

_LONG = 4_096
_ELSEWHERE = "https://elsewhere.idprobe.example/cb"


class _Fronted(ReferenceServer):
    """A server with something in front of it that changes requests or answers."""

    @functools.cached_property
    def app(self) -> ASGIApp:
        inner = super().app

        async def front(scope: Scope, receive: Receive, send: Send) -> None:
            async def send_bent(message: Message) -> None:
                await send(self.bent_answer(scope, message))

            await inner(self.bent_request(scope), receive, send_bent)

        return front

    def bent_request(self, scope: Scope) -> Scope:
        return scope

    def bent_answer(self, scope: Scope, message: Message) -> Message:
        del scope
        return message


@mutant(breaks="RFC9110-4.1/uris-of-8000-octets")
class UrisAreShort(ReferenceServer):
    """A URI of more than 4096 octets is too long."""

    async def authorize(self, request: Request) -> Response:
        if len(request.url.query) > _LONG:
            return PlainTextResponse("Too long.", 414)
        return await super().authorize(request)


@mutant(breaks="RFC9110-8.4/unknown-content-coding")
class CompressionCrashes(ReferenceServer):
    """A compressed request is answered with 500."""

    async def token(self, request: Request) -> Response:
        if "content-encoding" in request.headers:
            return PlainTextResponse("Oops.", 500)
        return await super().token(request)


@mutant(breaks="RFC9110-8.6/no-content-length-with-204")
class NothingHasALength(_Fronted):
    """A 204 says that it has no octets."""

    def bent_answer(self, scope: Scope, message: Message) -> Message:
        del scope
        if message["type"] == "http.response.start" and message["status"] == 204:  # noqa: PLR2004 - a status code
            return {**message, "headers": [*message["headers"], (b"content-length", b"0")]}
        return message


@mutant(breaks="RFC9110-9.1/method-case-sensitive", medium="socket")
class MethodsAreReadInAnyCase(_Fronted):
    """The method post is POST."""

    def bent_request(self, scope: Scope) -> Scope:
        return {**scope, "method": scope["method"].upper()}


@mutant(breaks="RFC9110-9.2.1/no-unsafe-action-by-get")
class GetRevokes(ReferenceServer):
    """A token can be revoked by GET."""

    def routes(self) -> dict[str, Any]:
        routes = super().routes()
        return {**routes, f"{self.path}/revoke": {"POST": self.revoke, "GET": self.revoke}}

    async def posted_form(self, request: Request) -> Form:
        if request.method == "GET":
            return Form.parse(request.url.query.encode("ascii"))
        return await super().posted_form(request)


@mutant(breaks="RFC9110-9.2.1/no-unsafe-action-by-get")
class GetConsents(ReferenceServer):
    """The consent form may be sent by GET."""

    def routes(self) -> dict[str, Any]:
        routes: dict[str, Any] = dict(super().routes())
        handlers: dict[str, Handler] = {"POST": self.consent, "GET": self.consent}
        return {**routes, f"{self.path}/consent": handlers}

    async def posted_form(self, request: Request) -> Form:
        if request.method == "GET":
            return Form.parse(request.url.query.encode("ascii"))
        return await super().posted_form(request)


@mutant(breaks="RFC9110-10.2.2/location-single-uri-reference")
class LocationHasQuotes(ReferenceServer):
    """The redirect to a client has characters that no URI has."""

    def deliver(self, wish: Wish, parameters: Any) -> Response:
        response = super().deliver(wish, parameters)
        if "location" in response.headers:
            joint = "&" if "?" in response.headers["location"] else "?"
            response.headers["location"] += f'{joint}note="|"'
        return response


class _Throttled(ReferenceServer):
    """A server that says in its own way that somebody has to wait."""

    def authenticate_client(self, request: Request, form: Form) -> ClientConfig:
        try:
            return super().authenticate_client(request, form)
        except OAuthFault as fault:
            if fault.status == 429:  # noqa: PLR2004 - a status code
                raise self.wait(fault) from fault
            raise

    def wait(self, fault: OAuthFault) -> OAuthFault:
        return fault


@mutant(breaks=["RFC9110-10.2.3/retry-after-syntax", "RFC6585-4/429-retry-after"])
class RetryAfterIsAWord(_Throttled):
    """Retry-After says "soon"."""

    def wait(self, fault: OAuthFault) -> OAuthFault:
        headers = {"Retry-After": "soon"}
        return OAuthFault(fault.code, fault.description, status=429, headers=headers)


@mutant(breaks="RFC6585-4/429-explained")
class WaitingIsNotExplained(ReferenceServer):
    """A 429 has no content."""

    async def token(self, request: Request) -> Response:
        response = await super().token(request)
        if response.status_code == 429:  # noqa: PLR2004 - a status code
            return Response(status_code=429, headers={"Retry-After": "30"})
        return response


@mutant(breaks="RFC6585-4/429-not-cached")
class EverybodyWaits(ReferenceServer):
    """While one client has to wait, all have to."""

    def authenticate_client(self, request: Request, form: Form) -> ClientConfig:
        if any(self.client_throttle.wait_s(client_id) > 0 for client_id in self.clients):
            raise OAuthFault("invalid_client", "wait", status=429, headers={"Retry-After": "30"})
        return super().authenticate_client(request, form)


@mutant(breaks="RFC9110-15.5.14/413-for-large-content")
class LargeBodiesCrash(ReferenceServer):
    """A large body is answered with 500."""

    async def body(self, request: Request) -> bytes:
        try:
            return await super().body(request)
        except OAuthFault as fault:
            raise OAuthFault("server_error", "oops", status=500) from fault


@mutant(breaks="RFC9111-3.5/authenticated-responses-not-shared", alone=True)
class ClaimsAreCached(ReferenceServer):
    """What userinfo told one user it tells the next as well."""

    last: dict[str, Any] | None = None

    def userinfo_claims(self, token: Any) -> dict[str, Any]:
        before, self.last = self.last, super().userinfo_claims(token)
        return before or self.last


@mutant(breaks="RFC9111-5.2.2.5/no-store-respected")
class AnswersHaveAnAge(ReferenceServer):
    """Token responses come from a cache."""

    def token_response_headers(self) -> dict[str, str]:
        return {**super().token_response_headers(), "Age": "5"}


@mutant(
    breaks="RFC9111-5.4/pragma-deprecated",
    also=dict.fromkeys(
        ("RFC6749-5.1/cache-control-no-store", "RFC9111-5.2.2.5/no-store-directive-form"),
        "Cache-Control is what is left out",
    ),
)
class PragmaStandsAlone(ReferenceServer):
    """Token responses have Pragma instead of Cache-Control."""

    def token_response_headers(self) -> dict[str, str]:
        return {"Pragma": "no-cache"}


@mutant(breaks="RFC7617-2/colon-splits-once", profile="speakup")
class LastColonSplits(ReferenceServer):
    """The secret begins after the last colon of the Basic credentials."""

    def presented_credentials(self, request: Request, form: Form) -> Presented:
        presented = super().presented_credentials(request, form)
        raw = request.headers.get("authorization", "")
        if presented.method == "client_secret_basic" and _octets(raw).count(":") > 1:
            secret = form_decoded(_octets(raw).rpartition(":")[2])
            return Presented(presented.method, presented.client_id, secret)
        return presented


def _octets(header: str) -> str:
    return base64.b64decode(header.partition(" ")[2]).decode()


@mutant(breaks="RFC8259-9/all-conforming-texts-accepted")
class EscapesAreNotRead(ReferenceServer):
    """A JSON text with an escaped slash is no clean JSON."""

    async def body(self, request: Request) -> bytes:
        octets = await super().body(request)
        if rb"\/" in octets:
            raise OAuthFault("invalid_client_metadata", "the body is no clean JSON")
        return octets


@mutant(breaks="RFC8259-11/charset-parameter-harmless")
class CharsetIsAnotherType(ReferenceServer):
    """application/json with a charset is not application/json."""

    def media_type(self, request: Request) -> str:
        whole = request.headers.get("content-type", "")
        return whole if whole.startswith("application/json") else super().media_type(request)


@mutant(breaks="RFC8259-4/duplicate-names-in-requests")
class BothNamesCount(ReferenceServer):
    """Of a repeated redirect_uris all values are registered, and the last is told."""

    async def posted_json(self, request: Request) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(await self.body(request), object_pairs_hook=_merged)
        return body

    def client_members(self, client: ClientConfig) -> dict[str, Any]:
        members = super().client_members(client)
        if _ELSEWHERE in client.redirect_uris:
            members["redirect_uris"] = list(client.redirect_uris[-1:])
        return members


def _merged(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        is_again = name in members and isinstance(value, list)
        members[name] = [*members[name], *value] if is_again else value
    return members
