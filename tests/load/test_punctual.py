"""What we do for ourselves while load runs makes no arrival late, or is told where it does."""

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from tests.load.test_schedulers import Getter, answering, context_of, talking

from idprobe.load.measure.recording import Recording
from idprobe.load.measure.throttling import processor_ns
from idprobe.load.run import generator, worker
from idprobe.load.run.plan import Open, Plan
from idprobe.load.run.worker import SWITCH_S, LoadWorker

WORK_S = 0.2


def recorded(plan: Plan) -> Recording:
    """Return what one run in this thread records, at a server that answers at once."""
    with talking(answering) as url:
        work = LoadWorker(context_of(url), Getter, plan)
        work.run()
    assert work.recording.succeeded == work.recording.scheduled > 0
    return work.recording


def test_a_second_is_counted_up_when_nothing_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[float] = []

    def slow(_pid: int) -> int:
        counted.append(time.monotonic())
        time.sleep(WORK_S)
        return 1

    monkeypatch.setattr(worker, "memory_of", slow)

    # an arrival each 250 ms, one at each end of a second
    recording = recorded(Plan(Open(4), 3.0, server_pid=os.getpid()))

    assert len(counted) >= 3
    assert (recording.latency.maximum or 0) < WORK_S * 1e9 * 0.7


def test_an_arrival_that_waits_for_the_end_of_a_second_is_a_late_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = itertools.count()

    def slow() -> tuple[int, int]:
        # the first time is before the first arrival
        time.sleep(WORK_S if next(asked) else 0)
        return processor_ns()

    monkeypatch.setattr("idprobe.load.measure.monitor.processor_ns", slow)

    recording = recorded(Plan(Open(4), 3.0))

    assert (recording.latency.maximum or 0) > WORK_S * 1e9 * 0.9
    assert (recording.slip.maximum or 0) > WORK_S * 1e9 * 0.9


@pytest.fixture
def switching() -> Iterator[None]:
    """Threads take turns in this process as before when the test is over."""
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("switching")
def test_other_threads_give_way_to_an_engine_soon() -> None:
    with talking(answering) as url:
        work = LoadWorker(context_of(url), Getter, Plan(Open(20), 0.1))
        work.start()
        until = time.monotonic() + 10
        while not work.done and time.monotonic() < until:
            time.sleep(0.01)

    assert work.done
    assert sys.getswitchinterval() == pytest.approx(SWITCH_S)


@pytest.mark.parametrize("refusal", [None, OSError, AttributeError])
def test_the_end_of_a_child_is_waited_for_however_the_system_lets_us(
    refusal: type[Exception] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if refusal is not None:
        error = refusal()

        def refused(_pid: int) -> int:
            raise error

        monkeypatch.setattr(os, "pidfd_open", refused)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert not generator.ended_within(child, 0.05)
        assert child.stdin is not None
        child.stdin.close()
        assert generator.ended_within(child, 30)
