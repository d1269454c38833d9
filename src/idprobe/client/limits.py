"""Our manners: which requests may be sent at all, how fast, and how often wrongly.

`Gate` holds the profile's limits and the origins that credentials may go to; `Guard` keeps a whole
run from locking out a principal.
"""

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import unquote_plus

from idprobe.client.destinations import Destinations, is_internal_name
from idprobe.errors import EvidenceError, Refrained
from idprobe.model.exchange import Agent, Pairs, Request, form_pairs, parse_json
from idprobe.model.profile import (
    Profile,
    User,
    is_loopback,
    is_usable_url,
    origin_of,
    place_of,
    secured,
)
from idprobe.model.profile.model import is_telltale

__all__ = ["Gate", "Guard"]

LOOPBACK_CONCURRENCY: Final = 32
ELSEWHERE_CONCURRENCY: Final = 4
ELSEWHERE_RATE: Final = 20.0
SECRET_PARAMETERS: Final = frozenset(
    {
        "access_token",
        "client_assertion",
        "client_secret",
        "code_verifier",
        "id_token",
        "id_token_hint",
        "password",
        "refresh_token",
        "token",
    }
)
"""Parameters that make of a question for a document something that carries a credential."""


class Gate:
    """Lets requests pass one by one, as often and as many at once as the profile allows."""

    def __init__(self, profile: Profile, destinations: Destinations | None = None) -> None:
        loopback = is_loopback(profile.issuer)
        limits = profile.limits
        self.allowed: Final = profile.allowed_origins
        """The origins that credentials may go to."""
        leads = (url for url in profile.named_urls if is_usable_url(url))
        self._readable: Final = self.allowed | set(map(origin_of, leads))
        self._destinations: Final = destinations or Destinations(profile)
        self._network: Final = profile.network
        default = LOOPBACK_CONCURRENCY if loopback else ELSEWHERE_CONCURRENCY
        self._turns = asyncio.Semaphore(limits.concurrency or default)
        rate = limits.requests_per_second or (None if loopback else ELSEWHERE_RATE)
        self._pause_s = 0.0 if rate is None else 1 / rate
        self._next_at = 0.0

    def allow(self, request: Request) -> None:
        """Raise Refrained unless the request may go to its origin.

        Credentials, cookies and anything but a GET go to the origins of the profile alone. A public
        document (a `jwks_uri`, say) may be read elsewhere, but never on this machine or in a
        private network, unless the server under test itself is on loopback. Names are judged here,
        what they resolve to when a connection is made (idprobe.client.destinations).
        """
        try:
            origin = origin_of(request.origin)
        except ValueError:
            raise Refrained("this is no address that requests are sent to") from None
        if origin in self.allowed:
            return
        if _is_bare(request) and (origin in self._readable or self._is_public(origin)):
            return
        raise Refrained(self._because(origin))

    def allow_in_the_clear(self, request: Request) -> None:
        """Raise Refrained unless the request is to a place of the profile, by plain http.

        It must carry nothing of value: who sends it sees to that.
        """
        if not is_usable_url(request.origin) or secured(origin_of(request.origin)) not in (
            self.allowed
        ):
            raise Refrained(f"the profile does not allow {request.origin!r:.80}")

    def _is_public(self, origin: str) -> bool:
        """Return whether a document may be read at an origin that the profile does not name."""
        if self._destinations.is_local:
            return is_loopback(origin)
        host, port = place_of(origin)
        return self._network.address_for(host, port) is not None or not is_internal_name(host)

    def _because(self, origin: str) -> str:
        if origin.startswith("http:") and secured(origin) in self.allowed:
            return (
                f"{origin} is plain http, although the profile names that host by https: nothing "
                f"secret is sent there: let the server announce https, or name the endpoint under "
                f"[endpoints] if it may go in the clear"
            )
        return (
            f"the profile does not allow {origin}: name the endpoint under [endpoints] if "
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


def _is_bare(request: Request) -> bool:
    """Return whether a request asks for a document, and carries nothing that is ours or a user's.

    The headers of a profile are added later, to what goes to its origins.
    """
    if request.method != "GET" or request.agent is not Agent.CLIENT or request.body:
        return False
    named = {name.lower() for name, _ in request.query}
    return not named & SECRET_PARAMETERS and not any(is_telltale(n) for n, _ in request.headers)


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
