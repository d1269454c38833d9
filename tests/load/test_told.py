"""What the verb `load` prints and writes of its runs, and with which code it ends."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from rich.console import Console
from tests.load.test_running import profile_of
from tests.load.test_schedulers import result_of

from idprobe.load.measure.recording import Recording, Worker
from idprobe.load.run import command
from idprobe.load.run.command import add_load_command
from idprobe.load.run.generator import LoadRun
from idprobe.load.run.plan import Closed
from idprobe.load.run.result import LoadResult
from idprobe.load.run.table import print_load
from idprobe.load.search import repeating

MS = 1_000_000


def recording_of(*, fast: bool = True) -> Recording:
    """Return a sound run of 1000 iterations, within 5 ms or beyond half a second."""
    recording = Recording(complete=True, scheduled=1000, succeeded=1000, requests=1100)
    took = MS if fast else 700 * MS
    for histogram in (recording.latency, recording.service):
        histogram.record_many([took + number for number in range(1000)])
    recording.slip.record_many([1000] * 1000)
    recording.throttled_us = 0
    recording.started_ns, recording.ended_ns = 0, 1000 * MS
    return recording


def told(result: LoadResult) -> str:
    shown = io.StringIO()
    print_load(result, Console(file=shown, width=160))
    return shown.getvalue()


def test_a_run_within_its_budget_is_told_with_all_its_figures() -> None:
    recording = recording_of()
    recording.warm_up_scheduled = recording.warm_up_ended = 40
    recording.most_connections = 7
    recording.workers = [Worker(0.2, 0.3, compiled=True), Worker(0.1, 0.25, compiled=True)]

    text = told(result_of(recording, "p99<10ms,errors<1%"))

    for fact in (
        "offered     40/s for 1 s (constant)",
        "iterations  1000 (0 failed)",
        "warm-up     40 iterations before, not counted",
        "generator   30% of a processor in its busiest second, compiled",
        "workers     20%, 10% of a processor each, over all of the run",
        "requests    1100 by 7 callers, 0 reconnects",
        "begun late",
        "p99.99 │ too few",
        "held",
        "within budget",
    ):
        assert fact in text
    assert "read late" not in text
    assert "throttling" not in text


def test_what_went_wrong_is_told_and_markup_in_it_is_shown_as_it_is() -> None:
    recording = recording_of(fast=False)
    recording.succeeded, recording.throttled_us = 990, None
    recording.failures["no answer [red]at all"] = 10
    recording.findings["a user was given the subject of another"] = 2
    recording.warnings["status 503 without Retry-After"] = 3
    result = result_of(recording, "p99<10ms,errors<0.1%")

    text = told(replace(result, plan=replace(result.plan, model=Closed(9))))

    for fact in (
        "users       9 for 1 s",
        "iterations  1000 (10 failed)",
        "throttling  unknown",
        "│ 10       │ no answer [red]at all",
        "│ 2             │ a user was given the subject of another",
        "│ 3     │ status 503 without Retry-After",
        "exhausted",
        "the answers were wrong under load",
    ):
        assert fact in text


def test_how_a_run_ended_is_the_last_line() -> None:
    slow, down, cut = recording_of(fast=False), recording_of(), recording_of()
    down.stopped = "stopped: the target is down"
    cut.fault = "ZeroDivisionError: 1 / 0"

    ends = [told(result_of(one, "p99<10ms")).splitlines()[-1] for one in (slow, down, cut)]

    assert ends[:2] == ["budget exhausted", "stopped: the target is down"]
    assert ends[2].startswith("void: ")
    assert "ZeroDivisionError" in ends[2]


def called(
    monkeypatch: pytest.MonkeyPatch, folder: Path, *words: str, results: list[LoadResult]
) -> tuple[Result, list[LoadRun]]:
    """Call the verb where runs come to these results, and return what became of it."""
    runs: list[LoadRun] = []

    def ran(run: LoadRun) -> LoadResult:
        runs.append(run)
        return results[len(runs) - 1]

    for module in (command, repeating):
        monkeypatch.setattr(module, "run_load", ran)
    group, drawn = click.Group(), list[Path]()
    add_load_command(
        group,
        lambda _: profile_of("http://127.0.0.1:1", folder),
        lambda _document, out: drawn.append(out),
    )
    words = ("load", "client_credentials", "--rate", "40/s", "-o", str(folder / "out"), *words)
    done = CliRunner().invoke(group, words, standalone_mode=False, catch_exceptions=False)
    assert drawn == ([runs[0].out] if len(results) == 1 else [])
    return done, runs


def test_one_run_is_printed_or_told_as_json(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    result = result_of(recording_of(), "p99<10ms")

    plain, runs = called(monkeypatch, tmp_path, results=[result])
    as_json, _ = called(monkeypatch, tmp_path, "--json", results=[result])

    assert (plain.return_value, as_json.return_value) == (0, 0)
    assert plain.output.endswith(f"results: {tmp_path / 'out' / 'load.html'}\n")
    assert json.loads(as_json.stdout)["iterations"]["succeeded"] == 1000
    assert runs[0].scenario == "client_credentials"


def test_a_target_that_cannot_be_loaded_ends_with_3(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    result = replace(result_of(Recording(), "errors<1%"), unusable="no load was sent")

    done, _ = called(monkeypatch, tmp_path, results=[result])

    assert done.return_value == 3
    assert done.stderr == "idprobe: no load was sent\n"


def repeats(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "out" / "repeats.json").read_text("utf-8"))
    return found


def test_repeated_runs_are_written_in_turns_and_their_worst_code_is_the_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    results = [result_of(recording_of(fast=fast), "p99<10ms") for fast in (True, False, True)]

    done, runs = called(monkeypatch, tmp_path, "--repeat", "3", results=results)

    assert done.return_value == 1
    assert [run.out.name for run in runs] == ["1-1", "1-2", "1-3"]
    assert "run 2 of 3: t: sound" in done.output
    assert "median and range of the sound runs" in done.output
    assert len(repeats(tmp_path)) > 0


def test_two_targets_take_turns_and_few_runs_allow_no_inference(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    results = [result_of(recording_of(), "p99<10ms") for _ in range(2)]

    done, runs = called(monkeypatch, tmp_path, "--against", "other", "--json", results=results)

    assert done.return_value == 0
    assert [run.out.name for run in runs] == ["1-1", "2-1"]
    assert "one run each: no inference" in done.stderr
    assert json.loads(done.stdout) == repeats(tmp_path)


def test_a_search_tells_where_the_server_holds_and_what_comes_beyond(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def ran(run: LoadRun) -> LoadResult:
        """Run at a server that does 100/s, and sheds what is more."""
        model = run.plan.model
        rate = min(20.0 * model.users, 100.0) if isinstance(model, Closed) else model.rate_per_s
        seconds = round(run.plan.duration_s)
        asked, served = round(rate * seconds), round(min(rate, 100.0) * seconds)
        recording = Recording(complete=True, scheduled=asked, succeeded=served, requests=asked)
        recording.ended_ns = seconds * 1000 * MS
        recording.latency.record_many([MS] * asked)
        if asked > served:
            recording.failures["status 503 with Retry-After"] = asked - served
        return LoadResult("s", "t", "u", datetime.now(UTC), run.plan, run.budget, recording)

    monkeypatch.setattr("idprobe.load.search.limit.run_load", ran)
    group, drawn = click.Group(), list[Path]()
    add_load_command(
        group,
        lambda _: profile_of("http://127.0.0.1:1", tmp_path),
        lambda _document, out: drawn.append(out),
    )
    objective = ("--search", "--objective", "p99<10ms,errors<0.1%", "--search-time", "100m")
    words = ("load", "client_credentials", *objective, "-o", str(tmp_path / "out"))

    done = CliRunner().invoke(group, words, standalone_mode=False, catch_exceptions=False)

    found = json.loads((tmp_path / "out" / "search.json").read_text("utf-8"))
    assert done.return_value == 0
    assert drawn == [tmp_path / "out"]
    assert 95 < found["rate_per_s"] <= 100 < found["failed_at_per_s"] < 105
    for fact in ("holds at", "one caller", "contention", "past its limit", "recovers"):
        assert fact in done.output
