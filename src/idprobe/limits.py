"""Our manners: which requests may be sent at all, how fast, and how often wrongly.

`Gate` holds the profile's limits and the hosts that credentials may go to; `Guard` keeps a whole
run from locking out a principal.
"""

import asyncio
import base64
import ipaddress
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import unquote_plus, urlsplit

from idprobe.errors import EvidenceError, Refrained
from idprobe.exchange import Agent, Pairs, Request, form_pairs, parse_json
from idprobe.profile import Profile, User, host_of, is_loopback

__all__ = ["Gate", "Guard"]

LOOPBACK_CONCURRENCY: Final = 32
ELSEWHERE_CONCURRENCY: Final = 4
ELSEWHERE_RATE: Final = 20.0


def _is_internal(host: str) -> bool:
    """Return whether a host is an address that the public internet does not route."""
    try:
        return not ipaddress.ip_address(host.strip("[]")).is_global
    except ValueError:
        return host == "localhost" or "." not in host


class Gate:
    """Lets requests pass one by one, as often and as many at once as the profile allows."""

    def __init__(self, profile: Profile) -> None:
        loopback = is_loopback(profile.issuer)
        limits = profile.limits
        self._allowed = profile.allowed_hosts
        self._loopback = loopback
        default = LOOPBACK_CONCURRENCY if loopback else ELSEWHERE_CONCURRENCY
        self._turns = asyncio.Semaphore(limits.concurrency or default)
        rate = limits.requests_per_second or (None if loopback else ELSEWHERE_RATE)
        self._pause_s = 0.0 if rate is None else 1 / rate
        self._next_at = 0.0

    def allow(self, request: Request) -> None:
        """Raise Refrained unless the request may go to its host.

        Credentials, cookies and anything but a GET go to the hosts of the profile alone. A public
        document (a `jwks_uri`, say) may be read elsewhere, but never on this machine or in a
        private network, unless the server under test itself is on loopback.
        """
        host = host_of(request.origin)
        if host in self._allowed:
            return
        name = urlsplit(request.origin).hostname or ""
        plain = request.method == "GET" and request.agent is Agent.CLIENT
        bare = plain and request.header("authorization") is None
        if bare and self._loopback and is_loopback(request.origin):
            return
        if bare and not self._loopback and not _is_internal(name):
            return
        raise Refrained(
            f"the profile does not allow {host}: name the endpoint under [endpoints] if "
            f"requests may go there"
        )

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until a request may go, and hold its place while it is under way."""
        async with self._turns:
            if self._pause_s:
                now = time.monotonic()
                wait_s = self._next_at - now
                self._next_at = max(now, self._next_at) + self._pause_s
                if wait_s > 0:
                    await asyncio.sleep(wait_s)
            yield


class Guard:
    """Remembers which credentials do not work, so that they are not tried again and again."""

    def __init__(self) -> None:
        self._clients: dict[str, str] = {}
        self._users: dict[str, str] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._logged_in: set[str] = set()

    def distrust_client(self, client_id: str, reason: str) -> None:
        """Refrain from using the credentials of a client from now on, for this reason."""
        self._clients.setdefault(client_id, reason)

    def distrust_user(self, username: str, reason: str) -> None:
        """Refrain from logging in a user from now on, for this reason."""
        self._users.setdefault(username, reason)

    def allow(self, request: Request) -> None:
        """Raise Refrained if the request authenticates a client that is not trusted to work."""
        if not self._clients:
            return
        reason = self._clients.get(_authenticating(request) or "")
        if reason is not None:
            raise Refrained(reason)

    def _allow_login(self, user: User) -> None:
        reason = self._users.get(user.username)
        if reason is not None:
            raise Refrained(reason)

    def trust_user(self, user: User) -> None:
        """Remember that the user's login works."""
        self._logged_in.add(user.username)

    def trusts(self, user: User) -> bool:
        """Return whether the user's login has worked."""
        return user.username in self._logged_in

    @asynccontextmanager
    async def logging_in(self, user: User | None) -> AsyncIterator[None]:
        """Let a user log in once before others try; raises Refrained if that has failed."""
        if user is None or user.username in self._logged_in:
            yield
            return
        async with self._locks.setdefault(f"login {user.username}", asyncio.Lock()):
            self._allow_login(user)
            yield

    @asynccontextmanager
    async def guessing(self, principal: str) -> AsyncIterator[None]:
        """Hold the sole right to send wrong credentials of a principal."""
        async with self._locks.setdefault(principal, asyncio.Lock()):
            yield


def _authenticating(request: Request) -> str | None:
    """Return the client_id that a request brings credentials for, None without credentials."""
    authorization = request.header("authorization") or ""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            decoded = base64.b64decode(credentials).decode("utf-8", "replace")
        except ValueError:
            return None
        return unquote_plus(decoded.partition(":")[0])
    given = dict((*request.query, *_parameters(request.body)))
    if "client_secret" in given or "client_assertion" in given:
        return given.get("client_id")
    return None


def _parameters(body: bytes) -> Pairs:
    """Return what a lenient server may read in a body, whatever media type it is said to have."""
    try:
        members = parse_json(body)
    except EvidenceError:
        return form_pairs(body)
    is_object = isinstance(members, dict)
    return tuple((name, str(value)) for name, value in members.items()) if is_object else ()
