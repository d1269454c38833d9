"""The open model: arrivals come when the schedule says, whatever the server answers.

A closed loop sends less while the server stalls, and so leaves out the very requests that would
have been slow (coordinated omission). Here an arrival counts from the time it was meant to start.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from typing import Final

from idprobe.load.schedule.ramp import Step

__all__ = ["Arrivals", "Spacing"]

NS: Final = 1_000_000_000


class Spacing(StrEnum):
    """How arrivals follow one another: evenly, or as independent callers do."""

    CONSTANT = "constant"
    POISSON = "poisson"


@dataclass(frozen=True, slots=True)
class Arrivals:
    """A schedule: a ramp of rates, and how arrivals follow one another on it.

    `phase` is by what share of the distance of two arrivals the first one is late.
    """

    ramp: tuple[Step, ...]
    spacing: Spacing = Spacing.CONSTANT
    seed: int = 0
    phase: float = 0.0

    @property
    def duration_s(self) -> float:
        """How long it is."""
        return sum(step.seconds for step in self.ramp)

    def offsets_ns(self) -> Iterator[int]:
        """Yield when each arrival is meant to start, from the start of the run; always the same."""
        places = self._places()
        place = next(places)
        before, began_s = 0.0, 0.0
        for step in self.ramp:
            end_ns = round((began_s + step.seconds) * NS)
            while place < before + step.arrivals:
                offset = round((began_s + step.at_s(place - before)) * NS)
                if offset >= end_ns:
                    break
                yield offset
                place = next(places)
            before, began_s = before + step.arrivals, began_s + step.seconds

    def _places(self) -> Iterator[float]:
        """Yield how many arrivals of an even schedule are before each of this one."""
        if self.spacing is Spacing.CONSTANT:
            yield from (number + self.phase for number in count())
            return
        chance = random.Random(self.seed)  # noqa: S311 -- arrivals, not secrets; repeatable by its seed
        place = 0.0
        while True:
            place += chance.expovariate(1)
            yield place
