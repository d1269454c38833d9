"""Findings as GitHub annotations: workflow commands on standard output.

GitHub obeys a line that begins with `::`, whoever wrote it. So what a server said goes into a
command escaped, and the summary of a run, which quotes servers too, is printed between
`::stop-commands::` and its key.
"""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, TextIO

from idprobe.findings.run import Finding, Run, grouped_by_cause
from idprobe.formats.sanitise import clipped, sanitise
from idprobe.report.words import plural

__all__ = ["annotations", "is_github", "without_commands"]

_AT_MOST: Final = 10
"""GitHub shows so many annotations of a kind for a step, and drops the rest in silence."""
_MAX_TEXT: Final = 600


def is_github(environ: Mapping[str, str]) -> bool:
    """Return whether the run is a step of a GitHub workflow."""
    return environ.get("GITHUB_ACTIONS") == "true"


@contextmanager
def without_commands(out: TextIO, *, active: bool) -> Iterator[None]:
    """Let nothing that is printed inside be taken for a workflow command."""
    if not active:
        yield
        return
    key = secrets.token_hex(16)
    print(f"::stop-commands::{key}", file=out, flush=True)
    try:
        yield
    finally:
        print(f"::{key}::", file=out, flush=True)


def annotations(run: Run) -> Iterator[str]:
    """Yield the workflow commands: errors for what counts, warnings for the rest."""
    found = [finding for finding in run.by_requirement() if finding.is_open]
    counted = [finding for finding in found if finding.counts]
    others = [finding for finding in found if not finding.counts]
    lost = [_lost(one) for one in run.coverage_regressions]
    yield from _some("error", [*(_finding("error", run, one) for one in counted), *lost])
    others_told = [_finding("warning", run, one) for one in others]
    yield from _some("warning", [*_stale(run), *_undecided(run), *others_told])


def _some(kind: str, lines: list[str]) -> Iterator[str]:
    if len(lines) <= _AT_MOST:
        yield from lines
        return
    yield from lines[: _AT_MOST - 1]
    more = len(lines) - _AT_MOST + 1
    yield _command(kind, {"title": "idprobe"}, f"and {more} more: see report.html")


def _finding(kind: str, run: Run, finding: Finding) -> str:
    requirement = finding.requirement
    place = {}
    if run.profile_path:
        lines = run.profile_lines
        line = next((lines[key] for key in (requirement.id, "issuer") if key in lines), 1)
        place = {"file": run.profile_path, "line": str(line)}
    title = {"title": f"{requirement.id} ({requirement.level})"}
    return _command(kind, place | title, f"{requirement.summary} {finding.because}")


def _lost(requirement: str) -> str:
    said = "the baseline judged it, and this run does not"
    return _command("error", {"title": f"coverage regression: {requirement}"}, said)


def _stale(run: Run) -> list[str]:
    told = [(one, "is satisfied now: remove it from the profile") for one in run.gone]
    told += [(one, f"expired on {one.until} and counts again") for one in run.expired]
    return [
        _command("warning", {"title": f"deviation {one.requirement}"}, said) for one, said in told
    ]


def _undecided(run: Run) -> list[str]:
    lines = []
    for name in ("harness_fault", "inconclusive"):
        group = [finding for finding in run.by_requirement() if finding.name == name]
        for because, alike in grouped_by_cause(group).items():
            title = {"title": f"{name.replace('_', ' ')}: {plural(len(alike), 'requirement')}"}
            lines.append(_command("warning", title, because))
    return lines


def _command(kind: str, properties: Mapping[str, str], message: str) -> str:
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {told}::{_data(message)}"


def _data(text: str) -> str:
    shown = clipped(sanitise(text[: _MAX_TEXT + 1]), _MAX_TEXT)
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
