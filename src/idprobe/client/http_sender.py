"""What sends single HTTP requests, within the limits of the profile.

What is sent is what was written: the request target byte for byte, no header but ours, no cookie
but the user agent's, no redirect followed; no proxy, no authority and no file for keys of TLS taken
from the environment (idprobe.client.trust).
What comes back is bounded in size and in total time.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final, Self

import httpx

from idprobe.client.clock import utc_now
from idprobe.client.connections import transport_for
from idprobe.client.cookies import parsed
from idprobe.client.destinations import Destinations
from idprobe.client.limits import Gate, Guard
from idprobe.client.raw import Means, Tracks, connection_facts
from idprobe.client.trust import tls_context
from idprobe.errors import Refrained, Unsuited
from idprobe.model.exchange import (
    Connection,
    Exchange,
    Headers,
    Request,
    Response,
    Sender,
    TransportFailure,
)
from idprobe.model.profile import Limits, Network, Profile, origin_of

__all__ = ["HttpSender"]

USER_AGENT: Final = "idprobe/0.1"
CONNECT_RETRIES: Final = 2


class HttpSender:
    """Sends the requests of a whole run one by one, within the profile's limits."""

    def __init__(
        self,
        profile: Profile,
        transport: httpx.AsyncBaseTransport | None = None,
        max_requests: int | None = None,
    ) -> None:
        """Take a transport of its own, or the one given (an ASGI application's, in tests).

        Once `max_requests` have been sent, or those that the profile allows, no more are.
        """
        self._most = profile.limits.max_requests or max_requests
        self._limits: Limits = profile.limits
        self._network: Network = profile.network
        destinations = Destinations(profile)
        self._gate = Gate(profile, destinations)
        self._has_socket = transport is None
        self.means = Means(profile.limits, profile.tls, tls_context, destinations.dial)
        self._transport = transport or transport_for(profile, destinations)
        self.guard = Guard()
        self.sent = 0
        self.is_spent = False
        """Whether a request was not sent because all that may be had been."""

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._transport.__aexit__()

    def allow(self, request: Request) -> None:
        """Raise Refrained unless a request may go to its origin, whoever sends it."""
        self._gate.allow(request)

    async def send(self, request: Request, step: str, *, in_the_clear: bool = False) -> Exchange:
        """Return what became of a request: an exchange with a response, or with a failure.

        Raises Refrained if the profile's rules forbid the request. A connection that failed before
        any byte was sent is tried again, twice at most; a GET once more if its connection broke.
        What goes `in_the_clear` goes by plain http, and has to be worth nothing.
        """
        if in_the_clear:
            self._gate.allow_in_the_clear(request)
        else:
            self._gate.allow(request)
        self.guard.allow(request)
        attempt = 0
        while True:
            self._spend(1)
            async with self._gate.turn():
                exchange = await self._once(request, step)
            if exchange.response is not None or not _may_repeat(exchange, attempt):
                return replace(exchange, retried=attempt)
            attempt += 1
            await asyncio.sleep(0.05 * attempt)

    async def send_raw(
        self, request: Request, step: str, send: Callable[[], Awaitable[Exchange]]
    ) -> Exchange:
        """Return what became of a request that `client.raw` sends, by the same rules as `send`.

        It is sent once. Raises Unsuited where its octets would not reach the server as they are.
        """
        self._allow_raw([request])
        self._spend(1)
        async with self._gate.turn():
            exchange = await send()
        return replace(exchange, step=step)

    async def send_at_once(
        self, requests: Sequence[Request], step: str, tracks: Tracks
    ) -> Sequence[Exchange]:
        """Return what became of requests that idprobe.client.raw sends together, as one turn."""
        self._allow_raw(requests)
        self._spend(len(requests))
        async with self._gate.turn():
            exchanges = await tracks.race(requests)
        return [replace(exchange, step=step) for exchange in exchanges]

    def _spend(self, count: int) -> None:
        """Count requests before they go; raises Refrained if so many may not be sent any more."""
        if self._most is not None and self.sent + count > self._most:
            self.is_spent = True
            raise Refrained(
                f"all {self._most} requests that the run may send were sent (--max-requests)"
            )
        self.sent += count

    def _allow_raw(self, requests: Sequence[Request]) -> None:
        if not self._has_socket:
            raise Unsuited("the server runs in this process, where there are no octets to send")
        if self._network.proxy:
            raise Unsuited("the server is reached by a proxy, which passes on what it understands")
        for request in requests:
            self._gate.allow(request)
            self.guard.allow(request)

    async def _once(self, request: Request, step: str) -> Exchange:
        started_at, begun = utc_now(), time.perf_counter_ns()
        response: Response | None = None
        connection, failure = Connection(), None
        try:
            async with asyncio.timeout(self._limits.exchange_s):
                response, connection = await self._fetch(request)
        except TimeoutError:
            failure = f"{TransportFailure.TIMED_OUT} {self._limits.exchange_s:g} s"
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            failure = f"{TransportFailure.NOT_CONNECTED}: {_reason(error)}"
        except httpx.RemoteProtocolError as error:
            failure = f"{TransportFailure.NOT_HTTP}: {_reason(error)}"
        except (httpx.InvalidURL, UnicodeError) as error:
            failure = f"{TransportFailure.NOT_SENT}: {_reason(error)}"
        except (httpx.TransportError, OSError) as error:
            failure = f"{TransportFailure.BROKEN_OFF}: {_reason(error)}"
        elapsed_ns = time.perf_counter_ns() - begun
        return Exchange(
            request, response, started_at, elapsed_ns, step, failure, Sender.HTTPX, connection
        )

    async def _fetch(self, request: Request) -> tuple[Response, Connection]:
        target = {"target": request.target}
        timeout = {"connect": self._limits.exchange_s, "pool": None, "read": None, "write": None}
        outgoing = httpx.Request(
            request.method,
            parsed(request.origin),
            headers=[(n.encode("latin-1"), v.encode("latin-1")) for n, v in self._headers(request)],
            content=request.body if request.body or request.method == "POST" else None,
            extensions={**target, "timeout": timeout},
        )
        incoming = await self._transport.handle_async_request(outgoing)
        try:
            body, truncated = await _read(incoming, self._limits.body_bytes)
        finally:
            await incoming.aclose()
        version = incoming.extensions.get("http_version", b"HTTP/1.1")
        reason = incoming.extensions.get("reason_phrase", b"")
        response = Response(
            incoming.status_code,
            tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in incoming.headers.raw),
            body,
            version.decode("ascii", "replace"),
            reason.decode("latin-1"),
            truncated,
        )
        return response, _connection(incoming)

    def _headers(self, request: Request) -> Headers:
        ours = (("User-Agent", USER_AGENT), ("Accept-Encoding", "identity"))
        given = {name.lower() for name, _ in request.headers}
        defaults = tuple(pair for pair in ours if pair[0].lower() not in given)
        is_ours = origin_of(request.origin) in self._gate.allowed
        return (*defaults, *(self._network.headers if is_ours else ()), *request.headers)


def _may_repeat(exchange: Exchange, attempt: int) -> bool:
    """Return whether sending again cannot do twice what was meant once."""
    failure = exchange.transport_failure
    if failure is TransportFailure.NOT_CONNECTED:
        return attempt < CONNECT_RETRIES and "refused" not in (exchange.failure or "")
    broken_off = failure is TransportFailure.BROKEN_OFF
    return exchange.request.method == "GET" and broken_off and attempt == 0


def _reason(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return text[0][:200] if text else type(error).__name__


async def _read(response: httpx.Response, bound_bytes: int) -> tuple[bytes, bool]:
    """Return the body as it came, cut at the bound, and whether it was cut."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > bound_bytes:
            return bytes(body[:bound_bytes]), True
    return bytes(body), False


def _connection(response: httpx.Response) -> Connection:
    stream = response.extensions.get("network_stream")
    if stream is None:
        return Connection()
    address = stream.get_extra_info("server_addr")
    peer = f"{address[0]}:{address[1]}" if address else None
    return connection_facts(peer, stream.get_extra_info("ssl_object"))
