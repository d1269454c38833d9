"""From what a check did to what it means; pure.

The order decides: a requirement that does not speak of this server is not applicable; evidence that
was not gathered is not judged; only then does the check's own claim count.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from idprobe.evidence.store import ProbeOutcome
from idprobe.model.catalogue import (
    Catalogue,
    Family,
    Level,
    Requirement,
    Situation,
    not_applicable_because,
)
from idprobe.model.exchange import Exchange, Sender
from idprobe.model.profile import Deviation
from idprobe.model.trace import Trace
from idprobe.model.verdict import (
    HarnessFault,
    Inconclusive,
    Judgement,
    NotApplicable,
    Satisfied,
    Verdict,
    Violated,
)

__all__ = [
    "FailOn",
    "Stale",
    "Weight",
    "deviation_for",
    "distress_of",
    "evidence_verdict",
    "gate_counts",
    "is_expired",
    "stale",
    "weigh",
]


PATIENCE: Final = 429
DISTRESS: Final = frozenset({PATIENCE, 500, 502, 503, 504})
"""The statuses that speak of the server's own state, whatever was asked."""


class FailOn(StrEnum):
    """What the gate counts against a server."""

    MUST = "must"
    SHOULD = "should"
    CONTRACT = "contract"
    NEVER = "never"


def gate_counts(requirement: Requirement, fail_on: FailOn) -> bool:
    """Return whether a violation of this requirement may fail a build."""
    is_contract = requirement.family is Family.CONTRACT
    if fail_on is FailOn.NEVER or not requirement.gates:
        return False
    if fail_on is FailOn.CONTRACT:
        return is_contract
    musts = {Level.MUST, Level.MUST_NOT}
    counted = musts if fail_on is FailOn.MUST else musts | {Level.SHOULD, Level.SHOULD_NOT}
    return is_contract or requirement.level in counted


def evidence_verdict(
    requirement: Requirement, situation: Situation, outcomes: Sequence[ProbeOutcome]
) -> Verdict | None:
    """Return the verdict that stands before a check looks at its traces; None if it may look."""
    because = not_applicable_because(requirement, situation)
    if because is not None:
        return NotApplicable(because)
    for outcome in outcomes:
        if outcome.outcome == "not_applicable":
            return NotApplicable(outcome.because)
    for outcome in outcomes:
        if outcome.outcome == "crashed":
            return HarnessFault(outcome.because)
    for outcome in outcomes:
        if outcome.outcome != "done":
            return Inconclusive(outcome.because)
    return None


def distress_of(
    verdict: Satisfied | Violated, rests_on: Iterable[Exchange], traces: Iterable[Trace]
) -> str | None:
    """Return why what a claim rests on proves nothing: the server was in distress to the end.

    A 429 and a 5xx are no answers to what was asked, unless the same experiment shows later that
    the server still works: then they were its answer to that one request. (Silence ends a probe.)
    """
    # that somebody who guesses is asked to wait is as it should be
    statuses = DISTRESS - {PATIENCE} if isinstance(verdict, Satisfied) else DISTRESS
    wanted = {id(exchange) for exchange in rests_on}
    for trace in traces:
        tail: list[Exchange] = []
        for exchange in reversed(trace.exchanges):
            if exchange.sender is not Sender.SERVER:
                if exchange.response is None or exchange.response.status not in statuses:
                    break
                tail.append(exchange)
        found = next((one for one in reversed(tail) if id(one) in wanted), None)
        if found is not None:
            return f"the server was not in order to the end of the experiment: {found}"
    return None


def deviation_for(
    requirement: Requirement, deviations: Iterable[Deviation], catalogue: Catalogue
) -> Deviation | None:
    """Return the deviation that declares this requirement, or one that says the same."""
    alike = catalogue.alike(requirement.id)
    return next((d for d in deviations if d.requirement in alike), None)


def is_expired(deviation: Deviation, today: date) -> bool:
    """Return whether a deviation counts again."""
    return deviation.until is not None and today > deviation.until


@dataclass(frozen=True, slots=True)
class Weight:
    """A verdict as the gate sees it: the deviation that declares it, and whether it counts."""

    deviation: Deviation | None
    counts: bool


def weigh(
    requirement: Requirement,
    verdict: Verdict,
    deviation: Deviation | None,
    *,
    fail_on: FailOn,
    today: date,
) -> Weight:
    """Return how a verdict weighs at the gate.

    Violations and inconclusive verdicts weigh by the requirement's level; a deviation that has not
    expired takes the weight from a violation.
    """
    if not isinstance(verdict, Violated | Inconclusive | HarnessFault):
        return Weight(None, counts=False)
    counts = gate_counts(requirement, fail_on)
    if not isinstance(verdict, Violated):
        return Weight(None, counts=counts)
    excused = deviation is not None and not is_expired(deviation, today)
    return Weight(deviation, counts=counts and not excused)


@dataclass(frozen=True, slots=True)
class Stale:
    """Deviations that say nothing true any more."""

    gone: tuple[Deviation, ...]
    expired: tuple[Deviation, ...]


def stale(
    judgements: Iterable[Judgement],
    deviations: Iterable[Deviation],
    catalogue: Catalogue,
    today: date,
    depths: Collection[str],
) -> Stale:
    """Return the deviations whose requirement is satisfied now, and those that have expired.

    `depths`: what this run went to; what shows at a greater depth alone is not gone.
    """
    verdicts: dict[str, list[Verdict]] = {}
    for judgement in judgements:
        key = catalogue.canonical(judgement.requirement.id)
        verdicts.setdefault(key, []).append(judgement.verdict)
    gone, expired = [], []
    for deviation in deviations:
        found = verdicts.get(catalogue.canonical(deviation.requirement), [])
        mended = deviation.depth in depths and any(isinstance(v, Satisfied) for v in found)
        if mended and not any(isinstance(v, Violated | Inconclusive | HarnessFault) for v in found):
            gone.append(deviation)
        if is_expired(deviation, today):
            expired.append(deviation)
    return Stale(tuple(gone), tuple(expired))
