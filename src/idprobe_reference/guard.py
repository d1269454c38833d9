"""What is decided before any endpoint sees a request: its size, its framing, its method."""

import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final, TypeAlias

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Endpoint", "Guard", "Handler"]

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]

NO_HEADERS: Final[Mapping[str, str]] = {}
_MAX_QUERY_BYTES: Final = 16_384
_MAX_HEADER_BYTES: Final = 32_768
_METHODS: Final = frozenset(
    {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"}
)
_HOST: Final = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=%-]*(:[0-9]*)?|\[[0-9A-Fa-f:.]+\](:[0-9]*)?")
_CORS_HEADERS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "WWW-Authenticate",
}


class Guard:
    """The outermost ASGI application: it refuses what no endpoint should have to look at."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str] = NO_HEADERS) -> None:
        """Add headers to whatever the application answers."""
        self._app = app
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it."""
        if scope["type"] == "http":
            refusal = _refusal(scope)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
            send = self._adding(send)
        with suppress(ClientDisconnect):  # before the end of its body: nobody waits for an answer
            await self._app(scope, receive, send)

    def _adding(self, send: Send) -> Send:
        async def send_more(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *self._headers]}
            await send(message)

        return send_more


def _refusal(scope: Scope) -> Response | None:
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    names = [name for name, _ in headers]
    if b"content-length" in names and b"transfer-encoding" in names:
        return _refuse(400, "Two lengths of one body.")
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) > 1 or any(_HOST.fullmatch(host) is None for host in hosts):
        return _refuse(400, "No usable Host.")
    if scope["method"] not in _METHODS:
        return _refuse(501, "This method is not implemented.")
    if len(scope["query_string"]) > _MAX_QUERY_BYTES:
        return _refuse(414, "The URI is too long.")
    if sum(len(name) + len(value) for name, value in headers) > _MAX_HEADER_BYTES:
        return _refuse(431, "The header is too large.")
    return None


def _refuse(status: int, why: str) -> Response:
    return PlainTextResponse(why, status, {"Connection": "close", "Cache-Control": "no-store"})


class Endpoint:
    """One path: a handler for each method, 405 for the rest, CORS where clients run in pages."""

    def __init__(self, handlers: Mapping[str, Handler], *, cors: bool) -> None:
        self._handlers = dict(handlers)
        if "GET" in self._handlers:
            self._handlers["HEAD"] = self._handlers["GET"]
        self._cors = cors
        self._allow = ", ".join([*self._handlers, *(["OPTIONS"] if cors else [])])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        response = await self._respond(Request(scope, receive, send))
        if self._cors:
            response.headers.update(_CORS_HEADERS)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        handler = self._handlers.get(request.method)
        if handler is not None:
            return await handler(request)
        if request.method == "OPTIONS" and self._cors:
            return Response(status_code=204, headers=self._preflight())
        headers = {"Allow": self._allow, "Cache-Control": "no-store"}
        return PlainTextResponse(f"Only {self._allow} here.", 405, headers)

    def _preflight(self) -> dict[str, str]:
        return {
            "Allow": self._allow,
            "Access-Control-Allow-Methods": self._allow,
            "Access-Control-Allow-Headers": "Authorization, Content-Type",
            "Access-Control-Max-Age": "600",
        }
