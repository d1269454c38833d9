"""Whether the generator, and not the server, was the limit; such a run says nothing.

Our own lateness is part of every latency. It is held against what the run is to decide: a limit of
the budget, or the latency itself.
"""

import errno
import os
from collections.abc import Iterator
from typing import Final, NamedTuple

from idprobe.load.measure.histogram import Histogram, enough_for, fewest_for
from idprobe.load.measure.monitor import BUSY
from idprobe.load.measure.recording import Recording
from idprobe.load.run.budget import Budget
from idprobe.load.run.quantities import shown_duration

__all__ = ["failures_told", "saturation", "shortage", "too_short"]

LATE_NS: Final = 500_000
"""Lateness below this is never held against a run that had its processor to itself."""
KEPT_WAITING_NS: Final = 200_000
"""The same for one that waited for its processor: the little that is late is no accident."""
PART: Final = 0.1
"""Beyond this part of a limit, lateness decides what the server should."""
OURS: Final = 0.5
"""Of those beyond a percentile, so many may be slow by our lateness before it is ours."""
FEWEST: Final = 2
"""So many late ones are an accident, however few there were in all."""
BUSY_PART: Final = 0.1
"""Of the time."""
DENIED: Final = 0.01
"""Of the time, a processor may be denied by the container, or had by others while we wait."""
DEFAULT_PERCENT: Final = 99.0
MOST_TOLD: Final = 3
"""So many kinds of failure are named in a sentence."""
REMEDIES: Final = {
    "EMFILE": "raise the limit of open files (ulimit -Hn), or use more workers (--workers)",
    "ENFILE": "raise this host's limit of open files (fs.file-max), or use more hosts (--master)",
    "EADDRNOTAVAIL": (
        "widen this host's range of ports (net.ipv4.ip_local_port_range), or use more hosts "
        "(--master)"
    ),
    "ENOBUFS": "leave this host more memory for connections, or use more hosts (--master)",
}
"""What helps where this host has no more files, ports or buffers."""


def shortage(recording: Recording) -> str | None:
    """Return what this host had too few of to connect, and what to do; None if nothing."""
    found = next(iter(recording.shortages.most_common()), None)
    if found is None:
        return None
    name, times = found
    return (
        f"generator saturated: {times} connections could not be opened here "
        f"({os.strerror(getattr(errno, name))}); allow fewer callers (--connections, --users), "
        f"{REMEDIES[name]}"
    )


def saturation(recording: Recording, budget: Budget) -> str | None:
    """Return how the generator was the limit, and what to do; None if it was not."""
    found = next(_signs(recording, budget), None)
    if found is None:
        return None
    return (
        f"generator saturated: {found}; lower the rate, leave it a processor of its own, or use "
        f"more workers (--workers)"
    )


def too_short(recording: Recording, budget: Budget) -> str | None:
    """Return which percentile of the budget the run was too short for; None if none.

    Where failures left too few latencies, it was the target and not the run: see `failures_told`.
    """
    for clause in budget.clauses:
        percent = clause.percent
        if percent is not None and not enough_for(percent, recording.iterations):
            return (
                f"{recording.iterations} iterations are too few for {clause.measure}: "
                f"run longer, or ask for a lower percentile"
            )
    return None


def failures_told(recording: Recording, budget: Budget) -> str | None:
    """Return how many iterations failed, why, and what is not known for that; None if none did."""
    if not recording.failed:
        return None
    kinds = recording.failures.most_common()
    whys = ", ".join(why if len(kinds) == 1 else f"{why} ({n})" for why, n in kinds[:MOST_TOLD])
    further = f", and {len(kinds) - MOST_TOLD} further kinds" if len(kinds) > MOST_TOLD else ""
    told = f"{recording.failed} of {recording.iterations} iterations failed: {whys}{further}"
    return "; ".join((told, *_unknown(recording, budget)))


def _unknown(recording: Recording, budget: Budget) -> Iterator[str]:
    """Yield each percentile of the budget that has too few latencies, since failures have none."""
    count = recording.latency.count
    for clause in budget.clauses:
        percent = clause.percent
        if percent is not None and not enough_for(percent, count):
            needed = fewest_for(percent)
            yield f"{clause.measure} is not known (it needs {needed} latencies, there are {count})"


def _signs(recording: Recording, budget: Budget) -> Iterator[str]:
    steady = [one for one in recording.windows if one.phase == "steady"] or recording.windows
    busy_s, all_s = sum(one.busy_s for one in steady), sum(one.seconds for one in steady)
    waited_s = sum(one.delay * one.seconds for one in steady)
    least_ns = KEPT_WAITING_NS if waited_s > DENIED * all_s else LATE_NS
    for percent, tolerance_ns in _tolerances(recording, budget, least_ns):
        begun, read = (_late(one, tolerance_ns) for one in (recording.slip, recording.lag))
        # a request that was begun late and one whose answer was read late are two slow ones
        most, charged = OURS * (1 - percent / 100), _charged(recording)
        late = begun.share + charged * read.share
        if begun.number + charged * read.number > FEWEST and late > most:
            yield (
                f"{begun.share:.1%} of the arrivals were begun, and {read.share:.1%} of the "
                f"answers read, more than {shown_duration(tolerance_ns)} late"
            )
    if busy_s and busy_s >= BUSY_PART * all_s:
        yield f"in {busy_s:.0f} of {all_s:.0f} s it used or wanted over {BUSY:.0%} of a processor"
    elapsed_us = sum(one.seconds for one in recording.windows) * 1e6
    throttled_us = recording.throttled_us or 0
    if throttled_us > DENIED * elapsed_us > 0:
        yield f"the container was denied the processor for {throttled_us / 1e6:.1f} s"


def _tolerances(
    recording: Recording, budget: Budget, least_ns: int
) -> Iterator[tuple[float, float]]:
    """Yield percentiles that matter, each with the lateness that can be borne there."""
    limits = [
        (clause.percent, clause.limit)
        for clause in budget.clauses
        if clause.percent is not None and clause.percent < 100  # noqa: PLR2004 -- a percentage
    ]
    for percent, limit in limits or [
        (DEFAULT_PERCENT, float(recording.latency.percentile(DEFAULT_PERCENT) or 0))
    ]:
        yield percent, max(float(least_ns), limit * PART)


def _charged(recording: Recording) -> float:
    """Return for what share of the answers it is part of a latency how late we read them.

    It is not of an iteration's last answer, where the kernel's stamp was read.
    """
    if not recording.requests:
        return 1.0
    last = min(1.0, (recording.iterations + recording.warm_up_ended) / recording.requests)
    return 1.0 - last * min(1.0, recording.lag.count / recording.requests)


class _Late(NamedTuple):
    share: float
    number: float


def _late(histogram: Histogram, tolerance_ns: float) -> _Late:
    """Return what share was later than that, and how many that is."""
    share = histogram.share_above(tolerance_ns)
    return _Late(share, share * histogram.count)
