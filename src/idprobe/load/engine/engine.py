"""One event loop that drives every simulated caller of a process over sockets that never block.

A caller is a generator: it yields what is to be sent and is sent what came back. The loop runs in a
thread of its own, so that neither Locust's greenlets wait for it nor it for them.
"""

import re
import ssl
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, Final

from idprobe.errors import IdprobeError, NoResponse, Refrained
from idprobe.load.engine.allowance import SPENT
from idprobe.load.engine.answers import Answer, Heads, Reader
from idprobe.load.engine.framing import FramingError
from idprobe.load.engine.lines import STAMPS, Line, Places, TlsLine
from idprobe.load.engine.originals import original
from idprobe.load.engine.packets import Packet
from idprobe.load.engine.transport import Transport, reason_of, shortage_of
from idprobe.load.engine.virtual_users import Moves, Pace, Seat
from idprobe.load.measure.counters import Tallies
from idprobe.load.measure.sampling import Samples
from idprobe.model.exchange import Request, Response

__all__ = ["Engine", "Moves", "Pace", "Seat"]

NS: Final = 1_000_000_000
BATCH: Final = 32
"""So many sockets are served before arrivals are looked at again."""
SWEEP_NS: Final = 50_000_000
"""How often exchanges are looked at that may have taken too long."""
MS: Final = 1_000_000
COARSE_NS: Final = 2 * MS
AWAKE_NS: Final = 400_000
"""So long before something is due we are awake, since who is woken then comes late."""
AWAKE_PART: Final = 10
"""But at most for this part of a wait, lest others on our processor starve."""
STAMP_NS: Final = 250_000
"""So often the lateness of a read is looked at, on average."""
STAMPS_AT_ONCE: Final = 4
"""So many in a row, since an answer may come in pieces."""
REFUSALS: Final = range(400, 500)
SENT_TWICE: Final = "sent twice, since a kept connection was broken off, and refused then"

_SERIAL: Final = re.compile(r"/(?=[^/]*\d)[^/]{12,}")


class Engine:
    """The loop. `run` returns when the pace says that it is over, or when `stop` was called."""

    def __init__(self, transport: Transport, *, spins: bool = False) -> None:
        self._transport: Final = transport
        self.spins: Final = spins
        self.spun_ns = 0
        """How long it was awake only to be so."""
        self.allowance: Final = transport.allowance
        self._limit_ns: Final = round(transport.limits.exchange_s * NS)
        self._places: Final = Places(transport)
        self._heads: Final = Heads(transport.limits.body_bytes)
        # made first, so that its number is one that select takes
        self._epoll: Final = original("select", "epoll")()
        self._poll: Final[Callable[[float, int], list[tuple[int, int]]]] = self._epoll.poll
        self._select: Final[Callable[..., Any]] = original("select", "select")
        self._lines: Final[dict[int, Line]] = {}
        self._busy: Final[set[Seat]] = set()
        self._broken: Final[deque[tuple[Seat, OSError | IdprobeError]]] = deque()
        self._ended: Final[deque[tuple[Seat, str | None]]] = deque()
        self._held: Final[deque[Seat]] = deque()
        self._turn = 0
        self._stamp_at_ns = 0
        self.tallies: Final = Tallies()
        self.samples: Final = Samples()
        self.on_lag: Callable[[int], None] | None = None
        self.requests = 0
        self.octets = 0
        self.reconnects = 0
        self.shortages: Final[Counter[str]] = Counter()
        self.stopped = False

    def stop(self) -> None:
        """Make `run` return soon; may be called from any thread."""
        self.stopped = True

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._lines)

    def run(self, pace: Pace) -> None:
        """Drive the callers until the pace is over."""
        clock = time.perf_counter_ns
        sweep_at = clock() + SWEEP_NS
        while not self.stopped:
            now = clock()
            wake_at = pace.due(now)
            self._settle(pace)
            if pace.over(clock()):
                break
            if self._held:
                wake_at = min(wake_at, self._release())
            events = self._ready(min(wake_at, sweep_at))
            stamped = self._stamped(events) if STAMPS and events else 0
            for fd, _ in events:
                line = self._lines.get(fd)
                if line is not None:
                    self._serve(line, stamped=fd == stamped)
            if now >= sweep_at:
                sweep_at = now + SWEEP_NS
                self._sweep(now)
            self._settle(pace)

    def _ready(self, wake_at: int) -> list[tuple[int, int]]:
        """Return the sockets that are ready, or none when it is time to wake.

        epoll waits by the millisecond, and rounds up; select by the microsecond.
        """
        if self.spins:
            return self._spun(wake_at)
        events = self._poll(0, BATCH)
        wait_ns = wake_at - time.perf_counter_ns()
        if events or wait_ns <= 0:
            return events
        awake_ns = min(AWAKE_NS, wait_ns // AWAKE_PART)
        if wait_ns - awake_ns > COARSE_NS:
            events = self._poll(((wait_ns - awake_ns) // MS - 0.5) / 1000, BATCH)
            if events:
                return events
            wait_ns = wake_at - time.perf_counter_ns()
        if wait_ns > awake_ns:
            self._select([self._epoll], [], [], (wait_ns - awake_ns) / NS)
        return self._spun(wake_at)

    def _spun(self, wake_at: int) -> list[tuple[int, int]]:
        """As `_ready`, and never sleep."""
        began = now = time.perf_counter_ns()
        events = self._poll(0, BATCH)
        while not events and now < wake_at and not self.stopped:
            events = self._poll(0, BATCH)
            now = time.perf_counter_ns()
        self.spun_ns += now - began
        return events

    def _stamped(self, events: list[tuple[int, int]]) -> int:
        """Return the socket whose lateness is looked at, 0 for none; each of a batch in turn."""
        now = time.perf_counter_ns()
        if now < self._stamp_at_ns:
            return 0
        earliest = now - STAMPS_AT_ONCE * STAMP_NS
        self._stamp_at_ns = max(self._stamp_at_ns, earliest) + STAMP_NS
        self._turn += 1
        return events[self._turn % len(events)][0]

    def begin(self, seat: Seat, flow: Moves, intended_ns: int | None = None) -> None:
        """Let a seat begin a flow, that was meant to start at a time, or just now."""
        seat.flow = flow
        seat.unanswered = seat.timed_out = False
        seat.came_ns = 0
        seat.begun_ns = time.perf_counter_ns()
        seat.intended_ns = seat.begun_ns if intended_ns is None else intended_ns
        self._busy.add(seat)
        self._advance(seat, None)

    def busy(self) -> tuple[Seat, ...]:
        """Return the seats whose flows are under way."""
        return tuple(self._busy)

    @property
    def has_work(self) -> bool:
        """Whether any flow is under way, or its end not yet told."""
        return bool(self._busy or self._broken or self._ended)

    def abandon(self, seat: Seat) -> None:
        """End a seat's flow where it is, and its connections."""
        self._busy.discard(seat)
        seat.resent = False
        if seat.flow is not None:
            seat.flow.close()
        for line in tuple(seat.lines.values()):
            self._drop(line, seat)

    def close(self) -> None:
        """Close every connection."""
        for line in tuple(self._lines.values()):
            line.close()
        self._lines.clear()
        self._epoll.close()

    def _settle(self, pace: Pace) -> None:
        """Tell flows what broke, and the pace what ended; none calls itself ever deeper."""
        while self._broken or self._ended:
            while self._broken:
                seat, error = self._broken.popleft()
                self._tell(seat, error)
            if self._ended:
                seat, failure = self._ended.popleft()
                pace.ended(seat, seat.came_ns or time.perf_counter_ns(), failure)

    def _tell(self, seat: Seat, error: OSError | IdprobeError) -> None:
        packet, flow = seat.packet, seat.flow
        if flow is None or packet is None:
            return
        if isinstance(error, IdprobeError) and not isinstance(error, FramingError):
            self._advance(seat, error)
            return
        seat.unanswered = True
        why = reason_of(error, self._transport.limits.exchange_s)
        self._advance(seat, NoResponse(packet, why))

    def _advance(self, seat: Seat, value: Any) -> None:
        """Go on with a seat's flow; what is no error of ours ends the engine."""
        flow = seat.flow
        if flow is None:
            return
        try:
            move = flow.throw(value) if isinstance(value, Exception) else flow.send(value)
        except StopIteration:
            self._end(seat, None)
        except NoResponse as error:
            self._end(seat, error.failure)
        except IdprobeError as error:
            self._end(seat, str(error))
        else:
            self._send(seat, move)

    def _end(self, seat: Seat, failure: str | None) -> None:
        seat.flow = None
        self._busy.discard(seat)
        if failure is not None:
            if seat.tally is not None:
                seat.tally.failed(failure, timed_out=seat.timed_out)
            if seat.packet is not None:
                elapsed = time.perf_counter_ns() - seat.sent_ns
                self.samples.failed(seat.packet, seat.answer, elapsed, failure)
        elif seat.tally is not None and seat.took_ns >= 0:
            seat.tally.took(seat.took_ns)
        seat.tally = None
        self._ended.append((seat, failure))

    def _send(self, seat: Seat, move: Packet | Request) -> None:
        if type(move) is Packet:
            packet, seat.raw = move, True
        elif isinstance(move, Request):
            packet, seat.raw = self._packet(move), False
        else:
            raise TypeError(f"a flow under load yields requests, not a {type(move).__name__}")
        # its flow goes on, so that the answer before was a good one
        if seat.tally is not None and seat.took_ns >= 0:
            seat.tally.took(seat.took_ns)
        seat.packet = packet
        seat.came_ns = 0
        seat.answer = None
        seat.tally = None
        seat.timed_out = False
        if self.allowance is None:
            self._go(seat, packet)
            return
        self._held.append(seat)
        self._release()
        self.allowance.held += bool(self._held)

    def _go(self, seat: Seat, packet: Packet) -> None:
        self.requests += 1
        seat.sent_ns = time.perf_counter_ns()
        self._put(seat, packet)

    def _release(self) -> int:
        """Send what the limits of the profile allow by now, and return when they allow more."""
        now, allowance = time.perf_counter_ns(), self.allowance
        while self._held and allowance is not None:
            seat = self._held[0]
            if seat.packet is None or seat not in self._busy:
                self._held.popleft()
            elif allowance.is_spent:
                allowance.refused += 1
                self._broken.append((self._held.popleft(), Refrained(SPENT)))
            elif wait_ns := allowance.wait_ns(now):
                return now + wait_ns
            else:
                self._go(self._held.popleft(), seat.packet)
        return now + NS

    def _put(self, seat: Seat, packet: Packet) -> None:
        """Send a packet on the seat's connection, or on a new one."""
        try:
            line = seat.lines.get(packet.origin)
            if line is None or line.ended:
                line = self._open(packet.origin, seat)
            seat.line, line.seat = line, seat
            line.used += 1
            line.received = False
            line.send(packet.data)
            if line.out and not line.armed:
                self._arm(line)
        except (OSError, Refrained) as error:
            kept = seat.lines.get(packet.origin)
            self._fail(seat, kept, error)

    def _packet(self, request: Request) -> Packet:
        name = f"{request.method} {_SERIAL.sub('/{id}', request.path)}"
        return Packet(request.origin, self._transport.head(request) + request.body, name)

    def _open(self, origin: str, seat: Seat) -> Line:
        place = self._places.at(origin)
        kind = Line if place.tls is None else TlsLine
        line = kind(place)
        try:
            line.open()
        except OSError:
            line.close()
            raise
        seat.lines[origin], line.owner = line, seat
        self._lines[line.fd] = line
        self._epoll.register(line.fd, IN | OUT)
        return line

    def _arm(self, line: Line) -> None:
        """Ask for the socket's being writable, or no more, as the connection wants it."""
        if line.armed != line.wants_out:
            line.armed = line.wants_out
            self._epoll.modify(line.fd, IN | OUT if line.armed else IN)

    def _serve(self, line: Line, *, stamped: bool) -> None:
        """Do what a connection is ready for."""
        try:
            # who does not wait to write has only to read
            data = line.progress(stamped=stamped) if line.armed else line.receive(stamped=stamped)
            seat = line.seat
            if seat is None:
                if data or line.ended:
                    self.reconnects += 1
                    self._drop(line, None)
                return
            if data:
                line.received = True
                self._read(line, seat, data)
            elif line.ended:
                self._finish(line, seat)
            if (line.armed or line.out) and not line.ended:
                self._arm(line)
        except (OSError, FramingError) as error:
            self._fail(line.seat, line, error)

    def _read(self, line: Line, seat: Seat, data: bytes) -> None:
        reader = line.reader
        if reader is None:
            answer = self._heads.whole(data)
            if answer is not None:
                self._answered(line, seat, answer)
                return
            reader = line.reader = Reader(self._transport.limits.body_bytes)
        if reader.feed(data):
            self._answered(line, seat, reader.answer)
        elif line.ended:
            self._answered(line, seat, reader.closed())
        else:
            self._lag(line)

    def _lag(self, line: Line) -> int:
        """Return how late the last read was, 0 if that was not looked at."""
        lag_ns, line.lag_ns = line.lag_ns, None
        if lag_ns is None:
            return 0
        if self.on_lag is not None:
            self.on_lag(lag_ns)
        return lag_ns

    def _finish(self, line: Line, seat: Seat) -> None:
        """Read the end of a connection: of a response, or of one that was stale."""
        if line.reader is None:
            raise FramingError("closed before the response was complete")
        self._answered(line, seat, line.reader.closed())

    def _answered(self, line: Line, seat: Seat, answer: Answer) -> None:
        now = time.perf_counter_ns()
        if line.lag_ns is not None:
            lag_ns = self._lag(line)
            # or somebody has set the clock of the stamps
            if 0 < lag_ns < now - seat.sent_ns:
                now -= lag_ns
        seat.came_ns = now
        line.seat = line.reader = seat.line = None
        if line.ended or not answer.head.keep:
            self._drop(line, seat)
        packet, seat.answer = seat.packet, answer
        if packet is not None:
            elapsed = now - seat.sent_ns
            tally = self.tallies.of(packet.name)
            tally.answered(answer.status, len(answer.body))
            self.octets += len(answer.body)
            seat.tally, seat.took_ns = tally, elapsed
            if elapsed > self.samples.slow_ns:
                self.samples.slow(packet, answer, elapsed)
        self._advance(seat, answer if seat.raw and not seat.resent else self._told_of(seat, answer))

    def _told_of(self, seat: Seat, answer: Answer) -> Answer | Response | NoResponse:
        """Return what a flow is told of an answer, where that is not the answer as it is.

        Who refuses what was sent twice may have done it the first time: that says nothing of it.
        """
        resent, seat.resent = seat.resent, False
        if resent and seat.packet is not None and answer.status in REFUSALS:
            return NoResponse(seat.packet, SENT_TWICE)
        return answer if seat.raw else answer.response()

    def _fail(
        self, seat: Seat | None, line: Line | None, error: OSError | FramingError | Refrained
    ) -> None:
        """Drop a connection; send once more where it was stale, else tell the flow why.

        A kept connection that ends without an octet of an answer was most often closed before the
        request came (RFC 9112 section 9.3.1). It may have been read all the same, so that a refusal
        of its repetition is no answer (`_told_of`; RFC 9110 section 9.2.2).
        """
        stale = line is not None and line.used > 1 and not line.received
        if line is not None:
            line.seat = line.reader = None
            self._drop(line, seat)
        if seat is None:
            return
        seat.line = None
        is_broken = isinstance(error, ConnectionError | FramingError | ssl.SSLEOFError)
        if stale and is_broken and seat.packet is not None:
            # once only, since that goes over a new connection, which cannot be stale
            seat.resent = True
            self.reconnects += 1
            if self.allowance is None:
                self._put(seat, seat.packet)
            else:
                self._held.append(seat)
                self._release()
            return
        seat.resent = False
        shortage = shortage_of(error)
        if shortage is not None:
            self.shortages[shortage] += 1
        if seat.packet is not None:
            tally = self.tallies.of(seat.packet.name)
            tally.unanswered()
            seat.tally, seat.took_ns = tally, -1
            if isinstance(error, TimeoutError):
                seat.timed_out = True
                tally.took(time.perf_counter_ns() - seat.sent_ns)
        self._broken.append((seat, error))

    def _drop(self, line: Line, seat: Seat | None) -> None:
        """Forget and close a connection."""
        if self._lines.get(line.fd) is line:
            del self._lines[line.fd]
        owner = seat if seat is not None else line.owner
        if owner is not None and owner.lines.get(line.place.origin) is line:
            del owner.lines[line.place.origin]
        line.close()

    def _sweep(self, now_ns: int) -> None:
        """End the exchanges that took too long."""
        for seat in tuple(self._busy):
            if seat.line is not None and now_ns - seat.sent_ns > self._limit_ns:
                self._fail(seat, seat.line, TimeoutError())


IN: Final = 1
OUT: Final = 4
"""EPOLLIN and EPOLLOUT, which gevent takes out of select."""
