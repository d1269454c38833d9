"""A rate that changes while the run goes on: ramps and steps, as a person writes them."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from idprobe.errors import UsageError
from idprobe.load.run.quantities import duration_s, per_second

__all__ = ["Step", "expected", "parse_ramp", "peak_of", "shown_ramp"]

_STEP: Final = re.compile(
    r"(?P<first>[^.\s]+(?:\.\d+)?\s*/\s*[sm])(?:\s*\.\.\s*(?P<last>\S+))?\s+(?:for|over)\s+(?P<time>.+)"
)
MAX_STEPS: Final = 100


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a ramp: arrivals a second at its start and its end, and how long it is."""

    first_per_s: float
    last_per_s: float
    seconds: float

    @property
    def arrivals(self) -> float:
        """How many arrivals it has."""
        return (self.first_per_s + self.last_per_s) / 2 * self.seconds

    def at_s(self, arrivals: float) -> float:
        """Return when so many arrivals have come, in seconds from its start."""
        slope = (self.last_per_s - self.first_per_s) / self.seconds
        if slope == 0:
            return arrivals / self.first_per_s
        # the root that does not cancel out when the slope is small
        root = math.sqrt(max(0.0, self.first_per_s**2 + 2 * slope * arrivals))
        return 2 * arrivals / (self.first_per_s + root)

    def share(self, count: int) -> Self:
        """Return the step of one of so many workers."""
        return type(self)(self.first_per_s / count, self.last_per_s / count, self.seconds)


def parse_ramp(text: str) -> tuple[Step, ...]:
    """Return the steps of a ramp such as `10/s..200/s over 30s, 200/s for 1m`.

    Raises UsageError that says which part is none. A part with one rate keeps it.
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > MAX_STEPS:
        raise UsageError(f"a ramp of {len(parts)} steps is more than {MAX_STEPS}: use fewer")
    return tuple(_step(part) for part in parts)


def _step(part: str) -> Step:
    found = _STEP.fullmatch(part)
    if found is None:
        raise UsageError(
            f"{part!r} is no step of a ramp: write 200/s for 1m, or 10/s..200/s over 30s"
        )
    first = per_second(found["first"])
    last = first if found["last"] is None else per_second(found["last"])
    return Step(first, last, duration_s(found["time"]))


def expected(ramp: Sequence[Step]) -> float:
    """Return how many arrivals a ramp has."""
    return sum(step.arrivals for step in ramp)


def peak_of(ramp: Sequence[Step]) -> float:
    """Return the highest rate of a ramp, in arrivals a second."""
    return max(max(step.first_per_s, step.last_per_s) for step in ramp)


def shown_ramp(ramp: Sequence[Step]) -> str:
    """Return a ramp as a person reads it."""
    return ", ".join(_shown(step) for step in ramp)


def _shown(step: Step) -> str:
    if step.first_per_s == step.last_per_s:
        return f"{step.first_per_s:g}/s for {step.seconds:g} s"
    return f"{step.first_per_s:g}/s..{step.last_per_s:g}/s over {step.seconds:g} s"
