"""Connections that are kept open, each carrying one request at a time."""

from collections.abc import AsyncIterator, Callable
from typing import Self, TypeAlias

import httpx

__all__ = ["ConnectionPool"]

Origin: TypeAlias = tuple[str, str, int | None]
Release: TypeAlias = Callable[[], None]


class ConnectionPool(httpx.AsyncBaseTransport):
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
        """Return the response; its connection is free again when the response is closed."""
        origin = request.url.scheme, request.url.host, request.url.port
        idle = self._idle.setdefault(origin, [])
        connection = idle.pop() if idle else self._new()
        try:
            response = await connection.handle_async_request(request)
        except BaseException:
            idle.append(connection)
            raise
        response.stream = _Stream(response.stream, lambda: idle.append(connection))
        return response

    async def aclose(self) -> None:
        """Close all connections."""
        for connection in self._all:
            await connection.aclose()

    def _new(self) -> httpx.AsyncBaseTransport:
        connection = self._make()
        self._all.append(connection)
        return connection


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
    """Release a connection that was released already."""
