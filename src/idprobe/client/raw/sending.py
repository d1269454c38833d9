"""Requests and hellos on connections of their own, and what became of each."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from idprobe.client.clock import utc_now
from idprobe.client.raw.client_hello import OFFERS, RECORD_HEAD, Answer, client_hello, read_answer
from idprobe.client.raw.connecting import (
    HandshakeEndedError,
    NotConnectedError,
    connected,
    facts_of,
    opened,
)
from idprobe.client.raw.failing import FAILURES, failure_of
from idprobe.client.raw.means import How, Means
from idprobe.client.raw.talk import Talk
from idprobe.model.exchange import Connection, Exchange, Request, Response, Sender, TransportFailure
from idprobe.model.profile import place_of

__all__ = ["converse", "greet"]

RECORD_BYTES: Final = 18_432


async def converse(
    requests: Sequence[Request], means: Means, how: How | None = None
) -> tuple[Exchange, ...]:
    """Return what became of each request; all go over one connection of their own, in order.

    After a failure the rest are not sent; all of them share one deadline.
    """
    how = how or How()
    exchanges: list[Exchange] = []
    moment = _Moment()
    facts = Connection(tls_offer=str(how.offer) if how.offer else None)
    try:
        async with asyncio.timeout(means.limits.exchange_s):
            async with connected(requests[0].origin, means, how.offer) as (reader, writer):
                facts = replace(facts_of(writer), tls_offer=facts.tls_offer)
                talk = Talk(reader, writer, means.limits, how)
                async for request, response, closed in talk.answers(requests):
                    known = replace(facts, closed=closed)
                    exchanges.append(moment.exchange(request, response, None, known))
                    moment = _Moment()
    except FAILURES as error:
        failure = failure_of(error, means.limits)
        if isinstance(error, HandshakeEndedError):
            facts = replace(facts, tls_end=str(error))
    else:
        return tuple(exchanges)
    exchanges.append(moment.exchange(requests[len(exchanges)], None, failure, facts))
    return tuple(exchanges)


async def greet(request: Request, means: Means, offer_name: str) -> Exchange:
    """Return what a server says to a hello of OFFERS; the request names the origin alone.

    A ServerHello is the negotiation: we break off there, so there is never a response.
    """
    moment, answer = _Moment(), Answer()
    offered = Connection(tls_offer=offer_name)
    try:
        async with asyncio.timeout(means.limits.exchange_s):
            host, _ = place_of(request.origin)
            async with opened(request.origin, means, None) as (reader, writer):
                offered = replace(facts_of(writer), tls_offer=offer_name)
                writer.write(client_hello(OFFERS[offer_name], host))
                answer = read_answer(await _first_record(reader))
    except TimeoutError:
        failure = f"no answer to the hello within {means.limits.exchange_s:g} s"
        return moment.exchange(request, None, failure, offered)
    except NotConnectedError as error:
        return moment.exchange(request, None, f"{TransportFailure.NOT_CONNECTED}: {error}", offered)
    known = replace(
        offered, tls_version=answer.version, tls_cipher=answer.suite, tls_end=answer.end
    )
    failure = f"the server answers the hello with {answer.end or answer.version or 'no TLS'}"
    return moment.exchange(request, None, failure, known)


async def _first_record(reader: asyncio.StreamReader) -> bytes:
    """Return the first TLS record, or what there is of it when the other side closes."""
    try:
        head = await reader.readexactly(RECORD_HEAD)
        length = min(int.from_bytes(head[3:], "big"), RECORD_BYTES)
        return head + await reader.readexactly(length)
    except asyncio.IncompleteReadError as error:
        return error.partial
    except ConnectionResetError:
        return b""


class _Moment:
    """When an exchange began."""

    def __init__(self) -> None:
        self.started_at: Final = utc_now()
        self.begun: Final = time.perf_counter_ns()

    def exchange(
        self, request: Request, response: Response | None, failure: str | None, facts: Connection
    ) -> Exchange:
        """Return the exchange that ends now."""
        elapsed_ns = time.perf_counter_ns() - self.begun
        return Exchange(
            request,
            response,
            self.started_at,
            elapsed_ns,
            failure=failure,
            sender=Sender.RAW,
            connection=facts,
        )
