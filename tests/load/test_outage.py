"""A run stops by itself when the target is down, and not when it sheds load or comes back."""

import errno
import socket
import time

import pytest
from tests.load.test_schedulers import (
    answering,
    context_of,
    failing_to_connect,
    recorded,
    result_of,
    talking,
)

from idprobe.load.callers import Caller
from idprobe.load.engine import connections
from idprobe.load.engine.engine import LoadFlow
from idprobe.load.measure.merged import merged
from idprobe.load.measure.recording import Recording
from idprobe.load.run.plan import Closed, Model, Open, Plan
from idprobe.load.run.worker import LoadWorker
from idprobe.load.schedule import outage
from idprobe.load.schedule.outage import DOWN_NS, OutageDetector
from idprobe.model.exchange import Request

SHED = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
MS = 1_000_000


def nobody() -> str:
    """Return an address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("model", [Open(100), Closed(4)], ids=["open", "closed"])
def test_a_run_against_a_server_that_is_gone_ends_by_itself_and_says_so(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outage, "DOWN_NS", 500 * MS)
    started = time.monotonic()

    recording = recorded(nobody(), model, duration_s=60.0)

    assert time.monotonic() - started < 10
    assert (recording.stopped or "").startswith("stopped: the target is down since 20")
    # what was sent was counted
    assert recording.scheduled == recording.failed == recording.iterations >= 20
    result = result_of(recording, "errors<1%,p99<1s")
    assert (result.void, result.exit_code) == (None, 1)


def test_connections_that_this_host_could_not_open_say_nothing_of_the_target(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outage, "DOWN_NS", 300 * MS)
    monkeypatch.setattr(connections, "unpatched", failing_to_connect(errno.EMFILE))

    recording = recorded(nobody(), Open(100), duration_s=60.0)

    assert recording.stopped == "stopped: the host of the generator could not open connections"
    assert result_of(recording, "errors<1%").exit_code == 4


def test_who_goes_down_late_in_a_long_run_is_not_within_a_budget_of_all() -> None:
    recording = Recording(complete=True, scheduled=1000, succeeded=999, stopped="stopped: down")
    recording.latency.record_many([MS] * 1000)
    recording.failures["connection refused"] = 1

    assert result_of(recording, "errors<1%").exit_code == 1


def test_a_server_that_sheds_load_is_not_down(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refused(Caller):
        def iterate(self) -> LoadFlow:
            self.context.findings.tokens((yield Request.get(self.provider.issuer)), self.provider)

    def shedding(peer: socket.socket) -> None:
        while peer.recv(65_536):
            peer.sendall(SHED)

    monkeypatch.setattr(outage, "DOWN_NS", 100 * MS)
    with talking(shedding) as url:
        work = LoadWorker(context_of(url), Refused, Plan(Open(100), 0.8))
        work.run()

    assert work.recording.failed == 80
    assert work.recording.stopped is None


def test_a_server_that_answers_is_not_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage, "DOWN_NS", 100 * MS)
    with talking(answering) as url:
        recording = recorded(url, Open(100), duration_s=0.5)

    assert (recording.succeeded, recording.stopped) == (50, None)


def test_the_time_without_answers_has_to_be_long_and_unbroken() -> None:
    detector = OutageDetector()

    def lost(first_ms: int, last_ms: int) -> list[str | None]:
        return [detector.record(at * MS, lost=True) for at in range(first_ms, last_ms, 100)]

    assert not any(lost(0, 9_900))
    for _ in range(2):  # 99 of 101 are fewer than practically all
        assert detector.record(9_900 * MS, lost=False) is None
    assert not detector.is_suspected
    assert not any(lost(10_000, 20_000))
    assert detector.record(10_000 * MS + DOWN_NS, lost=True)


def test_a_stray_answer_among_many_changes_nothing_and_few_failures_say_nothing() -> None:
    detector = OutageDetector()
    few = [detector.record(at * 1000 * MS, lost=True) for at in range(19)]
    more = [detector.record(19_000 * MS, lost=True) for _ in range(200)]
    detector.record(19_000 * MS, lost=False)

    assert not any(few)
    assert all(more)
    assert detector.is_suspected


def test_where_one_of_two_workers_saw_it_that_is_told() -> None:
    workers = [Recording(complete=True), Recording(complete=True, stopped="stopped: down")]

    assert merged(workers).stopped == "stopped: down (1 of 2 workers saw it so)"
    assert merged([workers[1], workers[1]]).stopped == "stopped: down"
