"""Our own HTTP server, for the calls that a server under test makes to its clients.

A probe opens a `Place` at an address that nobody can guess, puts there what is to be served, and
hands the address to the server. Each call becomes an `Exchange` whose sender is the server; what
asks for no open place is told 404 and not recorded. Connections, octets and time are bounded.
"""

import asyncio
import contextlib
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import h11

from idprobe.client.clock import utc_now
from idprobe.errors import ProfileError
from idprobe.model.exchange import Connection, Exchange, Headers, Request, Response, Sender
from idprobe.model.profile import Listening, Profile

__all__ = ["NOT_FOUND", "Listener", "Place", "Reply", "listening"]

MAX_CONNECTIONS: Final = 32
MAX_CALLS: Final = 100
MAX_HEAD_BYTES: Final = 32_768
MAX_BODY_BYTES: Final = 262_144
REQUEST_S: Final = 10.0
"""How long a caller may take to say what it wants."""
ANSWER_S: Final = 60.0
"""How long we may take to answer, with what a probe holds back."""
CHUNK_BYTES: Final = 65_536
REFUSED_TOO_LARGE: Final = 413


@dataclass(frozen=True, slots=True)
class Reply:
    """What a place answers: after `delay_s`, its body `times` over, so that it can be huge."""

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    media_type: str | None = None
    headers: Headers = ()
    delay_s: float = 0.0
    times: int = 1

    @property
    def head(self) -> Headers:
        """All headers of the answer."""
        media = () if self.media_type is None else (("Content-Type", self.media_type),)
        length = str(len(self.body) * self.times)
        return (*media, *self.headers, ("Content-Length", length), ("Connection", "close"))


NOT_FOUND: Final = Reply(404, b"nothing here\n", "text/plain")
_NOBODY: Final = Request("", "", b"")
Told: TypeAlias = Callable[[Exchange], object]


@dataclass(slots=True, eq=False)
class Place:
    """One address of ours: what it serves, which may be changed, and who called."""

    step: str
    url: str
    reply: Reply
    _told: Told = field(repr=False)
    calls: list[Exchange] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    async def called(self, within_s: float, times: int = 1) -> bool:
        """Return whether so many calls have come, waiting for them no longer than that."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while len(self.calls) < times:
                    self._news.clear()
                    await self._news.wait()
        return len(self.calls) >= times

    def note(self, exchange: Exchange) -> None:
        """Keep a call that has been answered."""
        self.calls.append(exchange)
        self._told(exchange)
        self._news.set()


@dataclass(slots=True, eq=False)
class Listener:
    """A server of ours while a run lasts; `url` is how the server under test reaches it."""

    url: str
    _places: dict[str, Place] = field(default_factory=dict)
    _met: Counter[str] = field(default_factory=Counter)
    _connections: int = 0

    def open(self, step: str, reply: Reply, told: Told, suffix: str = "") -> Place:
        """Open a place for calls of this step, at an address of its own that ends in `suffix`."""
        path = f"/{secrets.token_urlsafe(16)}/{step}{suffix.partition('?')[0]}"
        place = Place(step, f"{self.url}/{path[1:]}{_query(suffix)}", reply, told)
        self._places[path] = place
        return place

    def close(self, place: Place) -> None:
        """Answer 404 there from now on."""
        self._places = {path: one for path, one in self._places.items() if one is not place}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request of a connection, and close it."""
        self._connections += 1
        try:
            if self._connections <= MAX_CONNECTIONS:
                await self._answer(reader, writer)
        except (OSError, TimeoutError, h11.ProtocolError):
            return  # whoever calls has gone, or speaks no HTTP: there is no call to record
        except asyncio.CancelledError:
            return  # the run is over; Python 3.11 prints a traceback for a handler that says so
        finally:
            self._connections -= 1
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
        async with asyncio.timeout(REQUEST_S):
            request, too_large = await self._read(talk, reader)
        started_at, begun = utc_now(), time.perf_counter_ns()
        place = self._place(request)
        reply = NOT_FOUND if place is None else place.reply
        reply = Reply(REFUSED_TOO_LARGE) if too_large else reply
        failure = await self._send(talk, writer, reply)
        if place is None:
            return
        elapsed_ns = time.perf_counter_ns() - begun
        response = _recorded(reply) if failure is None else None
        peer = writer.get_extra_info("peername")
        caller = Connection(peer=f"{peer[0]}:{peer[1]}" if peer else None)
        place.note(
            Exchange(
                request,
                response,
                started_at,
                elapsed_ns,
                place.step,
                failure,
                Sender.SERVER,
                caller,
            )
        )

    async def _read(
        self, talk: h11.Connection, reader: asyncio.StreamReader
    ) -> tuple[Request, bool]:
        """Return the request, and whether its body was longer than our bound."""
        request, body = _NOBODY, bytearray()
        while True:
            event: Any = talk.next_event()
            match event:
                case h11.NEED_DATA:
                    talk.receive_data(await reader.read(CHUNK_BYTES))
                case h11.Request():
                    request = _request(self.url, event)
                case h11.Data():
                    body += event.data
                    if len(body) > MAX_BODY_BYTES:
                        return _with_body(request, body[:MAX_BODY_BYTES]), True
                case h11.EndOfMessage():
                    return _with_body(request, body), False
                case _:
                    raise ConnectionResetError("the caller hung up")

    def _place(self, request: Request) -> Place | None:
        """Return the open place that a request asks for, while it has not been called too often."""
        base = self.url.partition("://")[2].partition("/")[2]
        path = request.path.removeprefix(f"/{base}") if base else request.path
        place = self._places.get(path)
        if place is None or self._met[path] >= MAX_CALLS:
            return None
        self._met[path] += 1
        return place

    async def _send(
        self, talk: h11.Connection, writer: asyncio.StreamWriter, reply: Reply
    ) -> str | None:
        """Send the answer; return why it did not get through, None if it did."""
        try:
            async with asyncio.timeout(ANSWER_S):
                await asyncio.sleep(reply.delay_s)
                head = h11.Response(status_code=reply.status, headers=list(reply.head))
                writer.write(talk.send(head) or b"")
                for _ in range(reply.times):
                    writer.write(talk.send(h11.Data(data=reply.body)) or b"")
                    await writer.drain()
                writer.write(talk.send(h11.EndOfMessage()) or b"")
                await writer.drain()
        except TimeoutError:
            return f"our answer was not taken within {ANSWER_S:g} s"
        except (OSError, h11.ProtocolError):
            return "the server under test hung up before it had our answer"
        return None


@contextlib.asynccontextmanager
async def listening(profile: Profile) -> AsyncIterator[Listener]:
    """Listen where the profile says, as long as the context lasts; raises ProfileError."""
    settings = profile.listener or Listening()
    listener = Listener("")
    try:
        server = await asyncio.start_server(listener.serve, settings.host, settings.port)
    except OSError as error:
        fix = f"cannot listen on {settings.host} port {settings.port}: {error.strerror or error}"
        raise ProfileError(profile.where, "listener", fix) from None
    port = server.sockets[0].getsockname()[1]
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    listener.url = (settings.public_url or f"http://{host}:{port}").rstrip("/")
    try:
        yield listener
    finally:
        server.close()
        listener._places.clear()  # noqa: SLF001 -- its own module


def _query(suffix: str) -> str:
    query = suffix.partition("?")[2]
    return f"?{query}" if query else ""


def _request(url: str, event: h11.Request) -> Request:
    scheme, _, rest = url.partition("://")
    headers = tuple(
        (n.decode("latin-1"), v.decode("latin-1")) for n, v in event.headers.raw_items()
    )
    origin = f"{scheme}://{rest.partition('/')[0]}"
    return Request(event.method.decode("latin-1"), origin, bytes(event.target), headers)


def _with_body(request: Request, body: bytearray) -> Request:
    return Request(request.method, request.origin, request.target, request.headers, bytes(body))


def _recorded(reply: Reply) -> Response:
    """Return our answer as evidence; of a huge one its first part."""
    part = reply.body[:CHUNK_BYTES] if reply.times > 1 else reply.body
    return Response(reply.status, reply.head, part, truncated=reply.times > 1)
