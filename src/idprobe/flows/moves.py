"""What flows are made of: the types that go between a flow and its driver.

A flow is a generator: it yields a Request and is sent the Response, or yields a HumanStep and is
sent its Ending; what it returns is its result. It does no I/O, so any driver can run it.
"""

import re
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Final, Self, TypeVar

from idprobe.errors import EvidenceError, UsageError
from idprobe.model.exchange import Landing, Request, Response
from idprobe.model.profile import User

__all__ = ["Ending", "Flow", "HumanStep", "Landed", "Stopped", "Tokens", "answer", "ending"]

ERROR_CODE: Final = re.compile(r"[a-z][a-z_]{0,60}\Z")


@dataclass(frozen=True, slots=True)
class HumanStep:
    """A journey of the user's browser, from its first request to a redirect_uri or a dead end.

    The browser must be stopped at each of the `redirect_uris`. Without a user nobody logs in; with
    `deny` the user refuses consent. Whoever `only_presses` answers questions, and does not log in.
    """

    request: Request
    redirect_uris: tuple[str, ...]
    user: User | None = None
    deny: bool = False
    only_presses: bool = False


@dataclass(frozen=True, slots=True)
class Landed:
    """The browser was sent to a redirect_uri."""

    landing: Landing


@dataclass(frozen=True, slots=True)
class Stopped:
    """The browser ended at the answer to `request`, which leads no further, and why."""

    response: Response
    request: Request
    why: str


Ending = Landed | Stopped

T = TypeVar("T")
Flow = Generator[Request | HumanStep, Response | Landed | Stopped, T]


def answer(request: Request) -> Flow[Response]:
    """Return the response to a request."""
    sent = yield request
    if not isinstance(sent, Response):
        raise UsageError("a driver answers a Request with a Response")
    return sent


def success(request: Request) -> Flow[Response]:
    """Return the response to a request that has to succeed; raises EvidenceError otherwise."""
    response = yield from answer(request)
    if not response.is_success:
        raise EvidenceError(f"wanted success, got {outcome(response)}")
    return response


def ending(step: HumanStep) -> Flow[Ending]:
    """Return how a journey of the user's browser ended."""
    sent = yield step
    if isinstance(sent, Response):
        raise UsageError("a driver answers a HumanStep with an Ending")
    return sent


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a token endpoint issued; a member of a wrong type counts as absent."""

    access_token: str = field(repr=False)
    token_type: str | None = None
    expires_in: int | None = None
    refresh_token: str | None = field(default=None, repr=False)
    id_token: str | None = field(default=None, repr=False)
    scope: str | None = None
    refresh_expires_in: int | None = None
    """The lifetime of the refresh token in seconds, by the names of Keycloak and Microsoft.

    None also for 0, by which Keycloak means that it has no end.
    """

    @classmethod
    def from_response(cls, response: Response) -> Self:
        """Return the tokens of a successful token response (RFC 6749 section 5.1).

        Raises EvidenceError, naming status and error code, unless it is 200 with an access token.
        """
        members = successful_object(response, "tokens")
        access_token = _text(members, "access_token")
        if not access_token:
            raise EvidenceError("the token response has no access_token")
        refresh = ("refresh_expires_in", "refresh_token_expires_in")
        return cls(
            access_token,
            _text(members, "token_type"),
            _seconds(members, "expires_in"),
            _text(members, "refresh_token"),
            _text(members, "id_token"),
            _text(members, "scope"),
            next(filter(None, (_seconds(members, name) for name in refresh)), None),
        )


def successful_object(response: Response, what: str) -> dict[str, Any]:
    """Return the JSON object of a 200 response; raises EvidenceError that says what was wanted."""
    if response.status != 200:  # noqa: PLR2004 -- 200 is what the specifications name
        raise EvidenceError(f"wanted {what}, got {outcome(response)}")
    try:
        return response.json_object
    except EvidenceError as error:
        raise EvidenceError(f"wanted {what}, got status 200, but {error}") from None


def outcome(response: Response) -> str:
    """Return status and OAuth error code of a response as words; nothing else of it is shown."""
    code = response.error
    if code is None:
        return f"status {response.status}"
    return f"status {response.status} and error {shown_code(code)}"


def shown_code(code: str) -> str:
    """Return an error code if it is shaped as one; anything else could be a secret or a trick."""
    return code if ERROR_CODE.match(code) else "of an unusual form"


def _text(members: dict[str, Any], name: str) -> str | None:
    value = members.get(name)
    return value if isinstance(value, str) else None


def _seconds(members: dict[str, Any], name: str) -> int | None:
    value = members.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
