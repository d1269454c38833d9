"""The recordings of several workers as one: histograms are added up, never averaged."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Final

from idprobe.load.histogram import Histogram
from idprobe.load.recording import Recording, Window

__all__ = ["merged"]

SUMS: Final = ("began", "finished", "failed", "octets", "connections")
COUNTERS: Final = (
    "failures", "findings", "warnings", "breaches", "doubts", "checked", "notes", "shortages",
    "cleaned",
)  # fmt: skip
ADDED: Final = (
    "succeeded", "scheduled", "warm_up_scheduled", "warm_up_ended", "requests", "reconnects",
    "most_connections", "most_waiting", "held_back",
)  # fmt: skip


def merged(recordings: Sequence[Recording]) -> Recording:
    """Return one recording of all workers; their clocks need not agree but within a process.

    A window's latencies are the worst worker's, and so is its share of a processor: one worker
    without reserve is enough to spoil a run.
    """
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
    longest = max(len(one.windows) for one in recordings)
    whole.windows = [
        _window([one.windows[place] for one in recordings if place < len(one.windows)])
        for place in range(longest)
    ]
    return whole


def _window(windows: Sequence[Window]) -> Window:
    """Return the window of all workers at one second."""
    members = {}
    for one in fields(Window):
        values = [getattr(window, one.name) for window in windows]
        known = [value for value in values if value is not None]
        if one.name in SUMS:
            members[one.name] = sum(known)
        elif one.name == "steady":
            members[one.name] = all(known)
        else:
            members[one.name] = max(known) if known else None
    return Window(**members)
