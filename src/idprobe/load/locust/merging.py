"""The engine's statistics on their way into Locust's, by the call that its master uses."""

import logging
import math
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, Final

from idprobe.errors import ProbeError
from idprobe.load.measure.counters import CounterSnapshot

__all__ = ["Merger", "nearest_rank", "tell_exactly"]

_LOG: Final = logging.getLogger(__name__)


class Merger:
    """Adds what an engine has counted to an environment's statistics.

    Response times keep the width of our histogram's cells, where Locust itself rounds to two
    digits, and a failure has none, save one that timed out; whoever listens to `events.request` is
    told of each request of a report.
    """

    def __init__(self, environment: Any) -> None:
        self._environment: Final = environment
        self._failed: Final[list[Any]] = []

    @property
    def listeners(self) -> list[Any]:
        """Who listens to requests besides Locust's own statistics."""
        handlers = self._environment.events.request._handlers  # noqa: SLF001 -- Locust has no public way
        return [one for one in handlers if one.__module__ != "locust.runners"]

    def merge(self, outbox: "deque[CounterSnapshot]") -> None:
        """Add everything in an outbox."""
        while outbox:
            counted = outbox.popleft()
            self._add(counted)
            self._tell(counted)

    def _add(self, counted: CounterSnapshot) -> None:
        stats = self._environment.stats
        method, _, path = counted.name.partition(" ")
        kind = type(stats.total)
        fresh = kind(stats, path, method)
        _fill(fresh, counted)
        stats.get(path, method).extend(fresh)
        stats.total.extend(fresh)
        for why, times in counted.failures.items():
            _note_error(stats, method, path, why, times)

    def _tell(self, counted: CounterSnapshot) -> None:
        listeners = self.listeners
        if not listeners:
            return
        method, _, path = counted.name.partition(" ")
        for duration_ms, why in _requests(counted):
            request: dict[str, Any] = {
                "request_type": method,
                "name": path,
                "response_time": duration_ms,
                "response_length": counted.mean_octets,
                "response": None,
                "context": {},
                "exception": None if why is None else ProbeError(why),
                "start_time": counted.at_s - (duration_ms or 0.0) / 1000,
                "url": path,
            }
            for listener in listeners:
                self._tell_one(listener, request)

    def _tell_one(self, listener: Any, request: Mapping[str, Any]) -> None:
        """Call a listener; say once of one that it failed, whose error is no reason to end a run.

        Locust's own way would count each request a second time, and print each failure.
        """
        try:
            listener(**request)
        except Exception:  # noqa: BLE001 -- whatever it is, it is the listener's
            if listener not in self._failed:
                self._failed.append(listener)
                _LOG.exception("a listener of events.request failed (this is said once)")


def _requests(counted: CounterSnapshot) -> Iterator[tuple[float | None, str | None]]:
    """Yield each request of a report: how long it took in ms, and why it failed.

    A failure has no duration, as Locust's own statistics have it where None is told; of those that
    timed out, which have one, it is taken to be among the longest.
    """
    late = list(counted.timed_out.elements())
    times = counted.durations.in_milliseconds()
    for duration_ms in sorted(times, reverse=True):
        for _ in range(times[duration_ms]):
            yield duration_ms, late.pop() if late else None
    whys = (counted.failures - counted.timed_out).elements()
    for _ in range(counted.requests - counted.durations.count):
        yield None, next(whys, None)


def nearest_rank(response_times: Mapping[float, int], num_requests: int, percent: float) -> float:
    """Return the least response time that such a share of all does not exceed; 0 without any.

    Of all that have one: failures have none, which not every version of Locust takes off.
    """
    del num_requests
    rank = max(1, math.ceil(round(percent * sum(response_times.values()), 6)))
    for response_time in sorted(response_times):
        rank -= response_times[response_time]
        if rank <= 0:
            return response_time
    return 0.0


def tell_exactly(stats: Any) -> None:
    """Let Locust's module of statistics take percentiles by rank, and write them as they are.

    Its own are a rank too high, and whole milliseconds in its files: 0 for a fast server.
    """
    stats.calculate_response_time_percentile = nearest_rank
    stats.StatsCSV._percentile_fields = _percentile_fields  # noqa: SLF001 -- Locust has no public way


def _percentile_fields(writer: Any, entry: Any, use_current: bool = False) -> Any:  # noqa: FBT001, FBT002 -- as Locust calls it
    if not entry.num_requests:
        return writer.percentiles_na
    ask = entry.get_response_time_percentile
    if use_current and entry.use_response_times_cache:
        ask = entry.get_current_response_time_percentile
    return [ask(percent) or 0 for percent in writer.percentiles_to_report]


def _fill(entry: Any, counted: CounterSnapshot) -> None:
    """Put a report into a StatsEntry."""
    durations = counted.durations
    second = int(counted.at_s)
    failed = counted.failures.total() - len(counted.failures)
    entry.start_time = counted.at_s - 1
    entry.last_request_timestamp = counted.at_s
    entry.num_requests = counted.requests
    entry.num_none_requests = counted.requests - durations.count
    entry.num_failures = failed
    entry.total_response_time = durations.total / 1e6
    entry.min_response_time = None if durations.minimum is None else durations.minimum / 1e6
    entry.max_response_time = (durations.maximum or 0) / 1e6
    entry.total_content_length = counted.octets
    entry.response_times = durations.in_milliseconds()
    entry.num_reqs_per_sec = {second: counted.requests}
    entry.num_fail_per_sec = {second: failed} if failed else {}


def _note_error(stats: Any, method: str, name: str, why: str, times: int) -> None:
    """Count a kind of failure as Locust does; `_fill` has left one of each kind to it."""
    stats.log_error(method, name, ProbeError(why))
    for error in stats.errors.values():
        if error.method == method and error.name == name and str(error.error) == why:
            error.occurrences += times - 1
