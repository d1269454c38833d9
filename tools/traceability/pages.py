"""The traceability pages: what is required, which checks judge it, which mutants prove them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from idprobe.judge.anchors import SOURCES, Row, Standing
from idprobe.judge.collect import Check
from idprobe.model.catalogue import Catalogue, Requirement
from tools.traceability.counting import Coverage, Tally, tallied
from tools.traceability.tables import escaped, lines_of_code, table
from tools.traceability.wanted import mutants_by_requirement

__all__ = ["pages_of", "reference_to", "write_pages"]

_INTRODUCTION: Final = """\
# Traceability

From what is required to the checks that judge it and to the mutants that prove them.
A mutant is a server that is wrong in one way, which the checks have to find.
A mutant is named by the requirement that it breaks; `idprobe serve --mutant NAME` runs it.

*In scope* is what a black box can test and the suite has reached; *total* has all the rest as well.
*Reasoned* is left out on purpose, with the reason beside it.
`python -m tools.traceability` prints these figures, and with `--write` these pages.
"""
_INDEX: Final = "index.md"


def write_pages(
    folder: Path, coverage: Coverage, mutants: Mapping[str, Iterable[str]]
) -> Sequence[Path]:
    """Write the pages into a folder and return them; `mutants` has what each mutant breaks."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = pages_of(coverage, mutants)
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in pages]


def pages_of(coverage: Coverage, mutants: Mapping[str, Iterable[str]]) -> Mapping[str, str]:
    """Return the pages as Markdown, by the names of their files."""
    return dict(_pages(coverage, mutants_by_requirement(coverage.catalogue, mutants)))


def _pages(coverage: Coverage, mutants: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    yield _INDEX, _index(coverage)
    documents: dict[str, list[Requirement]] = {}
    for requirement in coverage.catalogue:
        documents.setdefault(requirement.document, []).append(requirement)
    for name, requirements in documents.items():
        yield f"{name}.md", _document(coverage, requirements, mutants)
    for source, rows in coverage.anchors.items():
        yield f"{source}.md", _peer(coverage, source, rows)


def _index(coverage: Coverage) -> str:
    parts = [_INTRODUCTION]
    for kind, tallies in tallied(coverage).items():
        parts.append(f"\n## {kind}\n")
        head = ("source", "covered", "reasoned", "not yet", "in scope", "total")
        parts.append(table(head, (_figures(kind, tally) for tally in tallies)))
    return "\n".join(parts)


def _figures(kind: str, tally: Tally) -> Sequence[str]:
    files = {title: f"{source}.md" for source, title in SOURCES.items()}
    file = f"{tally.name}.md" if kind == "Catalogue" else files.get(tally.name)
    label = escaped(tally.title or tally.name)
    numbers = (tally.covered, tally.reasoned, tally.open, tally.in_scope, tally.total)
    return (f"[{label}]({file})" if file else label, *map(str, numbers))


def _document(
    coverage: Coverage, requirements: Sequence[Requirement], mutants: Mapping[str, Sequence[str]]
) -> str:
    first = requirements[0]
    parts = [f"# {first.spec}\n", f"{first.title}.\n"]
    for chapter, group in groupby(requirements, _chapter):
        rows = (
            (
                f'<a id="{_anchor(one.id)}"></a>{_linked(one)}<br>{escaped(one.summary)}',
                _weight(one),
                _judged(coverage, one),
                lines_of_code(mutants.get(coverage.catalogue.canonical(one.id), ())),
            )
            for one in group
        )
        parts += [f"## {chapter}\n"] if chapter else []
        parts.append(table(("requirement", "level", "checks", "mutants"), rows))
    return "\n".join(parts)


def _chapter(requirement: Requirement) -> str:
    """Return the part of its document, two levels deep; "" where there are no sections."""
    specification = requirement.id.partition("/")[0].rpartition("-")[0]
    section = ".".join(requirement.section.split(".")[:2])
    return f"{specification}, section {section}" if section else ""


def _weight(requirement: Requirement) -> str:
    """Return how much a violation weighs, who says so, and whether it can fail a build."""
    gating = "" if requirement.gates else "<br>reported only"
    return f"{requirement.level.value}<br>{requirement.severity}<br>{requirement.basis}{gating}"


def _judged(coverage: Coverage, requirement: Requirement) -> str:
    match coverage.standing(requirement):
        case Standing.COVERED:
            return "<br>".join(map(_told, coverage.checks_of(requirement)))
        case None:
            return f"*{requirement.testable}*"
        case standing:
            because = coverage.because(requirement)
            return f"*{standing.value}*" + (f": {escaped(because)}" if because else "")


def _told(check: Check) -> str:
    """Return what a check claims, and where it is."""
    return f"{escaped(check.claim)}<br>`{check.name}`"


def _peer(coverage: Coverage, source: str, rows: Sequence[Row]) -> str:
    requirements = {check.name: check.requirements for check in coverage.checks}
    parts = [f"# {SOURCES[source]}\n", "Each case, and what says the same here.\n"]
    cases = (
        (
            f"`{row.id}`<br>{escaped(row.summary)}",
            row.level,
            _answer(row),
            _references(coverage.catalogue, (i for c in row.checks for i in requirements[c])),
        )
        for row in rows
    )
    parts.append(table(("case", "level", "checks", "requirements"), cases))
    return "\n".join(parts)


def _answer(row: Row) -> str:
    if not row.checks:
        return f"*{row.standing.value}*: {escaped(row.because)}"
    note = f"<br>{escaped(row.because)}" if row.because else ""
    return lines_of_code(row.checks) + note


def _references(catalogue: Catalogue, identifiers: Iterable[str]) -> str:
    return "<br>".join(
        f"[{one}]({reference_to(catalogue[one])})" for one in dict.fromkeys(identifiers)
    )


def reference_to(requirement: Requirement) -> str:
    """Return where a requirement is, beside the page of its document."""
    return f"{requirement.document}.md#{_anchor(requirement.id)}"


def _linked(requirement: Requirement) -> str:
    return f"[{requirement.id}]({requirement.link})" if requirement.link else requirement.id


def _anchor(identifier: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", identifier.lower())
