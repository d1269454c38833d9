"""What a test has measured so far, for Prometheus to scrape while it runs.

The figures are Locust's own statistics, so a master tells of all its workers.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Any, Final

from gevent.pywsgi import WSGIServer
from prometheus_client import CollectorRegistry, Metric, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from idprobe.errors import UsageError

__all__ = ["serve_metrics"]

BOUNDS_S: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def serve_metrics(environment: Any, address: tuple[str, int]) -> WSGIServer:
    """Serve the figures at /metrics until the process ends; raises UsageError if that fails."""
    registry = CollectorRegistry()
    registry.register(_Figures(environment))
    server = WSGIServer(address, make_wsgi_app(registry), log=None)
    try:
        server.start()
    except OSError as error:
        raise UsageError(
            f"metrics cannot be served at {address[0]}:{address[1]}: {error.strerror}"
        ) from None
    return server


class _Figures:
    """Locust's statistics as Prometheus reads them."""

    def __init__(self, environment: Any) -> None:
        self._environment: Final = environment

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics as they are now."""
        entries = list(self._environment.stats.entries.values())
        yield self._durations(entries)
        failures = CounterMetricFamily(
            "idprobe_failures", "Requests that failed, by why.", labels=("method", "name", "why")
        )
        for error in list(self._environment.stats.errors.values()):
            labels = (error.method, error.name, str(error.error))
            failures.add_metric(labels, error.occurrences)
        yield failures
        runner = self._environment.runner
        users = 0 if runner is None else runner.user_count
        yield GaugeMetricFamily("idprobe_users", "Users of the test.", value=users)

    def _durations(self, entries: Iterable[Any]) -> HistogramMetricFamily:
        found = HistogramMetricFamily(
            "idprobe_request_duration_seconds",
            "How long requests took, from when they were sent.",
            labels=("method", "name"),
        )
        for entry in entries:
            found.add_metric(
                (entry.method, entry.name),
                buckets=list(_buckets(dict(entry.response_times))),
                sum_value=entry.total_response_time / 1e3,
            )
        return found


def _buckets(times: dict[float, int]) -> Iterator[tuple[str, float]]:
    """Yield how many durations, given in ms, each bound is not less than."""
    counts = [0] * (len(BOUNDS_S) + 1)
    for duration_ms, number in times.items():
        counts[bisect_left(BOUNDS_S, duration_ms / 1e3)] += number
    total = 0
    for bound, count in zip((*BOUNDS_S, float("inf")), counts, strict=True):
        total += count
        yield ("+Inf" if bound == float("inf") else str(bound)), total
