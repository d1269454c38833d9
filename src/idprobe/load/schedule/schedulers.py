"""When callers begin: on a schedule that never looks at answers, or each after its own answer."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from idprobe.load.engine.engine import Engine, VirtualUser
from idprobe.load.engine.rate_limiter import LIMIT_EXHAUSTED
from idprobe.load.measure.memory import unknown
from idprobe.load.measure.monitor import Monitor
from idprobe.load.measure.recording import UNFINISHED, UNSENT, Recording
from idprobe.load.schedule.outage import OutageDetector
from idprobe.load.schedule.schedule import Arrivals
from idprobe.load.schedule.user_pool import VirtualUserPool

__all__ = ["ClosedScheduler", "OpenScheduler", "PhaseTimes"]

NS: Final = 1_000_000_000
FAR_NS: Final = NS
AT_ONCE: Final = 32
"""So many arrivals begin before sockets are served again, however late we are."""
PAUSE_NS: Final = 1_000_000
"""A second that is over is counted up when nothing is to begin for so long."""
AT_LAST_NS: Final = NS // 2
"""But after so long in any case."""
REST_NS: Final = 50_000_000
"""How long a user of a closed loop rests after a connection that failed."""


@dataclass(frozen=True, slots=True)
class PhaseTimes:
    """How long a run warms up, how long it goes on in all, and how long it waits at the end."""

    warm_up_s: float = 0.0
    duration_s: float | None = None
    """None in a closed loop that somebody else ends."""
    patience_s: float = 10.0
    server_memory: Callable[[], int | None] = unknown
    """How many octets of memory the server holds."""


class OpenScheduler:
    """Arrivals on a schedule; one that finds every caller at work waits, and that counts."""

    def __init__(
        self,
        engine: Engine,
        pool: VirtualUserPool,
        arrivals: Arrivals,
        recording: Recording,
        times: PhaseTimes,
    ) -> None:
        self._engine: Final = engine
        self._pool: Final = pool
        self._recording: Final = recording
        self._offsets: Final = arrivals.offsets_ns()
        self._waiting: Final[deque[int]] = deque()
        started = time.perf_counter_ns()
        self._started_ns: Final = started
        self._end_ns = started + round(arrivals.duration_s * NS)
        self._patience_ns: Final = round(times.patience_s * NS)
        self.outage: Final = OutageDetector()
        self._next_ns = self._following()
        recording.started_ns = started + round(times.warm_up_s * NS)
        steady_ns = recording.started_ns, self._end_ns
        self.monitor: Final = Monitor(recording, engine, started, steady_ns, times.server_memory)
        engine.on_lag = self.monitor.lagged

    def _following(self) -> int | None:
        offset = next(self._offsets, None)
        return None if offset is None else self._started_ns + offset

    def due(self, now_ns: int) -> int:
        """Begin the arrivals that are due."""
        if now_ns >= self.monitor.next_ns:
            self.monitor.tick(now_ns)
            now_ns = time.perf_counter_ns()
        begun = 0
        at_ns = self._next_ns
        while at_ns is not None and at_ns <= now_ns:
            if begun >= AT_ONCE:
                return now_ns
            begun += 1
            self.monitor.began(at_ns)
            if self.monitor.is_steady(at_ns):
                self.monitor.slipped(now_ns - at_ns)
            user = None if self._waiting else self._pool.take()
            if user is None:
                self._waiting.append(at_ns)
                self._recording.most_waiting = max(self._recording.most_waiting, len(self._waiting))
            else:
                self._engine.begin(user, user.caller.iterate(), at_ns)
            at_ns = self._next_ns = self._following()
            now_ns = time.perf_counter_ns()
        if at_ns is None:
            at_ns = self._end_ns if now_ns < self._end_ns else now_ns + FAR_NS
        closed_ns = self.monitor.unsettled_ns
        if closed_ns is not None and (at_ns - now_ns > PAUSE_NS or now_ns - closed_ns > AT_LAST_NS):
            self.monitor.settle()
        return at_ns

    def ended(self, user: VirtualUser, now_ns: int, failure: str | None) -> None:
        """Note how it went, and give the caller what waits longest."""
        _note(self.monitor, user, now_ns, failure)
        if failure is not None or self.outage.is_suspected:
            self._feel(user, now_ns, failure)
        if self._waiting and self._recording.stopped is None:
            self._engine.begin(user, user.caller.iterate(), self._waiting.popleft())
        else:
            self._pool.idle.append(user)

    def _feel(self, user: VirtualUser, now_ns: int, failure: str | None) -> None:
        """Send no more where the target is down; what is under way is waited for."""
        stopped = self.outage.record(now_ns, lost=failure is not None and user.unanswered)
        if stopped is not None and self._recording.stopped is None:
            self._recording.stopped = stopped
            self._next_ns, self._end_ns = None, now_ns

    def over(self, now_ns: int) -> bool:
        """Return whether the schedule is done and everything has ended, or patience has."""
        if self._next_ns is not None or now_ns < self._end_ns:
            return False
        return not self._engine.has_work or now_ns > self._end_ns + self._patience_ns

    def finish(self) -> None:
        """Count what the run left undone as failed, and at least so slow."""
        now = time.perf_counter_ns()
        for intended_ns in self._waiting:
            self.monitor.unfinished(intended_ns, now, UNSENT)
        _finish(self._engine, self.monitor, now)
        self._recording.complete = self._next_ns is None


class ClosedScheduler:
    """So many callers, each of which begins again when it has its answer.

    `wanted` may be changed by another thread; without a duration it goes on until `leave`.
    """

    def __init__(
        self,
        engine: Engine,
        pool: VirtualUserPool,
        recording: Recording,
        times: PhaseTimes,
        most_requests: int,
    ) -> None:
        self._engine: Final = engine
        self._pool: Final = pool
        self._recording: Final = recording
        self._most_requests: Final = most_requests
        started = time.perf_counter_ns()
        self._end_ns = None if times.duration_s is None else started + round(times.duration_s * NS)
        self._patience_ns: Final = round(times.patience_s * NS)
        self.outage: Final = OutageDetector()
        self._resting: Final[deque[tuple[int, VirtualUser]]] = deque()
        self._preparing: Final[set[VirtualUser]] = set()
        self._working = 0
        recording.started_ns = started + round(times.warm_up_s * NS)
        steady_ns = recording.started_ns, self._end_ns
        self.monitor: Final = Monitor(recording, engine, started, steady_ns, times.server_memory)
        self.wanted = 0
        self.reserve = 1
        """How many requests a user may need until it ends what it is at."""
        engine.on_lag = self.monitor.lagged

    def leave(self) -> None:
        """Let everybody finish; may be called from any thread."""
        self._end_ns = time.perf_counter_ns()

    def due(self, now_ns: int) -> int:
        """Let those begin who have come, and those who have rested."""
        if now_ns >= self.monitor.next_ns:
            self.monitor.tick(now_ns)
            self.monitor.settle()
        if self._recording.stopped is None and self._is_short():
            self._recording.stopped = LIMIT_EXHAUSTED
            self.leave()
        end_ns = self._end_ns
        if end_ns is not None and now_ns >= end_ns:
            return now_ns + REST_NS
        while self._working < self.wanted:
            self._working += 1
            self._join()
        while self._resting and self._resting[0][0] <= now_ns:
            self._again(self._resting.popleft()[1])
        return min(now_ns + REST_NS, FAR_NS + now_ns if end_ns is None else end_ns)

    def _is_short(self) -> bool:
        """Return whether not every user might come to the end of two more iterations."""
        rate_limiter, left = self._engine.rate_limiter, self._most_requests - self._engine.requests
        if rate_limiter is not None and rate_limiter.left is not None:
            left = min(left, rate_limiter.left)
        return left < 2 * self.reserve * self._working

    def _join(self) -> None:
        self._again(self._pool.take() or self._pool.one_more())

    def _again(self, user: VirtualUser) -> None:
        if user.prepared:
            self._engine.begin(user, user.caller.iterate())
            self.monitor.began(user.intended_ns)
        else:
            self._preparing.add(user)
            self._engine.begin(user, user.caller.prepare())

    def ended(self, user: VirtualUser, now_ns: int, failure: str | None) -> None:
        """Note how it went, and begin again unless there are too many or it is over."""
        if user not in self._preparing:
            _note(self.monitor, user, now_ns, failure)
        else:
            self._preparing.discard(user)
            user.prepared = failure is None
            if failure is not None:
                self.monitor.began(user.intended_ns)
                _note(self.monitor, user, now_ns, failure)
        if failure is not None or self.outage.is_suspected:
            self._feel(user, now_ns, failure)
        end_ns = self._end_ns
        if self._working > self.wanted:
            self._working -= 1
            self._pool.idle.append(user)
        elif end_ns is not None and now_ns >= end_ns:
            self._pool.idle.append(user)
        elif user.unanswered or not user.prepared:
            self._resting.append((now_ns + REST_NS, user))
        else:
            self._again(user)

    def _feel(self, user: VirtualUser, now_ns: int, failure: str | None) -> None:
        """Send no more where the target is down; what is under way is waited for."""
        stopped = self.outage.record(now_ns, lost=failure is not None and user.unanswered)
        if stopped is not None and self._recording.stopped is None:
            self._recording.stopped = stopped
            self.leave()

    def over(self, now_ns: int) -> bool:
        """Return whether time is up and everything has ended, or patience has."""
        end_ns = self._end_ns
        if end_ns is None or now_ns < end_ns:
            return False
        return not self._engine.has_work or now_ns > end_ns + self._patience_ns

    def finish(self) -> None:
        """Count what the run left undone as failed, and at least so slow."""
        _finish(self._engine, self.monitor, time.perf_counter_ns())
        self._recording.complete = (
            self._end_ns is not None and self._recording.stopped != LIMIT_EXHAUSTED
        )


def _note(monitor: Monitor, user: VirtualUser, now_ns: int, failure: str | None) -> None:
    timed_out = failure is not None and user.timed_out
    monitor.ended(user.intended_ns, user.begun_ns, now_ns, failure, timed_out=timed_out)


def _finish(engine: Engine, monitor: Monitor, now_ns: int) -> None:
    for user in engine.busy():
        monitor.unfinished(user.intended_ns, now_ns, UNFINISHED)
        engine.abandon(user)
    monitor.finish(now_ns)
