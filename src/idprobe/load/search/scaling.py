"""The Universal Scalability Law, fitted to throughput against concurrency.

X(N) = rN / (1 + a(N - 1) + bN(N - 1)): r is what one caller gets, a the share of work that waits
its turn (contention), b the cost of keeping each other informed (coherency). It is linear in N/X,
so least squares will do.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Point", "Scaling", "fitted"]

FEWEST: Final = 4
TINY: Final = 1e-12

Point = tuple[int, float]
"""Concurrency, and throughput a second."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """The parameters, each with the range that it takes when any one point is left out."""

    rate_of_one: float
    contention: float
    coherency: float
    contention_range: tuple[float, float]
    coherency_range: tuple[float, float]
    most_measured: int

    @property
    def peak(self) -> float | None:
        """The concurrency of the highest throughput; None unless the data have passed it."""
        if self.coherency <= TINY:
            return None
        peak = math.sqrt(max(0.0, 1 - self.contention) / self.coherency)
        return peak if 1 <= peak < self.most_measured else None

    def throughput(self, concurrency: float) -> float:
        """Return what the law gives for a concurrency."""
        n = concurrency
        waits = 1 + self.contention * (n - 1) + self.coherency * n * (n - 1)
        return self.rate_of_one * n / waits


def fitted(points: Sequence[Point]) -> Scaling | None:
    """Return the law that fits best; None with fewer than four points."""
    sound = [(n, x) for n, x in points if x > 0]
    if len({n for n, _ in sound}) < FEWEST:
        return None
    rate, contention, coherency = _fit(sound)
    others = [_fit([*sound[:i], *sound[i + 1 :]]) for i in range(len(sound))]
    contentions, coherencies = [one[1] for one in others], [one[2] for one in others]
    return Scaling(
        rate,
        contention,
        coherency,
        (min(contentions), max(contentions)),
        (min(coherencies), max(coherencies)),
        max(n for n, _ in sound),
    )


def _fit(points: Sequence[Point]) -> tuple[float, float, float]:
    """Return rate, contention and coherency; neither of the last two is less than nothing."""
    columns = {
        "contention": [float(n - 1) for n, _ in points],
        "coherency": [float(n * (n - 1)) for n, _ in points],
    }
    wanted = [n / x for n, x in points]
    used = ["contention", "coherency"]
    while True:
        found = _least_squares([[1.0] * len(points), *(columns[name] for name in used)], wanted)
        base = found[0]
        values = dict(zip(used, found[1:], strict=True))
        negative = [name for name in used if values[name] < 0]
        if not negative:
            break
        used.remove(min(negative, key=lambda name: values[name]))
    if base <= 0:
        base = min(wanted)
    return 1 / base, values.get("contention", 0.0) / base, values.get("coherency", 0.0) / base


def _least_squares(columns: Sequence[Sequence[float]], wanted: Sequence[float]) -> list[float]:
    """Return the weights of columns whose sum comes closest to what is wanted."""
    size = len(columns)
    rows = [
        [math.fsum(a * b for a, b in zip(one, other, strict=True)) for other in columns]
        + [math.fsum(a * b for a, b in zip(one, wanted, strict=True))]
        for one in columns
    ]
    for place in range(size):
        best = max(range(place, size), key=lambda row: abs(rows[row][place]))
        rows[place], rows[best] = rows[best], rows[place]
        pivot = rows[place][place] or TINY
        rows[place] = [value / pivot for value in rows[place]]
        for other in range(size):
            if other != place:
                factor = rows[other][place]
                pairs = zip(rows[other], rows[place], strict=True)
                rows[other] = [value - factor * own for value, own in pairs]
    return [row[-1] for row in rows]
