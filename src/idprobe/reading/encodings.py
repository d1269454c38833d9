"""What a property claims of an answer to a generated request; all read alike what tells nothing.

Overload and a gateway's trouble (429, 502, 503, 504) tell nothing. A crash, a silence or an error
that is no OAuth error is wrong whatever was asked.
"""

from collections.abc import Collection
from typing import Final

from idprobe.errors import EvidenceError
from idprobe.exchange import Exchange
from idprobe.reading.answers import gives_tokens
from idprobe.reading.examples import Claim, Example

__all__ = ["broken", "granted", "refused_with"]

OF_OTHERS: Final = frozenset({429, 502, 503, 504})
SERVER_ERROR: Final = 500
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


def granted(example: Example) -> str:
    """Say why an example was not granted; empty if it was."""
    exchange = example.last
    wrong = broken(exchange)
    if wrong or gives_tokens(exchange):
        return wrong
    error, wrong = _error_of(exchange)
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
