"""The recordings of several workers as one: histograms are added up, never averaged."""

from collections.abc import Sequence
from typing import Final

from idprobe.load.measure.histogram import Histogram
from idprobe.load.measure.recording import Recording
from idprobe.load.measure.windows import merge_workers

__all__ = ["merged"]

COUNTERS: Final = (
    "failures", "findings", "warnings", "breaches", "doubts", "checked", "notes", "shortages",
    "cleaned",
)  # fmt: skip
ADDED: Final = (
    "succeeded", "scheduled", "warm_up_scheduled", "warm_up_ended", "requests", "reconnects",
    "most_connections", "most_waiting", "held_back",
)  # fmt: skip


def merged(recordings: Sequence[Recording]) -> Recording:
    """Return one recording of all workers; their clocks need not agree but within a process."""
    if len(recordings) == 1:
        return recordings[0]
    whole = Recording(complete=all(one.complete for one in recordings))
    for one in recordings:
        for name in ("latency", "service", "slip", "lag"):
            histogram: Histogram = getattr(whole, name)
            histogram.merge(getattr(one, name))
        for name in COUNTERS:
            getattr(whole, name).update(getattr(one, name))
        for name in ADDED:
            setattr(whole, name, getattr(whole, name) + getattr(one, name))
        whole.workers += one.workers
        whole.fault = whole.fault or one.fault
    throttled = [one.throttled_us for one in recordings]
    whole.throttled_us = max((one for one in throttled if one is not None), default=None)
    stopped = [one.stopped for one in recordings if one.stopped is not None]
    if stopped:
        who = "" if len(stopped) == len(recordings) else f" ({len(stopped)} of {len(recordings)}"
        whole.stopped = stopped[0] + (who and f"{who} workers saw it so)")
    # each span is of one clock; the longest counts
    whole.ended_ns = max(one.ended_ns - one.started_ns for one in recordings)
    whole.window_s = max(one.window_s for one in recordings)
    whole.windows = merge_workers([one.windows for one in recordings])
    return whole
