"""Whole runs compared with whole runs: single requests depend on each other, runs do not."""

import itertools
import json
import math
import random
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from idprobe.load.result import LoadResult, reliable

__all__ = [
    "FEWEST_RUNS",
    "Comparison",
    "Series",
    "compared",
    "figures",
    "series_of",
    "write_series",
]

FEWEST_RUNS: Final = 5
"""With fewer runs on a side no difference can be told from noise at the level below."""
LEVEL: Final = 0.05
EXACT_UP_TO: Final = 200_000
SHUFFLES: Final = 20_000


def figures(result: LoadResult) -> Mapping[str, float]:
    """Return what a run is compared by: latencies in ms, and successes a second."""
    latency = result.recording.latency
    found = {f"p{percent:g} ms": reliable(latency, percent) for percent in (50.0, 95.0, 99.0)}
    told = {name: value / 1e6 for name, value in found.items() if value is not None}
    return {**told, "rate /s": result.achieved_per_s}


@dataclass(frozen=True, slots=True)
class Series:
    """One figure of several runs."""

    name: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median of the runs."""
        return statistics.median(self.values)

    @property
    def shown(self) -> str:
        """Median and range as a person reads them."""
        low, high = min(self.values), max(self.values)
        return f"{self.median:.4g} ({low:.4g} to {high:.4g}, {len(self.values)} runs)"


def series_of(results: Sequence[LoadResult]) -> tuple[Series, ...]:
    """Return the figures that every run has; void runs are no samples."""
    sound = [figures(one) for one in results if one.void is None and one.unusable is None]
    names = [name for name in (sound[0] if sound else {}) if all(name in one for one in sound)]
    return tuple(Series(name, tuple(one[name] for one in sound)) for name in names)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure of two servers, or of one before and after."""

    before: Series
    after: Series
    chance: float | None
    """How often so large a difference of ranks comes by chance; None with too few runs."""

    @property
    def verdict(self) -> str:
        """What may be concluded, in words."""
        if self.chance is None:
            count = min(len(self.before.values), len(self.after.values))
            runs = "one run each" if count == 1 else f"fewer than {FEWEST_RUNS} runs each"
            return f"{runs}: no inference"
        ratio = self.after.median / self.before.median if self.before.median else math.inf
        if self.chance > LEVEL:
            return f"no difference told from noise (p = {self.chance:.2g})"
        return f"{ratio:.2f} times as much (p = {self.chance:.2g})"


def compared(before: Series, after: Series) -> Comparison:
    """Compare two series by a permutation test of their ranks (two-sided)."""
    enough = min(len(before.values), len(after.values)) >= FEWEST_RUNS
    chance = _chance(before.values, after.values) if enough else None
    return Comparison(before, after, chance)


def _chance(one: Sequence[float], other: Sequence[float]) -> float:
    pooled = [*one, *other]
    ranks = _ranks(pooled)
    size, mean = len(one), len(one) * (len(pooled) + 1) / 2
    seen = abs(sum(ranks[:size]) - mean)
    if math.comb(len(pooled), size) <= EXACT_UP_TO:
        sums = [abs(sum(picked) - mean) for picked in itertools.combinations(ranks, size)]
    else:
        draw = random.Random(0)  # noqa: S311 -- a permutation test, repeatable
        sums = [abs(sum(draw.sample(ranks, size)) - mean) for _ in range(SHUFFLES)]
    return sum(one >= seen - 1e-9 for one in sums) / len(sums)


def _ranks(values: Sequence[float]) -> list[float]:
    """Return the rank of each value, ties sharing theirs."""
    order = sorted(values)
    return [(2 * order.index(value) + order.count(value) + 1) / 2 for value in values]


def write_series(
    path: Path, sides: Mapping[str, Sequence[LoadResult]], comparisons: Sequence[Comparison]
) -> None:
    """Write the figures of all runs, and what was concluded, as JSON."""
    document: dict[str, Any] = {
        "schema": 0,
        "runs": {name: [dict(figures(one)) for one in runs] for name, runs in sides.items()},
        "void": {name: sum(one.void is not None for one in runs) for name, runs in sides.items()},
        "comparisons": [
            {
                "figure": one.before.name,
                "before": list(one.before.values),
                "after": list(one.after.values),
                "chance": one.chance,
                "verdict": one.verdict,
            }
            for one in comparisons
        ],
    }
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
