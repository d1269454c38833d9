"""What a load run says of a requirement: how many answers were held to it, and what was wrong."""

from typing import Final

from idprobe.errors import EvidenceError, Unsuited
from idprobe.model.trace import Trace
from idprobe.reading.answers import Flaw

__all__ = ["flaw_under_load"]

ENOUGH: Final = 100
"""So few answers without a fault say nothing of a busy server."""


def flaw_under_load(trace: Trace, rule: str, enough: int = ENOUGH) -> Flaw | None:
    """Return what was wrong, None where enough answers were right; takes the exchanges.

    A wrong answer is wrong in a run that is void for its figures, too. Raises Unsuited where the
    scenario shows nothing of it, or too little, and EvidenceError where the run says nothing or
    some answers may have been wrong.
    """
    said = trace.searched
    if said["unusable"] is not None:
        raise EvidenceError(f"no load was sent: {said['unusable']}")
    found = said["judged"].get(rule, {"checked": 0, "wrong": {}})
    checked, wrong, scenario = found["checked"], found["wrong"], said["scenario"]
    if wrong and not said["lost"]:
        for what in sorted(wrong):
            if (step := f"failed: {what}") in trace:
                trace[step]
        trace.remark(f"{sum(wrong.values())} times in a load run of {scenario}")
        return Flaw("; ".join(sorted(wrong)))
    undecided = found.get("undecided", {})
    if not checked and not wrong and not undecided:
        raise Unsuited(f"a load run of {scenario} shows nothing of it")
    if said["void"] is not None:
        raise EvidenceError(f"the load run is void: {said['void']}")
    if undecided:
        raise EvidenceError(f"{sum(undecided.values())} times: {'; '.join(sorted(undecided))}")
    if checked < enough:
        raise Unsuited(f"{checked} answers of a load run are too few: {enough} are wanted")
    trace.remark(f"{checked} answers of a load run of {scenario} were right, all of them")
    return None
