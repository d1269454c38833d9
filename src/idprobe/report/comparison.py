"""Several servers beside each other: requirements × providers, from their records alone; pure.

A cell has three signs: the verdict, whether the gate of that run counts it, and whether it was
declared.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from idprobe.evidence.outputs import Files
from idprobe.report import words
from idprobe.report.page import asset, environment, policy_of

__all__ = [
    "COMPARISON_FILES",
    "Cell",
    "Comparison",
    "Provider",
    "Row",
    "compared",
    "comparison_html",
    "comparison_json",
    "write_comparison",
]

SCHEMA: Final = 1
_FILES: Final = ("compare.json", "compare.html")
COMPARISON_FILES: Final = Files("comparison", _FILES, _FILES, ("compare.json",))
"""What a comparison writes into its folder."""
_WORST_FIRST: Final = ("violated", "harness_fault", "inconclusive", "satisfied", "not_applicable")


@dataclass(frozen=True, slots=True)
class Provider:
    """One run; `report` is the address of its page, relative to the comparison, or empty."""

    name: str
    issuer: str
    build: str | None
    started_at: str
    depth: str
    exit: int
    summary: Mapping[str, int]
    report: str


@dataclass(frozen=True, slots=True)
class Cell:
    """What one run says of one requirement; `requirement` is the id under which it judged it."""

    verdict: str
    counts: bool
    declared: bool
    because: str
    requirement: str


@dataclass(frozen=True, slots=True)
class Row:
    """One requirement over all runs; a cell is None where the run did not judge it."""

    requirement: str
    level: str
    severity: str
    area: str
    wants: str
    link: str
    cells: tuple[Cell | None, ...]

    @property
    def differs(self) -> bool:
        """Whether the servers do not all come out the same, those left out that have no say."""
        return len({cell.verdict for cell in self.cells if cell is not None and _says(cell)}) > 1

    @property
    def violated(self) -> int:
        """How many of the servers break it."""
        return sum(cell is not None and cell.verdict == "violated" for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs, and what they say of each requirement: where they differ first."""

    providers: tuple[Provider, ...]
    rows: tuple[Row, ...]


def _says(cell: Cell) -> bool:
    return cell.verdict != "not_applicable"


def compared(records: Sequence[tuple[Mapping[str, Any], str]]) -> Comparison:
    """Return the comparison of records, each with the address of its page."""
    tables = [_cells(record) for record, _ in records]
    told: dict[str, Mapping[str, Any]] = {}
    for record, _ in records:
        for judgement in record["judgements"]:
            name = _name(judgement)
            if name not in told or judgement["requirement"] == name:
                told[name] = judgement
    rows = [_row(name, told[name], [table.get(name) for table in tables]) for name in told]
    providers = tuple(_provider(record, report) for record, report in records)
    return Comparison(providers, tuple(sorted(rows, key=_interest)))


def _interest(row: Row) -> tuple[object, ...]:
    grave = any(cell is not None and cell.counts for cell in row.cells)
    return (not row.differs, not row.violated, not grave, row.area, row.requirement)


def _name(judgement: Mapping[str, Any]) -> str:
    return str(judgement["same_as"] or judgement["requirement"])


def _provider(record: Mapping[str, Any], report: str) -> Provider:
    target = record["target"]
    return Provider(
        target["name"],
        target["issuer"],
        target["build"],
        record["started_at"],
        record["selection"]["depth"],
        record["exit"][0],
        record["summary"],
        report,
    )


def _cells(record: Mapping[str, Any]) -> dict[str, Cell]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for judgement in record["judgements"]:
        groups.setdefault(_name(judgement), []).append(judgement)
    return {name: _cell(group) for name, group in groups.items()}


def _cell(group: Iterable[Mapping[str, Any]]) -> Cell:
    """Return the cell of judgements of one requirement: the worst speaks for all."""
    ordered = sorted(
        group,
        key=lambda one: (
            _WORST_FIRST.index(one["verdict"]),
            one["deviation"] is not None,
            one["same_as"] is not None,
            one["requirement"],
            one["check"],
        ),
    )
    first = ordered[0]
    return Cell(
        first["verdict"],
        any(one["counts"] for one in ordered),
        first["deviation"] is not None,
        first["because"],
        first["requirement"],
    )


def _row(name: str, told: Mapping[str, Any], cells: Sequence[Cell | None]) -> Row:
    return Row(
        name,
        told["level"],
        told["severity"],
        told["area"],
        told["wants"],
        told["link"] if told["link"].startswith("https://") else "",
        tuple(cells),
    )


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison as compare.json has it."""
    return {
        "schema": SCHEMA,
        "providers": [asdict(provider) for provider in comparison.providers],
        "requirements": [{**asdict(row), "differs": row.differs} for row in comparison.rows],
    }


def comparison_html(comparison: Comparison) -> str:
    """Return the comparison as a page that loads nothing and needs no script."""
    style = asset("report.css")
    return (
        environment()
        .get_template("compare.html.j2")
        .render(
            comparison=comparison,
            differing=[row for row in comparison.rows if row.differs],
            broken=[row for row in comparison.rows if not row.differs and row.violated],
            agreed=[row for row in comparison.rows if not row.differs and not row.violated],
            kinds=words.KINDS,
            style=Markup(style),  # noqa: S704 -- our own file, and nothing of a server is in it
            policy=policy_of(style, ""),
        )
    )


def write_comparison(comparison: Comparison, out: Path) -> None:
    """Write compare.json and compare.html into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(comparison_json(comparison), ensure_ascii=True, indent=2) + "\n"
    (out / "compare.json").write_text(text, encoding="utf-8", newline="\n")
    page = comparison_html(comparison)
    (out / "compare.html").write_text(page, encoding="utf-8", newline="\n")
