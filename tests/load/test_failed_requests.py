"""Failures have no latency: a server that stops answering is not fast, and never within budget."""

import csv
import itertools
import json
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.load.test_outage import SHED, nobody
from tests.load.test_running import issuer, profile_of, ran
from tests.load.test_schedulers import (
    OK,
    Talk,
    answering,
    context_of,
    half,
    recorded,
    reset,
    result_of,
    silent,
    talking,
)
from tests.load.test_told import told

from idprobe.content import content
from idprobe.errors import EvidenceError
from idprobe.load.callers import Caller
from idprobe.load.engine.engine import LoadFlow
from idprobe.load.measure.histogram import enough_for, fewest_for
from idprobe.load.measure.merged import merged
from idprobe.load.measure.recording import UNFINISHED, Recording
from idprobe.load.run.budget import parse_budget
from idprobe.load.run.csv_file import write_csv
from idprobe.load.run.plan import Closed, Model, Open, Plan
from idprobe.load.run.worker import LoadWorker
from idprobe.load.search.limit import trial_of
from idprobe.model.exchange import Request
from idprobe.report.charts.load_section import load_section

MS = 1_000_000
BUDGET = "p95<250ms,errors<=100%"
"""What says nothing of errors: the percentile alone decides."""
FAILING = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"


class Checking(Caller):
    """Gets the issuer's address, over and over, and fails unless the status is 200."""

    def iterate(self) -> LoadFlow:
        answer = yield Request.get(self.provider.issuer)
        if answer.status != 200:
            raise EvidenceError(f"expected status 200, got status {answer.status}")


def checked(
    talk: Talk, model: Model, duration_s: float = 1.0, exchange_s: float = 5.0
) -> Recording:
    """Return what a run records whose callers look at the status."""
    with talking(talk) as url:
        work = LoadWorker(context_of(url, exchange_s), Checking, Plan(model, duration_s))
        if isinstance(model, Closed):
            work.join_one(model.users)
        work.run()
    return work.recording


def good_until(number: int, fault: Talk) -> Talk:
    """Return what answers well to so many requests over all connections, then has a fault."""
    count = itertools.count()

    def talk(peer: socket.socket) -> None:
        while next(count) < number:
            if not peer.recv(65_536):
                return
            peer.sendall(OK)
        fault(peer)

    return talk


def always(answer: bytes) -> Talk:
    def talk(peer: socket.socket) -> None:
        while peer.recv(65_536):
            peer.sendall(answer)

    return talk


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (reset, "connection broken off"),
        (half, "the response breaks HTTP: closed before the response was complete"),
        (always(SHED), "expected status 200, got status 503"),
        (always(FAILING), "expected status 200, got status 500"),
    ],
    ids=["resets", "closes connections", "answers 503", "answers 500"],
)
def test_a_server_that_fails_half_way_has_no_latency_from_then_on(fault: Talk, why: str) -> None:
    recording = checked(good_until(60, fault), Open(200))

    assert recording.iterations == recording.scheduled == 200
    assert recording.succeeded + recording.failed == 200
    assert recording.latency.count == recording.service.count == recording.succeeded <= 60
    assert sum(one.latency.count for one in recording.windows) == recording.succeeded
    assert sum(one.finished for one in recording.windows) == 200
    kinds = [kind for one in recording.windows for kind in one.kinds.values()]
    assert sum(one.durations.count for one in kinds) == recording.succeeded
    assert sum(one.failed for one in kinds) == recording.failed

    result = replace(result_of(recording, BUDGET), plan=Plan(Open(200), 1.0))
    clause = result.clauses[0]
    assert (clause.actual, clause.held, clause.shown) == (None, False, "not known")
    assert result.failures_told == (
        f"{recording.failed} of 200 iterations failed: {why}; "
        f"p95 is not known (it needs 100 latencies, there are {recording.succeeded})"
    )
    # how late this machine is decides whether it is void: test_validity.py
    assert result.exit_code == (1 if result.void is None else 4)
    assert result.failures_told in result.all_notes()


@pytest.mark.parametrize("model", [Open(100), Closed(4)], ids=["open", "closed"])
def test_a_server_that_refuses_has_no_latency_at_all(model: Model) -> None:
    recording = recorded(nobody(), model)

    assert recording.failed == recording.scheduled == recording.iterations > 0
    assert recording.latency.count == recording.service.count == 0
    assert recording.doubt is None
    result = result_of(recording, "p50<60s")
    assert result.exit_code == (1 if result.void is None else 4)
    assert "iterations failed: connection refused; p50 is not known" in (result.failures_told or "")


def test_an_answer_that_did_not_come_in_time_took_at_least_so_long() -> None:
    recording = checked(good_until(20, silent), Open(100), exchange_s=0.4)

    late = recording.failed - recording.failures[UNFINISHED]
    assert late > 0
    assert recording.latency.count == recording.iterations == 100
    assert recording.latency.share_above(390 * MS) >= 0.5
    kinds = [kind for one in recording.windows for kind in one.kinds.values()]
    # at the request, too
    assert max(one.durations.maximum or 0 for one in kinds) >= 400 * MS
    [clause, _] = result_of(recording, BUDGET).clauses
    assert (clause.held, (clause.actual or 0) >= 400 * MS) == (False, True)


def test_a_server_that_fails_at_every_other_request_is_as_fast_as_its_good_answers() -> None:
    count = itertools.count()

    def talk(peer: socket.socket) -> None:
        while peer.recv(65_536):
            is_good = next(count) % 2
            time.sleep(0.05 if is_good else 0)
            peer.sendall(OK if is_good else FAILING)

    recording = checked(talk, Open(100), duration_s=2.0)

    assert recording.latency.count == recording.succeeded == 100
    # those that failed at once would have made it half of that
    assert (recording.latency.percentile(5) or 0) >= 50 * MS
    result = result_of(recording, "p95<60s")
    assert [one.held for one in result.clauses] == [True, False]
    assert result.exit_code == (1 if result.void is None else 4)
    assert result.failures_told == (
        "100 of 200 iterations failed: expected status 200, got status 500"
    )


def test_a_server_that_sheds_what_was_agreed_on_is_within_its_budget() -> None:
    recording = Recording(complete=True, scheduled=1000, succeeded=900)
    recording.failures["status 503"] = 100
    recording.latency.record_many([MS] * 900)

    result = result_of(recording, "p95<250ms,errors<20%")

    assert (result.void, result.exit_code) == (None, 0)
    assert result.failures_told == "100 of 1000 iterations failed: status 503"


def test_a_server_that_comes_back_is_measured_again() -> None:
    count = itertools.count()

    def talk(peer: socket.socket) -> None:
        while peer.recv(65_536):
            peer.sendall(FAILING if 50 <= next(count) < 100 else OK)

    recording = checked(talk, Open(200))

    assert (recording.failed, recording.latency.count) == (50, 150)
    assert result_of(recording, "p95<60s,errors<50%").clauses[0].held


def test_few_iterations_that_all_failed_exhaust_a_budget_and_few_good_ones_are_void() -> None:
    failed, good = Recording(complete=True, scheduled=4), Recording(complete=True, scheduled=4)
    for _ in range(4):
        failed.ended(1, "connection refused")
        good.ended(1, None)
        good.latency.record(MS)

    results = [result_of(one, "p95<250ms,errors<1%") for one in (failed, good)]

    assert [one.exit_code for one in results] == [1, 4]
    assert "4 iterations are too few for p95" in (results[1].void or "")


@pytest.mark.parametrize("percent", [50, 90, 95, 99, 99.9, 99.99, 100])
def test_as_many_latencies_are_needed_as_let_five_lie_beyond(percent: float) -> None:
    fewest = fewest_for(percent)

    assert (enough_for(percent, fewest), enough_for(percent, fewest - 1)) == (True, False)
    assert fewest == {50: 10, 90: 50, 95: 100, 99: 500, 99.9: 5000, 99.99: 50_000, 100: 1}[percent]


def dead_half_way() -> Recording:
    """Return a run of 500 iterations of which 60 came well and the rest was refused."""
    recording = Recording(complete=True, scheduled=500, requests=500, throttled_us=0)
    for number in range(500):
        recording.ended(1000 * MS, None if number < 60 else "connection refused")
    recording.latency.record_many([MS] * 60)
    return recording


SAID = (
    "440 of 500 iterations failed: connection refused; "
    "p95 is not known (it needs 100 latencies, there are 60)"
)


def test_the_message_is_in_every_picture_of_a_run() -> None:
    result = result_of(dead_half_way(), BUDGET)
    document = result.to_dict()

    lines = told(result).splitlines()
    assert lines[-1] == f"budget exhausted: {SAID}"
    assert sum(SAID in line for line in lines) == 1
    assert document["errors"]["told"] == SAID
    assert document["budget"][0] == {"clause": "p95<250ms", "actual": None, "held": False}
    assert document["latency"]["count"] == 60
    shown = load_section(document, "t", "http://127.0.0.1")
    assert (shown.verdict, shown.because) == ("violated", f"the budget was not kept: {SAID}")
    assert shown.notes == ()
    assert shown.budget[0] == ("p95<250ms", "not known", False)


def test_workers_say_together_what_each_has_seen() -> None:
    well = Recording(complete=True, scheduled=50, succeeded=50)
    well.latency.record_many([MS] * 50)

    whole = merged([dead_half_way(), well])

    assert (whole.iterations, whole.failed, whole.latency.count) == (550, 440, 110)
    assert whole.doubt is None


def test_a_trial_of_a_server_that_fails_did_not_hold() -> None:
    trial = trial_of(result_of(dead_half_way(), BUDGET), 500.0)

    assert (trial.held, trial.p95_ms, trial.error_share) == (False, None, 0.88)


def test_a_window_of_failures_has_counts_and_no_percentiles_in_the_sheet(tmp_path: Path) -> None:
    recording = checked(always(SHED), Open(50))

    write_csv(result_of(recording, BUDGET), tmp_path / "load.csv")

    with (tmp_path / "load.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(int(row["failed"]) for row in rows if row["what"] == "request") == 50
    assert sum(int(row["5xx"] or 0) for row in rows) == 50
    assert {row["max_ms"] for row in rows} == {""}


@pytest.mark.parametrize("fault", ["--die-after", "--fail-after"])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_whole_run_against_a_server_that_fails_is_never_green(
    fault: str, workers: int, tmp_path: Path
) -> None:
    with issuer(fault, "60") as url:
        profile = profile_of(url, tmp_path)
        result = ran(profile, tmp_path, Open(150), BUDGET, 2.0, workers=workers)

    recording = result.recording
    assert (result.died, recording.doubt) == (None, None)
    assert recording.failed == recording.scheduled - recording.succeeded > 200
    assert recording.latency.count == recording.succeeded < 100
    assert result.exit_code == (1 if result.void is None else 4)
    document = json.loads((tmp_path / "out" / "load.json").read_text("utf-8"))
    why = "connection" if fault == "--die-after" else "503"
    assert f"{recording.failed} of 300 iterations failed" in document["errors"]["told"]
    assert why in document["errors"]["told"]
    assert "p95 is not known" in document["errors"]["told"]


def test_plain_locust_has_no_times_of_failures(tmp_path: Path) -> None:
    with issuer("--fail-after", "5") as url:
        profile_of(url, tmp_path)
        command = [
            *(sys.executable, "-m", "locust", "--headless", "--users", "2", "--run-time", "3s"),
            *("-f", str(content("loadtests", "client_credentials.py")), "--csv", "out"),
            *("--idprobe-profile", "profile.toml", "--loglevel", "WARNING"),
        ]
        subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60, check=False)

    with (tmp_path / "out_stats.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["Name"]: row for row in csv.DictReader(file)}
    total = rows["Aggregated"]
    good = int(total["Request Count"]) - int(total["Failure Count"])
    assert (good, int(total["Failure Count"]) > 10) == (4, True)
    # all of them are of the four good answers
    assert float(total["95%"]) == pytest.approx(float(total["100%"]))
    assert float(total["Min Response Time"]) > 0
    assert float(total["Average Response Time"]) <= float(total["100%"]) * 1.01


def test_answers_that_are_good_have_all_their_latencies() -> None:
    recording = checked(answering, Open(100))

    assert recording.latency.count == recording.succeeded == 100
    assert result_of(recording, "p95<60s").failures_told is None
    assert parse_budget("").clauses[0].text == "errors<1%"


@pytest.mark.parametrize("model", [Open(100), Closed(1)], ids=["open", "closed"])
def test_a_server_that_is_gone_at_the_end_is_down_whatever_the_budget(model: Model) -> None:
    recording = checked(good_until(198, reset), model, duration_s=2.0)

    assert recording.succeeded >= 100
    assert recording.failed > 0
    result = result_of(recording, "p95<60s,errors<=100%")
    assert all(one.held for one in result.clauses)
    assert (recording.stopped or "").startswith("the target is down since 20")
    assert "asked again when load was over, it gave no answer" in (recording.stopped or "")
    assert result.exit_code == (1 if result.void is None else 4)


def test_a_server_that_answers_again_when_load_is_over_was_not_down() -> None:
    count = itertools.count()

    def talk(peer: socket.socket) -> None:
        while peer.recv(65_536):
            if 95 <= next(count) < 100:
                return
            peer.sendall(OK)

    recording = checked(talk, Open(100))

    assert recording.stopped is None
    # a kept connection that was broken off is tried again
    assert recording.iterations == 100
