"""The open model: arrivals come when the schedule says, whatever the server answers.

A closed loop sends less while the server stalls, and so leaves out the very requests that would
have been slow (coordinated omission). Here an arrival counts from the time it was meant to start.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["Arrivals", "Spacing"]

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
    phase_s: float = 0.0

    def offsets_ns(self) -> Iterator[int]:
        """Yield when each arrival is meant to start, from the start of the run; always the same."""
        end_ns = round(self.duration_s * NS)
        if self.spacing is Spacing.CONSTANT:
            number, phase = 0, self.phase_s * self.rate_per_s
            while (offset := round((number + phase) * NS / self.rate_per_s)) < end_ns:
                yield offset
                number += 1
            return
        chance = random.Random(self.seed)  # noqa: S311 -- arrivals, not secrets; repeatable by its seed
        at_s = chance.expovariate(self.rate_per_s)
        while (offset := round(at_s * NS)) < end_ns:
            yield offset
            at_s += chance.expovariate(self.rate_per_s)
