"""The small HTTP client against a server that says exactly what it is told to."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from idprobe.errors import NoResponse, Refrained
from idprobe.exchange import Request
from idprobe.load.transport import Session, Transport
from idprobe.profile import Limits, Profile

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@contextmanager
def scripted(*connections: list[bytes]) -> Iterator[tuple[str, list[bytes]]]:
    """Serve each connection its answers, one for each request, then close it."""
    received: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        for answers in connections:
            peer, _ = listener.accept()
            with peer:
                for answer in answers:
                    received.append(_one_request(peer))
                    peer.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", received
        thread.join(5)


def _one_request(peer: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += peer.recv(65_536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[16:]) for line in head.split(b"\r\n") if b"Length: " in line), 0)
    while len(body) < length:
        more = peer.recv(65_536)
        data, body = data + more, body + more
    return data


def session_for(url: str, exchange_s: float = 5) -> closing[Session]:
    limits = Limits(exchange_s=exchange_s, body_bytes=100)
    return closing(Session(Transport(Profile("t", "t.toml", url, limits=limits))))


def test_target_and_body_go_out_as_they_were_written() -> None:
    with scripted([OK]) as (url, received):
        request = Request("POST", url, b"/a%2f?\xff=1&&b", (("X-One", "1"),), b"a=%c3%b6\xff")
        with session_for(url) as session:
            session.send(request)

    assert received[0].startswith(b"POST /a%2f?\xff=1&&b HTTP/1.1\r\nHost: 127.0.0.1:")
    assert received[0].endswith(b"X-One: 1\r\nContent-Length: 9\r\n\r\na=%c3%b6\xff")


@pytest.mark.parametrize(
    ("answer", "body", "truncated"),
    [
        (OK, b"ok", False),
        (b"HTTP/1.1 103 Early\r\nX: y\r\n\r\n" + OK, b"ok", False),
        (b"HTTP/1.1 204 Nothing\r\n\r\n", b"", False),
        (b"HTTP/1.0 200 OK\r\n\r\nto the end", b"to the end", False),
        (
            CHUNKED + b"3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n",
            b"abc0123456789",
            False,
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b"x" * 500, b"x" * 100, True),
    ],
    ids=["length", "interim", "no body", "until closed", "chunked", "too large"],
)
def test_a_response_is_read_to_its_end_or_our_bound(
    answer: bytes, body: bytes, *, truncated: bool
) -> None:
    with scripted([answer]) as (url, _), session_for(url) as session:
        response = session.send(Request.get(url))

    assert (response.body, response.truncated) == (body, truncated)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
        CHUNKED + b"zz\r\n",
        CHUNKED + b"2\r\nabc\r\n0\r\n\r\n",
    ],
)
def test_broken_framing_is_no_response(answer: bytes) -> None:
    with (
        scripted([answer]) as (url, _),
        session_for(url) as session,
        pytest.raises(NoResponse, match="breaks HTTP"),
    ):
        session.send(Request.get(url))


def test_a_connection_is_kept_and_a_closed_one_only_costs_a_reconnect() -> None:
    with scripted([OK, OK], [OK]) as (url, received), session_for(url) as session:
        statuses = [session.send(Request.get(url)).status for _ in range(3)]

    assert statuses == [200, 200, 200]
    assert len(received) == 3
    assert (session.sent, session.reconnects) == (3, 1)


def test_a_server_that_says_close_gets_a_new_connection_each_time() -> None:
    closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
    with scripted([closing], [closing]) as (url, received), session_for(url) as session:
        session.send(Request.get(url))
        session.send(Request.get(url))

    assert (len(received), session.reconnects) == (2, 0)


def test_a_silent_server_ends_with_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

        with (
            session_for(url, exchange_s=0.05) as session,
            pytest.raises(NoResponse, match=r"within 0\.05 s"),
        ):
            session.send(Request.get(url))


def test_credentials_go_to_no_host_that_the_profile_does_not_name() -> None:
    with session_for("http://127.0.0.1:1") as session:
        with pytest.raises(Refrained, match=r"id\.example"):
            session.send(Request.get("http://id.example/token"))
        assert session.sent == 0
