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
from idprobe.load.engine.virtual_users import Moves, Pace, VirtualUser
from idprobe.load.measure.counters import Counters
from idprobe.load.measure.sampling import Samples
from idprobe.model.exchange import Request, Response

__all__ = ["Engine", "Moves", "Pace", "VirtualUser"]

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
        self._busy: Final[set[VirtualUser]] = set()
        self._broken: Final[deque[tuple[VirtualUser, OSError | IdprobeError]]] = deque()
        self._ended: Final[deque[tuple[VirtualUser, str | None]]] = deque()
        self._held: Final[deque[VirtualUser]] = deque()
        self._turn = 0
        self._stamp_at_ns = 0
        self.counters: Final = Counters()
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

    def begin(self, user: VirtualUser, flow: Moves, intended_ns: int | None = None) -> None:
        """Start a virtual user on a flow, meant to start at `intended_ns`, or now."""
        user.flow = flow
        user.unanswered = user.timed_out = False
        user.came_ns = 0
        user.begun_ns = time.perf_counter_ns()
        user.intended_ns = user.begun_ns if intended_ns is None else intended_ns
        self._busy.add(user)
        self._advance(user, None)

    def busy(self) -> tuple[VirtualUser, ...]:
        """Return the virtual users whose flows are under way."""
        return tuple(self._busy)

    @property
    def has_work(self) -> bool:
        """Whether any flow is under way, or its end not yet told."""
        return bool(self._busy or self._broken or self._ended)

    def abandon(self, user: VirtualUser) -> None:
        """End a virtual user's flow where it is, and its connections."""
        self._busy.discard(user)
        user.resent = False
        if user.flow is not None:
            user.flow.close()
        for line in tuple(user.lines.values()):
            self._drop(line, user)

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
                user, error = self._broken.popleft()
                self._tell(user, error)
            if self._ended:
                user, failure = self._ended.popleft()
                pace.ended(user, user.came_ns or time.perf_counter_ns(), failure)

    def _tell(self, user: VirtualUser, error: OSError | IdprobeError) -> None:
        packet, flow = user.packet, user.flow
        if flow is None or packet is None:
            return
        if isinstance(error, IdprobeError) and not isinstance(error, FramingError):
            self._advance(user, error)
            return
        user.unanswered = True
        why = reason_of(error, self._transport.limits.exchange_s)
        self._advance(user, NoResponse(packet, why))

    def _advance(self, user: VirtualUser, value: Any) -> None:
        """Resume a virtual user's flow; what is no error of ours ends the engine."""
        flow = user.flow
        if flow is None:
            return
        try:
            move = flow.throw(value) if isinstance(value, Exception) else flow.send(value)
        except StopIteration:
            self._end(user, None)
        except NoResponse as error:
            self._end(user, error.failure)
        except IdprobeError as error:
            self._end(user, str(error))
        else:
            self._send(user, move)

    def _end(self, user: VirtualUser, failure: str | None) -> None:
        user.flow = None
        self._busy.discard(user)
        if failure is not None:
            if user.counter is not None:
                user.counter.failed(failure, timed_out=user.timed_out)
            if user.packet is not None:
                elapsed = time.perf_counter_ns() - user.sent_ns
                self.samples.failed(user.packet, user.answer, elapsed, failure)
        elif user.counter is not None and user.took_ns >= 0:
            user.counter.took(user.took_ns)
        user.counter = None
        self._ended.append((user, failure))

    def _send(self, user: VirtualUser, move: Packet | Request) -> None:
        if type(move) is Packet:
            packet, user.raw = move, True
        elif isinstance(move, Request):
            packet, user.raw = self._packet(move), False
        else:
            raise TypeError(f"a flow under load yields requests, not a {type(move).__name__}")
        # its flow goes on, so that the answer before was a good one
        if user.counter is not None and user.took_ns >= 0:
            user.counter.took(user.took_ns)
        user.packet = packet
        user.came_ns = 0
        user.answer = None
        user.counter = None
        user.timed_out = False
        if self.allowance is None:
            self._go(user, packet)
            return
        self._held.append(user)
        self._release()
        self.allowance.held += bool(self._held)

    def _go(self, user: VirtualUser, packet: Packet) -> None:
        self.requests += 1
        user.sent_ns = time.perf_counter_ns()
        self._put(user, packet)

    def _release(self) -> int:
        """Send what the limits of the profile allow by now, and return when they allow more."""
        now, allowance = time.perf_counter_ns(), self.allowance
        while self._held and allowance is not None:
            user = self._held[0]
            if user.packet is None or user not in self._busy:
                self._held.popleft()
            elif allowance.is_spent:
                allowance.refused += 1
                self._broken.append((self._held.popleft(), Refrained(SPENT)))
            elif wait_ns := allowance.wait_ns(now):
                return now + wait_ns
            else:
                self._go(self._held.popleft(), user.packet)
        return now + NS

    def _put(self, user: VirtualUser, packet: Packet) -> None:
        """Send a packet on the user's connection, or on a new one."""
        try:
            line = user.lines.get(packet.origin)
            if line is None or line.ended:
                line = self._open(packet.origin, user)
            user.line, line.user = line, user
            line.used += 1
            line.received = False
            line.send(packet.data)
            if line.out and not line.armed:
                self._arm(line)
        except (OSError, Refrained) as error:
            kept = user.lines.get(packet.origin)
            self._fail(user, kept, error)

    def _packet(self, request: Request) -> Packet:
        name = f"{request.method} {_SERIAL.sub('/{id}', request.path)}"
        return Packet(request.origin, self._transport.head(request) + request.body, name)

    def _open(self, origin: str, user: VirtualUser) -> Line:
        place = self._places.at(origin)
        kind = Line if place.tls is None else TlsLine
        line = kind(place)
        try:
            line.open()
        except OSError:
            line.close()
            raise
        user.lines[origin], line.owner = line, user
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
            user = line.user
            if user is None:
                if data or line.ended:
                    self.reconnects += 1
                    self._drop(line, None)
                return
            if data:
                line.received = True
                self._read(line, user, data)
            elif line.ended:
                self._finish(line, user)
            if (line.armed or line.out) and not line.ended:
                self._arm(line)
        except (OSError, FramingError) as error:
            self._fail(line.user, line, error)

    def _read(self, line: Line, user: VirtualUser, data: bytes) -> None:
        reader = line.reader
        if reader is None:
            answer = self._heads.whole(data)
            if answer is not None:
                self._answered(line, user, answer)
                return
            reader = line.reader = Reader(self._transport.limits.body_bytes)
        if reader.feed(data):
            self._answered(line, user, reader.answer)
        elif line.ended:
            self._answered(line, user, reader.closed())
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

    def _finish(self, line: Line, user: VirtualUser) -> None:
        """Read the end of a connection: of a response, or of one that was stale."""
        if line.reader is None:
            raise FramingError("closed before the response was complete")
        self._answered(line, user, line.reader.closed())

    def _answered(self, line: Line, user: VirtualUser, answer: Answer) -> None:
        now = time.perf_counter_ns()
        if line.lag_ns is not None:
            lag_ns = self._lag(line)
            # or somebody has set the clock of the stamps
            if 0 < lag_ns < now - user.sent_ns:
                now -= lag_ns
        user.came_ns = now
        line.user = line.reader = user.line = None
        if line.ended or not answer.head.keep:
            self._drop(line, user)
        packet, user.answer = user.packet, answer
        if packet is not None:
            elapsed = now - user.sent_ns
            counter = self.counters.of(packet.name)
            counter.answered(answer.status, len(answer.body))
            self.octets += len(answer.body)
            user.counter, user.took_ns = counter, elapsed
            if elapsed > self.samples.slow_ns:
                self.samples.slow(packet, answer, elapsed)
        self._advance(user, answer if user.raw and not user.resent else self._told_of(user, answer))

    def _told_of(self, user: VirtualUser, answer: Answer) -> Answer | Response | NoResponse:
        """Return what a flow is told of an answer, where that is not the answer as it is.

        Who refuses what was sent twice may have done it the first time: that says nothing of it.
        """
        resent, user.resent = user.resent, False
        if resent and user.packet is not None and answer.status in REFUSALS:
            return NoResponse(user.packet, SENT_TWICE)
        return answer if user.raw else answer.response()

    def _fail(
        self, user: VirtualUser | None, line: Line | None, error: OSError | FramingError | Refrained
    ) -> None:
        """Drop a connection; send once more where it was stale, else tell the flow why.

        A kept connection that ends without an octet of an answer was most often closed before the
        request came (RFC 9112 section 9.3.1). It may have been read all the same, so that a refusal
        of its repetition is no answer (`_told_of`; RFC 9110 section 9.2.2).
        """
        stale = line is not None and line.used > 1 and not line.received
        if line is not None:
            line.user = line.reader = None
            self._drop(line, user)
        if user is None:
            return
        user.line = None
        is_broken = isinstance(error, ConnectionError | FramingError | ssl.SSLEOFError)
        if stale and is_broken and user.packet is not None:
            # once only, since that goes over a new connection, which cannot be stale
            user.resent = True
            self.reconnects += 1
            if self.allowance is None:
                self._put(user, user.packet)
            else:
                self._held.append(user)
                self._release()
            return
        user.resent = False
        shortage = shortage_of(error)
        if shortage is not None:
            self.shortages[shortage] += 1
        if user.packet is not None:
            counter = self.counters.of(user.packet.name)
            counter.unanswered()
            user.counter, user.took_ns = counter, -1
            if isinstance(error, TimeoutError):
                user.timed_out = True
                counter.took(time.perf_counter_ns() - user.sent_ns)
        self._broken.append((user, error))

    def _drop(self, line: Line, user: VirtualUser | None) -> None:
        """Forget and close a connection."""
        if self._lines.get(line.fd) is line:
            del self._lines[line.fd]
        owner = user if user is not None else line.owner
        if owner is not None and owner.lines.get(line.place.origin) is line:
            del owner.lines[line.place.origin]
        line.close()

    def _sweep(self, now_ns: int) -> None:
        """End the exchanges that took too long."""
        for user in tuple(self._busy):
            if user.line is not None and now_ns - user.sent_ns > self._limit_ns:
                self._fail(user, user.line, TimeoutError())


IN: Final = 1
OUT: Final = 4
"""EPOLLIN and EPOLLOUT, which gevent takes out of select."""
