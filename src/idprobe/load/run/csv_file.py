"""load.csv: a row for each window and kind of request, for a spreadsheet or a data frame."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from idprobe.load.measure.histogram import Histogram, reliable
from idprobe.load.measure.windows import Window
from idprobe.load.run.result import LoadResult

__all__ = ["write_csv"]

PERCENTILES: Final = {"p50_ms": 50.0, "p95_ms": 95.0, "p99_ms": 99.0}
STATUSES: Final = ("1xx", "2xx", "3xx", "4xx", "5xx", "none", "others")
COLUMNS: Final = (
    "at_s", "seconds", "phase", "what", "name", "count", "failed", *PERCENTILES, "max_ms", "octets",
    *STATUSES,
)  # fmt: skip
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def write_csv(result: LoadResult, path: Path) -> None:
    """Write load.csv.

    What is an iteration counts from when it was meant to start, what is a request from when it was
    sent. Failures have no latency, save for want of an answer in time. A cell is empty where there
    is nothing to tell, or too little for a percentile.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        for window in result.recording.windows:
            writer.writerows(_rows(window, result.scenario))


def _rows(window: Window, scenario: str) -> Iterator[dict[str, Any]]:
    when = {"at_s": window.at_s, "seconds": window.seconds, "phase": window.phase}
    counts = {"what": "iteration", "count": window.finished, "failed": window.failed}
    octets = {"octets": window.octets}
    yield {**when, **counts, "name": scenario, **_times(window.latency), **octets}
    for name, kind in sorted(window.kinds.items()):
        counts = {"what": "request", "count": kind.requests, "failed": kind.failed}
        others = {"octets": kind.octets, **_classes(kind.statuses)}
        yield {**when, **counts, "name": _cell(name), **_times(kind.durations), **others}


def _times(histogram: Histogram) -> dict[str, float | None]:
    found = {name: reliable(histogram, percent) for name, percent in PERCENTILES.items()}
    found["max_ms"] = histogram.maximum
    return {name: None if value is None else value / 1e6 for name, value in found.items()}


def _classes(statuses: Mapping[str, int]) -> dict[str, int]:
    """Return how many answers of each class of status codes came, and how many did not."""
    found = dict.fromkeys(STATUSES, 0)
    for code, count in statuses.items():
        name = f"{code[0]}xx" if code.isdecimal() else code
        found[name if name in found else "others"] += count
    return found


def _cell(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: a server chose a part of it."""
    plain = "".join(letter if letter.isprintable() else "�" for letter in text)
    return f"'{plain}" if text.startswith(FORMULA) else plain
