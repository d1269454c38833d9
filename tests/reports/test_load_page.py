"""load.html and search.html: what was measured, in numbers and in plots."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from idprobe.load.measure.histogram import Histogram
from idprobe.load.measure.recording import Recording
from idprobe.load.measure.windows import Kind, Window
from idprobe.load.run.budget import parse_budget
from idprobe.load.run.plan import Model, Open, Plan
from idprobe.load.run.result import LoadResult
from idprobe.report.charts.load_charts import load_charts, search_charts
from idprobe.report.charts.load_page import load_html, search_html

EVIL = "<script>alert(1)</script>"


def window(second: int, finished: int) -> Window:
    latency = Histogram()
    for number in range(finished):
        latency.record(2_000_000 if number % 2 else 9_000_000)
    return Window(
        at_s=float(second),
        seconds=1.0,
        phase="steady" if second else "warm-up",
        began=finished,
        finished=finished,
        failed=second,
        latency=latency,
        slip_ns=1000,
        lag_ns=1000,
        cpu=0.2,
        delay=0.01,
        kinds={"POST /token": Kind(latency, 9, second, {"200": finished, "503": second})},
    )


def document(*windows: Window, model: Model | None = None, **members: Any) -> dict[str, Any]:
    recording = Recording(complete=True, windows=list(windows), failures=Counter({EVIL: 3}))
    for duration in range(1, 2001):
        recording.latency.record(duration * 10_000)
        recording.service.record(duration * 9_000)
    recording.succeeded = recording.scheduled = 1997
    plan = Plan(model or Open(200), 10.0, warm_up_s=1.0)
    budget = parse_budget("p99<1s,errors<1%")
    started = datetime(2026, 1, 1, tzinfo=UTC)
    result = LoadResult(
        "client_credentials", EVIL, "http://127.0.0.1", started, plan, budget, recording
    )
    return {**result.to_dict(), **members}


def search(**members: Any) -> dict[str, Any]:
    trial = {"achieved_per_s": 99.0, "p95_ms": 4.0, "p99_ms": 8.0, "error_share": 0, "why": None}
    return {
        "schema": 0,
        "scenario": "client_credentials",
        "target": EVIL,
        "objective": "p99<60ms, errors<1%",
        "arrivals": "poisson",
        "trial_s": 20.0,
        "started_at": "2026-01-01T00:00:00+00:00",
        "rate_per_s": 200.0,
        "failed_at_per_s": 220.0,
        "ended": "the bounds are within 3%",
        "knee_per_s": 180.0,
        "concurrency": [{"users": n, "throughput_per_s": 50.0 * n} for n in (1, 2, 4, 8)],
        "scaling": {
            "rate_of_one": 50.0,
            "contention": 0.0,
            "coherency": 0.001,
            "contention_range": [0.0, 0.02],
            "coherency_range": [0.0009, 0.0012],
            "most_measured": 8,
            "peak": None,
        },
        "past_the_limit": "queues: it does what it can, and everybody waits",
        "recovered": True,
        "trials": [
            {**trial, "rate_per_s": 100.0, "held": True},
            {**trial, "rate_per_s": 220.0, "held": False, "p99_ms": None},
            {**trial, "rate_per_s": 210.0, "held": None, "why": EVIL},
        ],
        "unusable": None,
        **members,
    }


def test_a_run_is_drawn_over_time_and_by_how_latency_is_spread() -> None:
    charts = {one.title: one for one in load_charts(document(window(0, 5), window(1, 600)))}
    latency, ended = charts["Latency over time"].series, charts["Throughput"].series

    assert [one.name for one in latency] == ["p50", "p99", "slowest"]
    assert latency[1].points == [(1.5, 9.0)]
    assert ended[0].points == [(0.5, 5.0), (1.5, 600.0)]
    assert charts["Latency over time"].marks == ((1.0, "warm-up ends"),)
    assert sum(count for _, count in charts["How latency is spread"].series[0].points) == 2000
    assert charts["The generator itself"].y.high == 100


def test_a_percentile_over_time_is_of_as_many_seconds_as_it_needs() -> None:
    seconds = [window(number, 100) for number in range(12)]

    latency = {one.title: one for one in load_charts(document(*seconds))}[
        "Latency over time"
    ].series

    # of the eleven steady ones five make one p99, and the last is too few
    assert [x for x, _ in latency[0].points] == [number + 0.5 for number in range(1, 12)]
    assert [x for x, _ in latency[1].points] == [3.5, 8.5]


def test_status_codes_are_drawn_by_class() -> None:
    charts = {one.title: one for one in load_charts(document(window(0, 5), window(1, 200)))}
    good, refused, broken, none = charts["Status codes"].series

    assert good.points == [(0.5, 5.0), (1.5, 200.0)]
    assert broken.points == [(0.5, 0.0), (1.5, 1.0)]
    assert {y for _, y in (*refused.points, *none.points)} == {0.0}


def test_a_load_json_of_an_earlier_version_is_drawn_without_what_it_does_not_tell() -> None:
    old = document(window(0, 5), window(1, 200))
    del old["over_time"], old["statuses"]
    for one in old["windows"]:
        del one["statuses"], one["phase"]

    charts = {one.title: one for one in load_charts(old)}

    assert "Status codes" not in charts
    assert [len(one.points) for one in charts["Latency over time"].series] == [0, 0, 2]


def test_a_second_in_which_nothing_ended_has_no_latency() -> None:
    charts = {one.title: one for one in load_charts(document(window(0, 0), window(1, 200)))}

    assert [x for x, _ in charts["Latency over time"].series[0].points] == [1.5]


def test_a_run_of_one_second_has_no_plot_over_time() -> None:
    assert [one.title for one in load_charts(document(window(0, 5)))] == ["How latency is spread"]


def test_a_run_without_an_answer_has_a_page_all_the_same() -> None:
    empty = LoadResult(
        "client_credentials",
        "x",
        "http://127.0.0.1",
        datetime(2026, 1, 1, tzinfo=UTC),
        Plan(Open(200), 10.0),
        parse_budget(""),
        Recording(),
        unusable="nobody answers",
    )

    assert "nobody answers" in load_html(empty.to_dict())


def test_a_page_has_its_numbers_and_nothing_that_a_server_wrote_as_markup() -> None:
    page = load_html(document(window(0, 5), window(1, 200), notes=[EVIL]))

    assert EVIL not in page
    assert page.count("&lt;script&gt;") >= 3
    assert "default-src &#39;none&#39;" in page
    assert page.count("<svg class") == 5
    assert "too few" in page  # p99.99 of 2000


def test_a_search_is_drawn_by_rate_and_by_concurrency() -> None:
    charts = search_charts(search())
    by_rate, by_concurrency = charts[0], charts[1]

    assert [len(one.points) for one in by_rate.series] == [2, 1]
    assert by_rate.series[0].points[1] == (220.0, 4.0)
    assert by_rate.marks == ((180.0, "knee"), (200.0, "holds up to"))
    assert by_concurrency.series[0].points[-1] == (8.0, 400.0)
    assert by_concurrency.series[1].points[0] == (1.0, 50.0)


def test_the_page_of_a_search_tells_its_bounds_and_trials() -> None:
    page = search_html(search())

    assert "Holds at 200/s; does not at 220/s." in page
    assert "Objective: p99&lt;60ms, errors&lt;1%. Trials of 20 s or more, poisson arrivals" in page
    assert "0.001 (0.0009 to 0.0012)" in page
    assert "not reached by these data" in page
    assert EVIL not in page
    assert "void: &lt;script&gt;" in page


def test_a_search_that_found_nothing_says_so() -> None:
    nothing = search(rate_per_s=0.0, trials=[], concurrency=[], scaling=None, knee_per_s=None)

    assert "No rate was found" in search_html(nothing)
    assert search_charts(nothing) == ()
