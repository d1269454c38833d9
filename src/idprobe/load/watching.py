"""Looking at ourselves while load runs, second by second: lateness, and who had the processor."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from idprobe.load.memory import unknown
from idprobe.load.recording import Recording, Window, Worker
from idprobe.load.tape import Tape
from idprobe.load.throttling import throttled_us

__all__ = ["Watch"]

WINDOW_NS: Final = 1_000_000_000
MAX_WINDOWS: Final = 100_000
SCHEDSTAT: Final = Path("/proc/thread-self/schedstat")


class Engine(Protocol):
    """What sends and receives: how many octets of bodies came in, how many connections it has."""

    octets: int

    @property
    def connections(self) -> int: ...


class Watch:
    """Notes every iteration into the recording, and what each second was like."""

    def __init__(
        self,
        recording: Recording,
        engine: Engine,
        started_ns: int,
        warm_up_ns: int,
        server_memory: Callable[[], int | None] = unknown,
    ) -> None:
        self._recording: Final = recording
        self._engine: Final = engine
        self._octets = engine.octets
        self._server_memory: Final = server_memory
        self._started_ns = started_ns
        self._steady_ns: Final = started_ns + warm_up_ns
        self._service: Final = Tape()
        self._cut: Final = Tape()
        self._latency = Tape()
        self._slip = Tape()
        self._lag = Tape()
        self._window_ns = started_ns
        self._failed = self._began = 0
        self._cpu_ns, self._delay_ns = _processor()
        self._process_ns: Final = time.process_time_ns()
        self._throttled_us: Final = throttled_us()
        self.next_ns = started_ns + WINDOW_NS

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

    def ended(self, intended_ns: int, begun_ns: int, now_ns: int, failure: str | None) -> None:
        """Note an iteration that ended, well or not."""
        recording = self._recording
        if failure is not None:
            self._failed += 1
        if intended_ns < self._steady_ns:
            recording.warm_up_ended += 1
            return
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
        """Close the window, once its second is over."""
        if now_ns >= self.next_ns:
            self._close(now_ns)
            self.next_ns = now_ns + WINDOW_NS

    def finish(self, now_ns: int) -> None:
        """Close the last window and the books."""
        self._close(now_ns)
        recording = self._recording
        # in a closed loop the two are one, and noted once
        own = self._service.fold()
        recording.service.merge(own if own.count else recording.latency)
        recording.latency.merge(self._cut.fold())
        before, after = self._throttled_us, throttled_us()
        recording.throttled_us = None if before is None or after is None else after - before
        share = (time.process_time_ns() - self._process_ns) / max(1, now_ns - self._started_ns)
        busiest = max(one.cpu for one in recording.windows)
        recording.workers.append(Worker(round(share, 4), busiest))

    def _close(self, now_ns: int) -> None:
        recording = self._recording
        latency, slip, lag = self._latency.fold(), self._slip.fold(), self._lag.fold()
        cpu_ns, delay_ns = _processor()
        elapsed = max(1, now_ns - self._window_ns)
        if len(recording.windows) < MAX_WINDOWS:
            window = Window(
                at_s=round((self._window_ns - self._started_ns) / 1e9, 3),
                seconds=round(elapsed / 1e9, 3),
                steady=self._window_ns >= self._steady_ns,
                began=self._began,
                finished=latency.count,
                failed=self._failed,
                p50_ns=latency.percentile(50),
                p99_ns=latency.percentile(99),
                max_ns=latency.maximum,
                slip_ns=slip.percentile(99),
                lag_ns=lag.percentile(99),
                cpu=round((cpu_ns - self._cpu_ns) / elapsed, 4),
                delay=round((delay_ns - self._delay_ns) / elapsed, 4),
                octets=self._engine.octets - self._octets,
                connections=self._engine.connections,
                server_bytes=self._server_memory(),
            )
            recording.windows.append(window)
        recording.latency.merge(latency)
        recording.slip.merge(slip)
        recording.lag.merge(lag)
        self._latency, self._slip, self._lag = Tape(), Tape(), Tape()
        self._cpu_ns, self._delay_ns, self._window_ns = cpu_ns, delay_ns, now_ns
        self._began = self._failed = 0
        self._octets = self._engine.octets


def _processor() -> tuple[int, int]:
    """Return how long this thread ran, and how long it waited for a processor, in ns."""
    try:
        ran, waited, _ = SCHEDSTAT.read_bytes().split()
    except (OSError, ValueError):
        return time.thread_time_ns(), 0
    return int(ran), int(waited)
