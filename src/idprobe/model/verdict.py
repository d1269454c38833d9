"""Verdicts, and the judgement that ties one to a check and a requirement.

Three facts stay apart: the verdict (what is true), the requirement's level and basis (how bad, and
who says so), the deviation (whether we knew).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from idprobe.model.catalogue import Requirement
from idprobe.model.profile import Deviation

__all__ = [
    "HarnessFault",
    "Inconclusive",
    "Judgement",
    "NotApplicable",
    "Satisfied",
    "Verdict",
    "Violated",
    "because_of",
    "name_of",
    "worst",
]


@dataclass(frozen=True, slots=True)
class Satisfied:
    """The evidence shows the requirement kept."""


@dataclass(frozen=True, slots=True)
class Violated:
    """The evidence shows the requirement broken."""

    because: str


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The requirement does not speak of this server, or this profile cannot put it to the test."""

    because: str


@dataclass(frozen=True, slots=True)
class Inconclusive:
    """A step that had to work did not: nothing was learned."""

    because: str


@dataclass(frozen=True, slots=True)
class HarnessFault:
    """idprobe itself failed; the server is not to blame."""

    because: str


Verdict = Satisfied | Violated | NotApplicable | Inconclusive | HarnessFault


def name_of(verdict: Verdict) -> str:
    """Return the name of a verdict as results.json spells it."""
    match verdict:
        case Satisfied():
            return "satisfied"
        case Violated():
            return "violated"
        case NotApplicable():
            return "not_applicable"
        case Inconclusive():
            return "inconclusive"
        case HarnessFault():
            return "harness_fault"
        case _:
            assert_never(verdict)


def because_of(verdict: Verdict) -> str:
    """Return the reason of a verdict; empty for Satisfied, which needs none."""
    match verdict:
        case Satisfied():
            return ""
        case (
            Violated(because)
            | NotApplicable(because)
            | Inconclusive(because)
            | HarnessFault(because)
        ):
            return because
        case _:
            assert_never(verdict)


_WORST_FIRST = ("violated", "harness_fault", "inconclusive", "satisfied", "not_applicable")


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the one that speaks for a requirement which several checks judged (worst first).

    Raises ValueError if there is none.
    """
    return min(verdicts, key=lambda verdict: _WORST_FIRST.index(name_of(verdict)))


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one check found of one requirement.

    `check` is the pytest node id below `conformance/`; `traces` names the probes whose traces were
    read; `sent` and `saw` tell the deciding exchange in one line each (redacted); `curl` is the
    command that repeats it, empty without one; `exchange` is its place as `PROBE#INDEX`.
    """

    check: str
    claim: str
    requirement: Requirement
    verdict: Verdict
    deviation: Deviation | None = None
    counts: bool = False
    """Whether the gate counts this judgement against the server (see idprobe.judge.weigh)."""
    traces: tuple[str, ...] = ()
    sent: str = ""
    saw: str = ""
    curl: str = ""
    exchange: str = ""
    replay: str = ""
    """What `--reproduce` takes to try the example again, where it was generated."""
    remark: str = ""
    """How far the evidence of a satisfied requirement reaches, where that was measured."""
