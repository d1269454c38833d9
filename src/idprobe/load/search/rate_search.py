"""The search for the highest rate that holds an objective, whatever makes the trials."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

__all__ = ["Bracket", "Trial", "Undecided", "knee", "search_rate"]

START: Final = 0.75
"""The first trial, as a share of the raw capacity that a closed loop has found."""
STEP: Final = 1.25
NEAR: Final = 1.25
"""Between bounds closer than this, one trial decides nothing: two of three do."""
DEEPEST: Final = 64
VOID_AGAIN: Final = 2
"""So often a void trial is made again before the search gives up."""
DOUBLED: Final = 2.0


@dataclass(frozen=True, slots=True)
class Trial:
    """One run at a rate; `held` is None where it was void, and `why` says why then."""

    rate_per_s: float
    held: bool | None
    achieved_per_s: float
    p95_ms: float | None = None
    p99_ms: float | None = None
    error_share: float | None = None
    why: str | None = None


@dataclass(slots=True)
class Bracket:
    """What is known: the highest rate that held, the lowest that did not, and every trial."""

    low_per_s: float = 0.0
    high_per_s: float | None = None
    trials: list[Trial] = field(default_factory=list)
    ended: str = ""
    """Why the search came to its end."""

    @property
    def is_narrow(self) -> bool:
        """Whether the bounds are so close that noise decides between them."""
        return bool(self.low_per_s and self.high_per_s and self.high_per_s / self.low_per_s < NEAR)


class Undecided(Exception):
    """Why nothing can be said of a rate."""


def search_rate(
    attempt: Callable[[float], Trial],
    capacity_per_s: float,
    bracket: Bracket,
    *,
    tolerance: float = 0.03,
) -> None:
    """Narrow the bracket around the highest rate that holds, down to the tolerance.

    A void trial is never a verdict, and neither is one of two that had to agree. `attempt` raises
    Undecided where no more trial may be made. Whatever ends it, the bracket has what was seen.
    """
    rate = capacity_per_s * START
    while True:
        try:
            held = _decided(attempt, rate, bracket)
        except Undecided as undecided:
            bracket.ended = str(undecided)
            return
        if held:
            bracket.low_per_s = max(bracket.low_per_s, rate)
        else:
            bracket.high_per_s = min(bracket.high_per_s or math.inf, rate)
        following = _following(bracket, capacity_per_s, tolerance)
        if following is None:
            return
        rate = following


def _following(bracket: Bracket, capacity_per_s: float, tolerance: float) -> float | None:
    """Return the rate to try next, None where the search is over."""
    low, high = bracket.low_per_s, bracket.high_per_s
    if high is None:
        return low * STEP
    if not low:
        if high < capacity_per_s / DEEPEST:
            bracket.ended = "nothing held, down to a small part of the capacity"
            return None
        return high / 2
    if high <= low * (1 + tolerance):
        bracket.ended = f"the bounds are within {tolerance:.0%}"
        return None
    return math.sqrt(low * high)


def _decided(attempt: Callable[[float], Trial], rate: float, bracket: Bracket) -> bool:
    """Return whether a rate holds: by one trial far from the edge, else by two that agree."""
    wanted = 2 if bracket.is_narrow else 1
    votes = {True: 0, False: 0}
    while max(votes.values()) < wanted:
        votes[_sound(attempt, rate, bracket)] += 1
    return votes[True] > votes[False]


def _sound(attempt: Callable[[float], Trial], rate: float, bracket: Bracket) -> bool:
    """Return what a trial came to, that is made again where it was void."""
    why = None
    for _ in range(1 + VOID_AGAIN):
        trial = attempt(rate)
        bracket.trials.append(trial)
        if trial.held is not None:
            return trial.held
        why = trial.why
    raise Undecided(f"no sound trial at {rate:.4g}/s: {why or 'void'}")


def knee(trials: list[Trial]) -> float | None:
    """Return the highest rate at which p95 is less than double its least; None without two."""
    told = [one for one in trials if one.held is not None and one.p95_ms]
    if len({one.rate_per_s for one in told}) < 2:  # noqa: PLR2004 -- a curve needs two points
        return None
    least = min(one.p95_ms or 0.0 for one in told)
    flat = [one.rate_per_s for one in told if (one.p95_ms or 0.0) < DOUBLED * least]
    return max(flat)
