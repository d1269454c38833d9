"""What drifts over a soak, and what only seems to."""

import os
import random
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest
import respx

from idprobe.errors import UsageError
from idprobe.load.drift import FEWEST_WINDOWS, drifts, trend_by_chance
from idprobe.load.memory import Scraped, memory_of, refuse_metrics
from idprobe.load.recording import Window

MS = 1_000_000
STEADY = Window(
    at_s=0.0, seconds=1.0, steady=True, began=100, finished=100, failed=0, p50_ns=2 * MS,
    p99_ns=9 * MS, max_ns=20 * MS, slip_ns=0, lag_ns=0, cpu=0.1, delay=0.0, octets=50_000,
    connections=10, server_bytes=100 * 2**20,
)  # fmt: skip


def soak(change: Callable[[Window, int], Window], count: int = 600, seed: int = 1) -> list[Window]:
    chance = random.Random(seed)  # noqa: S311 -- noise, repeatable
    windows = []
    for second in range(count):
        noise = chance.gauss(1, 0.2)
        window = replace(
            STEADY,
            at_s=float(second),
            p50_ns=round(2 * MS * noise),
            p99_ns=round(9 * MS * noise**2),
            connections=10 + chance.randrange(3),
        )
        windows.append(change(window, second))
    return windows


def named(windows: list[Window]) -> set[str]:
    return {one.name for one in drifts(windows) if one.drifts}


def test_nothing_drifts_where_only_noise_is_in_99_of_100_soaks() -> None:
    alarms = sum(bool(named(soak(lambda window, _: window, seed=seed))) for seed in range(100))

    assert alarms <= 1


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("p50 latency", lambda one, s: replace(one, p50_ns=one.p50_ns + s * 2000)),
        ("p99 latency", lambda one, s: replace(one, p99_ns=one.p99_ns + s * 10_000)),
        ("errors", lambda one, s: replace(one, failed=s // 200)),
        ("octets an iteration", lambda one, s: replace(one, octets=one.octets + 10 * s)),
        ("connections", lambda one, s: replace(one, connections=one.connections + s // 60)),
        ("memory of the server", lambda one, s: replace(one, server_bytes=2**27 + s * 2**15)),
    ],
)
def test_each_figure_can_drift(name: str, change: Callable[[Window, int], Window]) -> None:
    assert named(soak(change)) == {name}


def test_a_trend_too_small_to_matter_is_no_drift() -> None:
    slight = soak(lambda one, s: replace(one, octets=50_000 + s // 2))
    (octets,) = (one for one in drifts(slight) if one.name == "octets an iteration")

    assert octets.chance < 0.01
    assert not octets.drifts


def test_one_hiccup_is_no_trend() -> None:
    assert named(soak(lambda one, s: replace(one, p99_ns=900 * MS) if s == 590 else one)) == set()


def test_a_figure_that_nobody_knows_is_left_out() -> None:
    windows = soak(lambda one, _: replace(one, server_bytes=None))

    assert "memory of the server" not in {one.name for one in drifts(windows)}


def test_a_short_run_and_its_warm_up_tell_nothing() -> None:
    assert drifts([STEADY] * (FEWEST_WINDOWS - 1)) == ()
    assert drifts([replace(STEADY, steady=False)] * 500) == ()


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
