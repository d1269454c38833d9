"""The words and marks that all reports share, so that a verdict looks the same everywhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from idprobe.findings.run import Finding, Run, counts_of

__all__ = ["KINDS", "Kind", "headline", "meaning", "plural", "weight"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the five verdicts: its name in data, its word, and a mark that needs no colour."""

    name: str
    word: str
    mark: str
    says: str


KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind("violated", "Violated", "✗", "the evidence shows the requirement broken"),
        Kind("inconclusive", "Inconclusive", "?", "a step that had to work did not"),
        Kind("harness_fault", "Harness fault", "!", "idprobe failed, the server is not to blame"),
        Kind("satisfied", "Satisfied", "✓", "the evidence shows the requirement kept"),
        Kind("not_applicable", "Not applicable", "-", "it does not speak of this server"),
    )
}

_EXIT_MEANINGS: Final[Mapping[int, str]] = {
    0: "as expected",
    1: "the gate failed: something that counts is broken and not declared",
    2: "the command or the profile cannot be used as it was written",
    3: "the target is unusable, or something that counts could not be decided",
    4: "idprobe itself failed, or the run is void",
    5: "nothing was judged",
}


def meaning(exit_code: int) -> str:
    """Return what an exit code says."""
    return _EXIT_MEANINGS.get(exit_code, "unknown")


def plural(number: int, one: str, several: str = "") -> str:
    """Return a number with its noun: `1 exchange`, `2 exchanges`."""
    return f"{number} {one if number == 1 else several or one + 's'}"


def headline(run: Run) -> str:
    """Return the outcome of a run in one sentence, gravest fact first."""
    findings = run.by_requirement()
    counts = counts_of(findings)
    grave = sum(finding.is_open and finding.counts for finding in findings)
    light = sum(finding.is_open and not finding.counts for finding in findings)
    parts = [plural(grave, "violation counts", "violations count") + " against this server"]
    if not grave:
        parts = ["Nothing that counts is broken" if counts.satisfied else "Nothing was proven"]
    if light:
        parts.append(f"{plural(light, 'violation')} to consider")
    if counts.declared:
        parts.append(f"{counts.declared} declared")
    if counts.inconclusive:
        parts.append(f"{counts.inconclusive} undecided")
    if counts.harness_fault:
        parts.append(plural(counts.harness_fault, "fault") + " of idprobe itself")
    return ", ".join(parts) + "."


def weight(finding: Finding) -> str:
    """Return whether a finding fails the run, in words."""
    return "counts" if finding.counts else "does not count"
