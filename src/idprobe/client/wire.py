"""The wire of one probe: it drives flows, sends requests and records what came back."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from idprobe.client.cookies import Cookies
from idprobe.client.http_sender import HttpSender
from idprobe.client.listener import NOT_FOUND, Listener, Place, Reply
from idprobe.client.raw import How, Tracks, converse, greet
from idprobe.errors import ControlFailed, EvidenceError, NoResponse, Unsuited
from idprobe.flows import Ending, Flow, HumanStep, Landed, Stopped
from idprobe.login.forms.form_login import form_login
from idprobe.model.effort import Effort
from idprobe.model.exchange import Agent, Exchange, Request, Response, Sender
from idprobe.model.profile import Client, Provider, Role, User

__all__ = ["TOLD", "Human", "Wire"]

T = TypeVar("T")

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


@dataclass(slots=True, eq=False)
class Wire:
    """The wire of one probe: drives flows, sends requests, keeps cookies, records everything."""

    provider: Provider
    sender: HttpSender
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
            self.sender,
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
        exchange = self.record(await self.sender.send(plain, step, in_the_clear=True))
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
            return (await converse([request], self.sender.means, how))[0]

        return self.record(await self.sender.send_raw(request, step, send))

    def tracks(self) -> Tracks:
        """Return connections for races, to be used as a context."""
        return Tracks(self.sender.means)

    async def race(
        self, requests: Sequence[Request], step: str, tracks: Tracks
    ) -> Sequence[Exchange]:
        """Send requests octet by octet, so that their last octets go out at one moment."""
        exchanges = await self.sender.send_at_once(requests, step, tracks)
        return [self.record(exchange) for exchange in exchanges]

    async def greet(self, request: Request, step: str, offer: str) -> Exchange:
        """Say a hello of `client.raw.OFFERS` to the origin of a request, which is not sent."""

        async def send() -> Exchange:
            return await greet(request, self.sender.means, offer)

        return self.record(await self.sender.send_raw(request, step, send))

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
        user, guard = human_step.user, self.sender.guard
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
        async with self.sender.guard.guessing(client.client_id):
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
        exchange = replace(await self.sender.send(request, step), sender=Sender.BROWSER)
        if exchange.response is not None:
            self.cookies.keep(request, exchange.response)
        return self.record(exchange)

    async def _exchange(self, request: Request, step: str) -> Exchange:
        if request.agent is Agent.USER:
            if self.user_agent is not None and request.header("user-agent") is None:
                request = request.with_headers(("User-Agent", self.user_agent))
            request = request.with_headers(*self.cookies.header_for(request))
        exchange = await self.sender.send(request, step)
        if exchange.response is not None and request.agent is Agent.USER:
            self.cookies.keep(request, exchange.response)
        return self.record(exchange)
