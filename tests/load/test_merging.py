"""What listeners of Locust's events are told, by an environment that is none of Locust's."""

import logging
from collections import Counter, deque
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from idprobe.load.locust.merging import Merger
from idprobe.load.measure.counters import CounterSnapshot
from idprobe.load.measure.histogram import Histogram


class Entry:
    """A StatsEntry that keeps nothing."""

    def __init__(self, *_: Any) -> None:
        self.extend = Mock()


def told(*listeners: Any, failures: int = 0, timed_out: int = 0) -> None:
    """Merge a report of three requests of 2, 2 and 8 ms, and of failures, that ended by second 10.

    Those that timed out are among the three.
    """
    events = SimpleNamespace(request=SimpleNamespace(_handlers=listeners))
    environment = SimpleNamespace(events=events, stats=Mock(total=Entry(), errors={}))
    durations = Histogram()
    durations.record_many([2_000_000, 2_000_000, 8_000_000])
    late = Counter({"late": timed_out})
    report = CounterSnapshot(
        "POST /token", 3 + failures, durations, 10 * (3 + failures),
        Counter({"refused": failures}) + late, 10.0, timed_out=late,
    )  # fmt: skip
    Merger(environment).merge(deque([report]))


def test_listeners_are_told_all_that_locust_documents() -> None:
    heard: list[dict[str, Any]] = []

    def listener(  # noqa: PLR0913 -- as Locust documents them, all of them required
        *,
        request_type: str,
        name: str,
        response_time: float,
        response_length: int,
        response: Any,
        context: Any,
        exception: Any,
        start_time: float,
        url: str,
    ) -> None:
        heard.append(locals())

    told(listener, failures=1)

    assert [(one["request_type"], one["name"], one["url"]) for one in heard] == [
        ("POST", "/token", "/token")
    ] * 4
    assert [one["response_length"] for one in heard] == [10] * 4
    for one in heard:
        assert one["start_time"] == pytest.approx(10.0 - (one["response_time"] or 0) / 1000)
    failed = [(one["response_time"], str(one["exception"])) for one in heard if one["exception"]]
    # a fast failure would look like speed
    assert failed == [(None, "refused")]


def test_a_request_that_timed_out_took_as_long_as_it_was_waited_for() -> None:
    heard: list[tuple[float | None, str]] = []

    told(lambda **one: heard.append((one["response_time"], str(one["exception"]))), timed_out=1)

    assert [one[1] for one in heard] == ["late", "None", "None"]
    assert heard[0][0] == pytest.approx(8, rel=0.01)


def test_a_listener_that_fails_is_told_of_once_and_the_others_hear_all(
    caplog: pytest.LogCaptureFixture,
) -> None:
    before, after = Mock(__module__="one"), Mock(__module__="other")

    def failing(**_: Any) -> None:
        raise ZeroDivisionError

    told(before, failing, after)

    assert (before.call_count, after.call_count) == (3, 3)
    assert [one.levelno for one in caplog.records] == [logging.ERROR]
    assert "ZeroDivisionError" in caplog.text
