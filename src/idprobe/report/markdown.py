"""summary.md: a page for a pull request or a job summary, short enough to be read there."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from idprobe.findings.run import Finding, Run, counts_of, grouped_by_cause
from idprobe.formats.sanitise import clipped, sanitise
from idprobe.report.words import KINDS, headline, meaning, plural, weight

__all__ = ["summary_md", "write_summary"]

_MAX_FINDINGS: Final = 50
_MAX_QUOTE: Final = 400


def write_summary(run: Run, path: Path) -> None:
    """Write summary.md."""
    path.write_text(summary_md(run), encoding="utf-8", newline="\n")


def summary_md(run: Run) -> str:
    """Return the run as GitHub-flavoured Markdown; what a server said stands in code spans."""
    return "\n".join(_lines(run)) + "\n"


def _lines(run: Run) -> Iterator[str]:
    findings = run.by_requirement()
    counts = counts_of(findings)
    yield f"# idprobe: {_code(run.target)}"
    yield ""
    yield f"**{headline(run)}** Exit {run.exit_code}: {meaning(run.exit_code)}."
    yield ""
    yield "| " + " | ".join(kind.word for kind in KINDS.values()) + " |"
    yield "|" + " ---: |" * len(KINDS)
    yield "| " + " | ".join(str(getattr(counts, name)) for name in KINDS) + " |"
    yield ""
    yield (
        f"Issuer {_code(run.issuer)}, {run.started_at:%Y-%m-%d %H:%M} UTC, depth {run.depth}, "
        f"safety {run.safety}, {plural(run.exchanges, 'exchange')} in {run.duration_s:.1f} s, "
        f"idprobe {run.tool_version}."
    )
    if run.notes:
        yield ""
        yield from (f"- {_code(note)}" for note in run.notes)
    yield from _open([finding for finding in findings if finding.is_open])
    yield from _declared([finding for finding in findings if finding.deviation is not None])
    for name in ("harness_fault", "inconclusive"):
        yield from _causes(name, [finding for finding in findings if finding.name == name])


def _open(findings: list[Finding]) -> Iterator[str]:
    if not findings:
        return
    yield ""
    yield "## Findings"
    yield ""
    for finding in findings[:_MAX_FINDINGS]:
        requirement = finding.requirement
        yield (
            f"- [{_code(requirement.id)}]({requirement.link}) **{requirement.level}**, "
            f"{requirement.severity}, {weight(finding)}: {_plain(requirement.summary)}"
        )
        yield f"  - {_code(finding.because)}"
    if len(findings) > _MAX_FINDINGS:
        yield f"- and {len(findings) - _MAX_FINDINGS} more, see report.html"


def _declared(findings: list[Finding]) -> Iterator[str]:
    if not findings:
        return
    yield ""
    yield "## Declared deviations"
    yield ""
    for finding in findings:
        deviation = finding.deviation
        if deviation is not None:
            until = f" (until {deviation.until})" if deviation.until is not None else ""
            yield f"- {_code(finding.requirement.id)}: {_code(deviation.because)}{until}"


def _causes(name: str, findings: list[Finding]) -> Iterator[str]:
    if not findings:
        return
    yield ""
    yield f"## {KINDS[name].word}"
    yield ""
    for because, group in grouped_by_cause(findings).items():
        yield f"- {plural(len(group), 'requirement')}: {_code(because)}"


def _code(text: str) -> str:
    """Return the text as a code span, in which neither Markdown nor HTML means anything."""
    shown = clipped(sanitise(text[: _MAX_QUOTE + 1]), _MAX_QUOTE)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    padding = " " if shown[:1] == "`" or shown[-1:] == "`" or not shown.strip() else ""
    return f"{fence}{padding}{shown}{padding}{fence}"


def _plain(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", text)
