"""What was done to a code or a token, and what came of it, read from the exchanges of a trace.

A step is called STORY/NUMBER/ROLE/ACT: `7/03/web/refresh`; one that only looks what there is ends
in `/look`. What the act was about stands in the
request, what came of it in the answer. A role that the contract gives a leeway for refresh tokens
is called `public+5s`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any, Final

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Exchange
from idprobe.reading.answers import refused

__all__ = ["Act", "Event", "Outcome", "event_of", "stories", "story_of"]

PARTS: Final = 4
LOOK: Final = "look"


class Act(StrEnum):
    """What can be done to a code or a token."""

    AUTHORIZE = "authorize"
    REDEEM = "redeem"
    REDEEM_UNPROVEN = "redeem-unproven"
    """Without the code verifier."""
    REDEEM_MISPROVEN = "redeem-misproven"
    """With a wrong code verifier."""
    REFRESH = "refresh"
    REVOKE = "revoke"
    INTROSPECT = "introspect"
    USERINFO = "userinfo"
    LOG_OUT = "log-out"


class Outcome(StrEnum):
    """What came of an act."""

    GIVEN = "given"
    REFUSED = "refused"
    NEITHER = "neither"
    """An overload, a crash, silence: it says nothing of the token."""


@dataclass(frozen=True, slots=True)
class Event:
    """One act on a code or a token, with its answer; values of secrets never show in its repr."""

    step: str
    role: str
    act: Act
    outcome: Outcome
    what: str
    """The value that the act was about: a code, a token, or "" at a logout."""
    asked: frozenset[str] | None = None
    """The scope of the request, None without one."""
    told: frozenset[str] | None = None
    """The scope of the answer, None without one."""
    access_token: str | None = None
    refresh_token: str | None = None
    lifetime_s: float | None = None
    error: str | None = None
    is_bound: bool = False
    """Whether the authorization had a code challenge."""
    is_look: bool = False
    """Whether no move asked for it: the story only looks what there is."""
    leeway_s: float = 0.0
    """How long the contract lets a refresh token be used again after another replaced it."""
    begun_s: float = 0.0
    ended_s: float = 0.0
    begun_ns: int = 0
    ended_ns: int = 0

    def __repr__(self) -> str:
        return f"<{self.step}: {self.outcome}>"


def story_of(step: str) -> str:
    """Return the first part of a step's name: its story."""
    return step.partition("/")[0]


def stories(exchanges: Iterable[Exchange]) -> dict[str, list[Event]]:
    """Return the events of each story, in the order in which they were sent."""
    told: dict[str, list[Event]] = {}
    for event in _events(exchanges):
        told.setdefault(story_of(event.step), []).append(event)
    return told


def _events(exchanges: Iterable[Exchange]) -> Iterator[Event]:
    """Yield an event for each run of exchanges that bear one step's name."""
    named = [one for one in exchanges if _head(one.step) is not None]
    for _, group in groupby(named, key=lambda one: _head(one.step)):
        yield event_of(list(group))


def _head(step: str) -> str | None:
    """Return the four parts of a step's name without what numbers its pages; None for others."""
    parts = step.split("/")
    if len(parts) < PARTS or parts[3] not in set(Act):
        return None
    return "/".join(parts[:PARTS])


def event_of(group: list[Exchange]) -> Event:
    """Return what the exchanges of one step amount to; raises EvidenceError for none."""
    first, last = group[0], group[-1]
    step = _head(first.step)
    if step is None:
        raise EvidenceError(f"{first.step} is no step of a story")
    (role, leeway), act = _role(step.split("/")[2]), Act(step.split("/")[3])
    begun_ns = round(first.started_at.timestamp() * 1e9)
    ended_ns = round(last.started_at.timestamp() * 1e9) + last.elapsed_ns
    return Event(
        step=step,
        role=role,
        act=act,
        is_look=LOOK in first.step.split("/")[PARTS:],
        leeway_s=leeway,
        begun_s=begun_ns / 1e9,
        ended_s=ended_ns / 1e9,
        begun_ns=begun_ns,
        ended_ns=ended_ns,
        **_facts(act, first, last),
    )


def _role(name: str) -> tuple[str, float]:
    """Return a role and its leeway in seconds."""
    role, _, leeway = name.partition("+")
    return role, float(leeway.removesuffix("s")) if leeway else 0.0


def _facts(act: Act, first: Exchange, last: Exchange) -> Mapping[str, Any]:
    if act is Act.AUTHORIZE:
        return _authorization(first, last)
    if act is Act.LOG_OUT:
        return {"what": "", "outcome": Outcome.GIVEN}
    if act is Act.USERINFO:
        return {"what": _bearer(last), "outcome": _use(last), "error": _challenge(last)}
    asked = _words(last.request.parameter("scope"))
    if act is Act.REVOKE:
        what = last.request.parameter("token") or ""
        return {"what": what, "outcome": _revocation(last), "error": _error(last)}
    if act is Act.INTROSPECT:
        return _introspection(last)
    name = "refresh_token" if act is Act.REFRESH else "code"
    return {"what": last.request.parameter(name) or "", "asked": asked, **_grant(last)}


def _authorization(first: Exchange, last: Exchange) -> Mapping[str, Any]:
    code = last.landing.get("code") if last.landing is not None else None
    return {
        "what": code or "",
        "outcome": Outcome.GIVEN if code else Outcome.REFUSED,
        "asked": _words(first.request.parameter("scope")),
        "is_bound": bool(first.request.parameter("code_challenge")),
    }


def _grant(exchange: Exchange) -> Mapping[str, Any]:
    """Return what a token response gave, or that it refused (RFC 6749 sections 5.1 and 5.2)."""
    try:
        is_refused = refused(exchange)
        members = {} if is_refused else exchange.answered.json_object
    except EvidenceError:
        return {"outcome": Outcome.NEITHER}
    if is_refused:
        known = _error(exchange) is not None
        outcome = Outcome.REFUSED if known else Outcome.NEITHER
        return {"outcome": outcome, "error": _error(exchange)}
    lifetime_s = members.get("expires_in")
    return {
        "outcome": Outcome.GIVEN if _text(members, "access_token") else Outcome.NEITHER,
        "told": _words(_text(members, "scope")),
        "access_token": _text(members, "access_token"),
        "refresh_token": _text(members, "refresh_token"),
        "lifetime_s": float(lifetime_s) if isinstance(lifetime_s, int) else None,
    }


def _introspection(exchange: Exchange) -> Mapping[str, Any]:
    """Return whether a token is active (RFC 7662 section 2.2)."""
    what = exchange.request.parameter("token") or ""
    neither = {"what": what, "outcome": Outcome.NEITHER}
    if exchange.response is None or not exchange.response.is_success:
        return neither
    try:
        members = exchange.response.json_object
    except EvidenceError:
        return neither
    active = members.get("active")
    if not isinstance(active, bool):
        return neither
    outcome = Outcome.GIVEN if active else Outcome.REFUSED
    return {"what": what, "outcome": outcome, "told": _words(_text(members, "scope"))}


def _revocation(exchange: Exchange) -> Outcome:
    """Return whether a token was revoked: 200 says so (RFC 7009 section 2.2)."""
    if exchange.response is None:
        return Outcome.NEITHER
    if exchange.response.status == 200:  # noqa: PLR2004 -- the one status that means success
        return Outcome.GIVEN
    return Outcome.REFUSED if _error(exchange) else Outcome.NEITHER


def _use(exchange: Exchange) -> Outcome:
    """Return whether a token opened userinfo; only invalid_token says that it is dead."""
    if exchange.response is None:
        return Outcome.NEITHER
    if exchange.response.is_success:
        return Outcome.GIVEN
    is_dead = _challenge(exchange) == "invalid_token"
    return Outcome.REFUSED if is_dead else Outcome.NEITHER


def _challenge(exchange: Exchange) -> str | None:
    """Return the error of a bearer challenge (RFC 6750 section 3), or of the body."""
    if exchange.response is None:
        return None
    said = exchange.response.header("www-authenticate") or ""
    return "invalid_token" if "invalid_token" in said else exchange.response.error


def _error(exchange: Exchange) -> str | None:
    return exchange.response.error if exchange.response is not None else None


def _bearer(exchange: Exchange) -> str:
    scheme, _, token = (exchange.request.header("authorization") or "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def _words(text: str | None) -> frozenset[str] | None:
    return None if text is None else frozenset(text.split())


def _text(members: Mapping[str, Any], name: str) -> str | None:
    value = members.get(name)
    return value if isinstance(value, str) and value else None
