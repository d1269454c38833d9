"""The engine's thread asks to wake on time."""

import ctypes
import os
import platform
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.load.test_schedulers import Getter, answering, context_of, talking

from idprobe.load.engine import wakeup
from idprobe.load.engine.wakeup import ATTRIBUTES, SETS_ATTRIBUTES, SLACK, SLICE_NS, wake_on_time
from idprobe.load.run.plan import Open, Plan
from idprobe.load.run.worker import LoadWorker


@pytest.fixture
def slack() -> Iterator[Path]:
    """How late this thread may wake; as before when the test is over."""
    path = Path(SLACK.format(threading.get_native_id()))
    before = path.read_text("ascii")
    yield path
    path.write_text(before, "ascii")


def test_the_thread_of_an_engine_wakes_on_time(slack: Path) -> None:
    slack.write_text("50000", "ascii")
    with talking(answering) as url:
        LoadWorker(context_of(url), Getter, Plan(Open(100), 0.1)).run()

    assert slack.read_text("ascii").strip() == "1"


def test_where_nobody_can_be_asked_nothing_happens(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(wakeup, "SLACK", f"{tmp_path}/{{}}/timerslack_ns")

    wake_on_time()

    assert list(tmp_path.iterdir()) == []


def attributes() -> tuple[int, ...]:
    """Return how the calling thread is scheduled: sched_getattr(2), the call after the other."""
    read = ctypes.create_string_buffer(ATTRIBUTES.size)
    call = SETS_ATTRIBUTES[platform.machine()] + 1
    assert ctypes.CDLL(None).syscall(call, 0, read, ATTRIBUTES.size, 0) == 0
    return ATTRIBUTES.unpack(read.raw)


def test_a_thread_asks_for_short_slices_and_stays_as_nice_as_it_is() -> None:
    found: list[tuple[int, ...]] = []

    def look() -> None:
        os.setpriority(os.PRIO_PROCESS, 0, 3)
        wake_on_time()
        found.append(attributes())

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()

    (_, policy, _, nice, _, runtime, _, _) = found[0]
    assert (policy, nice) == (os.SCHED_OTHER, 3)
    release = tuple(int(part) for part in platform.release().split(".")[:2])
    assert runtime == SLICE_NS or release < (6, 12)


def test_who_is_scheduled_otherwise_stays_so() -> None:
    found: list[int] = []

    def look() -> None:
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        wake_on_time()
        found.append(os.sched_getscheduler(0))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()

    assert found == [os.SCHED_BATCH]
