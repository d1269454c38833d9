"""What drifts over a soak, and what only seems to."""

import io
import os
import random
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import httpx
import pytest
import respx
from rich.console import Console

from idprobe.errors import UsageError
from idprobe.load.measure.drift import FEWEST_WINDOWS, drifts, trend_by_chance
from idprobe.load.measure.histogram import Histogram
from idprobe.load.measure.memory import Scraped, memory_of, refuse_metrics
from idprobe.load.measure.recording import Recording
from idprobe.load.measure.windows import Window
from idprobe.load.run.budget import parse_budget
from idprobe.load.run.plan import Open, Plan
from idprobe.load.run.result import LoadResult
from idprobe.load.run.table import print_load
from idprobe.report.charts.load_page import load_html

MS = 1_000_000
FASTEST_NS = 2 * MS
SPREAD = 60
"""So many iterations a second have a histogram here, as many as make a soak quick to invent."""


@cache
def latency(scale: float) -> Histogram:
    """Return latencies from 2 ms up, those of a second that is so many times as slow as others."""
    found = Histogram()
    found.record_many([round(FASTEST_NS * scale * (1 + n / SPREAD)) for n in range(SPREAD)])
    return found


STEADY = Window(
    at_s=0.0, seconds=1.0, phase="steady", began=100, finished=100, failed=0, latency=latency(1),
    slip_ns=0, lag_ns=0, cpu=0.1, delay=0.0, octets=50_000, connections=10,
    server_bytes=100 * 2**20,
)  # fmt: skip


def soak(change: Callable[[Window, int], Window], count: int = 200, seed: int = 1) -> list[Window]:
    chance = random.Random(seed)  # noqa: S311 -- noise, repeatable
    windows = []
    for second in range(count):
        window = replace(
            STEADY,
            at_s=float(second),
            latency=latency(round(chance.gauss(1, 0.1), 2)),
            connections=10 + chance.randrange(3),
        )
        windows.append(change(window, second))
    return windows


def slower(window: Window, scale: float, of: float = 0.0) -> Window:
    """Return a window of which the slowest part is slower."""
    scaled = Histogram()
    for number, ms in enumerate(sorted(window.latency.in_milliseconds())):
        scaled.record(round(ms * MS * (scale if number >= of * SPREAD else 1)))
    return replace(window, latency=scaled)


def named(windows: list[Window]) -> set[str]:
    return {one.name for one in drifts(windows) if one.drifts}


def test_nothing_drifts_where_only_noise_is_in_99_of_100_soaks() -> None:
    alarms = sum(bool(named(soak(lambda window, _: window, seed=seed))) for seed in range(100))

    assert alarms <= 1


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("p99 latency", lambda one, s: slower(one, 1 + s / 100, of=0.9)),
        ("errors", lambda one, s: replace(one, failed=int(s > 100 and s % 9 == 0))),
        ("octets an iteration", lambda one, s: replace(one, octets=one.octets + 30 * s)),
        ("connections", lambda one, s: replace(one, connections=one.connections + s // 20)),
        ("memory of the server", lambda one, s: replace(one, server_bytes=2**27 + s * 2**17)),
    ],
)
def test_each_figure_can_drift(name: str, change: Callable[[Window, int], Window]) -> None:
    assert named(soak(change)) == {name}


def test_a_server_that_becomes_slower_drifts_in_every_percentile() -> None:
    assert named(soak(lambda one, s: slower(one, 1 + s / 100))) == {"p50 latency", "p99 latency"}


def test_a_percentile_of_too_few_iterations_is_left_out() -> None:
    few = soak(lambda one, _: one, count=FEWEST_WINDOWS)

    # a twentieth of them has 300, which is enough for p50 alone
    assert {one.name for one in drifts(few)} >= {"p50 latency", "errors"}
    assert "p99 latency" not in {one.name for one in drifts(few)}


def test_a_trend_too_small_to_matter_is_no_drift() -> None:
    slight = soak(lambda one, s: replace(one, octets=50_000 + s))
    (octets,) = (one for one in drifts(slight) if one.name == "octets an iteration")

    assert octets.chance < 0.01
    assert not octets.drifts


def test_one_hiccup_is_no_trend() -> None:
    assert named(soak(lambda one, s: slower(one, 9) if s == 190 else one)) == set()


def test_a_figure_that_nobody_knows_is_left_out() -> None:
    windows = soak(lambda one, _: replace(one, server_bytes=None))

    assert "memory of the server" not in {one.name for one in drifts(windows)}


def test_a_short_run_and_its_warm_up_tell_nothing() -> None:
    assert drifts([STEADY] * (FEWEST_WINDOWS - 1)) == ()
    assert drifts([replace(STEADY, phase="warm-up")] * 500) == ()


def test_the_chance_of_a_trend_is_that_of_the_textbook() -> None:
    # S = 45 of n = 10, z = 44 / sqrt(125)
    assert trend_by_chance(range(10)) == pytest.approx(8.3e-5, rel=0.02)
    assert trend_by_chance([5, 5, 5, 5]) == 1.0
    assert trend_by_chance([1, 2, 1, 2, 1, 2]) > 0.3


def test_the_memory_of_a_process_is_known_while_it_lives() -> None:
    assert (memory_of(os.getpid()) or 0) > 2**20
    assert memory_of(2**22 + 1) is None


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes 5e7\n", 5e7),
        ('jvm_memory_used_bytes{id="a"} 3e7\njvm_memory_used_bytes{id="b"} 1e7\n', 4e7),
        ("some_other_figure 1\n", None),
        ("process_resident_memory_bytes NaN\n", None),
        ("process_resident_memory_bytes +Inf\n", None),
        ("<html>no figures</html>\n", None),
        ("x" * 4_000_001, None),
    ],
)
def test_memory_is_read_as_prometheus_is_told(
    respx_mock: respx.MockRouter, text: str, octets: float | None
) -> None:
    respx_mock.get("http://127.0.0.1:9000/metrics").respond(text=text)
    scraped = Scraped("http://127.0.0.1:9000/metrics")

    scraped.ask()

    assert scraped() == octets


def test_memory_is_unknown_once_nobody_tells_it(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.get("http://127.0.0.1:9000/metrics")
    scraped = Scraped("http://127.0.0.1:9000/metrics")
    said = httpx.Response(200, text="process_resident_memory_bytes 5\n")
    for answer, octets in ((said, 5), (httpx.Response(503), None), (httpx.ReadTimeout("x"), None)):
        route.mock(side_effect=[answer])
        scraped.ask()
        assert scraped() == octets


def test_figures_are_fetched_from_nobody_who_did_not_agree() -> None:
    refuse_metrics("http://127.0.0.1:9000/metrics", frozenset())
    refuse_metrics("https://id.example/metrics", frozenset({"id.example"}))
    with pytest.raises(UsageError, match=r"--i-may-load id\.example"):
        refuse_metrics("https://id.example/metrics", frozenset({"other.example"}))
    for url in ("file:///proc/self/statm", "http://me:pw@127.0.0.1/", "http://127.0.0.1/?key=1"):
        with pytest.raises(UsageError, match="wants an http or https address"):
            refuse_metrics(url, frozenset())


@pytest.mark.parametrize(("step", "word"), [(1, "rises"), (-1, "falls"), (0, "stays")])
def test_where_a_figure_drifts_to_is_told(step: int, word: str) -> None:
    windows = soak(lambda window, second: replace(window, octets=500_000 + step * second * 2000))
    plan = Plan(Open(100), 200.0, soak=True)
    recording = Recording(complete=True, windows=windows, scheduled=20_000, succeeded=20_000)
    began = datetime(2026, 1, 1, tzinfo=UTC)
    result = LoadResult("s", "t", "http://127.0.0.1", began, plan, parse_budget(""), recording)
    shown = io.StringIO()

    print_load(result, Console(file=shown, width=160))

    assert re.search(rf"octets an iteration, octets .* {word} ", shown.getvalue())
    page = load_html(result.to_dict())
    assert re.search(rf"octets an iteration, octets</th>.*<td>{word}</td>", page)
