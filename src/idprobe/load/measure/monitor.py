"""Looking at ourselves while load runs, second by second: lateness, and who had the processor."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from idprobe.load.measure.batch_recorder import BatchRecorder
from idprobe.load.measure.counters import Counters
from idprobe.load.measure.histogram import Histogram
from idprobe.load.measure.memory import unknown
from idprobe.load.measure.recording import Recording, Worker
from idprobe.load.measure.throttling import processor_ns, throttled_us
from idprobe.load.measure.windows import Phase, Window

__all__ = ["BUSY", "Monitor"]

WINDOW_NS: Final = 1_000_000_000
BUSY: Final = 0.85
"""A second in which we used, or waited for, the processor more than this had no reserve."""
COMPILED: Final = not __file__.endswith(".py")
"""Whether this module was compiled when it was installed, and the engine with it."""
INSTANT_S: Final = 0.25
"""What is left of a second at the end of a phase says little of how busy we are."""


class Engine(Protocol):
    """What sends and receives, and counts what came in, and how long it waited awake."""

    octets: int

    @property
    def spun_ns(self) -> int: ...

    @property
    def counters(self) -> Counters: ...

    @property
    def connections(self) -> int: ...


@dataclass(frozen=True, slots=True)
class _Second:
    """A second that is over, and not counted up yet."""

    from_ns: int
    to_ns: int
    latency: BatchRecorder
    slip: BatchRecorder
    lag: BatchRecorder
    began: int
    finished: int
    failed: int
    shares: tuple[float, float]
    octets: int
    connections: int


class Monitor:
    """Notes every iteration into the recording, and what each second was like.

    `steady_ns` is from when to when the steady state goes on, the end None where somebody else
    ends it.
    """

    def __init__(
        self,
        recording: Recording,
        engine: Engine,
        started_ns: int,
        steady_ns: tuple[int, int | None],
        server_memory: Callable[[], int | None] = unknown,
    ) -> None:
        self._recording: Final = recording
        self._engine: Final = engine
        self._octets = engine.octets
        self._over: _Second | None = None
        self._server_memory: Final = server_memory
        self._started_ns = started_ns
        self._steady_ns, self._end_ns = steady_ns
        self._service: Final = BatchRecorder()
        self._cut: Final = BatchRecorder()
        self._latency = BatchRecorder()
        self._slip = BatchRecorder()
        self._lag = BatchRecorder()
        self._window_ns = started_ns
        self._failed = self._began = self._finished = self._in_flight = 0
        self._cpu_ns, self._delay_ns = processor_ns()
        self._spun_ns = engine.spun_ns
        self._process_ns: Final = time.process_time_ns()
        self._busiest = 0.0
        self._throttled_us: Final = throttled_us()
        self.latest: tuple[Window, int] | None = None
        """The second that is over, and how many have failed so far, for another thread to read."""
        self._all_failed = 0
        self.next_ns = self._next_close(started_ns)

    def is_steady(self, intended_ns: int) -> bool:
        """Return whether an iteration that was meant to start then counts."""
        return intended_ns >= self._steady_ns

    def began(self, intended_ns: int) -> None:
        """Note an iteration that is to begin."""
        self._began += 1
        if intended_ns >= self._steady_ns:
            self._recording.scheduled += 1
        else:
            self._recording.warm_up_scheduled += 1

    def slipped(self, slip_ns: int) -> None:
        """Note how late we got to an arrival."""
        self._slip.note(slip_ns)

    def lagged(self, lag_ns: int) -> None:
        """Note how late we read an answer."""
        self._lag.note(max(0, lag_ns))

    def ended(
        self,
        intended_ns: int,
        begun_ns: int,
        now_ns: int,
        failure: str | None,
        *,
        timed_out: bool = False,
    ) -> None:
        """Note an iteration that ended, well or not.

        One that failed has no latency: refusals are fast. One that timed out has, since it took at
        least so long.
        """
        recording = self._recording
        self._finished += 1
        if failure is not None:
            self._failed += 1
        if intended_ns < self._steady_ns:
            recording.warm_up_ended += 1
            return
        if failure is None or timed_out:
            self._latency.note(now_ns - intended_ns)
            if begun_ns != intended_ns:
                self._service.note(now_ns - begun_ns)
        recording.ended(now_ns, failure)

    def unfinished(self, intended_ns: int, now_ns: int, why: str) -> None:
        """Note an iteration that has no end by now: at least so slow, and failed."""
        if intended_ns < self._steady_ns:
            self._recording.warm_up_ended += 1
            return
        self._cut.note(now_ns - intended_ns)
        self._recording.ended(now_ns, why)

    def tick(self, now_ns: int) -> None:
        """Close the window once its second is over; to count it up takes longer: see `settle`."""
        if now_ns >= self.next_ns:
            self._close(now_ns)
            self.next_ns = self._next_close(now_ns)

    @property
    def unsettled_ns(self) -> int | None:
        """When the window was closed that is not counted up, None if there is none."""
        return None if self._over is None else self._over.to_ns

    def settle(self) -> None:
        """Count up the window that was closed: a millisecond or so, in which nothing begins."""
        over, self._over = self._over, None
        if over is not None:
            self._count_up(over)

    def finish(self, now_ns: int) -> None:
        """Close the last window and the books."""
        self._close(now_ns)
        self.settle()
        recording = self._recording
        # in a closed loop the two are one, and noted once
        own = self._service.fold()
        recording.service.merge(own if own.count else recording.latency)
        recording.latency.merge(self._cut.fold())
        before, after = self._throttled_us, throttled_us()
        recording.throttled_us = None if before is None or after is None else after - before
        share = (time.process_time_ns() - self._process_ns) / max(1, now_ns - self._started_ns)
        busiest = self._busiest or round(share, 4)
        recording.workers.append(Worker(round(share, 4), busiest, COMPILED))

    def _next_close(self, now_ns: int) -> int:
        """Return when the window that begins now ends: each is of one second and of one phase."""
        passed = (now_ns - self._started_ns) // WINDOW_NS
        ends = (self._started_ns + (passed + 1) * WINDOW_NS, self._steady_ns, self._end_ns)
        return min(end for end in ends if end is not None and end > now_ns)

    def _phase(self, at_ns: int) -> Phase:
        if at_ns < self._steady_ns:
            return "warm-up"
        return "steady" if self._end_ns is None or at_ns < self._end_ns else "cool-down"

    def _close(self, now_ns: int) -> None:
        self.settle()
        engine = self._engine
        engine.counters.cut()
        self._over = _Second(
            self._window_ns,
            now_ns,
            self._latency,
            self._slip,
            self._lag,
            self._began,
            self._finished,
            self._failed,
            self._shares(max(1, now_ns - self._window_ns)),
            engine.octets - self._octets,
            engine.connections,
        )
        self._latency, self._slip, self._lag = BatchRecorder(), BatchRecorder(), BatchRecorder()
        self._window_ns = now_ns
        self._began = self._finished = self._failed = 0
        self._octets = engine.octets

    def _count_up(self, over: _Second) -> None:
        recording = self._recording
        latency, slip, lag = over.latency.fold(), over.slip.fold(), over.lag.fold()
        window = self._window(over, latency, slip.maximum, lag.maximum)
        # a run that ends where its schedule does leaves nothing but an instant
        if window.began or window.finished or window.kinds or window.phase != "cool-down":
            recording.note_window(window)
            if window.seconds > INSTANT_S:
                self._busiest = max(self._busiest, window.cpu)
        self._all_failed += over.failed
        self.latest = window, self._all_failed
        recording.latency.merge(latency)
        recording.slip.merge(slip)
        recording.lag.merge(lag)

    def _window(
        self, over: _Second, latency: Histogram, slip_ns: int | None, lag_ns: int | None
    ) -> Window:
        """Return what a second was like."""
        cpu, delay = over.shares
        self._in_flight += over.began - over.finished
        seconds = round(max(1, over.to_ns - over.from_ns) / 1e9, 3)
        return Window(
            at_s=round((over.from_ns - self._started_ns) / 1e9, 3),
            seconds=seconds,
            phase=self._phase(over.from_ns),
            began=over.began,
            finished=over.finished,
            failed=over.failed,
            latency=latency,
            slip_ns=slip_ns,
            lag_ns=lag_ns,
            cpu=cpu,
            delay=delay,
            busy_s=seconds if cpu + delay > BUSY else 0.0,
            octets=over.octets,
            connections=over.connections,
            in_flight=self._in_flight,
            server_bytes=self._server_memory(),
            kinds={one.name: one.kind for one in self._engine.counters.hand_over()},
        )

    def _shares(self, elapsed_ns: int) -> tuple[float, float]:
        """Return what share of the time this thread worked, and waited for a processor."""
        (ran_ns, waited_ns), spun_ns = processor_ns(), self._engine.spun_ns
        spun = spun_ns - self._spun_ns
        cpu, delay = max(0, ran_ns - self._cpu_ns - spun), waited_ns - self._delay_ns
        self._cpu_ns, self._delay_ns, self._spun_ns = ran_ns, waited_ns, spun_ns
        return round(cpu / elapsed_ns, 4), round(delay / elapsed_ns, 4)
