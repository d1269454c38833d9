"""Whether a server changes while its load stays the same: what a soak looks for.

The steady state is cut into equal parts. Mann and Kendall's test says whether their values go one
way more often than chance would have it; parts are long beside what one second does to the next, so
that they may count as independent. A trend is a drift if it is large enough to matter as well.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import Final

from idprobe.load.measure.histogram import reliable
from idprobe.load.measure.windows import Window, merge_windows

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
    """A figure, and by how much of itself it must change to matter."""

    name: str
    unit: str
    of: Callable[[Sequence[Window]], float | None]
    """What it is in a part of the run; None where nobody can tell."""
    share: float
    least: float
    """Smaller changes do not matter, whatever share they are."""


def _per_iteration(part: Sequence[Window]) -> float | None:
    return _middle(one.octets / one.finished for one in part if one.finished)


def _failed(part: Sequence[Window]) -> float | None:
    finished = sum(one.finished for one in part)
    return 100 * sum(one.failed for one in part) / finished if finished else None


def _connections(part: Sequence[Window]) -> float | None:
    return _middle(float(one.connections) for one in part)


def _memory(part: Sequence[Window]) -> float | None:
    return _middle(one.server_bytes for one in part if one.server_bytes is not None)


def _latency(percent: float) -> Callable[[Sequence[Window]], float | None]:
    """Return what tells a percentile of all iterations of a part, in ms."""

    def of(part: Sequence[Window]) -> float | None:
        value = reliable(merge_windows(part).latency, percent)
        return None if value is None else value / 1e6

    return of


def _middle(values: Iterable[float]) -> float | None:
    known = list(values)
    return median(known) if known else None


_FIGURES: Final = (
    _Figure("p50 latency", "ms", _latency(50), 0.1, 0.05),
    _Figure("p99 latency", "ms", _latency(99), 0.2, 0.2),
    _Figure("errors", "%", _failed, 0.1, 0.05),
    _Figure("octets an iteration", "octets", _per_iteration, 0.02, 4),
    _Figure("connections", "", _connections, 0.2, 2),
    _Figure("memory of the server", "octets", _memory, 0.05, 2**20),
)


def drifts(windows: Sequence[Window]) -> tuple[Drift, ...]:
    """Return what became of each figure; nothing of a run that is too short to tell."""
    steady = [window for window in windows if window.phase == "steady"]
    if len(steady) < FEWEST_WINDOWS:
        return ()
    size = len(steady) / PARTS
    parts = [steady[round(n * size) : round((n + 1) * size)] for n in range(PARTS)]
    return tuple(_drifts_of(parts))


def _drifts_of(parts: Sequence[Sequence[Window]]) -> Iterator[Drift]:
    for figure in _FIGURES:
        values = [figure.of(part) for part in parts]
        known = [value for value in values if value is not None]
        if len(known) == len(parts):
            yield _drift(figure, known)


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
