"""How long each endpoint took to answer in this run: a few numbers and a small histogram.

An audit sends strange requests, a few at a time, so this tells where time goes; it is no benchmark.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from idprobe.model.exchange import Exchange
from idprobe.model.trace import Trace

__all__ = ["Timing", "timings"]

BINS: Final = 40
SHORTEST_MS: Final = 0.1
LONGEST_MS: Final = 10_000.0
OTHER: Final = "other pages"


@dataclass(frozen=True, slots=True)
class Timing:
    """The answers of one endpoint: how many, how long in milliseconds, and their histogram.

    `bins` count answers over a logarithmic axis from SHORTEST_MS to LONGEST_MS.
    """

    endpoint: str
    answers: int
    silent: int
    median_ms: float
    p95_ms: float
    slowest_ms: float
    bins: tuple[int, ...]


def timings(traces: Iterable[Trace], endpoints: Mapping[str, str]) -> tuple[Timing, ...]:
    """Return the timing of each endpoint that was asked, the one asked most first."""
    places = {_place(url): name for name, url in sorted(endpoints.items(), reverse=True)}
    times: dict[str, list[float]] = {}
    silent: dict[str, int] = {}
    for exchange in (exchange for trace in traces for exchange in trace):
        name = places.get(_asked(exchange), OTHER)
        times.setdefault(name, [])
        if exchange.response is None:
            silent[name] = silent.get(name, 0) + 1
        else:
            times[name].append(exchange.elapsed_ns / 1e6)
    found = [_timing(name, sorted(times[name]), silent.get(name, 0)) for name in times]
    return tuple(sorted(found, key=lambda one: (one.endpoint == OTHER, -one.answers, one.endpoint)))


def _place(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:  # nobody asked there
        return url, ""
    return f"{parts.scheme}://{parts.netloc}", parts.path or "/"


def _asked(exchange: Exchange) -> tuple[str, str]:
    return exchange.request.origin, exchange.request.path


def _timing(name: str, times: list[float], silent: int) -> Timing:
    bins = [0] * BINS
    for time in times:
        bins[_bin(time)] += 1
    return Timing(
        name,
        len(times),
        silent,
        _quantile(times, 0.5),
        _quantile(times, 0.95),
        times[-1] if times else 0.0,
        tuple(bins),
    )


def _bin(time_ms: float) -> int:
    span = math.log(LONGEST_MS / SHORTEST_MS)
    place = math.log(max(time_ms, SHORTEST_MS) / SHORTEST_MS) / span
    return min(BINS - 1, int(place * BINS))


def _quantile(times: list[float], share: float) -> float:
    """Return the smallest time that is at least as long as that share of all (nearest rank)."""
    return times[max(0, math.ceil(share * len(times)) - 1)] if times else 0.0
