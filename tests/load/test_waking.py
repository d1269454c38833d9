"""The engine's thread asks to wake on time."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.load.test_pacing import Getter, answering, stage_of, talking

from idprobe.load import waking
from idprobe.load.plan import Open, Plan
from idprobe.load.waking import SLACK, wake_on_time
from idprobe.load.working import Work


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
        Work(stage_of(url), Getter, Plan(Open(100), 0.1)).run()

    assert slack.read_text("ascii").strip() == "1"


def test_where_nobody_can_be_asked_nothing_happens(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(waking, "SLACK", f"{tmp_path}/{{}}/timerslack_ns")

    wake_on_time()

    assert list(tmp_path.iterdir()) == []
