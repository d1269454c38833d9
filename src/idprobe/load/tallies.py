"""What each kind of request cost, on its way to Locust's statistics."""

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Final

from idprobe.load.histogram import Histogram
from idprobe.load.tape import Tape

__all__ = ["Counted", "Tallies", "Tally"]

MAX_NAMES: Final = 64
MAX_KINDS: Final = 32
OTHERS: Final = "further requests"
OTHER_KINDS: Final = "further kinds of failure"


class Tally:
    """One kind of request since the last report."""

    __slots__ = ("failures", "name", "octets", "tape")

    def __init__(self, name: str) -> None:
        self.name: Final = name
        self.tape: Final = Tape()
        self.octets = 0
        self.failures: Final[Counter[str]] = Counter()

    def note(self, duration_ns: int) -> None:
        """Count one request."""
        self.tape.note(duration_ns)

    def failed(self, why: str) -> None:
        """Count the failure of a request that was noted."""
        known = why in self.failures or len(self.failures) < MAX_KINDS
        self.failures[why if known else OTHER_KINDS] += 1


@dataclass(frozen=True, slots=True)
class Counted:
    """What a tally came to, for another thread to read."""

    name: str
    durations: Histogram
    octets: int
    failures: Counter[str] = field(default_factory=Counter)
    at_s: float = 0.0

    @property
    def mean_octets(self) -> int:
        """The mean length of a body."""
        return self.octets // max(1, self.durations.count)


class Tallies:
    """All tallies of an engine; `outbox` is read by another thread."""

    def __init__(self) -> None:
        self._open: dict[str, Tally] = {}
        self.outbox: Final[deque[Counted]] = deque()

    def of(self, name: str) -> Tally:
        """Return the tally of a kind of request."""
        tally = self._open.get(name)
        if tally is None:
            if len(self._open) >= MAX_NAMES:
                name = OTHERS
            tally = self._open.setdefault(name, Tally(name))
        return tally

    def hand_over(self) -> None:
        """Put what was counted since the last time into the outbox."""
        at_s = time.time()
        counted, self._open = self._open, {}
        self.outbox.extend(
            Counted(one.name, one.tape.fold(), one.octets, one.failures, at_s)
            for one in counted.values()
        )
