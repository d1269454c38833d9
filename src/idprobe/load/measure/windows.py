"""What each second of a run was like, and how seconds become one: in time, and of several workers.

Histograms are added up, so that a percentile is always that of all samples together.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Final, Literal, Self, TypeAlias

from idprobe.load.measure.histogram import Histogram, reliable

__all__ = [
    "MOST_WINDOWS",
    "Kind",
    "Phase",
    "Window",
    "merge_pairs",
    "merge_windows",
    "merge_workers",
    "over_time",
]

MOST_WINDOWS: Final = 600
"""A longer run has wider windows, not more of them."""

Phase: TypeAlias = Literal["warm-up", "steady", "cool-down"]
"""Cool-down begins when the schedule has ended, or the last user of a closed loop has begun."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What one kind of request came to; `durations` count from when it was sent.

    They are of good answers, and of answers that did not come in time. `statuses` are the answers
    by status code, `none` those that did not come.
    """

    durations: Histogram = field(default_factory=Histogram)
    octets: int = 0
    failed: int = 0
    statuses: Mapping[str, int] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        """How many there were, well or not."""
        return sum(self.statuses.values())

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON members."""
        others = {"octets": self.octets, "failed": self.failed, "statuses": dict(self.statuses)}
        return {"durations": self.durations.to_dict(), **others}

    @classmethod
    def from_dict(cls, members: Mapping[str, Any]) -> Self:
        """Return what to_dict wrote; raises as `Histogram.from_dict` does, or TypeError."""
        return cls(**{**members, "durations": Histogram.from_dict(members["durations"])})


@dataclass(frozen=True, slots=True)
class Window:
    """A second of the run, or several: what came and went, how late we were, who had the processor.

    `latency` is of the iterations that ended in it well, or for want of an answer in time, those
    of the warm-up left out; `cpu` is the share of one core that the engine used, `delay` the share
    of the time that it waited for one.
    """

    at_s: float
    seconds: float
    phase: Phase
    began: int
    finished: int
    failed: int
    latency: Histogram
    slip_ns: int | None
    """How late the latest arrival was begun."""
    lag_ns: int | None
    """How late the latest answer was read."""
    cpu: float
    delay: float
    busy_s: float = 0.0
    """How many seconds of it had no processor to spare."""
    octets: int = 0
    """Of the bodies that came in."""
    connections: int = 0
    """How many were open at its end."""
    in_flight: int = 0
    """How many iterations were due and had not ended by its end."""
    server_bytes: int | None = None
    """The memory of the server, where its process is known."""
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    """What was asked in it, by kind of request."""

    @property
    def statuses(self) -> Counter[str]:
        """The answers of all kinds, by status code."""
        return _counted(kind.statuses for kind in self.kinds.values())

    def to_dict(self) -> dict[str, Any]:
        """Return the window as JSON members, its histograms with it."""
        members = {name: getattr(self, name) for name in self.__slots__}
        kinds = {name: kind.to_dict() for name, kind in self.kinds.items()}
        return {**members, "latency": self.latency.to_dict(), "kinds": kinds}

    @classmethod
    def from_dict(cls, members: Mapping[str, Any]) -> Self:
        """Return what to_dict wrote; raises as `Histogram.from_dict` does, or TypeError."""
        kinds = {name: Kind.from_dict(kind) for name, kind in members["kinds"].items()}
        latency = Histogram.from_dict(members["latency"])
        return cls(**{**members, "latency": latency, "kinds": kinds})


def merge_windows(windows: Sequence[Window]) -> Window:
    """Return windows of one process that follow each other as one."""
    first, last = windows[0], windows[-1]
    seconds = last.at_s + last.seconds - first.at_s

    def share(name: str) -> float:
        used = sum(getattr(one, name) * one.seconds for one in windows)
        return float(round(used / seconds, 4)) if seconds else 0.0

    return replace(
        last,
        at_s=first.at_s,
        seconds=round(seconds, 3),
        phase=first.phase,
        cpu=share("cpu"),
        delay=share("delay"),
        busy_s=round(sum(one.busy_s for one in windows), 3),
        **_sums(windows, "began", "finished", "failed", "octets"),
        **_shared(windows),
    )


def merge_workers(workers: Sequence[Sequence[Window]]) -> list[Window]:
    """Return the windows of several workers as those of all; each counts from its own start.

    What a generator uses of a processor is its worst worker's: one without reserve is enough to
    spoil a run.
    """
    widths = [max((one.seconds for one in windows), default=0.0) for windows in workers]
    _, frame = max(
        zip(widths, workers, strict=True), key=lambda pair: (round(pair[0]), len(pair[1]))
    )
    starts = [one.at_s for one in frame]
    places: list[list[Window]] = [[] for _ in starts]
    for windows in workers:
        for place, group in groupby(windows, key=lambda one: _place(starts, one)):
            places[place].append(merge_windows(tuple(group)))
    return [_together(one, each) for one, each in zip(frame, places, strict=True)]


def _place(starts: Sequence[float], window: Window) -> int:
    return max(0, bisect_right(starts, window.at_s + window.seconds / 2) - 1)


def _together(frame: Window, windows: Sequence[Window]) -> Window:
    """Return the window of all workers at one time, which the frame tells."""
    return replace(
        frame,
        cpu=max(one.cpu for one in windows),
        delay=max(one.delay for one in windows),
        busy_s=max(one.busy_s for one in windows),
        server_bytes=_most(one.server_bytes for one in windows),
        **_sums(windows, "began", "finished", "failed", "octets", "connections", "in_flight"),
        **_shared(windows),
    )


def merge_pairs(windows: Sequence[Window]) -> list[Window]:
    """Return half as many windows, each of two neighbours of one phase."""
    found = []
    for _, group in groupby(windows, key=lambda one: one.phase):
        members = tuple(group)
        found += [merge_windows(members[n : n + 2]) for n in range(0, len(members), 2)]
    return found


def over_time(windows: Iterable[Window], percent: float) -> Iterator[tuple[float, float, int]]:
    """Yield when, for how many seconds, and a percentile in ns of the steady state.

    Neighbours are put together until they have enough for it; what is too few at the end has none.
    """
    began_at: float | None = None
    latency = Histogram()
    for window in windows:
        if window.phase != "steady":
            continue
        began_at = window.at_s if began_at is None else began_at
        latency.merge(window.latency)
        value = reliable(latency, percent)
        if value is not None:
            yield began_at, round(window.at_s + window.seconds - began_at, 3), value
            began_at, latency = None, Histogram()


def _shared(windows: Sequence[Window]) -> dict[str, Any]:
    """Return what windows have together, whether they follow each other or are at one time."""
    names = dict.fromkeys(name for one in windows for name in one.kinds)
    return {
        "latency": _added(one.latency for one in windows),
        "slip_ns": _most(one.slip_ns for one in windows),
        "lag_ns": _most(one.lag_ns for one in windows),
        "kinds": {
            name: _kind([one.kinds[name] for one in windows if name in one.kinds]) for name in names
        },
    }


def _kind(kinds: Sequence[Kind]) -> Kind:
    return Kind(
        _added(one.durations for one in kinds),
        sum(one.octets for one in kinds),
        sum(one.failed for one in kinds),
        dict(_counted(one.statuses for one in kinds)),
    )


def _sums(windows: Sequence[Window], *names: str) -> dict[str, Any]:
    return {name: sum(getattr(one, name) for one in windows) for name in names}


def _added(histograms: Iterable[Histogram]) -> Histogram:
    whole = Histogram()
    for one in histograms:
        whole.merge(one)
    return whole


def _counted(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    whole: Counter[str] = Counter()
    for one in counts:
        whole.update(one)
    return whole


def _most(values: Iterable[int | None]) -> int | None:
    return max((value for value in values if value is not None), default=None)
