"""What speaks HTTP: a courier that carries one request, a wire that drives flows and records.

What is sent is what was written: the request target byte for byte, no header but ours, no cookie
but the user agent's, no redirect followed; no proxy, no authority and no file for keys of TLS taken
from the environment (idprobe.client.trust).
What comes back is bounded in size and in total time.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self, TypeVar

import httpx

from idprobe.client.clock import utc_now
from idprobe.client.connections import transport_for
from idprobe.client.cookies import Cookies, parsed
from idprobe.client.destinations import Destinations
from idprobe.client.limits import Gate, Guard
from idprobe.client.listener import NOT_FOUND, Listener, Place, Reply
from idprobe.client.raw import How, Means, Tracks, connection_facts, converse, greet
from idprobe.client.trust import tls_context
from idprobe.errors import ControlFailed, EvidenceError, NoResponse, Refrained, Unsuited
from idprobe.flows import Ending, Flow, HumanStep, Landed, Stopped
from idprobe.login.forms.form_login import form_login
from idprobe.model.effort import Effort
from idprobe.model.exchange import Agent, Connection, Exchange, Headers, Request, Response, Sender
from idprobe.model.profile import Client, Limits, Network, Profile, Provider, Role, User, origin_of

__all__ = ["NOT_CONNECTED", "TOLD", "Cookies", "Courier", "Human", "Wire", "tls_context"]

T = TypeVar("T")

USER_AGENT: Final = "idprobe/0.1"
CONNECT_RETRIES: Final = 2

TOLD: Final = "/idprobe-told"
"""Where a page of a client that a browser shows tells what it heard: `asked` and `answer`."""


@dataclass(frozen=True, slots=True)
class Human:
    """A login driver other than `form`.

    `visit` carries a person, or a browser, through a HumanStep; `show` opens the first of the pages
    of a client, given by address, in the browser with its cookies, where there is one.
    """

    visit: Callable[["Wire", HumanStep, str], Awaitable[Ending]]
    show: Callable[["Wire", Mapping[str, str], str], Awaitable[None]] | None = None


class Courier:
    """Carries single requests of a whole run, within the profile's limits."""

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

    async def carry(self, request: Request, step: str, *, in_the_clear: bool = False) -> Exchange:
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

    async def carry_raw(
        self, request: Request, step: str, send: Callable[[], Awaitable[Exchange]]
    ) -> Exchange:
        """Return what became of a request that `client.raw` sends, by the same rules as `carry`.

        It is sent once. Raises Unsuited where its octets would not reach the server as they are.
        """
        self._allow_raw([request])
        self._spend(1)
        async with self._gate.turn():
            exchange = await send()
        return replace(exchange, step=step)

    async def carry_at_once(
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
            failure = f"no complete response within {self._limits.exchange_s:g} s"
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            failure = f"{NOT_CONNECTED}: {_reason(error)}"
        except httpx.RemoteProtocolError as error:
            failure = f"the response breaks HTTP: {_reason(error)}"
        except (httpx.InvalidURL, UnicodeError) as error:
            failure = f"this cannot be sent: {_reason(error)}"
        except (httpx.TransportError, OSError) as error:
            failure = f"the exchange broke off: {_reason(error)}"
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


NOT_CONNECTED: Final = "no connection"
"""How a failure begins for which no connection was had."""


def _may_repeat(exchange: Exchange, attempt: int) -> bool:
    """Return whether sending again cannot do twice what was meant once."""
    failure = exchange.failure or ""
    if failure.startswith(NOT_CONNECTED):
        return attempt < CONNECT_RETRIES and "refused" not in failure
    broke = failure.startswith("the exchange broke off")
    return exchange.request.method == "GET" and broke and attempt == 0


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


@dataclass(slots=True, eq=False)
class Wire:
    """The wire of one probe: drives flows, sends requests, keeps cookies, records everything."""

    provider: Provider
    courier: Courier
    human: Human | None = None
    on_exchange: Callable[[Exchange], None] | None = None
    exchanges: list[Exchange] = field(default_factory=list)
    cookies: Cookies = field(default_factory=Cookies)
    listener: Listener | None = None
    calls: list[Exchange] = field(default_factory=list)
    """What the server under test asked of our listener while this probe had places there."""
    on_key: Callable[[Mapping[str, Any]], None] | None = None
    effort: Effort = field(default_factory=Effort)
    searched: Mapping[str, Any] = field(default_factory=dict)
    """What a search of this probe tried, if it made one."""
    user_agent: str | None = None
    """What the user's browser calls itself, None for our own name."""
    by_hand: int = 0
    """How often a person was asked to log in or to consent."""
    _places: list[Place] = field(default_factory=list)

    @property
    def seen(self) -> Sequence[Exchange]:
        """All exchanges, ours and the server's calls to us, in the order in which they began."""
        if not self.calls:
            return self.exchanges
        return sorted((*self.exchanges, *self.calls), key=lambda exchange: exchange.started_at)

    def listen(self, step: str, reply: Reply = NOT_FOUND, suffix: str = "") -> Place:
        """Open an address of ours, whose calls are recorded as this step until the probe ends."""
        if self.listener is None:
            raise Unsuited("nobody listens for the calls of the server")
        place = self.listener.open(step, reply, self._note, suffix)
        self._places.append(place)
        return place

    def hang_up(self) -> None:
        """Close the addresses that were opened."""
        if self.listener is not None:
            for place in self._places:
                self.listener.close(place)
        self._places.clear()

    def aside(self) -> "Wire":
        """Return a wire of the same client and session, with cookies and records of its own.

        What this one's browser has by now the other has too, so that nobody logs in again.
        """
        return Wire(
            self.provider,
            self.courier,
            self.human,
            cookies=self.cookies.twin(),
            listener=self.listener,
            on_key=self.on_key,
        )

    def _note(self, exchange: Exchange) -> None:
        self.calls.append(exchange)
        if self.on_exchange is not None:
            self.on_exchange(exchange)

    def hold(self, key: Mapping[str, Any]) -> None:
        """Keep a private key of a client, so that evidence can tell what was encrypted to it."""
        if self.on_key is not None:
            self.on_key(key)

    def acting_as(self, role: Role) -> Provider:
        """Return the provider as the profile's client of that role sees it."""
        return self.provider.acting_as(role)

    def fresh_browser(self) -> None:
        """Go on with a user agent that has no cookies."""
        self.cookies = Cookies()

    async def send(self, request: Request, step: str = "experiment") -> Response:
        """Send a request and return whatever answer comes; raises NoResponse if none does."""
        exchange = await self._exchange(request, step)
        if exchange.response is None:
            raise NoResponse(exchange, exchange.failure or "no response")
        return exchange.response

    async def send_in_the_clear(self, request: Request, step: str) -> Response:
        """Send a request by plain http to where it goes by https; raises NoResponse.

        Without cookies and without the headers of the profile: it must carry dummy values alone.
        """
        plain = replace(request, origin=request.origin.replace("https:", "http:", 1))
        exchange = self.record(await self.courier.carry(plain, step, in_the_clear=True))
        if exchange.response is None:
            raise NoResponse(exchange, exchange.failure or "no response")
        return exchange.response

    async def send_raw(
        self, request: Request, step: str = "experiment", how: How | None = None
    ) -> Exchange:
        """Send a request octet by octet as it is written, on a connection of its own.

        The exchange may have no response: to break off is an answer to broken octets.
        """

        async def send() -> Exchange:
            return (await converse([request], self.courier.means, how))[0]

        return self.record(await self.courier.carry_raw(request, step, send))

    def tracks(self) -> Tracks:
        """Return connections for races, to be used as a context."""
        return Tracks(self.courier.means)

    async def race(
        self, requests: Sequence[Request], step: str, tracks: Tracks
    ) -> Sequence[Exchange]:
        """Send requests octet by octet, so that their last octets go out at one moment."""
        exchanges = await self.courier.carry_at_once(requests, step, tracks)
        return [self.record(exchange) for exchange in exchanges]

    async def greet(self, request: Request, step: str, offer: str) -> Exchange:
        """Say a hello of `client.raw.OFFERS` to the origin of a request, which is not sent."""

        async def send() -> Exchange:
            return await greet(request, self.courier.means, offer)

        return self.record(await self.courier.carry_raw(request, step, send))

    def record(self, exchange: Exchange) -> Exchange:
        """Add an exchange to the trace."""
        self.exchanges.append(exchange)
        if self.on_exchange is not None:
            self.on_exchange(exchange)
        return exchange

    async def run(self, flow: Flow[T], step: str | None = None) -> T:
        """Drive a flow that must succeed, return its value; raises ControlFailed or NoResponse."""
        name = step or str(getattr(flow, "__name__", "flow"))
        try:
            return await self._drive(flow, name)
        except EvidenceError as error:
            last = self.exchanges[-1] if self.exchanges else None
            raise ControlFailed(last, f"{name.replace('_', ' ')}: {error}") from None

    async def visit(self, human_step: HumanStep, step: str) -> Ending:
        """Carry the user through login and consent and return where that ended, any ending."""
        user, guard = human_step.user, self.courier.guard
        self._begin_session(user)
        async with guard.logging_in(user):
            ending = await self._visit(human_step, step)
            if user is not None and isinstance(ending, Landed):
                guard.trust_user(user)
            if user is not None and isinstance(ending, Stopped) and "refused" in ending.why:
                guard.distrust_user(
                    user.username,
                    f"user {user.name} cannot log in: {ending.why}: check username and password "
                    f"under [users.{user.name}]",
                )
        return ending

    async def show(self, pages: Mapping[str, str], step: str) -> None:
        """Open the first page of a client in the user's browser; what it tells is recorded.

        Raises ControlFailed where it does not come to an end.
        """
        if self.human is None or self.human.show is None:
            raise Unsuited("pages of clients are shown by the driver browser alone")
        try:
            await self.human.show(self, pages, step)
        except EvidenceError as error:
            raise ControlFailed(None, f"{step}: {error}") from None

    def _begin_session(self, user: User | None) -> None:
        """Give the browser the session of the profile, which is the first user's, if there is one.

        To log in is to have its cookies then; where nobody is to log in, nobody has them.
        """
        profile = self.provider.profile
        first = next(iter(profile.users.values()), None)
        if profile.login.cookies is not None and user is not None and user == first:
            self.cookies.give(profile.issuer, profile.login.cookies)

    async def _visit(self, human_step: HumanStep, step: str) -> Ending:
        if self.human is not None:
            return await self.human.visit(self, human_step, step)
        profile = self.provider.profile
        flow = form_login(human_step, profile.login.hints, profile.allowed_origins)
        ending = await self._drive(flow, step, numbered=True)
        self.name_ending(ending, step)
        return ending

    @asynccontextmanager
    async def guessing(self, client: Client) -> AsyncIterator[None]:
        """Keep others from sending wrong credentials of a client while a probe does.

        Inside, send one wrong guess, then prove that the right credentials still work: so there are
        never two wrong ones in a row, and a lock-out is seen at once.
        """
        async with self.courier.guard.guessing(client.client_id):
            yield

    def name_ending(self, ending: Ending, step: str) -> None:
        """Give the last exchange, that of a visit, the name of the whole, and its landing."""
        landing = ending.landing if isinstance(ending, Landed) else None
        self.exchanges[-1] = replace(self.exchanges[-1], step=step, landing=landing)

    async def _drive(self, flow: Flow[T], step: str, *, numbered: bool = False) -> T:
        number = 0
        try:
            move = next(flow)
            while True:
                if isinstance(move, HumanStep):
                    move = flow.send(await self.visit(move, step))
                    continue
                number += 1
                move = flow.send(await self.send(move, f"{step}/{number}" if numbered else step))
        except StopIteration as stop:
            value: T = stop.value
            return value

    async def forward(self, request: Request, step: str) -> Exchange:
        """Carry a request that the user's browser wrote, with its cookies, and record it as such.

        The exchange may have no response.
        """
        exchange = replace(await self.courier.carry(request, step), sender=Sender.BROWSER)
        if exchange.response is not None:
            self.cookies.keep(request, exchange.response)
        return self.record(exchange)

    async def _exchange(self, request: Request, step: str) -> Exchange:
        if request.agent is Agent.USER:
            if self.user_agent is not None and request.header("user-agent") is None:
                request = request.with_headers(("User-Agent", self.user_agent))
            request = request.with_headers(*self.cookies.header_for(request))
        exchange = await self.courier.carry(request, step)
        if exchange.response is not None and request.agent is Agent.USER:
            self.cookies.keep(request, exchange.response)
        return self.record(exchange)
