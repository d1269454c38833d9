"""Races: requests that a server has whole at one moment, each on a connection that was open before.

Everything but the last octet of each request is sent and given time to arrive; then the last octets
go out in one sweep, with no turn of the event loop between them. The connections stay open for the
next race, so that only the first of them pays for TCP and TLS.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Self

from idprobe.client.clock import utc_now
from idprobe.client.raw.arrival import Watch
from idprobe.client.raw.connecting import HandshakeEndedError, facts_of, layered
from idprobe.client.raw.failing import FAILURES, failure_of
from idprobe.client.raw.means import How, Means
from idprobe.client.raw.talk import Talk, octets
from idprobe.model.exchange import Connection, Exchange, Release, Request, Response, Sender

__all__ = ["Tracks"]

SETTLING_S: Final = 0.01
"""How long the server may take to read what it has of the requests, before the rest comes."""


class _Track:
    """One connection of a race."""

    def __init__(self, origin: str, means: Means) -> None:
        self.origin: Final = origin
        self._means: Final = means
        self._stack: Final = AsyncExitStack()
        self._last = b""
        self.facts = Connection()
        self.is_usable = True

    async def open(self) -> None:
        """Connect; raises one of FAILURES."""
        layers = layered(self.origin, self._means)
        reader, self._writer, self._below = await self._stack.enter_async_context(layers)
        self._reader = reader
        # `drain` has to wait until all is sent: what was queued would go out after its turn.
        # To TLS of asyncio an empty buffer is at a limit of 0, so 1 is its least.
        self._writer.transport.set_write_buffer_limits(high=1)
        self._below.set_write_buffer_limits(high=0)
        self._watch = self._stack.enter_context(Watch(self._below.get_extra_info("socket")))
        self._talk = Talk(reader, self._writer, self._means.limits, How())
        self.facts = facts_of(self._writer)

    async def close(self) -> None:
        """Break the connection off."""
        self.is_usable = False
        await self._stack.aclose()

    async def load(self, request: Request) -> None:
        """Send a request but for its last octet."""
        written = octets(request)
        self._last = written[-1:]
        self._writer.write(written[:-1])
        await self._writer.drain()

    def let_go(self) -> int:
        """Send the last octet and return when that was."""
        self._writer.write(self._last)
        return time.time_ns()

    async def hear(self, request: Request) -> tuple[Response, int]:
        """Return the answer and when it began; raises one of FAILURES."""
        self._below.pause_reading()
        try:
            arrived_ns = await self._watch.arrived_ns()
        finally:
            self._below.resume_reading()
        response = await self._talk.response(request)
        closes = "close" in response.directives("connection")
        if closes or response.http_version != "HTTP/1.1" or self._reader.at_eof():
            self.is_usable = False
        return response, arrived_ns


@dataclass(frozen=True, slots=True)
class _Start:
    """A request that waits for its last octet, or why it does not."""

    request: Request
    track: _Track
    failure: Exception | None = None


@dataclass(frozen=True, slots=True)
class _End:
    """What came of a start, and when by the clock."""

    response: Response | None
    failure: Exception | None
    heard_ns: int | None
    ended_ns: int


class Tracks:
    """The connections of several races, the same ones as long as the server leaves them open."""

    def __init__(self, means: Means) -> None:
        self._means: Final = means
        self._tracks: list[_Track] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        for track in self._tracks:
            await track.close()

    async def race(self, requests: Sequence[Request]) -> tuple[Exchange, ...]:
        """Return what became of requests whose last octets were sent at one moment."""
        starts = await asyncio.gather(
            *(self._start(request, place) for place, request in enumerate(requests))
        )
        self._tracks[: len(starts)] = [start.track for start in starts]
        await asyncio.sleep(SETTLING_S)
        hearing = [asyncio.create_task(self._heard(start)) for start in starts]
        await asyncio.sleep(0)  # each of them listens now
        now, begun_ns = utc_now(), time.time_ns()
        released = [begun_ns if start.failure else start.track.let_go() for start in starts]
        ends = await asyncio.gather(*hearing)
        gone = [at for start, at in zip(starts, released, strict=True) if not start.failure]
        first_ns = min(gone, default=begun_ns)
        return tuple(
            self._exchange(start, end, now, at, first_ns)
            for start, end, at in zip(starts, ends, released, strict=True)
        )

    async def _start(self, request: Request, place: int) -> _Start:
        """Bring a request up to its last octet, on the track of that place if it is still good."""
        track = self._tracks[place] if place < len(self._tracks) else None
        try:
            async with asyncio.timeout(self._means.limits.exchange_s):
                if track is None or not track.is_usable or track.origin != request.origin:
                    if track is not None:
                        await track.close()
                    track = _Track(request.origin, self._means)
                    await track.open()
                await track.load(request)
        except FAILURES as error:
            track = track or _Track(request.origin, self._means)
            track.is_usable = False
            return _Start(request, track, error)
        return _Start(request, track)

    async def _heard(self, start: _Start) -> _End:
        if start.failure is not None:
            return _End(None, start.failure, None, time.time_ns())
        try:
            async with asyncio.timeout(self._means.limits.exchange_s):
                response, heard_ns = await start.track.hear(start.request)
        except FAILURES as error:
            start.track.is_usable = False
            return _End(None, error, None, time.time_ns())
        return _End(response, None, heard_ns, time.time_ns())

    def _exchange(
        self, start: _Start, end: _End, now: datetime, released_ns: int, first_ns: int
    ) -> Exchange:
        facts = start.track.facts
        if isinstance(end.failure, HandshakeEndedError):
            facts = replace(facts, tls_end=str(end.failure))
        heard_ns = None if end.heard_ns is None else end.heard_ns - first_ns
        return Exchange(
            start.request,
            end.response,
            now,
            max(0, end.ended_ns - released_ns),
            failure=None if end.failure is None else failure_of(end.failure, self._means.limits),
            sender=Sender.RAW,
            connection=facts,
            release=None if start.failure else Release(released_ns - first_ns, heard_ns),
        )
