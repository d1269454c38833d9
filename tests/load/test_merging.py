"""What listeners of Locust's events are told, by an environment that is none of Locust's."""

import logging
from collections import Counter, deque
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from idprobe.load.histogram import Histogram
from idprobe.load.merging import Merger
from idprobe.load.tallies import Counted


class Entry:
    """A StatsEntry that keeps nothing."""

    def __init__(self, *_: Any) -> None:
        self.extend = Mock()


def told(*listeners: Any, failures: int = 0) -> None:
    """Merge a report of three requests of 2, 2 and 8 ms that ended by second 10."""
    events = SimpleNamespace(request=SimpleNamespace(_handlers=listeners))
    environment = SimpleNamespace(events=events, stats=Mock(total=Entry(), errors={}))
    durations = Histogram()
    durations.record_many([2_000_000, 2_000_000, 8_000_000])
    report = Counted("POST /token", durations, 30, Counter({"refused": failures}), 10.0)
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
    ] * 3
    assert [one["response_length"] for one in heard] == [10] * 3
    for one in heard:
        assert one["start_time"] == pytest.approx(10.0 - one["response_time"] / 1000)
    assert [str(one["exception"]) for one in heard if one["exception"]] == ["refused"]


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
