"""What the server remembers: bounded stores that forget what has expired, and their records."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeVar

from idprobe_reference.requests.requested_claims import NO_CLAIMS, RequestedClaims
from idprobe_reference.settings import UserConfig

__all__ = [
    "AccessToken",
    "Code",
    "Grant",
    "RefreshToken",
    "Session",
    "Store",
    "Throttle",
]

T = TypeVar("T")


class Store(Generic[T]):
    """A dictionary with an expiry for each entry and room for `limit` of them; the oldest go."""

    def __init__(self, clock: Callable[[], float], limit: int = 50_000) -> None:
        self._clock = clock
        self._limit = limit
        self._entries: dict[str, tuple[float, T]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[T]:
        now = self._clock()
        return iter([value for until, value in self._entries.values() if until > now])

    def put(self, key: str, value: T, until: float) -> None:
        """Keep `value` until the time `until`, as the clock tells it."""
        self._entries.pop(key, None)
        self._entries[key] = (until, value)
        if len(self._entries) > self._limit:
            self._make_room()

    def get(self, key: str) -> T | None:
        """Return what is kept under `key`; None if there is nothing, or nothing any more."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        until, value = entry
        if until <= self._clock():
            del self._entries[key]
            return None
        return value

    def pop(self, key: str) -> T | None:
        """Return what is kept under `key` and forget it."""
        value = self.get(key)
        self._entries.pop(key, None)
        return value

    def _make_room(self) -> None:
        """Forget what has expired, and the oldest until a tenth is free: it takes a look at all."""
        now = self._clock()
        for key in [key for key, (until, _) in self._entries.items() if until <= now]:
            del self._entries[key]
        surplus = len(self._entries) - (self._limit - self._limit // 10)
        for key in list(islice(self._entries, max(0, surplus))):
            del self._entries[key]


class Throttle:
    """Counts failures in a row of each principal, and says when it has to wait."""

    def __init__(self, clock: Callable[[], float], limit: int = 20, wait_s: float = 30.0) -> None:
        self._clock = clock
        self._limit = limit
        self._wait_s = wait_s
        self._failures: dict[str, tuple[int, float]] = {}
        self.worst: dict[str, int] = {}

    def wait_s(self, principal: str) -> float:
        """Return for how many seconds `principal` is not listened to; 0 if it is."""
        failures, last = self._failures.get(principal, (0, 0.0))
        if failures < self._limit:
            return 0.0
        return max(0.0, last + self._wait_s - self._clock())

    def failed(self, principal: str) -> None:
        """Note a failure."""
        failures = self._failures.get(principal, (0, 0.0))[0] + 1
        if len(self._failures) >= 10_000:  # noqa: PLR2004 - a bound, so that names cannot fill memory
            self._failures.clear()
            self.worst.clear()
        self._failures[principal] = (failures, self._clock())
        self.worst[principal] = max(failures, self.worst.get(principal, 0))

    def succeeded(self, principal: str) -> None:
        """Note a success, which ends the row."""
        self._failures.pop(principal, None)


@dataclass(slots=True)
class Session:
    """A browser's session: made before the login, renamed by it, with the consents given in it."""

    key: str = field(repr=False)
    user: UserConfig | None = None
    auth_time: int = 0
    sid: str = ""
    consents: dict[str, frozenset[str]] = field(default_factory=dict)
    state: str = ""
    """What scripts of this server can see of the session: it means nothing (Management 3.2)."""
    clients: dict[str, str] = field(default_factory=dict)
    """The clients that the person logged in to, and whom each knows them as."""


@dataclass(slots=True)
class Grant:
    """What a person granted to a client, or a client got for itself: all its tokens hang on it."""

    client_id: str
    scope: frozenset[str]
    user: UserConfig | None = None
    auth_time: int = 0
    sid: str = ""
    claims: RequestedClaims = NO_CLAIMS
    subject: str = ""
    """How the client knows the person; "" where it knows the same as everybody."""
    resources: tuple[str, ...] = ()
    revoked: bool = False

    @property
    def sub(self) -> str:
        """Whom the tokens of this grant are about."""
        return self.client_id if self.user is None else self.subject or self.user.sub


@dataclass(slots=True)
class Code:
    """An authorization code, bound to everything that its redemption has to match."""

    value: str = field(repr=False)
    grant: Grant
    redirect_uri: str
    redirect_uri_was_sent: bool
    challenge: str | None
    challenge_method: str
    nonce: str | None
    offline: bool
    expires_at: float
    used: bool = False


@dataclass(slots=True)
class AccessToken:
    """An issued access token."""

    value: str = field(repr=False)
    grant: Grant
    scope: frozenset[str]
    audience: tuple[str, ...]
    issued_at: int
    expires_at: int
    revoked: bool = False


@dataclass(slots=True)
class RefreshToken:
    """An issued refresh token; a used one is remembered, so that its reuse is seen."""

    value: str = field(repr=False)
    grant: Grant
    scope: frozenset[str]
    issued_at: int
    expires_at: int
    used: bool = False
