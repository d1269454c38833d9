"""Several experiments of a trace that all had to be refused, read at once for checks."""

from collections.abc import Collection, Iterator
from itertools import chain
from typing import Final

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Exchange
from idprobe.model.trace import Trace
from idprobe.reading.answers import Flaw, error_code, refused

__all__ = ["NOT_PROVEN", "flaw_in_refusals", "flaw_not_refused", "refused_as"]

NOT_PROVEN: Final = frozenset({"invalid_client", "invalid_request"})
"""The codes for credentials that cannot be read; what was read and is wrong is invalid_client."""


def refused_as(exchange: Exchange, *codes: str) -> bool:
    """Return whether a request was refused with one of these codes; False if it was served.

    Raises EvidenceError for any other refusal: that one is about something else.
    """
    if not refused(exchange):
        return False
    code = error_code(exchange)
    if code not in codes:
        raise EvidenceError(f"the refusal is about something else: {exchange}")
    return True


def flaw_not_refused(trace: Trace, *steps: str) -> Flaw | None:
    """Return which of the steps were not refused, None if all were.

    Raises EvidenceError for an answer that is neither a grant nor a refusal.
    """
    wrong = [step for step in steps if not refused(trace[step])]
    trace.decide_by(wrong)
    return Flaw(", ".join(wrong)) if wrong else None


def flaw_in_refusals(
    trace: Trace, *steps: str, codes: Collection[str] = ("invalid_client",)
) -> Flaw | None:
    """Return what is wrong with the refusals of client authentication, None if nothing is.

    The code is one of `codes` and the status 400 or 401 (RFC 6749 section 5.2).
    """
    flaws = {step: list(_flaws(step, trace[step], codes)) for step in steps}
    trace.decide_by([step for step, found in flaws.items() if found])
    found = "; ".join(chain.from_iterable(flaws.values()))
    return Flaw(found) if found else None


def _flaws(step: str, exchange: Exchange, codes: Collection[str]) -> Iterator[str]:
    if not refused(exchange):
        yield f"{step} is taken"
        return
    code, status = error_code(exchange), exchange.answered.status
    if code is None:
        raise EvidenceError(f"the refusal has no OAuth error: {exchange}")
    if code not in codes:
        yield f"{step}: the error is {code}"
    if status not in {400, 401}:
        yield f"{step}: the status is {status}"
