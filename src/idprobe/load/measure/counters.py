"""What each kind of request cost, on its way to Locust's statistics."""

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Final

from idprobe.load.measure.batch_recorder import BatchRecorder
from idprobe.load.measure.histogram import Histogram
from idprobe.load.measure.windows import Kind

__all__ = ["CounterSnapshot", "Counters", "RequestCounter"]

MAX_NAMES: Final = 64
MAX_KINDS: Final = 32
OTHERS: Final = "further requests"
OK: Final = 200
NO_ANSWER: Final = "none"
OTHER_STATUSES: Final = "others"
OTHER_KINDS: Final = "further kinds of failure"


class RequestCounter:
    """One kind of request since the last report.

    A failure has no duration, save for want of an answer in time: that took at least so long.
    """

    __slots__ = ("failures", "name", "octets", "others", "recorder", "requests", "timed_out")

    def __init__(self, name: str) -> None:
        self.name: Final = name
        self.recorder: Final = BatchRecorder()
        self.requests = 0
        self.octets = 0
        self.failures: Final[Counter[str]] = Counter()
        self.timed_out: Final[Counter[str]] = Counter()
        """Those of the failures that have a duration."""
        self.others: Final[Counter[str]] = Counter()
        """Answers that are not 200, by status code."""

    def answered(self, status: int, octets: int) -> None:
        """Count one request and its answer, good or not."""
        self.requests += 1
        self.octets += octets
        if status != OK:
            self._note_other(str(status))

    def unanswered(self) -> None:
        """Count one request that got no answer."""
        self.requests += 1
        self._note_other(NO_ANSWER)

    def took(self, duration_ns: int) -> None:
        """Note how long a request took that was counted: to a good answer, or at least."""
        self.recorder.note(duration_ns)

    def _note_other(self, status: str) -> None:
        known = status in self.others or len(self.others) < MAX_KINDS
        self.others[status if known else OTHER_STATUSES] += 1

    def failed(self, why: str, *, timed_out: bool = False) -> None:
        """Count the failure of a request that was counted."""
        known = why in self.failures or len(self.failures) < MAX_KINDS
        kind = why if known else OTHER_KINDS
        self.failures[kind] += 1
        if timed_out:
            self.timed_out[kind] += 1


@dataclass(frozen=True, slots=True)
class CounterSnapshot:
    """What a counter came to, for another thread to read."""

    name: str
    requests: int
    durations: Histogram
    """Of the requests with a good answer, and of those that timed out."""
    octets: int
    failures: Counter[str] = field(default_factory=Counter)
    at_s: float = 0.0
    others: Counter[str] = field(default_factory=Counter)
    """Answers that are not 200, by status code."""
    timed_out: Counter[str] = field(default_factory=Counter)
    """Those of the failures that have a duration."""

    @property
    def kind(self) -> Kind:
        """It, as a window has it."""
        plain = self.requests - self.others.total()
        statuses = ({str(OK): plain} if plain else {}) | dict(self.others)
        return Kind(self.durations, self.octets, self.failures.total(), statuses)

    @property
    def mean_octets(self) -> int:
        """The mean length of a body."""
        return self.octets // max(1, self.requests)


class Counters:
    """All counters of an engine; `outbox` is read by another thread."""

    def __init__(self) -> None:
        self._open: dict[str, RequestCounter] = {}
        self._cut: list[tuple[float, dict[str, RequestCounter]]] = []
        self.outbox: Final[deque[CounterSnapshot]] = deque()

    def of(self, name: str) -> RequestCounter:
        """Return the counter of a kind of request."""
        counter = self._open.get(name)
        if counter is None:
            if len(self._open) >= MAX_NAMES:
                name = OTHERS
            counter = self._open.setdefault(name, RequestCounter(name))
        return counter

    def cut(self) -> None:
        """Let what comes from now on count for another time; what was cut waits for `hand_over`."""
        counters, self._open = self._open, {}
        self._cut.append((time.time(), counters))

    def hand_over(self) -> tuple[CounterSnapshot, ...]:
        """Put what was cut since the last time, or all there is, into the outbox; return it."""
        if not self._cut:
            self.cut()
        cut, self._cut = self._cut, []
        counted = tuple(
            CounterSnapshot(
                one.name,
                one.requests,
                one.recorder.fold(),
                one.octets,
                one.failures,
                at_s,
                one.others,
                one.timed_out,
            )
            for at_s, counters in cut
            for one in counters.values()
        )
        self.outbox.extend(counted)
        return counted
