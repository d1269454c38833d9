"""What a property claims of an answer to a generated request; all read alike what tells nothing.

Overload and a gateway's trouble (429, 502, 503, 504) tell nothing. A crash, a silence or an error
that is no OAuth error is wrong whatever was asked.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Exchange, TransportFailure
from idprobe.reading.answers import Flaw, gives_tokens
from idprobe.reading.properties.examples import Claim, Example

__all__ = [
    "OF_KNOWN_CLIENTS",
    "flaw_crashed",
    "flaw_garbled_scope_granted",
    "flaw_in_answer",
    "flaw_in_error_description",
    "flaw_not_authenticated",
    "flaw_not_granted",
    "flaw_not_refused_with",
    "flaw_other_outcome",
    "flaw_other_scope",
    "flaw_repeated_parameter",
    "flaw_tokens_given",
    "flaw_unknown_client",
    "flaw_unknown_grant",
    "flaw_unknown_grant_type",
    "flaw_unrequested_scope",
    "flaw_wider_scope",
]

OF_OTHERS: Final = frozenset({429, 502, 503, 504})
OF_HTTP: Final = frozenset({411, 413, 414, 415, 431})
SERVER_ERROR: Final = 500
NO_SCOPE: Final = re.compile(r"[^!#-\[\]-~]")
OAUTH_ERRORS: Final = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
        "invalid_target",
    }
)
OF_KNOWN_CLIENTS: Final = OAUTH_ERRORS - {"invalid_request", "invalid_client"}
"""What is told only to a client that has authenticated (RFC 6749 section 5.2)."""
TRACES: Final = (b"Traceback (most recent call last)", b"\n\tat ", b"\n    at ", b"&nbsp;at ")


def flaw_crashed(exchange: Exchange) -> Flaw | None:
    """Return how an answer fails whatever was asked, by a crash or by silence; None if it does not.

    Raises EvidenceError where somebody else may have answered, or nobody was reached.
    """
    response = exchange.response
    if response is None:
        if exchange.transport_failure is TransportFailure.NOT_CONNECTED:
            raise EvidenceError(f"the server was not reached: {exchange}")
        return Flaw(f"there is no answer: {exchange.failure}")
    if response.status in OF_OTHERS:
        raise EvidenceError(f"that is neither a grant nor a refusal: {exchange}")
    if response.status >= SERVER_ERROR:
        return Flaw(f"the answer is {response.status}")
    if any(mark in response.body for mark in TRACES):
        return Flaw("the answer shows a stack trace")
    return None


def _flaw_without_error(exchange: Exchange) -> Flaw | None:
    """Return that a refusal has no OAuth error, None if it has one."""
    response = exchange.answered
    if response.error is None:
        return Flaw(f"the answer is {response.status} and no OAuth error")
    return None


def _raise_for_success(exchange: Exchange) -> None:
    """Raise EvidenceError for a success that brought no tokens: it is no refusal."""
    if exchange.answered.is_success:
        raise EvidenceError(f"that is neither a grant nor a refusal: {exchange}")


def flaw_not_granted(example: Example) -> Flaw | None:
    """Return why an example was not granted, None if it was.

    Raises EvidenceError for a success without tokens that can be read.
    """
    exchange = example.last
    flaw = flaw_crashed(exchange)
    if flaw or gives_tokens(exchange):
        return flaw
    _raise_for_success(exchange)
    return _flaw_without_error(exchange) or Flaw(f"refused with {exchange.answered.error}")


def flaw_not_refused_with(*codes: str, statuses: Collection[int] = (400, 401)) -> Claim:
    """Return the claim that an example is refused with one of these codes and statuses."""

    def claim(example: Example) -> Flaw | None:
        exchange = example.last
        if flaw := flaw_crashed(exchange):
            return flaw
        if gives_tokens(exchange):
            return Flaw("granted")
        if flaw := _flaw_without_error(exchange):
            return flaw
        response = exchange.answered
        if response.error not in codes:
            return Flaw(f"the error is {response.error}")
        return None if response.status in statuses else Flaw(f"the status is {response.status}")

    return claim


flaw_unknown_client: Final = flaw_not_refused_with("invalid_client", "invalid_request")
flaw_unknown_grant: Final = flaw_not_refused_with("invalid_grant", "invalid_request")
flaw_unknown_grant_type: Final = flaw_not_refused_with(
    "unsupported_grant_type", "invalid_request", "invalid_grant"
)
flaw_repeated_parameter: Final = flaw_not_refused_with(
    "invalid_request", "unsupported_grant_type", "invalid_scope"
)
"""A value that nobody knows is a fault of its own, if it comes first."""


def flaw_not_authenticated(example: Example) -> Flaw | None:
    """Return why the client of an example was not authenticated; None if it was.

    Raises EvidenceError for an error that may come before or after the client is known, and for a
    success without tokens that can be read.
    """
    exchange = example.last
    flaw = flaw_crashed(exchange)
    if flaw or gives_tokens(exchange):
        return flaw
    _raise_for_success(exchange)
    if flaw := _flaw_without_error(exchange):
        return flaw
    error = exchange.answered.error
    if error == "invalid_client":
        return Flaw(f"the error is {error}")
    if error not in OF_KNOWN_CLIENTS:
        raise EvidenceError(f"the refusal is about something else: {exchange}")
    return None


def flaw_in_answer(example: Example) -> Flaw | None:
    """Return how the answer to an example fails, None for tokens and for any OAuth error.

    What HTTP itself refuses (a length, a media type) needs no OAuth error.
    """
    exchange = example.last
    flaw = flaw_crashed(exchange)
    if flaw or gives_tokens(exchange) or exchange.answered.status in OF_HTTP:
        return flaw
    return _flaw_without_error(exchange)


def flaw_tokens_given(example: Example) -> Flaw | None:
    """Return that step `asked`, or else the last request, brought tokens or crashed."""
    asked = "asked" in example
    exchange = example["asked"] if asked else example.last
    return flaw_crashed(exchange) or (Flaw("granted") if gives_tokens(exchange) else None)


def flaw_in_error_description(example: Example) -> Flaw | None:
    """Return which character of error_description RFC 6749 section 5.2 does not allow."""
    exchange = example.last
    if flaw := flaw_crashed(exchange):
        return flaw
    text = exchange.answered.json_object.get("error_description", "")
    if not isinstance(text, str):
        return Flaw("error_description is no string")
    odd = sorted(c for c in set(text) if not " " <= c <= "~" or c in '"\\')
    return Flaw(f"error_description has U+{ord(odd[0]):04X}") if odd else None


def scope_told(exchange: Exchange) -> frozenset[str] | None:
    """Return the scope that an answer tells, None if it tells none."""
    told = exchange.answered.json_object.get("scope")
    return frozenset(told.split(" ")) - {""} if isinstance(told, str) else None


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of a request."""

    error: str | None
    """The OAuth error or the flaw; None where tokens came."""
    scope: frozenset[str] | None = None
    """The scope that is told with the tokens; None if none is."""

    def __str__(self) -> str:
        if self.error is not None:
            return self.error
        return "granted" if self.scope is None else f"granted {' '.join(sorted(self.scope))}"


def _outcome_of(exchange: Exchange) -> _Outcome:
    if flaw := flaw_crashed(exchange):
        return _Outcome(flaw)
    if gives_tokens(exchange):
        return _Outcome(None, scope_told(exchange))
    return _Outcome(_flaw_without_error(exchange) or exchange.answered.error)


def flaw_other_outcome(example: Example) -> Flaw | None:
    """Return how the two requests of an example, `one` and `other`, differ in their outcome."""
    one, other = _outcome_of(example["one"]), _outcome_of(example["other"])
    return None if one == other else Flaw(f"one way: {one}, the other way: {other}")


def flaw_other_scope(example: Example) -> Flaw | None:
    """Return how the request `other` brings another scope than `one`; a refusal is fine."""
    other = _outcome_of(example["other"])
    return None if other.error in OAUTH_ERRORS else flaw_other_outcome(example)


def flaw_unrequested_scope(example: Example) -> Flaw | None:
    """Return which scope `other` brought that it does not ask for, nor `one` brings unasked."""
    unasked = _outcome_of(example["one"]).scope or frozenset()
    exchange = example["other"]
    if (flaw := flaw_crashed(exchange)) or not gives_tokens(exchange):
        return flaw or _flaw_without_error(exchange)
    told = scope_told(exchange) or frozenset()
    more = sorted(told - _scope_asked(exchange) - unasked)
    return Flaw(f"granted {more[0]} too") if more else None


def flaw_garbled_scope_granted(example: Example) -> Flaw | None:
    """Return that a malformed scope was granted; None for a refusal and for another scope."""
    exchange = example.last
    if (flaw := flaw_crashed(exchange)) or not gives_tokens(exchange):
        return flaw or _flaw_without_error(exchange)
    told = scope_told(exchange)
    if told is None:
        return Flaw("granted, and no other scope is told")
    known, *garbled = (exchange.request.parameter("scope") or "").split(" ")
    plain = {NO_SCOPE.sub("", word) for word in garbled}
    return Flaw("granted") if told & ({*garbled, *plain} - {known}) else None


def flaw_wider_scope(example: Example) -> Flaw | None:
    """Return which scope a refresh brought that the grant had not; None if none or refused."""
    had = scope_told(example["tokens"])
    if had is None:
        had = _scope_asked(example.trace.steps(f"{example.number}/login")[0])
    exchange = example["refreshed"]
    if (flaw := flaw_crashed(exchange)) or not gives_tokens(exchange):
        return flaw or _flaw_without_error(exchange)
    told = scope_told(exchange)
    more = sorted((_scope_asked(exchange) or had if told is None else told) - had)
    return Flaw(f"granted {more[0]} too") if more else None


def _scope_asked(exchange: Exchange) -> frozenset[str]:
    """Return the scope that a request asks for; nothing but spaces separates it."""
    scope = exchange.request.parameter("scope") or ""
    return frozenset(scope.split(" ")) - {""}
