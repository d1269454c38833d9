"""Connections that are kept open: each is free again once its answer was closed."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Final

import httpx
import pytest

from idprobe.client.connection_pool import ConnectionPool

REQUEST: Final = httpx.Request("GET", "https://id.example/")


class Chunks(httpx.AsyncByteStream):
    """A body that is read as it comes."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"{}"


class Whole(httpx.SyncByteStream):
    """A body that an asynchronous transport has no business to answer with."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"{}"


class Answering(httpx.AsyncBaseTransport):
    """A transport whose answers have a body of one kind."""

    def __init__(self, body: type[httpx.SyncByteStream | httpx.AsyncByteStream]) -> None:
        self.body = body

    async def handle_async_request(self, _request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=self.body())


def pool(
    body: type[httpx.SyncByteStream | httpx.AsyncByteStream],
) -> tuple[ConnectionPool, list[Answering]]:
    """Return a pool, and the connections that it opened."""
    made: list[Answering] = []

    def make() -> Answering:
        made.append(Answering(body))
        return made[-1]

    return ConnectionPool(make), made


def test_a_connection_is_used_again_and_no_other_is_opened_meanwhile() -> None:
    transport, made = pool(Chunks)

    async def two() -> list[bytes]:
        async with transport:
            answers = [await transport.handle_async_request(REQUEST) for _ in range(2)]
            bodies = [await one.aread() for one in answers]
            await (await transport.handle_async_request(REQUEST)).aclose()
            return bodies

    assert asyncio.run(two()) == [b"{}", b"{}"]
    assert len(made) == 2


def test_a_body_that_cannot_be_waited_for_is_an_error_and_keeps_no_connection() -> None:
    transport, made = pool(Whole)

    async def act() -> None:
        async with transport:
            answer = await transport.handle_async_request(REQUEST)
            assert isinstance(answer.stream, httpx.AsyncByteStream)
            with pytest.raises(TypeError, match="an asynchronous body"):
                _ = [one async for one in answer.stream]
            await answer.stream.aclose()
            await transport.handle_async_request(REQUEST)

    asyncio.run(act())

    assert len(made) == 1
