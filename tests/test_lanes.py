"""One connection for one request after the other, at servers that close, stop, or say too much."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from idprobe.lanes import Lane

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
STRAY = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray"
LONG = 3_000_000

Talk = Callable[[socket.socket], None]


@contextmanager
def talking(*talks: Talk) -> Iterator[str]:
    """Serve each connection by the next function, then close it."""

    def serve(listener: socket.socket) -> None:
        for talk in talks:
            peer, _ = listener.accept()
            with peer:
                talk(peer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(5)


def once(answer: bytes) -> Talk:
    def talk(peer: socket.socket) -> None:
        assert peer.recv(65_536)
        peer.sendall(answer)

    return talk


def bodies(url: str, count: int, *, pause_s: float = 0.0, content: bytes = b"") -> list[bytes]:
    """Return what one lane is answered to so many requests, a pause between each two."""

    async def asked() -> list[bytes]:
        lane = Lane(ssl.create_default_context())
        found: list[bytes] = []
        for number in range(count):
            await asyncio.sleep(pause_s if number else 0)
            response = await lane.handle_async_request(httpx.Request("POST", url, content=content))
            found.append(await response.aread())
            await response.aclose()
        await lane.aclose()
        return found

    return asyncio.run(asked())


def test_a_connection_is_kept() -> None:
    def twice(peer: socket.socket) -> None:
        once(OK)(peer)
        once(OK)(peer)

    with talking(twice) as url:
        assert bodies(url, 2) == [b"ok", b"ok"]


def test_a_connection_that_the_server_closed_is_made_anew() -> None:
    with talking(once(OK), once(OK)) as url:
        assert bodies(url, 2, pause_s=0.2) == [b"ok", b"ok"]


def test_what_nobody_asked_for_is_no_answer_to_the_next_request() -> None:
    def too_much(peer: socket.socket) -> None:
        once(OK)(peer)
        time.sleep(0.1)
        peer.sendall(STRAY)
        time.sleep(0.3)

    with talking(too_much, once(OK)) as url:
        assert bodies(url, 2, pause_s=0.3) == [b"ok", b"ok"]


def test_a_body_longer_than_what_is_held_comes_whole() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LONG

    with talking(once(head + b"x" * LONG)) as url:
        assert bodies(url, 1) == [b"x" * LONG]


def test_a_long_request_waits_for_a_server_that_reads_slowly() -> None:
    def slow(peer: socket.socket) -> None:
        time.sleep(0.2)
        left = LONG
        while left > 0:
            left -= len(peer.recv(65_536))
        peer.sendall(OK)
        # the head came first, and the end of the body may still be on its way
        while peer.recv(65_536):
            pass

    with talking(slow) as url:
        assert bodies(url, 1, content=b"x" * LONG) == [b"ok"]


def test_a_response_that_ends_too_soon_breaks_http() -> None:
    with talking(once(OK[:-1])) as url, pytest.raises(httpx.RemoteProtocolError):
        bodies(url, 1)


def test_a_connection_that_is_reset_is_an_error_of_reading() -> None:
    def reset(peer: socket.socket) -> None:
        peer.recv(1)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with talking(reset) as url, pytest.raises(httpx.ReadError):
        bodies(url, 1, content=b"x" * 1000)


def test_nobody_there_is_no_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    with pytest.raises(httpx.ConnectError, match="All connection attempts failed"):
        bodies(url, 1)
