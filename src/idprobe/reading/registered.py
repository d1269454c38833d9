"""What a registration endpoint answered, read for checks (RFC 7591 section 3.2, RFC 7592).

Like `idprobe.reading.answers`: what cannot be told raises EvidenceError.
"""

from typing import Any, Final

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Exchange
from idprobe.model.trace import Trace
from idprobe.reading.answers import (
    PAGE_STATUSES,
    Answer,
    Granted,
    Refused,
    Unclear,
    clear,
    is_error_page,
    refused,
    refused_by_challenge,
)
from idprobe.reading.authorization.landings import sends_to_redirect_uri

__all__ = [
    "client_information",
    "experiments_of",
    "is_registered",
    "opens_configuration",
    "refused_registrations",
    "registration_error",
    "usable_without_redirect_uri",
]

REFUSALS: Final = frozenset({400, 401, 403, 422})
PASSED_BY: Final = frozenset({"control", "control-again", "tidy"})


def client_information(exchange: Exchange) -> dict[str, Any]:
    """Return a client information response; raises EvidenceError if it is none."""
    response = exchange.answered
    if not response.is_success:
        raise EvidenceError(f"there is no client information: {exchange}")
    members = response.json_object
    if not isinstance(members.get("client_id"), str):
        raise EvidenceError("the client information has no client_id")
    return members


def is_registered(exchange: Exchange) -> bool:
    """Return whether a client was registered, or a registration changed, rather than refused.

    Raises EvidenceError for an unclear answer.
    """
    return isinstance(clear(_registration_answer_of(exchange)), Granted)


def _registration_answer_of(exchange: Exchange) -> Answer:
    response = exchange.answered
    if response.is_success and (response.error is None or "client_id" in response.json_object):
        client_information(exchange)
        return Granted()
    if response.error is not None and (response.status in REFUSALS or response.is_success):
        return Refused(response.error)
    if refused_by_challenge(exchange):
        return Refused(response.error)
    return Unclear(f"that is neither a registration nor a refusal: {exchange}")


def registration_error(exchange: Exchange) -> str | None:
    """Return the error code of a refusal, None if the client was registered."""
    return None if is_registered(exchange) else exchange.answered.error


def opens_configuration(exchange: Exchange) -> bool:
    """Return whether the client configuration endpoint accepted a token (RFC 6750 section 3.1).

    Raises EvidenceError for an unclear answer.
    """
    response = exchange.answered
    if response.is_success:
        return True
    if response.status in {400, 401, 403, 404, 405}:
        return False
    raise EvidenceError(f"that is neither entry nor a refusal: {exchange}")


def experiments_of(trace: Trace) -> list[str]:
    """Return the experiments of a trace by name, its controls left out."""
    names = dict.fromkeys(exchange.step for exchange in trace)
    return [name for name in names if name not in PASSED_BY]


def usable_without_redirect_uri(trace: Trace, step: str) -> bool:
    """Return whether a client registered without redirect URIs and then chose where to log in.

    Who may not begin a login before a redirect URI is registered is required to register one (RFC
    6749 section 3.1.2.2). Raises EvidenceError if a client with its own redirect URI may not, or
    may with any other as well.
    """
    if not is_registered(trace[step]):
        return False
    if not _begins(trace, "asked/control"):
        raise EvidenceError("a client with a registered redirect URI cannot begin a login either")
    # evidence of earlier versions has no such step
    if trace.steps("asked/stray") and _begins(trace, "asked/stray"):
        raise EvidenceError("a login begins at any redirect URI: it may be judged afterwards")
    return _begins(trace, f"asked/{step}")


def _begins(trace: Trace, step: str) -> bool:
    """Return whether a request was served, or the user was asked to log in for it."""
    return sends_to_redirect_uri(trace, step) or not refused(trace[step])


def refused_registrations(*traces: Trace) -> list[Exchange]:
    """Return the experiments that were refused; raises EvidenceError if there is none."""
    found = [
        trace[step]
        for trace in traces
        for step in experiments_of(trace)
        if not is_registered(trace[step])
    ]
    if not found:
        raise EvidenceError("no registration was refused")
    return found


def refused_on_own_page(exchange: Exchange) -> bool:
    """Return whether the authorization endpoint refused in its own name instead of going on."""
    if exchange.landing is not None:
        return False
    answer = exchange.answered
    return is_error_page(answer) or (not answer.is_success and answer.status in PAGE_STATUSES)
