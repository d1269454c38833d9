"""Durations noted at the cost of a list's append, and counted by the hundred."""

from collections.abc import Callable
from typing import Final

from idprobe.load.histogram import Histogram

__all__ = ["Tape"]

FOLD_AT: Final = 512


class Tape:
    """Durations in nanoseconds on their way into a histogram.

    Count, sum, least and greatest stay exact, as in the histogram.
    """

    __slots__ = ("_values", "histogram", "note")

    def __init__(self) -> None:
        self._values: list[int] = []
        self.histogram: Final = Histogram()
        self.note: Final[Callable[[int], None]] = self._values.append

    def __len__(self) -> int:
        return len(self._values)

    def fold(self) -> Histogram:
        """Count what was noted, and return the histogram of everything so far."""
        values = self._values
        if values:
            self.histogram.record_many(values)
            values.clear()
        return self.histogram
