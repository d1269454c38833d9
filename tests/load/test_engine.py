"""The engine against a server that says exactly what it is told to."""

import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest.mock import Mock

import pytest

from idprobe.client.cookies import Cookies
from idprobe.errors import EvidenceError, NoResponse, ProbeError
from idprobe.flows import Tokens
from idprobe.load.callers import RefreshChain
from idprobe.load.callers.context import LoadContext, load_context, run_flow
from idprobe.load.engine import connections, engine
from idprobe.load.engine.encoded_requests import EncodedRequest
from idprobe.load.engine.engine import LoadFlow
from idprobe.load.engine.transport import Transport
from idprobe.model.exchange import Request, Response
from idprobe.model.profile import Client, Limits, Profile, Role, Tls, User
from idprobe_reference.certificates import Certificates, make_certificates
from idprobe_reference.config import reference_config
from idprobe_reference.running import serve

RESET = b"reset"
"""In the place of an answer: the connection is reset once the request has come."""
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@contextmanager
def scripted(*connections: list[bytes]) -> Iterator[tuple[str, list[bytes]]]:
    """Serve each connection its answers, one for each request, then close it."""
    received: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        for answers in connections:
            peer, _ = listener.accept()
            # a client that has read enough goes
            with peer, suppress(ConnectionError):
                for answer in answers:
                    received.append(_one_request(peer))
                    if answer == RESET:
                        linger = struct.pack("ii", 1, 0)
                        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    else:
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


def transport_for(url: str, exchange_s: float = 5, **others: Any) -> Transport:
    limits = Limits(exchange_s=exchange_s, body_bytes=100)
    return Transport(Profile("t", "t.toml", url, limits=limits, **others))


def answers_to(transport: Transport, *requests: Request) -> list[Response]:
    """Return the answers that one caller gets to requests, one after the other."""

    def asking() -> LoadFlow:
        answers: list[Response] = []
        for request in requests:
            answers += [(yield request)]
        return answers

    answers: list[Response] = run_flow(transport, asking())
    return answers


def test_target_and_body_go_out_as_they_were_written() -> None:
    with scripted([OK]) as (url, received):
        request = Request("POST", url, b"/a%2f?\xff=1&&b", (("X-One", "1"),), b"a=%c3%b6\xff")
        answers_to(transport_for(url), request)

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
    with scripted([answer]) as (url, _):
        (response,) = answers_to(transport_for(url), Request.get(url))

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
        OK + OK,
    ],
)
def test_broken_framing_is_no_response(answer: bytes) -> None:
    with scripted([answer]) as (url, _), pytest.raises(ProbeError, match="breaks HTTP"):
        answers_to(transport_for(url), Request.get(url))


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000,
        CHUNKED + b"2\r\nok\r\n0\r\n" + b"X: y\r\n" * 30_000,
        CHUNKED + b"2\r\nok\r\n0\r\nX: " + b"y" * 180_000,
        CHUNKED + b"2;x=" + b"y" * 180_000,
    ],
    ids=["head", "trailers", "one trailer", "chunk extension"],
)
def test_what_is_beside_a_body_is_bounded(answer: bytes) -> None:
    with scripted([answer]) as (url, _), pytest.raises(ProbeError, match="without end"):
        answers_to(transport_for(url), Request.get(url))


def test_a_connection_is_kept_and_a_closed_one_only_costs_a_reconnect() -> None:
    with scripted([OK, OK], [OK]) as (url, received):
        answers = answers_to(transport_for(url), *[Request.get(url)] * 3)

    assert [one.status for one in answers] == [200, 200, 200]
    assert len(received) == 3


def test_a_kept_connection_that_is_reset_costs_a_second_try() -> None:
    with scripted([OK, RESET], [OK]) as (url, received):
        answers = answers_to(transport_for(url), *[Request("POST", url, b"/")] * 2)

    assert [one.status for one in answers] == [200, 200]
    assert received[1] == received[2]


def test_a_refusal_of_what_was_sent_twice_is_no_answer() -> None:
    refused = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"

    with scripted([refused, RESET], [refused]) as (url, _):
        transport = transport_for(url)
        encoded = EncodedRequest.of(Request("POST", url, b"/"), transport)

        def asking() -> LoadFlow:
            assert (yield encoded).status == 400
            with pytest.raises(NoResponse, match="sent twice"):
                yield encoded

        run_flow(transport, asking())


class LoggedIn(RefreshChain):
    """Has its first refresh token without a login."""

    def log_in(self, cookies: Cookies) -> LoadFlow:
        del cookies
        yield Request.get(self.provider.issuer)
        return Tokens("a1", refresh_token="r1")


def json_answer(status: int, body: bytes) -> bytes:
    head = "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return (head % (status, len(body))).encode() + body


LINK = json_answer(200, b'{"access_token":"a2","token_type":"Bearer","refresh_token":"r2"}')
ENDED = json_answer(400, b'{"error":"invalid_grant"}')


@pytest.mark.parametrize(
    ("connections", "why", "breaches"),
    [
        ([[OK, LINK, ENDED]], "chain of refresh tokens broke", 1),
        ([[OK, LINK, RESET], [ENDED]], "sent twice", 0),
    ],
    ids=["refused", "refused at a second try"],
)
def test_a_refresh_token_that_was_sent_twice_breaks_no_chain(
    connections: list[list[bytes]], why: str, breaches: int
) -> None:
    with scripted(*connections) as (url, _):
        client = Client("web", "web", "secret", roles=frozenset({Role.WEB}))
        users = {"alice": User("alice", "alice", "password")}
        profile = Profile("t", "t.toml", url, clients={"web": client}, users=users)
        context = LoadContext(profile, {"token_endpoint": f"{url}/token"}, Transport(profile))
        chain = LoggedIn(context, 0)

        def refreshing() -> LoadFlow:
            yield from chain.iterate()
            yield from chain.iterate()

        with pytest.raises(ProbeError, match=why):
            run_flow(context.transport, refreshing())

    assert context.findings.breaches.total() == breaches
    # a second use may have ended what else the user has there
    assert context.logged_in_since(chain.provider, 0.0) == (not breaches)


def test_a_server_that_says_close_gets_a_new_connection_each_time() -> None:
    closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
    with scripted([closing], [closing]) as (url, received):
        answers_to(transport_for(url), *[Request.get(url)] * 2)

    assert len(received) == 2


def test_a_silent_server_ends_with_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

        with pytest.raises(ProbeError, match=r"within 0\.05 s"):
            answers_to(transport_for(url, 0.05), Request.get(url))


def test_a_server_that_is_silent_in_the_handshake_ends_with_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"

        with pytest.raises(ProbeError, match=r"within 0\.05 s"):
            answers_to(transport_for(url, 0.05), Request.get(url))


def test_a_refused_connection_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    with pytest.raises(ProbeError, match="connection refused"):
        answers_to(transport_for(url), Request.get(url))


def test_the_next_address_of_a_host_is_tried_where_the_first_takes_no_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with scripted([], [OK], [OK]) as (url, received):
        port = int(url.rpartition(":")[2])
        addresses = [(2, 1, 6, "", (host, port)) for host in ("127.0.0.2", "127.0.0.1")]
        monkeypatch.setattr(socket, "getaddrinfo", Mock(return_value=addresses))
        transport = transport_for(url)

        # two engines, of which the first tries the addresses
        answers = [answers_to(transport, Request.get(url)) for _ in range(2)]

    assert [one.status for (one,) in answers] == [200, 200]
    assert len(received) == 2


def test_credentials_go_to_no_host_that_the_profile_does_not_name() -> None:
    with pytest.raises(ProbeError, match=r"id\.example"):
        answers_to(transport_for("http://127.0.0.1:1"), Request.get("http://id.example/token"))


def test_tls_is_verified_and_its_sessions_are_resumed() -> None:
    with serve(reference_config(), tls=True) as server:
        url = f"{server.issuer}/.well-known/openid-configuration"
        tls = Tls(ca_file=server.ca_file)
        limits = Limits(body_bytes=100_000)
        transport = Transport(Profile("t", "t.toml", server.issuer, tls=tls, limits=limits))
        once = Request.get(url, headers=(("Connection", "close"),))
        answers = answers_to(transport, Request.get(url), once, Request.get(url))

        with pytest.raises(ProbeError, match="TLS failed"):
            answers_to(transport_for(server.issuer), Request.get(url))

    assert [one.status for one in answers] == [200, 200, 200]
    assert answers[0].body == answers[2].body


def test_a_flow_that_fails_before_it_asks_says_why() -> None:
    def failing() -> LoadFlow:
        yield from nobody()

    def nobody() -> Iterator[Request]:
        raise EvidenceError("there is no user")

    with pytest.raises(ProbeError, match="there is no user"):
        run_flow(transport_for("http://127.0.0.1:1"), failing())


def test_a_flow_that_asks_for_what_is_no_request_is_our_own_fault() -> None:
    def asking() -> LoadFlow:
        yield 7  # type: ignore[misc]  # what a scenario of somebody else may do

    with pytest.raises(TypeError, match=r"\bint$"):  # compiled code says it in other words
        run_flow(transport_for("http://127.0.0.1:1"), asking())


def test_a_flow_may_go_on_where_no_answer_came() -> None:
    with scripted([RESET], [OK]) as (url, received):

        def asking() -> LoadFlow:
            with pytest.raises(NoResponse, match="broken off"):
                yield Request.get(f"{url}/first")
            return (yield Request.get(f"{url}/second"))

        found = run_flow(transport_for(url), asking())

    assert found.body == b"ok"
    assert [one.partition(b" HTTP")[0] for one in received] == [b"GET /first", b"GET /second"]


def test_a_request_of_which_the_socket_takes_a_part_arrives_whole() -> None:
    body = bytes(range(256)) * 24_000
    with scripted([OK, OK, OK]) as (url, received):
        large = Request("POST", url, b"/large", (), body)
        answers = answers_to(transport_for(url), Request.get(url), Request.get(url), large)

    assert [one.status for one in answers] == [200, 200, 200]
    assert received[2].endswith(b"\r\n\r\n" + body)


def test_a_kept_connection_that_closes_while_another_host_is_asked_is_opened_anew() -> None:
    with scripted([OK], [OK]) as (first, received), scripted([OK]) as (second, _):
        transport = transport_for(first, endpoints={"token_endpoint": f"{second}/token"})
        answers = answers_to(transport, *[Request.get(url) for url in (first, second, first)])

    assert [one.status for one in answers] == [200, 200, 200]
    assert len(received) == 2


def test_where_no_address_of_a_host_takes_a_connection_the_first_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    addresses = [(2, 1, 6, "", (host, port)) for host in ("127.0.0.2", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", Mock(return_value=addresses))
    url = f"http://127.0.0.1:{port}"

    with pytest.raises(ProbeError, match="connection refused"):
        answers_to(transport_for(url), Request.get(url))


def test_without_stamps_of_the_kernel_answers_are_read_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (engine, connections):
        monkeypatch.setattr(module, "HAS_TIMESTAMPS", False)
    with scripted([OK, OK]) as (url, _):
        answers = answers_to(transport_for(url), *[Request.get(url)] * 2)

    assert [one.body for one in answers] == [b"ok", b"ok"]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"))


@contextmanager
def over_tls(certificates: Certificates, *answers: bytes | None) -> Iterator[Transport]:
    """Serve one connection its answers over TLS, then close it; None hangs up on its handshake."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.chain_file, certificates.key_file)

    def serve(listener: socket.socket) -> None:
        peer, _ = listener.accept()
        with peer, suppress(OSError):
            if answers == (None,):
                peer.recv(65_536)
                return
            with context.wrap_socket(peer, server_side=True) as tls:
                for answer in answers:
                    received = b""
                    while b"\r\n\r\n" not in received:
                        received += tls.recv(65_536)
                    tls.sendall(answer or b"")
                tls.unwrap()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        yield transport_for(url, tls=Tls(ca_file=certificates.ca_file))
        thread.join(5)


def answers_over_tls(transport: Transport, count: int = 1) -> list[Response]:
    (origin,) = transport.allowed_origins
    return answers_to(transport, *[Request.get(f"{origin}/")] * count)


@pytest.mark.parametrize("length", [3, 16_384, 40_000])
def test_a_body_that_ends_with_the_tls_session_is_read_to_its_end(
    certificates: Certificates, length: int
) -> None:
    body = b"x" * length
    with over_tls(certificates, b"HTTP/1.0 200 OK\r\n\r\n" + body) as transport:
        (answer,) = answers_over_tls(transport)

    assert (answer.status, answer.body) == (200, body[:100])
    assert answer.truncated is (length > 100)


def test_a_tls_session_that_ends_within_a_response_is_no_response(
    certificates: Certificates,
) -> None:
    short = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"

    with (
        over_tls(certificates, short) as transport,
        pytest.raises(ProbeError, match="closed before the response was complete"),
    ):
        answers_over_tls(transport)


def test_a_server_that_hangs_up_in_the_handshake_is_told_as_such(
    certificates: Certificates,
) -> None:
    with (
        over_tls(certificates, None) as transport,
        pytest.raises(ProbeError, match="TLS failed: UNEXPECTED_EOF"),
    ):
        answers_over_tls(transport)


@pytest.mark.parametrize("status", [404, 500])
def test_a_server_without_metadata_is_told_of_with_what_it_answered(status: int) -> None:
    answer = b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status
    with (
        scripted([answer] * 2, [answer] * 2) as (url, received),
        pytest.raises(ProbeError, match=str(status)),
    ):
        load_context(Profile("t", "t.toml", url))

    assert len(received) == 4
