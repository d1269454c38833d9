"""The plots of a load.json and of a search.json."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from idprobe.load.measure.histogram import Histogram
from idprobe.report.charts.plot import Axis, Chart, Series, span

__all__ = ["load_charts", "search_charts"]

BARS: Final = 60
SECONDS: Final = "seconds from the start"
MILLISECONDS: Final = "latency in ms"
CLASSES: Final = {"2xx, 3xx": "23", "4xx": "4", "5xx": "5", "none or others": "1no6789"}
"""The first characters of what `statuses` of a window counts, by how they are drawn."""


def load_charts(document: Mapping[str, Any]) -> tuple[Chart, ...]:
    """Return the plots of a load.json; those that there are no values for are left out."""
    windows = document["windows"]
    found = [_distribution(document)]
    if len(windows) > 1:
        warm = document["plan"].get("warm_up_s", 0.0)
        marks: tuple[tuple[float, str], ...] = ((warm, "warm-up ends"),) if warm else ()
        cooling = [one["at_s"] for one in windows if one.get("phase") == "cool-down"]
        marks += tuple((at_s, "cool-down") for at_s in cooling[:1])
        found += [_over_time(document, marks), _throughput(windows, marks)]
        found += [_statuses(windows, marks), _ourselves(windows)]
    return tuple(chart for chart in found if any(one.points for one in chart.series))


def search_charts(document: Mapping[str, Any]) -> tuple[Chart, ...]:
    """Return the plots of a search.json."""
    found = [_by_rate(document), _by_concurrency(document)]
    return tuple(chart for chart in found if any(one.points for one in chart.series))


def _middle(window: Mapping[str, Any]) -> float:
    return float(window["at_s"]) + float(window["seconds"]) / 2


def _time(windows: Sequence[Mapping[str, Any]]) -> Axis:
    return Axis(SECONDS, 0.0, windows[-1]["at_s"] + windows[-1]["seconds"])


def _over_time(document: Mapping[str, Any], marks: tuple[tuple[float, str], ...]) -> Chart:
    """Draw percentiles over as many seconds each as they need, and the slowest of each window.

    The windows of earlier versions have percentiles of however few, which are not drawn.
    """
    windows, told = document["windows"], document.get("over_time", {})

    def of(name: str) -> list[tuple[float, float]]:
        return [(_middle(stretch), stretch["ms"]) for stretch in told.get(name, ())]

    slowest = [(_middle(one), one["max_ns"] / 1e6) for one in windows if one["max_ns"] is not None]
    series = (Series("p50", of("p50")), Series("p99", of("p99")), Series("slowest", slowest))
    values = [y for one in series for _, y in one.points]
    y = span(MILLISECONDS, values, logarithmic=True)
    return Chart("Latency over time", _time(windows), y, series, marks)


def _throughput(
    windows: Sequence[Mapping[str, Any]], marks: tuple[tuple[float, str], ...]
) -> Chart:
    def of(member: str) -> list[tuple[float, float]]:
        return [(_middle(window), window[member] / window["seconds"]) for window in windows]

    series = (
        Series("ended", of("finished")),
        Series("begun", of("began")),
        Series("failed", of("failed")),
    )
    values = [y for one in series for _, y in one.points]
    return Chart("Throughput", _time(windows), span("iterations a second", values), series, marks)


def _statuses(windows: Sequence[Mapping[str, Any]], marks: tuple[tuple[float, str], ...]) -> Chart:
    """Draw how many answers of each class of status codes came, and how many did not."""

    def of(classes: str) -> list[tuple[float, float]]:
        return [
            (
                _middle(one),
                sum(n for code, n in one["statuses"].items() if code[0] in classes)
                / one["seconds"],
            )
            for one in told
        ]

    told = [one for one in windows if "statuses" in one]
    series = tuple(Series(name, of(classes)) for name, classes in CLASSES.items())
    values = [y for one in series for _, y in one.points]
    return Chart("Status codes", _time(windows), span("answers a second", values), series, marks)


def _ourselves(windows: Sequence[Mapping[str, Any]]) -> Chart:
    cpu = [(_middle(window), 100 * window["cpu"]) for window in windows]
    delay = [(_middle(window), 100 * window["delay"]) for window in windows]
    series = (Series("used", cpu), Series("waited for", delay))
    y = Axis("% of a processor", 0.0, max(100.0, *(y for _, y in (*cpu, *delay))))
    return Chart("The generator itself", _time(windows), y, series)


def _distribution(document: Mapping[str, Any]) -> Chart:
    histogram = Histogram.from_dict(document["latency"]["histogram"])
    cells = histogram.in_milliseconds()
    x = span(MILLISECONDS, list(cells), logarithmic=True)
    bars = list(_binned(cells, x)) if cells else []
    y = span("iterations", [count for _, count in bars])
    marks = tuple(
        (document["latency"][name], name)
        for name in ("p50", "p99")
        if document["latency"][name] is not None
    )
    return Chart("How latency is spread", x, y, (Series("iterations", bars, "bars"),), marks)


def _binned(cells: Mapping[float, int], axis: Axis) -> Iterator[tuple[float, float]]:
    """Yield the middle and the count of each bar that is not empty, evenly wide on the axis."""
    counts = [0] * BARS
    for at_ms, count in cells.items():
        counts[min(BARS - 1, int(axis.share(at_ms) * BARS))] += count
    low, high = math.log10(axis.low), math.log10(axis.high)
    for place, count in enumerate(counts):
        if count:
            yield 10 ** (low + (place + 0.5) / BARS * (high - low)), float(count)


def _by_rate(document: Mapping[str, Any]) -> Chart:
    def of(member: str) -> list[tuple[float, float]]:
        trials = [one for one in document["trials"] if one["held"] is not None]
        known = [one for one in trials if one[member] is not None]
        return sorted((one["rate_per_s"], one[member]) for one in known)

    series = (Series("p95", of("p95_ms")), Series("p99", of("p99_ms")))
    marks = [(document["knee_per_s"], "knee"), (document["rate_per_s"], "holds up to")]
    x = span("arrivals a second", [x for one in series for x, _ in one.points])
    y = span(MILLISECONDS, [y for one in series for _, y in one.points], logarithmic=True)
    known = tuple((value, name) for value, name in marks if value)
    return Chart("Latency by arrival rate", x, y, series, known)


def _by_concurrency(document: Mapping[str, Any]) -> Chart:
    measured = [(one["users"], one["throughput_per_s"]) for one in document["concurrency"]]
    most = max((users for users, _ in measured), default=1)
    law = document["scaling"]
    curve = [] if law is None else [(n, _law(law, n)) for n in range(1, int(most) + 1)]
    series = (
        Series("measured", measured, "dots"),
        Series("Universal Scalability Law", curve),
    )
    y = span("iterations a second", [y for one in series for _, y in one.points])
    return Chart("Throughput by concurrency", Axis("users at once", 0.0, most), y, series)


def _law(law: Mapping[str, Any], n: float) -> float:
    waits = 1 + law["contention"] * (n - 1) + law["coherency"] * n * (n - 1)
    return float(law["rate_of_one"] * n / waits)
