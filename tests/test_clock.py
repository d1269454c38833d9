"""Times of exchanges go on evenly, whatever happens to the clock of the system."""

import asyncio
import datetime as dt

import httpx
import pytest
import respx

from idprobe.client import clock
from idprobe.client.clock import utc_now
from idprobe.client.http_sender import HttpSender
from idprobe.model.exchange import Request
from idprobe.model.profile import bare_profile


class Jumped(dt.datetime):
    """The clock of a system that was set back by a day."""

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> "Jumped":
        return super().now(tz) - dt.timedelta(days=1)


async def two_exchanges(monkeypatch: pytest.MonkeyPatch) -> tuple[dt.datetime, dt.datetime]:
    with respx.mock(base_url="http://127.0.0.1:1") as server:
        server.get("/").mock(return_value=httpx.Response(200))
        async with HttpSender(
            bare_profile("http://127.0.0.1:1"), httpx.AsyncHTTPTransport()
        ) as sender:
            first = await sender.send(Request.get("http://127.0.0.1:1/"), "one")
            monkeypatch.setattr(clock, "datetime", Jumped)
            second = await sender.send(Request.get("http://127.0.0.1:1/"), "two")
    return first.started_at, second.started_at


def test_a_clock_that_is_set_back_leaves_exchanges_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = asyncio.run(two_exchanges(monkeypatch))

    assert dt.timedelta() <= second - first < dt.timedelta(seconds=30)


def test_the_time_is_that_of_the_system_to_begin_with() -> None:
    assert abs(utc_now() - dt.datetime.now(dt.UTC)) < dt.timedelta(seconds=5)
