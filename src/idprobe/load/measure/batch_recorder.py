"""Durations noted at the cost of a list's append, and counted by the hundred."""

from typing import Final

from idprobe.load.measure.histogram import Histogram

__all__ = ["BatchRecorder"]

FOLD_AT: Final = 512


class BatchRecorder:
    """Durations in nanoseconds on their way into a histogram.

    Count, sum, least and greatest stay exact, as in the histogram.
    """

    __slots__ = ("_values", "histogram")

    def __init__(self) -> None:
        self._values: list[int] = []
        self.histogram: Final = Histogram()

    def note(self, duration_ns: int) -> None:
        """Take a duration down."""
        self._values.append(duration_ns)
        if len(self._values) >= FOLD_AT:
            self.fold()

    def fold(self) -> Histogram:
        """Count what was noted, and return the histogram of everything so far."""
        values = self._values
        if values:
            self.histogram.record_many(values)
            values.clear()
        return self.histogram
