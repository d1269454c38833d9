"""The end of a run on a terminal: what is wrong first, then where to read on.

Everything a server said goes in as `Text`, which knows no markup, with its controls made visible.
"""

from pathlib import Path
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from idprobe.findings.run import Counts, Finding, Run, by_area, counts_of, grouped_by_cause
from idprobe.formats.sanitise import clipped, sanitise
from idprobe.report.words import KINDS, headline, meaning, plural, weight

__all__ = ["print_summary"]

_STYLES: Final = {
    "violated": "bold red",
    "inconclusive": "yellow",
    "harness_fault": "magenta",
    "satisfied": "green",
    "not_applicable": "dim",
}
_ASCII_MARKS: Final = {"✗": "x", "✓": "+"}
_MAX_QUOTE: Final = 600
_MAX_FINDINGS: Final = 20


def print_summary(run: Run, console: Console, report: Path | None = None) -> None:
    """Print the summary of a run; `report` is the folder or page to read on in."""
    findings = run.by_requirement()
    counts = counts_of(findings)
    ascii_only = not console.encoding.lower().startswith("utf")
    blocks = [
        _head(run, counts, ascii_only=ascii_only),
        *([] if not findings else [_table(findings)]),
        *_open(findings, ascii_only=ascii_only),
        *_declared(findings),
        *_causes("harness_fault", findings),
        *_causes("inconclusive", findings),
        *_notes(run),
        _foot(run, report),
    ]
    for block in blocks:
        console.print(block, soft_wrap=False)
        console.print()


def _mark(name: str, *, ascii_only: bool) -> str:
    mark = KINDS[name].mark
    return _ASCII_MARKS.get(mark, mark) if ascii_only else mark


def _quoted(text: str, style: str = "") -> Text:
    return Text(clipped(sanitise(text[: _MAX_QUOTE + 1]), _MAX_QUOTE), style)


def _head(run: Run, counts: Counts, *, ascii_only: bool) -> RenderableType:
    title = Text.assemble(_quoted(run.target, "bold"), "  ", _quoted(run.issuer, "dim"))
    numbers = Table.grid(padding=(0, 1))
    numbers.add_column(justify="right")
    numbers.add_column(justify="right")
    for name, kind in KINDS.items():
        number = getattr(counts, name)
        style = _STYLES[name] if number else "dim"
        declared = f" ({counts.declared} declared)" if counts.declared else ""
        word = kind.word.lower() + (declared if name == "violated" else "")
        mark = _mark(name, ascii_only=ascii_only)
        numbers.add_row(Text(mark, style), Text(str(number), style), Text(word, style))
    grave = "bold red" if run.exit_code else "bold green"
    return Group(title, Text(headline(run), grave), numbers)


def _table(findings: tuple[Finding, ...]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("area", no_wrap=True)
    for kind in KINDS.values():
        table.add_column(Text(kind.word.lower()), justify="right", min_width=_width(kind.word))
    for area, counts in by_area(findings).items():
        cells = [_number(getattr(counts, name), _STYLES[name]) for name in KINDS]
        table.add_row(Text(sanitise(area)), *cells)
    return table


def _width(header: str) -> int:
    """Return the width of the longest word, so that a header wraps between words only."""
    return max(map(len, header.split()))


def _number(number: int, style: str) -> Text:
    return Text(str(number), style) if number else Text(".", "dim")


def _open(findings: tuple[Finding, ...], *, ascii_only: bool) -> list[RenderableType]:
    found = [finding for finding in findings if finding.is_open]
    blocks = [_finding(finding, ascii_only=ascii_only) for finding in found[:_MAX_FINDINGS]]
    if len(found) > _MAX_FINDINGS:
        blocks.append(Text(f"and {len(found) - _MAX_FINDINGS} more violations, see the report"))
    return blocks


def _finding(finding: Finding, *, ascii_only: bool) -> RenderableType:
    requirement = finding.requirement
    head = Text.assemble(
        (f"{_mark('violated', ascii_only=ascii_only)} ", _STYLES["violated"]),
        (sanitise(requirement.id), "bold"),
        f"  {requirement.level}, {requirement.severity}, {weight(finding)}",
    )
    body: list[RenderableType] = [Text(sanitise(requirement.summary)), _quoted(finding.because)]
    if finding.deciding.remark:
        body.append(Text(sanitise(finding.deciding.remark, lines=True), overflow="fold"))
    if finding.deciding.exchange:
        body.append(_quoted(f"seen in {finding.deciding.exchange}", "dim"))
    if finding.deciding.replay:
        again = f"again: --reproduce {finding.deciding.replay}"
        body.append(Text(sanitise(again), "dim", overflow="fold"))
    body.append(Text(sanitise(requirement.link), "dim", overflow="fold"))
    return Group(head, *(Padding(line, (0, 0, 0, 2), expand=False) for line in body))


def _declared(findings: tuple[Finding, ...]) -> list[RenderableType]:
    lines: list[RenderableType] = []
    for finding in findings:
        deviation = finding.deviation
        if deviation is not None:
            until = f" (until {deviation.until})" if deviation.until is not None else ""
            line = Text.assemble("  ", sanitise(finding.requirement.id), ": ")
            line.append_text(_quoted(f"{deviation.because}{until}", "dim"))
            line.no_wrap, line.overflow = True, "ellipsis"
            lines.append(line)
    if not lines:
        return []
    return [Group(Text(f"{plural(len(lines), 'declared deviation')}:", "bold"), *lines)]


def _causes(name: str, findings: tuple[Finding, ...]) -> list[RenderableType]:
    groups = grouped_by_cause(finding for finding in findings if finding.name == name)
    if not groups:
        return []
    lines = []
    for because, group in groups.items():
        line = Text.assemble("  ", (plural(len(group), "requirement"), _STYLES[name]), ": ")
        lines.append(line.append_text(_quoted(because)))
    return [Group(Text(f"{KINDS[name].word} ({KINDS[name].says}):", "bold"), *lines)]


def _notes(run: Run) -> list[RenderableType]:
    if not run.notes:
        return []
    return [Group(*(Text.assemble("note: ", _quoted(note)) for note in run.notes))]


def _foot(run: Run, report: Path | None) -> RenderableType:
    lines = [
        Text(
            f"{plural(run.exchanges, 'exchange')} in {run.duration_s:.1f} s, "
            f"{plural(run.logins, 'login')}, "
            f"{plural(run.checks_by_hand, 'check')} needed a person, "
            f"depth {run.depth}, safety {run.safety}",
            "dim",
        )
    ]
    if report is not None:
        lines.append(Text(f"report: {sanitise(str(report))}", overflow="fold"))
    for code in run.exit_codes:
        decides = code == run.exit_code
        text = f"exit {code}: {meaning(code)}" if decides else f"also {code}: {meaning(code)}"
        lines.append(Text(text, "bold" if decides else "dim"))
    return Group(*lines)
