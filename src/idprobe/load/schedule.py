"""The open model: arrivals come when the schedule says, whatever the server answers.

A closed loop sends less while the server stalls, and so leaves out the very requests that would
have been slow (coordinated omission). Here an arrival counts from the time it was meant to start.
"""

import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from idprobe.load.histogram import Histogram

__all__ = ["Arrivals", "Hands", "OpenLoop", "Spacing"]

NS: Final = 1_000_000_000


class Spacing(StrEnum):
    """How arrivals follow one another: evenly, or as independent callers do."""

    CONSTANT = "constant"
    POISSON = "poisson"


@dataclass(frozen=True, slots=True)
class Arrivals:
    """A schedule: so many arrivals a second for so many seconds."""

    rate_per_s: float
    duration_s: float
    spacing: Spacing = Spacing.CONSTANT
    seed: int = 0

    def offsets_ns(self) -> Iterator[int]:
        """Yield when each arrival is meant to start, from the start of the run; always the same."""
        end_ns = round(self.duration_s * NS)
        if self.spacing is Spacing.CONSTANT:
            number = 0
            while (offset := round(number * NS / self.rate_per_s)) < end_ns:
                yield offset
                number += 1
            return
        chance = random.Random(self.seed)  # noqa: S311 -- arrivals, not secrets; repeatable by its seed
        at_s = chance.expovariate(self.rate_per_s)
        while (offset := round(at_s * NS)) < end_ns:
            yield offset
            at_s += chance.expovariate(self.rate_per_s)


class Hands(Protocol):
    """What a loop needs of the world: a clock, a way to wait, a way to do things side by side."""

    def now_ns(self) -> int:
        """Return the time of a clock that never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let others work for a while."""
        ...

    def spawn(self, work: Callable[[], None]) -> None:
        """Start work beside ours."""
        ...


class OpenLoop:
    """Hands each arrival, when it is due, to a worker; grows to `bound` workers, then queues.

    `serve` is called with the intended time. It must not raise: `fault` keeps what it raised anyway
    and the loop ends at once, so that a broken engine is never taken for a quiet one.
    """

    def __init__(self, hands: Hands, serve: Callable[[int], None], *, bound: int) -> None:
        self._hands = hands
        self._serve = serve
        self._bound = bound
        self._waiting: deque[int] = deque()
        self._workers = 0
        self.scheduled = 0
        self.started_ns = 0
        self.slip = Histogram()
        self.most_waiting = 0
        self.fault: Exception | None = None

    def run(self, arrivals: Arrivals, *, patience_s: float) -> tuple[int, ...]:
        """Run the schedule, then wait for what is under way, at most `patience_s` longer.

        Returns the intended times of the arrivals that were never begun.
        """
        hands = self._hands
        self.started_ns = hands.now_ns()
        for offset in arrivals.offsets_ns():
            intended = self.started_ns + offset
            self._wait_until(intended)
            if self.fault is not None:
                break
            self._due(intended)
        end_ns = self.started_ns + round(arrivals.duration_s * NS)
        self._wait_until(end_ns)
        give_up_ns = hands.now_ns() + round(patience_s * NS)
        while self._workers and self.fault is None and hands.now_ns() < give_up_ns:
            hands.sleep(0.005)
        left = tuple(self._waiting)
        self._waiting.clear()
        return left

    def _wait_until(self, at_ns: int) -> None:
        """Sleep until then; at least for a moment, so that workers get on when we are late."""
        self._hands.sleep(max(0, at_ns - self._hands.now_ns()) / NS)
        while self.fault is None and (left_ns := at_ns - self._hands.now_ns()) > 0:
            self._hands.sleep(left_ns / NS)

    def _due(self, intended: int) -> None:
        self.scheduled += 1
        self.slip.record(self._hands.now_ns() - intended)
        self._waiting.append(intended)
        if self._workers < self._bound:
            self._workers += 1
            self._hands.spawn(self._work)
        else:
            self.most_waiting = max(self.most_waiting, len(self._waiting))

    def _work(self) -> None:
        try:
            while self._waiting and self.fault is None:
                self._serve(self._waiting.popleft())
        except Exception as error:  # noqa: BLE001 -- whatever it is, the run is void and says so
            self.fault = error
        finally:
            self._workers -= 1
