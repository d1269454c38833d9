"""Whole runs compared with whole runs: single requests depend on each other, runs do not."""

import itertools
import json
import math
import random
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

__all__ = [
    "FEWEST_RUNS",
    "Comparison",
    "Series",
    "comparable",
    "compared",
    "comparisons",
    "figures",
    "series_of",
    "write_series",
]

FEWEST_RUNS: Final = 5
"""With fewer runs on a side no difference can be told from noise at the level below."""
LEVEL: Final = 0.05
EXACT_UP_TO: Final = 200_000
SHUFFLES: Final = 20_000
RATE: Final = "rate /s"
"""The one figure of which more is better."""

Document: TypeAlias = Mapping[str, Any]
"""A load.json."""


def figures(run: Document) -> Mapping[str, float]:
    """Return what a run is compared by: latencies in ms, failures in %, and successes a second."""
    found = {f"{name} ms": run["latency"][name] for name in ("p50", "p95", "p99")}
    found["errors %"] = None if run["errors"]["share"] is None else 100 * run["errors"]["share"]
    found[RATE] = run["rate"]["achieved_per_s"]
    return {name: value for name, value in found.items() if value is not None}


def comparable(run: Document) -> bool:
    """Return whether a run says anything about its target: void ones are no samples."""
    return run["void"] is None and run["unusable"] is None


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


def series_of(runs: Sequence[Document]) -> tuple[Series, ...]:
    """Return the figures that every sound run has."""
    sound = [figures(one) for one in runs if comparable(one)]
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
        if self.chance > LEVEL:
            return f"no difference told from noise (p = {self.chance:.2g})"
        before, after = self.before.median, self.after.median
        changed = f"{after / before:.2f} times as much" if before else f"{after:.4g}, and was 0"
        return f"{changed} (p = {self.chance:.2g})"

    @property
    def is_worse(self) -> bool:
        """Whether the second is worse than the first, told from noise."""
        before, after = self.before.median, self.after.median
        less_good = after < before if self.after.name == RATE else after > before
        return self.chance is not None and self.chance <= LEVEL and less_good

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON members."""
        return {
            "figure": self.before.name,
            "before": list(self.before.values),
            "after": list(self.after.values),
            "chance": self.chance,
            "verdict": self.verdict,
        }


def comparisons(before: Sequence[Document], after: Sequence[Document]) -> tuple[Comparison, ...]:
    """Compare the runs of one side with those of another by each figure that both have."""
    known = {series.name: series for series in series_of(after)}
    pairs = [(one, known[one.name]) for one in series_of(before) if one.name in known]
    return tuple(compared(one, other) for one, other in pairs)


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
    path: Path, sides: Mapping[str, Sequence[Document]], found: Sequence[Comparison]
) -> None:
    """Write the figures of all runs, and what was concluded, as JSON."""
    document: dict[str, Any] = {
        "schema": 0,
        "runs": {name: [dict(figures(one)) for one in runs] for name, runs in sides.items()},
        "void": {
            name: sum(run["void"] is not None for run in runs) for name, runs in sides.items()
        },
        "comparisons": [one.to_dict() for one in found],
    }
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
