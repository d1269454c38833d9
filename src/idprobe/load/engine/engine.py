"""One event loop that drives every simulated caller of a process over sockets that never block.

A caller is a generator: it yields what is to be sent and is sent what came back. The loop runs in a
thread of its own, so that neither Locust's greenlets wait for it nor it for them.
"""

import ssl
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, Final

from idprobe.errors import IdprobeError, NoResponse, Refrained
from idprobe.load.engine.connection_pool import ConnectionPool
from idprobe.load.engine.connections import HAS_TIMESTAMPS, Connection
from idprobe.load.engine.encoded_requests import EncodedRequest, encoded
from idprobe.load.engine.framing import FramingError
from idprobe.load.engine.poller import Poller
from idprobe.load.engine.rate_limiter import LIMIT_EXHAUSTED
from idprobe.load.engine.responses import HeadCache, RawResponse, ResponseReader
from idprobe.load.engine.transport import Transport, reason_of, shortage_of
from idprobe.load.engine.virtual_users import LoadFlow, Scheduler, VirtualUser
from idprobe.load.measure.counters import Counters
from idprobe.load.measure.sampling import Samples
from idprobe.model.exchange import Request, Response

__all__ = ["Engine", "LoadFlow", "Scheduler", "VirtualUser"]

NS: Final = 1_000_000_000
SWEEP_NS: Final = 50_000_000
"""How often exchanges are looked at that may have taken too long."""
REFUSALS: Final = range(400, 500)
SENT_TWICE: Final = "sent twice, since a kept connection was broken off, and refused then"


class Engine:
    """The loop. `run` returns when the scheduler says that all is done, or after `stop`."""

    def __init__(self, transport: Transport, *, spins: bool = False) -> None:
        self._transport: Final = transport
        self.rate_limiter: Final = transport.rate_limiter
        self._limit_ns: Final = round(transport.limits.exchange_s * NS)
        self._heads: Final = HeadCache(transport.limits.body_bytes)
        self._poller: Final = Poller(spins=spins)
        self._pool: Final = ConnectionPool(transport, self._poller)
        self._busy: Final[set[VirtualUser]] = set()
        self._broken: Final[deque[tuple[VirtualUser, OSError | IdprobeError]]] = deque()
        self._ended: Final[deque[tuple[VirtualUser, str | None]]] = deque()
        self._delayed: Final[deque[VirtualUser]] = deque()
        self.counters: Final = Counters()
        self.samples: Final = Samples()
        self.on_lag: Callable[[int], None] | None = None
        self.requests = 0
        self.octets = 0
        self.reconnects = 0
        self.shortages: Final[Counter[str]] = Counter()

    def stop(self) -> None:
        """Make `run` return soon; may be called from any thread."""
        self._poller.stopped = True

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._poller.stopped

    @property
    def spins(self) -> bool:
        """Whether it never sleeps."""
        return self._poller.spins

    @property
    def spun_ns(self) -> int:
        """How long it was awake only to be so."""
        return self._poller.spun_ns

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._pool.by_fd)

    def run(self, scheduler: Scheduler) -> None:
        """Drive the callers until the scheduler is done."""
        clock, poller, connections = time.perf_counter_ns, self._poller, self._pool.by_fd
        sweep_at = clock() + SWEEP_NS
        while not poller.stopped:
            now = clock()
            wake_at = scheduler.due(now)
            self._settle(scheduler)
            if scheduler.over(clock()):
                break
            if self._delayed:
                wake_at = min(wake_at, self._release())
            events = poller.ready(min(wake_at, sweep_at))
            timestamped = poller.timestamped(events) if HAS_TIMESTAMPS and events else 0
            for fd, _ in events:
                connection = connections.get(fd)
                if connection is not None:
                    self._serve(connection, timestamped=fd == timestamped)
            if now >= sweep_at:
                sweep_at = now + SWEEP_NS
                self._sweep(now)
            self._settle(scheduler)

    def begin(self, user: VirtualUser, flow: LoadFlow, intended_ns: int | None = None) -> None:
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
        for connection in tuple(user.connections.values()):
            self._pool.drop(connection, user)

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()
        self._poller.close()

    def _settle(self, scheduler: Scheduler) -> None:
        """Tell flows what broke, and the scheduler what ended; none calls itself ever deeper."""
        while self._broken or self._ended:
            while self._broken:
                user, error = self._broken.popleft()
                self._tell(user, error)
            if self._ended:
                user, failure = self._ended.popleft()
                scheduler.ended(user, user.came_ns or time.perf_counter_ns(), failure)

    def _tell(self, user: VirtualUser, error: OSError | IdprobeError) -> None:
        request, flow = user.request, user.flow
        if flow is None or request is None:
            return
        if isinstance(error, IdprobeError) and not isinstance(error, FramingError):
            self._advance(user, error)
            return
        user.unanswered = True
        why = reason_of(error, self._transport.limits.exchange_s)
        self._advance(user, NoResponse(request, why))

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
            if user.request is not None:
                elapsed = time.perf_counter_ns() - user.sent_ns
                self.samples.failed(user.request, user.answer, elapsed, failure)
        elif user.counter is not None and user.took_ns >= 0:
            user.counter.took(user.took_ns)
        user.counter = None
        self._ended.append((user, failure))

    def _send(self, user: VirtualUser, move: EncodedRequest | Request) -> None:
        if type(move) is EncodedRequest:
            request, user.raw = move, True
        elif isinstance(move, Request):
            request, user.raw = encoded(move, self._transport), False
        else:
            raise TypeError(f"a flow under load yields requests, not a {type(move).__name__}")
        # its flow goes on, so that the answer before was a good one
        if user.counter is not None and user.took_ns >= 0:
            user.counter.took(user.took_ns)
        user.request = request
        user.came_ns = 0
        user.answer = None
        user.counter = None
        user.timed_out = False
        if self.rate_limiter is None:
            self._go(user, request)
            return
        self._delayed.append(user)
        self._release()
        self.rate_limiter.delayed += bool(self._delayed)

    def _go(self, user: VirtualUser, request: EncodedRequest) -> None:
        self.requests += 1
        user.sent_ns = time.perf_counter_ns()
        self._put(user, request)

    def _release(self) -> int:
        """Send what the limits of the profile allow by now, and return when they allow more."""
        now, rate_limiter = time.perf_counter_ns(), self.rate_limiter
        while self._delayed and rate_limiter is not None:
            user = self._delayed[0]
            if user.request is None or user not in self._busy:
                self._delayed.popleft()
            elif rate_limiter.is_spent:
                rate_limiter.refused += 1
                self._broken.append((self._delayed.popleft(), Refrained(LIMIT_EXHAUSTED)))
            elif wait_ns := rate_limiter.wait_ns(now):
                return now + wait_ns
            else:
                self._go(self._delayed.popleft(), user.request)
        return now + NS

    def _put(self, user: VirtualUser, request: EncodedRequest) -> None:
        """Send a request on the user's connection, or on a new one."""
        try:
            connection = user.connections.get(request.origin)
            if connection is None or connection.ended:
                connection = self._pool.open(request.origin, user)
            user.connection, connection.user = connection, user
            connection.used += 1
            connection.received = False
            connection.send(request.data)
            if connection.out and not connection.armed:
                self._pool.arm(connection)
        except (OSError, Refrained) as error:
            kept = user.connections.get(request.origin)
            self._fail(user, kept, error)

    def _serve(self, connection: Connection, *, timestamped: bool) -> None:
        """Do what a connection is ready for."""
        try:
            # who does not wait to write has only to read
            data = (
                connection.progress(timestamped=timestamped)
                if connection.armed
                else connection.receive(timestamped=timestamped)
            )
            user = connection.user
            if user is None:
                if data or connection.ended:
                    self.reconnects += 1
                    self._pool.drop(connection, None)
                return
            if data:
                connection.received = True
                self._read(connection, user, data)
            elif connection.ended:
                self._finish(connection, user)
            if (connection.armed or connection.out) and not connection.ended:
                self._pool.arm(connection)
        except (OSError, FramingError) as error:
            self._fail(connection.user, connection, error)

    def _read(self, connection: Connection, user: VirtualUser, data: bytes) -> None:
        reader = connection.reader
        if reader is None:
            answer = self._heads.whole(data)
            if answer is not None:
                self._answered(connection, user, answer)
                return
            reader = connection.reader = ResponseReader(self._transport.limits.body_bytes)
        if reader.feed(data):
            self._answered(connection, user, reader.answer)
        elif connection.ended:
            self._answered(connection, user, reader.closed())
        else:
            self._lag(connection)

    def _lag(self, connection: Connection) -> int:
        """Return how late the last read was, 0 if that was not looked at."""
        lag_ns, connection.lag_ns = connection.lag_ns, None
        if lag_ns is None:
            return 0
        if self.on_lag is not None:
            self.on_lag(lag_ns)
        return lag_ns

    def _finish(self, connection: Connection, user: VirtualUser) -> None:
        """Read the end of a connection: of a response, or of one that was stale."""
        if connection.reader is None:
            raise FramingError("closed before the response was complete")
        self._answered(connection, user, connection.reader.closed())

    def _answered(self, connection: Connection, user: VirtualUser, answer: RawResponse) -> None:
        now = time.perf_counter_ns()
        if connection.lag_ns is not None:
            lag_ns = self._lag(connection)
            # or somebody has set the clock of the stamps
            if 0 < lag_ns < now - user.sent_ns:
                now -= lag_ns
        user.came_ns = now
        connection.user = connection.reader = user.connection = None
        if connection.ended or not answer.head.keep:
            self._pool.drop(connection, user)
        request, user.answer = user.request, answer
        if request is not None:
            elapsed = now - user.sent_ns
            counter = self.counters.of(request.name)
            counter.answered(answer.status, len(answer.body))
            self.octets += len(answer.body)
            user.counter, user.took_ns = counter, elapsed
            if elapsed > self.samples.slow_ns:
                self.samples.slow(request, answer, elapsed)
        self._advance(user, answer if user.raw and not user.resent else self._told_of(user, answer))

    def _told_of(
        self, user: VirtualUser, answer: RawResponse
    ) -> RawResponse | Response | NoResponse:
        """Return what a flow is told of an answer, where that is not the answer as it is.

        Who refuses what was sent twice may have done it the first time: that says nothing of it.
        """
        resent, user.resent = user.resent, False
        if resent and user.request is not None and answer.status in REFUSALS:
            return NoResponse(user.request, SENT_TWICE)
        return answer if user.raw else answer.response()

    def _fail(
        self,
        user: VirtualUser | None,
        connection: Connection | None,
        error: OSError | FramingError | Refrained,
    ) -> None:
        """Drop a connection; send once more where it was stale, else tell the flow why.

        A kept connection that ends without an octet of an answer was most often closed before the
        request came (RFC 9112 section 9.3.1). It may have been read all the same, so that a refusal
        of its repetition is no answer (`_told_of`; RFC 9110 section 9.2.2).
        """
        stale = connection is not None and connection.used > 1 and not connection.received
        if connection is not None:
            connection.user = connection.reader = None
            self._pool.drop(connection, user)
        if user is None:
            return
        user.connection = None
        is_broken = isinstance(error, ConnectionError | FramingError | ssl.SSLEOFError)
        if stale and is_broken and user.request is not None:
            # once only, since that goes over a new connection, which cannot be stale
            user.resent = True
            self.reconnects += 1
            if self.rate_limiter is None:
                self._put(user, user.request)
            else:
                self._delayed.append(user)
                self._release()
            return
        user.resent = False
        shortage = shortage_of(error)
        if shortage is not None:
            self.shortages[shortage] += 1
        if user.request is not None:
            counter = self.counters.of(user.request.name)
            counter.unanswered()
            user.counter, user.took_ns = counter, -1
            if isinstance(error, TimeoutError):
                user.timed_out = True
                counter.took(time.perf_counter_ns() - user.sent_ns)
        self._broken.append((user, error))

    def _sweep(self, now_ns: int) -> None:
        """End the exchanges that took too long."""
        for user in tuple(self._busy):
            if user.connection is not None and now_ns - user.sent_ns > self._limit_ns:
                self._fail(user, user.connection, TimeoutError())
