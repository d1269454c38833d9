"""A log-linear histogram of durations: small, mergeable, and never flattering."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, Self

from idprobe.errors import EvidenceError, UsageError

__all__ = ["Histogram", "enough_for", "fewest_for", "reliable"]

SUB_BITS: Final = 7
"""Each power of two is cut into 128 cells, so that a cell is at most 1/128 of its value wide."""


SMALL: Final = 1 << SUB_BITS
"""Below twice this each value has its own cell, whose number is the value."""


LAST_CELL: Final = 64 << SUB_BITS
"""Beyond what 64 bits of nanoseconds need, which are centuries."""


BEYOND: Final = 5
"""So many durations have to lie beyond a percentile before it is more than a single accident."""


def enough_for(percent: float, count: int) -> bool:
    """Return whether so many durations are enough for a percentile; the maximum needs one."""
    return count >= fewest_for(percent)


def fewest_for(percent: float) -> int:
    """Return how many durations a percentile needs for so many to lie beyond it; a maximum one."""
    if percent >= 100:  # noqa: PLR2004 -- a percentage
        return 1
    return math.ceil(100 * BEYOND / (100 - Fraction(str(percent))))


class Histogram:
    """How often which duration was seen, in nanoseconds.

    Count, sum, least and greatest are exact. A percentile is the upper end of its cell: at most
    0.8 % above the true value, never below it.
    """

    __slots__ = ("_cells", "count", "maximum", "minimum", "total")

    def __init__(self) -> None:
        self._cells: dict[int, int] = {}
        self.count = 0
        self.total = 0
        self.minimum: int | None = None
        self.maximum: int | None = None

    def record(self, duration_ns: int) -> None:
        """Count one duration; a clock that went back counts as zero."""
        value = max(0, duration_ns)
        cell = _cell(value)
        self._cells[cell] = self._cells.get(cell, 0) + 1
        self.count += 1
        self.total += value
        self.minimum = value if self.minimum is None else min(self.minimum, value)
        self.maximum = value if self.maximum is None else max(self.maximum, value)

    def record_many(self, durations_ns: Sequence[int]) -> None:
        """Count durations, of which there is at least one, at a fraction of the cost of each."""
        low, high = min(durations_ns), max(durations_ns)
        if low < SMALL:
            for duration in durations_ns:
                self.record(duration)
            return
        numbers = Counter(
            [((s := v.bit_length() - SUB_BITS - 1) << SUB_BITS) + (v >> s) for v in durations_ns]
        )
        cells = self._cells
        for cell, count in numbers.items():
            cells[cell] = cells.get(cell, 0) + count
        self.count += len(durations_ns)
        self.total += sum(durations_ns)
        self.minimum = low if self.minimum is None else min(self.minimum, low)
        self.maximum = high if self.maximum is None else max(self.maximum, high)

    def share_above(self, duration_ns: float) -> float:
        """Return the share of durations beyond a limit, to the width of a cell; 0.0 if empty."""
        above = sum(n for cell, n in self._cells.items() if _upper_end(cell) > duration_ns)
        return above / self.count if self.count else 0.0

    def in_milliseconds(self) -> dict[float, int]:
        """Return how often which duration was seen, each cell by its upper end in ms."""
        high = self.maximum or 0
        found: dict[float, int] = {}
        for cell, count in self._cells.items():
            at = min(_upper_end(cell), high) / 1e6
            found[at] = found.get(at, 0) + count
        return found

    def percentile(self, percent: float) -> int | None:
        """Return the least duration that so many percent of all do not exceed; None if empty."""
        if not 0 <= percent <= 100:  # noqa: PLR2004 -- a percentage
            raise UsageError(f"there is no percentile {percent:g}: it goes from 0 to 100")
        if self.maximum is None:
            return None
        rank = max(1, math.ceil(Fraction(str(percent)) * self.count / 100))
        seen = 0
        for cell in sorted(self._cells):
            seen += self._cells[cell]
            if seen >= rank:
                return min(_upper_end(cell), self.maximum)
        return self.maximum

    @property
    def mean(self) -> float | None:
        """The exact mean; None if empty."""
        return self.total / self.count if self.count else None

    def merge(self, other: "Histogram") -> None:
        """Add everything that another histogram has counted."""
        if other.minimum is None or other.maximum is None:
            return
        for cell, count in other._cells.items():  # noqa: SLF001 -- another of our own
            self._cells[cell] = self._cells.get(cell, 0) + count
        self.count += other.count
        self.total += other.total
        self.minimum = other.minimum if self.minimum is None else min(self.minimum, other.minimum)
        self.maximum = other.maximum if self.maximum is None else max(self.maximum, other.maximum)

    def to_dict(self) -> dict[str, Any]:
        """Return the histogram as JSON members; the cells as [number, count] in order."""
        return {
            "sub_bits": SUB_BITS,
            "count": self.count,
            "total_ns": self.total,
            "min_ns": self.minimum,
            "max_ns": self.maximum,
            "cells": [[cell, self._cells[cell]] for cell in sorted(self._cells)],
        }

    @classmethod
    def from_dict(cls, members: Mapping[str, Any]) -> Self:
        """Return the histogram that to_dict wrote; raises EvidenceError if it cannot be one."""
        try:
            cells = {int(cell): int(count) for cell, count in members["cells"]}
            if members["sub_bits"] != SUB_BITS or sum(cells.values()) != members["count"]:
                raise EvidenceError("the histogram's cells do not fit its count")
            if not all(0 <= cell <= LAST_CELL for cell in cells):
                raise EvidenceError("the histogram has a cell for no duration there is")
            histogram = cls()
            histogram._cells = cells
            histogram.count, histogram.total = members["count"], members["total_ns"]
            histogram.minimum, histogram.maximum = members["min_ns"], members["max_ns"]
        except (KeyError, TypeError, ValueError, OverflowError):
            raise EvidenceError("this is no histogram of idprobe") from None
        return histogram

    def __repr__(self) -> str:
        return f"<histogram of {self.count} durations>"


def reliable(histogram: Histogram, percent: float) -> int | None:
    """Return a percentile, None where there are too few durations for it."""
    if not enough_for(percent, histogram.count):
        return None
    return histogram.percentile(percent)


def _cell(value: int) -> int:
    """Return the number of the cell; below 256 each value has its own."""
    shift = max(0, value.bit_length() - SUB_BITS - 1)
    return (shift << SUB_BITS) + (value >> shift)


def _upper_end(cell: int) -> int:
    """Return the greatest value that falls into a cell."""
    shift = max(0, (cell >> SUB_BITS) - 1)
    return ((cell - (shift << SUB_BITS) + 1) << shift) - 1
