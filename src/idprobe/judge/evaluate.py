"""What the claim of a check says of what was seen, and which exchange decided it."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from types import TracebackType
from typing import Any

from idprobe.errors import EvidenceError, Unsuited
from idprobe.evidence.store import UNDER_LOAD
from idprobe.judge.weigh import distress_of
from idprobe.model.exchange import Exchange, Request, Response, Trace
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
    """The one that decided; the last one that was looked at if none did, or the last one sent."""
    remark: str = ""
    """What the check wants to be read beside the verdict; "" for nothing."""


def decided(body: Callable[..., None], traces: Mapping[str, Trace]) -> Decision:
    """Return what a check's claim says of these traces, by the names of their probes.

    Of a load run nothing is quoted that the claim did not ask for, nor is a server in distress that
    is loaded on purpose.
    """
    looked_at: list[Exchange] = []
    remarks: list[str] = []
    noting = {
        name: replace(trace, looked_at=looked_at, remarks=remarks) for name, trace in traces.items()
    }
    watched = [trace for name, trace in noting.items() if name != UNDER_LOAD]
    sent = [exchange for trace in watched for exchange in trace.exchanges]
    verdict, deciding = _tried(body, noting, sent)
    remark = ""
    if isinstance(verdict, Satisfied | Violated):
        rests_on = [*looked_at, *([deciding] if deciding else [])] or sent
        distress = distress_of(verdict, rests_on, watched)
        if distress is None:
            remark = "\n".join(remarks)
        else:
            verdict = Inconclusive(distress)
    return Decision(verdict, deciding or next(reversed(looked_at or sent), None), remark)


def _tried(
    body: Callable[..., None], traces: Mapping[str, Trace], sent: Sequence[Exchange]
) -> tuple[Verdict, Exchange | None]:
    """Return what a claim says, and the exchange that it failed at."""
    try:
        body(**traces)
    except AssertionError as error:
        said = _said(error)
        return Violated(said), _in_hand(error.__traceback__, traces) or _named_in(said, sent)
    except Unsuited as error:
        return NotApplicable(str(error)), None
    except EvidenceError as error:
        return Inconclusive(f"the evidence cannot tell: {error}"), None
    except Exception as error:  # noqa: BLE001 -- a check's crash is our fault, never the server's
        return HarnessFault(f"{type(error).__name__} in the check: {error}"), None
    return Satisfied(), None


def _said(error: AssertionError) -> str:
    """Return what an assertion says: its own message, or what pytest made of its claim."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    message = list(takewhile(lambda line: not line.startswith("assert "), lines))
    return " ".join(message or lines)[:600] or "the claim does not hold"


def _in_hand(traceback: TracebackType | None, traces: Mapping[str, Trace]) -> Exchange | None:
    """Return the exchange that the failing lines of a check had in hand, if they name one."""
    found: Exchange | None = None
    for value in _locals_of(traceback):
        found = _exchange_of(value, traces) or found
    return found


def _locals_of(traceback: TracebackType | None) -> Iterator[Any]:
    while traceback is not None:
        yield from traceback.tb_frame.f_locals.values()
        traceback = traceback.tb_next


def _exchange_of(value: Any, traces: Mapping[str, Trace]) -> Exchange | None:
    for trace in traces.values():
        for exchange in trace.exchanges:
            if value is exchange or (
                isinstance(value, Response | Request)
                and (value is exchange.response or value is exchange.request)
            ):
                return exchange
    return None


def _named_in(said: str, sent: Sequence[Exchange]) -> Exchange | None:
    """Return the exchange of the first step that a list after a colon names."""
    names = re.findall(r"[\w/-]+", said.partition(": ")[2])
    steps = {exchange.step: exchange for exchange in sent}
    return next((steps[name] for name in names if name in steps), None)
