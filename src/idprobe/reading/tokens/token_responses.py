"""The two answers of a token endpoint, read for their form rather than for their use.

`denied` takes any 4xx, well-formed or not, so that a check can say what is wrong with it.
"""

import re
from typing import Any, Final

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Exchange, Response
from idprobe.model.trace import Trace
from idprobe.reading.answers import gives_tokens, refused
from idprobe.redaction import PSEUDONYM

__all__ = [
    "error_response",
    "exchanges_with_errors",
    "granted_scope",
    "is_granted",
    "texts_without_secrets",
    "token_members",
    "token_response",
]

_NOT_A_REFUSAL: Final = frozenset({408, 421, 425, 429})


def token_response(exchange: Exchange) -> Response:
    """Return the response that speaks of tokens; raises EvidenceError if none came."""
    response = exchange.answered
    speaks = any(name in response.text for name in ("access_token", "token_type"))
    if not response.is_success or response.error is not None or not speaks:
        raise EvidenceError(f"there is no token response to look at: {exchange}")
    return response


def is_granted(exchange: Exchange) -> bool:
    """Return True if tokens came, False for a refusal; raises EvidenceError for anything else."""
    if gives_tokens(exchange):
        return True
    if refused(exchange):
        return False
    raise EvidenceError(f"that is neither a grant nor a refusal: {exchange}")


def token_members(exchange: Exchange) -> dict[str, Any]:
    """Return the members of the response that brought tokens."""
    return token_response(exchange).json_object


def error_response(exchange: Exchange) -> Response:
    """Return the response that refused a token request, in whatever form.

    Raises EvidenceError if tokens came, or if the answer is an overload or a crash.
    """
    response = exchange.answered
    if gives_tokens(exchange):
        raise EvidenceError(f"the request was not refused: {exchange}")
    is_4xx = 400 <= response.status <= 499 and response.status not in _NOT_A_REFUSAL  # noqa: PLR2004 -- the class of status codes
    if not is_4xx and response.error is None:
        raise EvidenceError(f"that is neither a grant nor a refusal: {exchange}")
    return response


def exchanges_with_errors(*traces: Trace) -> list[Exchange]:
    """Return the exchanges of a client that an OAuth error answered.

    Raises EvidenceError if there are none.
    """
    found = [
        exchange
        for trace in traces
        for exchange in trace
        if exchange.request.agent == "client"
        and exchange.response is not None
        and exchange.response.error is not None
    ]
    if not found:
        raise EvidenceError("no request was answered with an error")
    return found


def granted_scope(exchange: Exchange, asked: str | None) -> frozenset[str]:
    """Return the scope that a token has: the one told, else the one asked for (RFC 6749 5.1).

    Raises EvidenceError if neither is known, or scope is no string.
    """
    told = token_members(exchange).get("scope", asked)
    if not isinstance(told, str):
        raise EvidenceError("nobody said which scope the token has")
    return frozenset(told.split())


def texts_without_secrets(trace: Trace, text: str) -> str:
    """Return a text with each pseudonym replaced by letters, or by a NUL if its secret had signs.

    A server may echo what it was sent; the characters of a pseudonym are ours, not the server's.
    """

    def stand_in(found: re.Match[str]) -> str:
        facts = trace.facts.get(found[0], {})
        return "x" if facts.get("vschar", True) else "\x00"

    return PSEUDONYM.sub(stand_in, text)
