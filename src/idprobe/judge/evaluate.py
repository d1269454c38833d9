"""What the claim of a check says of what was seen, and which exchange decided it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import takewhile

from idprobe.errors import EvidenceError, Unsuited
from idprobe.evidence.store import UNDER_LOAD
from idprobe.judge.weigh import distress_of
from idprobe.model.exchange import Exchange
from idprobe.model.trace import Notes, Trace, TraceReader
from idprobe.model.verdict import (
    HarnessFault,
    Inconclusive,
    NotApplicable,
    Satisfied,
    Verdict,
    Violated,
)

__all__ = ["Decision", "decided"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a claim came to."""

    verdict: Verdict
    exchange: Exchange | None = None
    """The one that the check named, or took last if it named none; else the last one sent."""
    remark: str = ""
    """What the check wants to be read beside the verdict; "" for nothing."""


def decided(body: Callable[..., None], traces: Mapping[str, Trace]) -> Decision:
    """Return what a check's claim says of these traces, by the names of their probes.

    Of a load run nothing is quoted that the claim did not ask for, nor is a server in distress that
    is loaded on purpose.
    """
    notes = Notes()
    readers = {name: TraceReader.of(trace, notes) for name, trace in traces.items()}
    verdict = _tried(body, readers)
    watched = [trace for name, trace in traces.items() if name != UNDER_LOAD]
    sent = [exchange for trace in watched for exchange in trace.exchanges]
    deciding = notes.deciding if isinstance(verdict, Violated) else None
    remark = ""
    if isinstance(verdict, Satisfied | Violated):
        rests_on = [*notes.taken, *([deciding] if deciding else [])] or sent
        distress = distress_of(verdict, rests_on, watched)
        if distress is None:
            remark = "\n".join(notes.remarks)
        else:
            verdict = Inconclusive(distress)
    return Decision(verdict, deciding or next(reversed(notes.taken or sent), None), remark)


def _tried(body: Callable[..., None], traces: Mapping[str, Trace]) -> Verdict:
    """Return what a claim says."""
    try:
        body(**traces)
    except AssertionError as error:
        return Violated(_said(error))
    except Unsuited as error:
        return NotApplicable(str(error))
    except EvidenceError as error:
        return Inconclusive(f"the evidence cannot tell: {error}")
    except Exception as error:  # noqa: BLE001 -- a check's crash is our fault, never the server's
        return HarnessFault(f"{type(error).__name__} in the check: {error}")
    return Satisfied()


def _said(error: AssertionError) -> str:
    """Return what an assertion says: its own message, or what pytest made of its claim."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    message = list(takewhile(lambda line: not line.startswith("assert "), lines))
    return " ".join(message or lines)[:600] or "the claim does not hold"
