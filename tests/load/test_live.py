"""What is shown while load runs."""

from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from idprobe.load.measure.histogram import Histogram
from idprobe.load.measure.windows import Window
from idprobe.load.run import live
from idprobe.load.run.live import Seconds, second_text, shown_live
from idprobe.load.run.plan import Open, Plan

MS = 1_000_000
PLAN = Plan(Open(400), 30.0, warm_up_s=1.0, workers=2)


def second(number: int, duration_ms: int) -> Window:
    latency = Histogram()
    for _ in range(200):
        latency.record(duration_ms * MS)
    return Window(
        at_s=float(number), seconds=1.0, phase="steady", began=200, finished=200, failed=1,
        latency=latency, slip_ns=2 * MS, lag_ns=0, cpu=0.1, delay=0.0, in_flight=3,
    )  # fmt: skip


def told(places: list[Path], number: int) -> None:
    """Let two workers tell of a second: the one fast, the other slow."""
    for place, duration_ms in zip(places, (1, 900), strict=True):
        text = second_text(second(number, duration_ms), failed=number)
        place.write_text(text, encoding="utf-8")


def test_figures_are_those_of_all_workers_and_the_last_seconds(tmp_path: Path) -> None:
    places = [tmp_path / "second-0.json", tmp_path / "second-1.json"]
    seconds = Seconds(places, PLAN)
    assert not seconds.look()

    for number in range(1, 8):
        told(places, number)
        assert seconds.look()
        assert not seconds.look()
    facts = dict(seconds.facts())

    assert facts["time"] == "8 s of 31 s, steady"
    assert (facts["begun"], facts["ended"]) == ("400.0/s of 400/s", "400.0/s")
    assert facts["p50"].startswith("1 ms (last 5 s)")
    assert facts["p99"].startswith("9")
    assert facts["failed"] == "10 (last 5 s), 14 so far"
    assert (facts["in flight"], facts["begun late"]) == ("6", "at most 2 ms")


def test_a_percentile_of_too_few_is_not_shown(tmp_path: Path) -> None:
    (place := tmp_path / "second-0.json").write_text(second_text(second(1, 5), 0), "utf-8")
    seconds = Seconds([place], PLAN)
    seconds.look()

    assert dict(seconds.facts())["p99"].startswith("too few to tell")


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_has_a_table_and_a_log_a_line_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, terminal: bool
) -> None:
    clock = iter(range(0, 100, 4))
    monkeypatch.setattr(live, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    places = [tmp_path / "second-0.json", tmp_path / "second-1.json"]
    written = StringIO()
    console = Console(file=written, force_terminal=terminal, width=300)

    with shown_live(Seconds(places, PLAN), console) as look:
        for number in range(8):
            told(places, number)
            look()
            look()

    text = written.getvalue()
    lines = [line for line in text.splitlines() if line.startswith("idprobe: time ")]
    # the clock goes on by 4 s with each look that has something new, and a line takes one more
    assert (len(lines), "\x1b" in text) == ((0, True) if terminal else (2, False))
    assert "in flight" in text


def test_nothing_is_shown_where_nobody_watches(tmp_path: Path) -> None:
    (place := tmp_path / "second-0.json").write_text("{", encoding="utf-8")

    assert not Seconds([place], PLAN).look()
    with shown_live(Seconds([place], PLAN), None) as look:
        look()
