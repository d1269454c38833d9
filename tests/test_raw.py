"""The raw sender: octets as written, answers bounded, failures told apart."""

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from idprobe.client.http_sender import HttpSender
from idprobe.client.raw import OFFERS, Framing, How, Means, TlsRange, converse, greet, octets
from idprobe.client.raw.arrival import Watch
from idprobe.client.raw.client_hello import Answer, client_hello, read_answer
from idprobe.client.trust import tls_context
from idprobe.client.wire import Wire
from idprobe.errors import NoResponse, Refrained, Unsuited
from idprobe.flows import basic_credentials
from idprobe.judge.collect import InProcess
from idprobe.model.exchange import Connection, Exchange, Request, Sender
from idprobe.model.profile import Client, Limits, Profile, Provider, Tls, bare_profile
from idprobe.model.trace import Trace
from idprobe.probes.http.http_framing import answered
from idprobe.redaction import Vault
from idprobe_reference.certificates import Certificates, make_certificates

CUT_EXTENSIONS = (
    b"\x16\x03\x03\x00\x30\x02\x00\x00\x2c\x03\x03"
    + bytes(33)
    + b"\xc0\x2f\x00\x00\x06\x00\x2b\x00\x02"
)
OK = b"HTTP/1.1 200 OK\r\nX-Odd-Case: 1\r\nX-odd-case: 2\r\nContent-Length: 2\r\n\r\nhi"
TLS_1_2 = TlsRange(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
TLS_1_3 = TlsRange(ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3)


@dataclass
class Peer:
    """A server of one behaviour: what it answers, whether it closes, and what it was sent."""

    answer: bytes = OK
    closes: bool = True
    received: bytes = b""
    connections: int = 0
    port: int = 0
    _held: list[asyncio.StreamWriter] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._held.append(writer)
        self.received += await reader.read(1_048_576)
        writer.write(self.answer)
        if self.closes:
            writer.close()

    async def leave(self) -> None:
        """Close what is still open."""
        for writer in self._held:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def sent_to(
    peer: Peer,
    *requests: Request,
    how: How | None = None,
    limits: Limits | None = None,
) -> tuple[Exchange, ...]:
    """Return the exchanges of requests whose origin is the peer's."""

    async def main() -> tuple[Exchange, ...]:
        server = await asyncio.start_server(peer.talk, "127.0.0.1", 0)
        peer.port = server.sockets[0].getsockname()[1]
        origin = f"http://127.0.0.1:{peer.port}"
        found = await converse(
            [replace(request, origin=origin) for request in requests],
            Means(limits or Limits(), Tls(), tls_context),
            how,
        )
        server.close()
        await peer.leave()
        return found

    return asyncio.run(main())


def request(
    method: str = "GET", target: bytes = b"/", *headers: tuple[str, str], body: bytes = b""
) -> Request:
    return Request(method, "http://peer", target, headers, body)


def test_octets_go_out_as_they_are_written() -> None:
    peer = Peer()
    odd = request(
        "gEt", b"/a%zz\xff", ("hOST", "x"), ("Host", "y"), ("Content-Length ", "+3"), body=b"abc"
    )

    sent_to(peer, odd)

    head = b"gEt /a%zz\xff HTTP/1.1\r\nhOST: x\r\nHost: y\r\nContent-Length : +3\r\n\r\n"
    assert peer.received == head + b"abc"


def test_a_chunked_body_is_framed_and_stays_whole_in_the_exchange() -> None:
    peer = Peer()

    (exchange,) = sent_to(peer, request("POST", body=b"a=b"), how=How(Framing.CHUNKED))

    assert peer.received.endswith(b"\r\n\r\n3\r\na=b\r\n0\r\n\r\n")
    assert exchange.request.body == b"a=b"


def test_no_body_in_chunks_is_the_last_chunk_alone() -> None:
    assert octets(request(), Framing.CHUNKED).endswith(b"\r\n\r\n0\r\n\r\n")


def test_the_answer_keeps_the_spelling_of_its_headers() -> None:
    (exchange,) = sent_to(Peer(), request())

    assert exchange.answered.headers[:2] == (("X-Odd-Case", "1"), ("X-odd-case", "2"))
    assert exchange.answered.body == b"hi"
    assert exchange.sender is Sender.RAW
    assert exchange.connection.peer is not None
    assert exchange.connection.closed is None


@pytest.mark.parametrize("closes", [True, False])
def test_whether_the_server_closes_is_seen_where_it_is_waited_for(closes: bool) -> None:
    (exchange,) = sent_to(Peer(closes=closes), request(), how=How(closing_s=0.05))

    assert exchange.connection.closed is closes


def test_what_follows_an_answer_to_head_is_its_body() -> None:
    (exchange,) = sent_to(Peer(), request("HEAD"), how=How(closing_s=1.0))

    assert exchange.answered.body == b"hi"


def test_an_interim_answer_is_passed_over() -> None:
    (exchange,) = sent_to(Peer(b"HTTP/1.1 100 Continue\r\n\r\n" + OK), request())

    assert exchange.answered.status == 200


def test_a_body_without_end_is_cut_at_the_bound() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000

    (exchange,) = sent_to(Peer(answer), request(), limits=Limits(body_bytes=10))

    assert exchange.answered.body == b"x" * 10
    assert exchange.answered.truncated


def test_a_head_without_end_is_a_failure() -> None:
    answer = b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200_000

    (exchange,) = sent_to(Peer(answer), request())

    assert "breaks HTTP" in str(exchange.failure)


def test_a_silent_server_costs_no_more_than_the_deadline() -> None:
    (exchange,) = sent_to(Peer(b"", closes=False), request(), limits=Limits(exchange_s=0.05))

    assert exchange.failure == "no complete response within 0.05 s"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "closed the connection without an answer"),
        (b"SMTP ready\r\n\r\n", "breaks HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi", "breaks HTTP"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "breaks HTTP"),
    ],
    ids=["nothing", "no-http", "too-short", "bad-chunk"],
)
def test_a_broken_answer_is_a_failure_that_says_how(answer: bytes, why: str) -> None:
    (exchange,) = sent_to(Peer(answer), request())

    assert exchange.response is None
    assert why in str(exchange.failure)


def test_nobody_there_is_no_connection() -> None:
    nobody = request()
    means = Means(Limits(), Tls(), tls_context)

    (exchange,) = asyncio.run(converse([replace(nobody, origin="http://127.0.0.1:1")], means))

    assert str(exchange.failure).startswith("no connection")


class InTurn(Peer):
    """Answers two requests, and says how much of the next was there before its answer."""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._held.append(writer)
        for _ in range(2):
            head = await reader.readuntil(b"\r\n\r\n")
            waiting = len(reader._buffer)  # type: ignore[attr-defined]
            body = b"%s %d" % (head.split(b" ")[1], waiting)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


@pytest.mark.parametrize("pipelined", [True, False])
def test_requests_are_pipelined_only_where_that_is_asked_for(pipelined: bool) -> None:
    how = How(pipelined=pipelined)

    found = sent_to(InTurn(), request("GET", b"/1"), request("GET", b"/2"), how=how)

    bodies = [exchange.answered.body for exchange in found]
    assert bodies == [b"/1 19" if pipelined else b"/1 0", b"/2 0"]


def wire_to(profile: Profile, sender: HttpSender) -> Wire:
    return Wire(Provider(profile, {}, Client("nobody", "")), sender)


def test_the_wire_records_what_is_sent_raw_and_hides_its_secrets() -> None:
    secret = ("Authorization ", basic_credentials("c", "pss!")[1])
    peer = Peer()

    async def main() -> Wire:
        server = await asyncio.start_server(peer.talk, "127.0.0.1", 0)
        profile = bare_profile(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        async with HttpSender(profile) as sender:
            wire = wire_to(profile, sender)
            ours = replace(request("GET", b"/", secret), origin=profile.issuer)
            await wire.send_raw(ours, "odd")
        server.close()
        await peer.leave()
        return wire

    (exchange,) = asyncio.run(main()).exchanges
    redacted = Vault().redact(Trace("probe", (exchange,)))
    assert exchange.step == "odd"
    assert b"Authorization : Basic " in peer.received
    assert secret[1] not in str(redacted.last.request.headers)


def test_a_control_that_nobody_answers_ends_the_experiment() -> None:
    peer = Peer(answer=b"")

    async def main() -> None:
        server = await asyncio.start_server(peer.talk, "127.0.0.1", 0)
        profile = bare_profile(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        async with HttpSender(profile) as sender:
            ours = replace(request(), origin=profile.issuer)
            with pytest.raises(NoResponse):
                await answered(wire_to(profile, sender), ours, "control")
        server.close()
        await peer.leave()

    asyncio.run(main())

    assert peer.received.startswith(b"GET / ")


def test_raw_octets_obey_the_gate() -> None:
    profile = bare_profile("http://127.0.0.1:1")

    async def main() -> None:
        async with HttpSender(profile) as sender:
            ours = replace(request("POST"), origin="http://elsewhere.example")
            await wire_to(profile, sender).send_raw(ours)

    with pytest.raises(Refrained):
        asyncio.run(main())


def test_a_server_in_this_process_is_sent_no_raw_octets() -> None:
    profile = bare_profile("http://127.0.0.1:1")

    async def main() -> None:
        async with HttpSender(profile, InProcess(None)) as sender:  # type: ignore[arg-type]
            await wire_to(profile, sender).send_raw(replace(request(), origin=profile.issuer))

    with pytest.raises(Unsuited):
        asyncio.run(main())


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"))


def over_tls(
    certificates: Certificates,
    settle: Callable[[ssl.SSLContext], None],
    send: Callable[[Request, Means], Awaitable[Exchange]],
    ca_file: Path | None = None,
) -> Exchange:
    """Return what becomes of something sent to a TLS server with these settings.

    The server blocks in a thread: asyncio's closes without the alert of a failed handshake.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.chain_file, certificates.key_file)
    settle(context)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_once, args=(listener, context))
        thread.start()
        origin = f"https://127.0.0.1:{listener.getsockname()[1]}"
        means = Means(Limits(), Tls(ca_file=ca_file, insecure=True), tls_context)
        found = asyncio.run(awaited(send(replace(request(), origin=origin), means)))
        thread.join()
    return found


async def awaited(sending: Awaitable[Exchange]) -> Exchange:
    return await sending


def answer_once(listener: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = listener.accept()
    with connection, contextlib.suppress(OSError):
        connection.settimeout(5)
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(65_536)
            tls.sendall(OK)


def as_it_is(_context: ssl.SSLContext) -> None:
    return


def only_1_2(context: ssl.SSLContext) -> None:
    context.maximum_version = ssl.TLSVersion.TLSv1_2


def lax(context: ssl.SSLContext) -> None:
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED


def offering(offer: TlsRange) -> Callable[[Request, Means], Awaitable[Exchange]]:
    async def send(request: Request, means: Means) -> Exchange:
        return (await converse([request], means, How(offer=offer)))[0]

    return send


def greeting(name: str) -> Callable[[Request, Means], Awaitable[Exchange]]:
    async def send(request: Request, means: Means) -> Exchange:
        return await greet(request, means, name)

    return send


def test_a_handshake_is_made_with_the_versions_that_are_asked_for(
    certificates: Certificates,
) -> None:
    exchange = over_tls(certificates, as_it_is, offering(TLS_1_2), certificates.ca_file)

    assert exchange.answered.status == 200
    assert exchange.connection.tls_version == "TLSv1.2"
    assert exchange.connection.tls_offer == "TLSv1.2"
    assert exchange.connection.certificate_sha256 is not None


def test_a_refused_handshake_has_the_alert(certificates: Certificates) -> None:
    exchange = over_tls(certificates, only_1_2, offering(TLS_1_3), certificates.ca_file)

    assert exchange.response is None
    assert exchange.connection.tls_end == "alert protocol_version"


def test_an_offer_verifies_the_certificate_even_where_the_profile_does_not(
    certificates: Certificates,
) -> None:
    exchange = over_tls(certificates, as_it_is, offering(TLS_1_2))

    assert str(exchange.connection.tls_end).startswith("certificate: ")


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("usual", "TLSv1.2"),
        ("TLSv1", "TLSv1"),
        ("TLSv1.1", "TLSv1.1"),
        ("NULL", "TLSv1.2"),
        ("TLSv1.3", "TLSv1.3"),
        ("both", "TLSv1.3"),
    ],
)
def test_a_lax_server_answers_a_hello_by_its_choice(
    certificates: Certificates, name: str, version: str
) -> None:
    exchange = over_tls(certificates, lax, greeting(name))

    assert exchange.connection.tls_version == version
    assert exchange.connection.tls_end is None
    assert exchange.response is None


def test_a_server_of_yesterday_chooses_its_newest_version(certificates: Certificates) -> None:
    chosen = over_tls(certificates, only_1_2, greeting("both"))
    refused = over_tls(certificates, only_1_2, greeting("TLSv1.3"))

    assert chosen.connection.tls_version == "TLSv1.2"
    assert refused.connection.tls_end == "alert protocol_version"


@pytest.mark.parametrize("name", sorted(OFFERS.keys() - {"usual", "TLSv1.3", "both"}))
def test_a_server_of_today_refuses_all_but_the_usual_hello(
    certificates: Certificates, name: str
) -> None:
    exchange = over_tls(certificates, as_it_is, greeting(name))

    assert exchange.connection.tls_version is None
    assert str(exchange.connection.tls_end).startswith("alert ")


def test_a_hello_names_the_host_unless_it_is_an_address() -> None:
    assert b"id.example" in client_hello(OFFERS["usual"], "id.example")
    assert b"127.0.0.1" not in client_hello(OFFERS["usual"], "127.0.0.1")


@pytest.mark.parametrize(
    ("record", "answer"),
    [
        (b"", Answer(end="closed")),
        (b"\x15\x03\x03\x00\x02\x02\x46", Answer(end="alert protocol_version")),
        (b"\x15\x03\x03\x00\x02\x02\xfe", Answer(end="alert 254")),
        (b"HTTP/1.1 400 Bad Request", Answer()),
        (b"\x16\x03\x03", Answer()),
        (CUT_EXTENSIONS, Answer("TLSv1.2", "0xc02f")),
    ],
    ids=["closed", "alert", "unknown-alert", "http", "cut", "cut-extensions"],
)
def test_the_answer_to_a_hello_is_read(record: bytes, answer: Answer) -> None:
    assert read_answer(record) == answer


def test_a_hello_to_a_server_without_tls_negotiates_nothing() -> None:
    async def main() -> Exchange:
        peer = Peer()
        server = await asyncio.start_server(peer.talk, "127.0.0.1", 0)
        origin = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        found = await greet(
            replace(request(), origin=origin), Means(Limits(), Tls(), tls_context), "usual"
        )
        server.close()
        await peer.leave()
        return found

    exchange = asyncio.run(main())
    assert exchange.connection.tls_version is None
    assert exchange.connection.tls_end is None
    assert exchange.connection != Connection()


def test_tls_spoken_to_a_server_without_it_ends_on_our_side() -> None:
    peer = Peer()

    async def main() -> Exchange:
        server = await asyncio.start_server(peer.talk, "127.0.0.1", 0)
        origin = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        means = Means(Limits(), Tls(insecure=True), tls_context)
        found = await offering(TLS_1_2)(replace(request(), origin=origin), means)
        server.close()
        await peer.leave()
        return found

    assert asyncio.run(main()).connection.tls_end == "ours wrong_version_number"


@pytest.mark.parametrize(
    ("scheme", "failure", "tls_end"),
    [
        ("http", "the connection was reset", None),
        ("https", "closed", "closed"),
    ],
)
def test_a_connection_that_is_reset_at_once_was_not_made(
    monkeypatch: pytest.MonkeyPatch, scheme: str, failure: str, tls_end: str | None
) -> None:
    async def reset(*_: object, **__: object) -> None:
        raise ConnectionResetError

    async def dialled(_host: str, _port: int) -> socket.socket:
        return socket.socket()

    monkeypatch.setattr(asyncio, "open_connection", reset)
    ours = replace(request(), origin=f"{scheme}://127.0.0.1:1")

    means = Means(Limits(), Tls(), tls_context, dialled)
    (exchange,) = asyncio.run(converse([ours], means, None))

    assert failure in str(exchange.failure)
    assert exchange.connection.tls_end == tls_end


def test_a_client_certificate_of_the_profile_is_loaded(certificates: Certificates) -> None:
    mine = Tls(client_cert=certificates.chain_file, client_key=certificates.key_file)

    with pytest.raises(FileNotFoundError):
        tls_context(replace(mine, client_key=Path("nowhere")))
    assert tls_context(mine).verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize("option", [None, 9999], ids=["no-note", "no-such-option"])
def test_octets_without_a_stamp_of_the_kernel_have_our_own(
    monkeypatch: pytest.MonkeyPatch, option: int | None
) -> None:
    if option is not None:
        monkeypatch.setattr("idprobe.client.raw.arrival.STAMP", option)
    before = time.time_ns()

    async def main() -> int:
        with contextlib.closing(ours), contextlib.closing(theirs), Watch(ours) as watch:
            theirs.sendall(b"x")
            return await watch.arrived_ns()

    ours, theirs = socket.socketpair()
    arrived_ns = asyncio.run(main())

    assert before <= arrived_ns <= time.time_ns()
