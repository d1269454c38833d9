"""Connections that are kept open, each carrying one request at a time."""

import contextlib
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from typing import Final, Self, TypeAlias

import httpcore
import httpx

from idprobe.streams import Plain

__all__ = ["KEEPALIVE_S", "Lane", "Lanes"]

KEEPALIVE_S: Final = 2.0
"""We drop an idle connection sooner than servers do, so that no POST meets a closing one."""

Origin: TypeAlias = tuple[str, str, int | None]
Release: TypeAlias = Callable[[], None]


class Lanes(httpx.AsyncBaseTransport):
    """A transport of many transports, of which each has one connection.

    The pool of an ordinary transport looks at every connection that it has before each request and
    after it, which takes longer than the rest of a request; here the last one that came back is
    taken. How many requests are under way is for the caller to bound.
    """

    def __init__(self, make: Callable[[], httpx.AsyncBaseTransport]) -> None:
        """Take what makes a transport of one connection."""
        self._make = make
        self._all: list[httpx.AsyncBaseTransport] = []
        self._idle: dict[Origin, list[httpx.AsyncBaseTransport]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the response; its lane is free again when the response is closed."""
        origin = request.url.scheme, request.url.host, request.url.port
        idle = self._idle.setdefault(origin, [])
        lane = idle.pop() if idle else self._new()
        try:
            response = await lane.handle_async_request(request)
        except BaseException:
            idle.append(lane)
            raise
        response.stream = _Stream(response.stream, lambda: idle.append(lane))
        return response

    async def aclose(self) -> None:
        """Close all connections."""
        for lane in self._all:
            await lane.aclose()

    def _new(self) -> httpx.AsyncBaseTransport:
        lane = self._make()
        self._all.append(lane)
        return lane


class Lane(httpx.AsyncBaseTransport):
    """A transport of one connection to one origin, made anew when it has ended.

    It is httpcore's connection without the pool around it, which looks after many at some cost.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context: Final = context
        self._connection: httpcore.AsyncHTTPConnection | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the response; raises httpx.TransportError."""
        if not isinstance(request.stream, httpx.AsyncByteStream):
            raise TypeError("an asynchronous transport sends an asynchronous body")
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        outgoing = httpcore.Request(
            request.method,
            url,
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _as_httpx():
            connection = await self._connected(url.origin)
            incoming = await connection.handle_async_request(outgoing)
        return httpx.Response(
            incoming.status,
            headers=incoming.headers,
            stream=_Body(incoming.stream),
            extensions=incoming.extensions,
        )

    async def aclose(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.aclose()

    async def _connected(self, origin: httpcore.Origin) -> httpcore.AsyncHTTPConnection:
        """Return the connection, or a new one where it has ended or was idle for too long."""
        known = self._connection
        if known is not None:
            if known.is_available() and not known.has_expired():
                return known
            await known.aclose()
        self._connection = httpcore.AsyncHTTPConnection(
            origin,
            self._context,
            KEEPALIVE_S,
            network_backend=Plain() if origin.scheme == b"http" else None,
        )
        return self._connection


class _Body(httpx.AsyncByteStream):
    """The body of a response, as httpx knows it."""

    def __init__(self, parts: object) -> None:
        self._parts: Final = parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if not isinstance(self._parts, AsyncIterable):
            raise TypeError("an asynchronous connection answers with an asynchronous body")
        with _as_httpx():
            async for part in self._parts:
                yield part

    async def aclose(self) -> None:
        close = getattr(self._parts, "aclose", None)
        if close is not None:
            with _as_httpx():
                await close()


@contextlib.contextmanager
def _as_httpx() -> Iterator[None]:
    """Raise what httpcore raises as httpx does: its errors have the same names."""
    try:
        yield
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        kind = getattr(httpx, type(error).__name__, httpx.TransportError)
        raise kind(str(error)) from error


class _Stream(httpx.AsyncByteStream):
    """The body of a response, which says when it was closed."""

    def __init__(
        self, body: httpx.SyncByteStream | httpx.AsyncByteStream, release: Release
    ) -> None:
        self._body = body
        self._release = release

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if not isinstance(self._body, httpx.AsyncByteStream):
            raise TypeError("an asynchronous transport answers with an asynchronous body")
        async for chunk in self._body:
            yield chunk

    async def aclose(self) -> None:
        if isinstance(self._body, httpx.AsyncByteStream):
            await self._body.aclose()
        release, self._release = self._release, _nothing
        release()


def _nothing() -> None:
    """Release a lane that was released already."""
