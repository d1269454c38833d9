"""What clients were told of logouts, read for checks: Logout Tokens, and frames of pages."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from idprobe.errors import EvidenceError, Unsuited
from idprobe.model.exchange import Exchange, Pairs, Sender, form_pairs
from idprobe.model.trace import Trace
from idprobe.reading.authorization.pages import page_of
from idprobe.reading.tokens.issued import IssuedJwt

__all__ = [
    "LOGOUT_EVENT",
    "logout_calls",
    "logout_event",
    "logout_frames",
    "logout_jwt",
    "logout_jwts",
    "logout_token_header",
    "raise_if_unseen",
]

LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"


def logout_calls(trace: Trace, step: str) -> tuple[Exchange, ...]:
    """Return the calls that the server made to an address of ours, in order; perhaps none."""
    return tuple(one for one in trace if one.sender is Sender.SERVER and one.step == step)


def logout_jwt(trace: Trace, step: str) -> IssuedJwt:
    """Return the first Logout Token that came to an address; raises EvidenceError without one."""
    return next(_jwts(trace, step))


def logout_jwts(trace: Trace, *steps: str) -> tuple[IssuedJwt, ...]:
    """Return all Logout Tokens of several addresses; raises EvidenceError if one got none."""
    return tuple(token for step in steps for token in _jwts(trace, step))


def _jwts(trace: Trace, step: str) -> Iterator[IssuedJwt]:
    found = logout_calls(trace, step)
    if not found:
        raise EvidenceError(f"the server sent no Logout Token to {step}")
    for call in found:
        pseudonym = call.request.parameter("logout_token")
        fact = trace.fact(pseudonym)
        if "jwt" not in fact:
            raise EvidenceError(f"the logout_token is no JWT that can be read: {call}")
        parts = fact["jwt"]
        yield IssuedJwt(str(pseudonym), parts["header"], parts["claims"], fact, call)


def logout_token_header(trace: Trace, step: str) -> Mapping[str, Any]:
    """Return the header of the encryption of a Logout Token; raises Unsuited if there is none."""
    call = next(iter(logout_calls(trace, step)), None)
    if call is None:
        raise EvidenceError(f"the server sent no Logout Token to {step}")
    fact = trace.fact(call.request.parameter("logout_token"))
    if "jwe" not in fact:
        raise Unsuited("the Logout Token is not encrypted, as it may be")
    header: Mapping[str, Any] = fact["jwe"]["header"]
    return header


def logout_event(token: IssuedJwt) -> Any:
    """Return the value of the logout event; raises EvidenceError without it."""
    events = token.claim("events")
    if not isinstance(events, dict) or LOGOUT_EVENT not in events:
        raise EvidenceError("the Logout Token has no logout event")
    return events[LOGOUT_EVENT]


def logout_frames(trace: Trace, step: str, base: str) -> list[Pairs]:
    """Return the queries of the frames that the pages of a step load from a logout URI.

    A browser that shows the pages loads those that scripts make, too.
    """
    sources: dict[str, None] = {}
    for exchange in trace.steps(f"frame-of-{step}"):
        sources[exchange.request.url] = None
    for exchange in trace.steps(step):
        page = page_of(exchange.answered)
        for frame in page.css("iframe[src]") if page is not None else ():
            sources[str(frame.attributes.get("src"))] = None
    return [form_pairs(urlsplit(one).query) for one in sources if one.partition("?")[0] == base]


def raise_if_unseen(trace: Trace, step: str, found: object) -> None:
    """Raise EvidenceError if frames were not found that a script, which nobody ran, may make."""
    ran = any(exchange.sender is Sender.BROWSER for exchange in trace)
    pages = [page_of(exchange.answered) for exchange in trace.steps(step)]
    scripted = any(page is not None and page.css_first("script") is not None for page in pages)
    if not found and scripted and not ran:
        raise EvidenceError(
            'a script of the page may make frames: driver = "browser" under [login] runs it'
        )
