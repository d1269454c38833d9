"""Whether a server changes while its load stays the same: what a soak looks for.

The steady state is cut into equal parts. Mann and Kendall's test says whether their values go one
way more often than chance would have it; parts are long beside what one second does to the next, so
that they may count as independent. A trend is a drift if it is large enough to matter as well.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import Final

from idprobe.load.recording import Window

__all__ = ["FEWEST_WINDOWS", "Drift", "drifts"]

PARTS: Final = 20
FEWEST_WINDOWS: Final = 5 * PARTS
CHANCE: Final = 0.01
"""So often may chance alone be called a trend."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One figure: its median in the first and the last third, and whether it drifts.

    `chance` is the probability of so clear a trend in a server that does not change.
    """

    name: str
    unit: str
    first: float
    last: float
    chance: float
    drifts: bool


@dataclass(frozen=True, slots=True)
class _Figure:
    """A figure of a window, and by how much of itself it must change to matter."""

    name: str
    unit: str
    of: Callable[[Window], float | None]
    share: float
    least: float
    """Smaller changes do not matter, whatever share they are."""


def _per_iteration(window: Window) -> float | None:
    return window.octets / window.finished if window.finished else None


def _failed(window: Window) -> float | None:
    return 100 * window.failed / window.finished if window.finished else None


def _ms(value: int | None) -> float | None:
    return None if value is None else value / 1e6


_FIGURES: Final = (
    _Figure("p50 latency", "ms", lambda window: _ms(window.p50_ns), 0.1, 0.05),
    _Figure("p99 latency", "ms", lambda window: _ms(window.p99_ns), 0.2, 0.2),
    _Figure("errors", "%", _failed, 0.1, 0.05),
    _Figure("octets an iteration", "octets", _per_iteration, 0.02, 4),
    _Figure("connections", "", lambda window: float(window.connections), 0.2, 2),
    _Figure("memory of the server", "octets", lambda window: window.server_bytes, 0.05, 2**20),
)


def drifts(windows: Sequence[Window]) -> tuple[Drift, ...]:
    """Return what became of each figure; nothing of a run that is too short to tell."""
    steady = [window for window in windows if window.steady]
    if len(steady) < FEWEST_WINDOWS:
        return ()
    size = len(steady) / PARTS
    parts = [steady[round(n * size) : round((n + 1) * size)] for n in range(PARTS)]
    return tuple(_drifts_of(parts))


def _drifts_of(parts: Sequence[Sequence[Window]]) -> Iterator[Drift]:
    for figure in _FIGURES:
        values = [_middle(figure, part) for part in parts]
        known = [value for value in values if value is not None]
        if len(known) == len(parts):
            yield _drift(figure, known)


def _middle(figure: _Figure, part: Sequence[Window]) -> float | None:
    known = [value for window in part if (value := figure.of(window)) is not None]
    return median(known) if known else None


def _drift(figure: _Figure, values: Sequence[float]) -> Drift:
    third = len(values) // 3
    first, last = median(values[:third]), median(values[-third:])
    chance = trend_by_chance(values)
    change = abs(last - first)
    matters = change >= figure.least and change >= figure.share * abs(first)
    return Drift(figure.name, figure.unit, first, last, chance, matters and chance < CHANCE)


def trend_by_chance(values: Sequence[float]) -> float:
    """Return how probable so clear a trend is by chance: Mann and Kendall's test, two-sided."""
    n = len(values)
    score = sum((after > before) - (after < before) for before, after in combinations(values, 2))
    ties = [values.count(value) for value in set(values)]
    spread = n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)
    if spread <= 0 or score == 0:
        return 1.0
    z = (abs(score) - 1) / math.sqrt(spread / 18)
    return math.erfc(z / math.sqrt(2))
