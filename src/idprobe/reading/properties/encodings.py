"""What a property claims of an answer to a generated request; all read alike what tells nothing.

Overload and a gateway's trouble (429, 502, 503, 504) tell nothing. A crash, a silence or an error
that is no OAuth error is wrong whatever was asked.
"""

import re
from collections.abc import Collection
from typing import Final

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Exchange
from idprobe.reading.answers import gives_tokens
from idprobe.reading.properties.examples import Claim, Example

__all__ = [
    "OF_KNOWN_CLIENTS",
    "REPEATED",
    "UNKNOWN_CLIENT",
    "UNKNOWN_GRANT",
    "UNKNOWN_TYPE",
    "adds_nothing_unasked",
    "answered_well",
    "authenticated",
    "broken",
    "described_well",
    "granted",
    "grants_nothing_garbled",
    "no_wider_than_before",
    "refused_or_same",
    "refused_with",
    "same_outcome",
    "without_tokens",
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


def broken(exchange: Exchange) -> str:
    """Return how an answer fails whatever was asked: by crash or silence; empty if it does not.

    Raises EvidenceError where somebody else may have answered, or nobody was reached.
    """
    response = exchange.response
    if response is None:
        if (exchange.failure or "").startswith("no connection"):
            raise EvidenceError(f"the server was not reached: {exchange}")
        return f"there is no answer: {exchange.failure}"
    if response.status in OF_OTHERS:
        raise EvidenceError(f"that is neither a grant nor a refusal: {exchange}")
    if response.status >= SERVER_ERROR:
        return f"the answer is {response.status}"
    if any(mark in response.body for mark in TRACES):
        return "the answer shows a stack trace"
    return ""


def _error_of(exchange: Exchange) -> tuple[str, str]:
    """Return the OAuth error of a refusal, and what is wrong with its form; one of them empty."""
    response = exchange.answered
    if response.error is None:
        return "", f"the answer is {response.status} and no OAuth error"
    return response.error, ""


def _refusal_of(exchange: Exchange) -> tuple[str, str]:
    """Return the same of an answer that should have granted; raises EvidenceError for a success."""
    if exchange.answered.is_success:
        raise EvidenceError(f"that is neither a grant nor a refusal: {exchange}")
    return _error_of(exchange)


def granted(example: Example) -> str:
    """Say why an example was not granted; empty if it was.

    Raises EvidenceError for a success without tokens that can be read.
    """
    exchange = example.last
    wrong = broken(exchange)
    if wrong or gives_tokens(exchange):
        return wrong
    error, wrong = _refusal_of(exchange)
    return wrong or f"refused with {error}"


def refused_with(*codes: str, statuses: Collection[int] = (400, 401)) -> Claim:
    """Return the claim that an example is refused with one of these codes and statuses."""

    def claim(example: Example) -> str:
        exchange = example.last
        wrong = broken(exchange)
        if wrong:
            return wrong
        if gives_tokens(exchange):
            return "granted"
        error, wrong = _error_of(exchange)
        if wrong:
            return wrong
        if error not in codes:
            return f"the error is {error}"
        status = exchange.answered.status
        return "" if status in statuses else f"the status is {status}"

    return claim


UNKNOWN_CLIENT: Final = refused_with("invalid_client", "invalid_request")
UNKNOWN_GRANT: Final = refused_with("invalid_grant", "invalid_request")
UNKNOWN_TYPE: Final = refused_with("unsupported_grant_type", "invalid_request", "invalid_grant")
REPEATED: Final = refused_with("invalid_request", "unsupported_grant_type", "invalid_scope")
"""A value that nobody knows is a fault of its own, if it comes first."""


def authenticated(example: Example) -> str:
    """Say why the client of an example was not known; empty if it was, whatever came of it.

    Raises EvidenceError for an error that may come before or after the client is known, and for a
    success without tokens that can be read.
    """
    exchange = example.last
    wrong = broken(exchange)
    if wrong or gives_tokens(exchange):
        return wrong
    error, wrong = _refusal_of(exchange)
    if wrong or error == "invalid_client":
        return wrong or f"the error is {error}"
    if error not in OF_KNOWN_CLIENTS:
        raise EvidenceError(f"the refusal is about something else: {exchange}")
    return ""


def answered_well(example: Example) -> str:
    """Say how the answer to an example fails; empty for tokens and for any OAuth error.

    What HTTP itself refuses (a length, a media type) needs no OAuth error.
    """
    exchange = example.last
    wrong = broken(exchange)
    if wrong or gives_tokens(exchange) or exchange.answered.status in OF_HTTP:
        return wrong
    return _error_of(exchange)[1]


def without_tokens(example: Example) -> str:
    """Say that `asked`, or else the last request, brought tokens or crashed; empty if refused."""
    asked = "asked" in example
    exchange = example["asked"] if asked else example.last
    return broken(exchange) or ("granted" if gives_tokens(exchange) else "")


def described_well(example: Example) -> str:
    """Say which sign of error_description is none of RFC 6749 section 5.2; empty if none is."""
    exchange = example.last
    wrong = broken(exchange)
    if wrong:
        return wrong
    text = exchange.answered.json_object.get("error_description", "")
    if not isinstance(text, str):
        return "error_description is no string"
    odd = sorted(c for c in set(text) if not " " <= c <= "~" or c in '"\\')
    return f"error_description has U+{ord(odd[0]):04X}" if odd else ""


def scope_of(exchange: Exchange) -> frozenset[str] | None:
    """Return the scope that an answer tells, None if it tells none."""
    told = exchange.answered.json_object.get("scope")
    return frozenset(told.split(" ")) - {""} if isinstance(told, str) else None


def outcome_of(exchange: Exchange) -> tuple[str, frozenset[str] | None]:
    """Return what came of a request: its error, or empty with the scope that is told."""
    wrong = broken(exchange)
    if wrong:
        return wrong, None
    if gives_tokens(exchange):
        return "", scope_of(exchange)
    error, wrong = _error_of(exchange)
    return error or wrong, None


def same_outcome(example: Example) -> str:
    """Say how the two requests of an example, `one` and `other`, come out; empty if alike."""
    one, other = outcome_of(example["one"]), outcome_of(example["other"])
    if one == other:
        return ""
    return f"one way: {_told(one)}, the other way: {_told(other)}"


def _told(outcome: tuple[str, frozenset[str] | None]) -> str:
    error, scope = outcome
    if error:
        return error
    return "granted" if scope is None else f"granted {' '.join(sorted(scope))}"


def refused_or_same(example: Example) -> str:
    """Say how the request `other` brings another scope than `one`; empty if alike or refused."""
    one, other = outcome_of(example["one"]), outcome_of(example["other"])
    return "" if other[0] in OAUTH_ERRORS or one == other else same_outcome(example)


def adds_nothing_unasked(example: Example) -> str:
    """Say which scope `other` brought that it does not ask for, nor `one` brings unasked."""
    unasked = outcome_of(example["one"])[1] or frozenset()
    exchange = example["other"]
    wrong = broken(exchange)
    if wrong or not gives_tokens(exchange):
        return wrong or _error_of(exchange)[1]
    told = scope_of(exchange) or frozenset()
    more = sorted(told - _asked(exchange) - unasked)
    return f"granted {more[0]} too" if more else ""


def grants_nothing_garbled(example: Example) -> str:
    """Say that a scope was granted that none may be; empty for a refusal and for another scope."""
    exchange = example.last
    wrong = broken(exchange)
    if wrong or not gives_tokens(exchange):
        return wrong or _error_of(exchange)[1]
    told = scope_of(exchange)
    if told is None:
        return "granted, and no other scope is told"
    known, *garbled = (exchange.request.parameter("scope") or "").split(" ")
    plain = {NO_SCOPE.sub("", word) for word in garbled}
    return "granted" if told & ({*garbled, *plain} - {known}) else ""


def no_wider_than_before(example: Example) -> str:
    """Say which scope a refresh brought that the grant had not; empty if none or refused."""
    had = scope_of(example["tokens"])
    if had is None:
        had = _asked(example.trace.steps(f"{example.number}/login")[0])
    exchange = example["refreshed"]
    wrong = broken(exchange)
    if wrong or not gives_tokens(exchange):
        return wrong or _error_of(exchange)[1]
    told = scope_of(exchange)
    more = sorted((_asked(exchange) or had if told is None else told) - had)
    return f"granted {more[0]} too" if more else ""


def _asked(exchange: Exchange) -> frozenset[str]:
    """Return the scope that a request asks for; nothing but spaces separates it."""
    scope = exchange.request.parameter("scope") or ""
    return frozenset(scope.split(" ")) - {""}
