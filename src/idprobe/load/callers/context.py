"""What all callers of a process share: the server, and the clients and users of the profile."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from idprobe.errors import ProbeError, ProfileError
from idprobe.flows import Flow, discover, discover_all
from idprobe.load.engine.engine import Engine, LoadFlow, VirtualUser
from idprobe.load.engine.transport import Transport
from idprobe.load.schedule.caps import Cost
from idprobe.load.tokens.correctness import Findings
from idprobe.model.exchange import Request
from idprobe.model.profile import Client, Profile, Provider, Role, User

__all__ = ["LoadContext", "load_context", "run_flow", "run_flow_counted"]

FRESH_TOKENS: Final = "fresh_token_per_request"


@dataclass(slots=True)
class _Logins:
    """The logins of one user to one client."""

    under_way: int = 0
    ended_at: float = 0.0


def _pair(provider: Provider) -> tuple[str, str]:
    return provider.client.client_id, "" if provider.user is None else provider.user.username


@dataclass(slots=True, eq=False)
class LoadContext:
    """The server as callers see it."""

    profile: Profile
    metadata: Any
    transport: Transport
    offset: int = 0
    """The number of this process among `stride`: pools are dealt out, not shared."""
    stride: int = 1
    metadata_url: str | None = None
    findings: Findings = field(default_factory=Findings)
    cost: Cost = field(default_factory=Cost)
    """What a caller sends, once one was tried."""
    mixed: bool = False
    """Whether callers of other kinds get, refresh and revoke tokens, which may end others."""
    _logins: dict[tuple[str, str], _Logins] = field(default_factory=dict)
    _shared: set[tuple[str, str]] = field(default_factory=set)
    """The clients and users that other processes have, too."""

    def provider(self, role: Role, number: int, *, with_user: bool = False) -> Provider:
        """Return the provider for a caller: clients and users are dealt out in turn.

        Raises ProfileError without a client of that role, or without a user where one is needed.
        """
        clients = self.clients(role)
        users: tuple[User | None, ...] = self._users() if with_user else (None,)
        place = self._place(number, len(clients) * len(users))
        client, user = clients[place % len(clients)], users[place // len(clients)]
        found = Provider(self.profile, self.metadata, client, user)
        if self.stride > len(clients) * len(users):
            self._shared.add(_pair(found))
        return found

    def _place(self, number: int, pairs: int) -> int:
        """Return which pair of client and user a caller has: its process's own, if all have one."""
        first = self.offset % self.stride
        own = len(range(first, pairs, self.stride)) if self.stride <= pairs else pairs
        return (first + number % own * self.stride) % pairs

    @contextmanager
    def login(self, provider: Provider) -> Iterator[None]:
        """Note that a user logs in to a client, or that the client gets a token of its own.

        It does for as long as the `with` block lasts.
        """
        logins = self._logins.setdefault(_pair(provider), _Logins())
        logins.under_way += 1
        try:
            yield
        finally:
            logins.under_way -= 1
            logins.ended_at = time.monotonic()

    def disturbed(self, provider: Provider) -> None:
        """Note that what a user has at a client may just have ended by our doing, as by a login."""
        with self.login(provider):
            pass

    def logged_in_since(self, provider: Provider, moment: float) -> bool:
        """Return whether a login to this client may have been under way after a moment.

        Of a client and user that other processes have, too, nobody here knows.
        """
        pair = _pair(provider)
        if pair in self._shared:
            return True
        logins = self._logins.get(pair)
        return logins is not None and (logins.under_way > 0 or logins.ended_at >= moment)

    def clients(self, role: Role) -> tuple[Client, ...]:
        """Return the clients that play a role; raises ProfileError without any."""
        found = tuple(one for one in self.profile.clients.values() if role in one.roles)
        if not found:
            fix = f"no client plays the role {role.value}, which this scenario needs: add one"
            raise ProfileError(self.profile.where, "clients", fix)
        return found

    def _users(self) -> tuple[User, ...]:
        users = tuple(self.profile.users.values())
        if not users:
            fix = "this scenario logs in: add [users.NAME] with username and password"
            raise ProfileError(self.profile.where, "users", fix)
        return users


def load_context(profile: Profile) -> LoadContext:
    """Return the context of a run; raises ProbeError if the server does not say what it is."""
    transport = Transport(profile)
    known = "token_endpoint" in profile.endpoints
    found = {} if known else run_flow(transport, _plain(discover_all(profile)))
    if not known and not found:
        # says what was got instead
        run_flow(transport, _plain(discover(profile)))
    url, metadata = next(iter(found.items()), (None, {}))
    findings = Findings(fresh=_promises_fresh_tokens(profile))
    return LoadContext(profile, metadata, transport, metadata_url=url, findings=findings)


def _promises_fresh_tokens(profile: Profile) -> bool:
    """Return whether each request is promised a token that nobody got before."""
    promised = profile.contract.get(FRESH_TOKENS)
    return bool(promised or profile.extras.get("load", {}).get("fresh_tokens"))


def _plain(flow: Flow[Any]) -> LoadFlow:
    """Return a flow without a login in it as an engine drives it."""
    move = next(flow)
    try:
        while isinstance(move, Request):
            move = flow.send((yield move))
    except StopIteration as stop:
        return stop.value
    raise ProbeError("a login was asked for where none was expected")


class _Once:
    """Schedules one flow once."""

    def __init__(self, engine: Engine, flow: LoadFlow) -> None:
        self._engine: Final = engine
        self._flow: LoadFlow | None = flow
        self.failure: str | None = None
        self.done = False

    def due(self, now_ns: int) -> int:
        """Begin, the first time."""
        if self._flow is not None:
            flow, self._flow = self._flow, None
            self._engine.begin(VirtualUser(None), flow, now_ns)
        return now_ns + 1_000_000_000

    def ended(self, user: VirtualUser, now_ns: int, failure: str | None) -> None:
        """Keep how it went."""
        del user, now_ns
        self.failure, self.done = failure, True

    def over(self, now_ns: int) -> bool:
        """Return whether it has ended."""
        del now_ns
        return self.done


def run_flow(transport: Transport, flow: LoadFlow) -> Any:
    """Run one flow to its end and return its value; raises ProbeError that says why it failed."""
    value, _ = run_flow_counted(transport, flow)
    return value


def run_flow_counted(transport: Transport, flow: LoadFlow) -> tuple[Any, int]:
    """Return what carried_out does, and how many requests it took."""
    values: list[Any] = []

    def kept() -> LoadFlow:
        values.append((yield from flow))

    engine = Engine(transport)
    scheduler = _Once(engine, kept())
    try:
        engine.run(scheduler)
    finally:
        engine.close()
    if scheduler.failure is not None or not values:
        raise ProbeError(scheduler.failure or "it was stopped")
    return values[0], engine.requests
