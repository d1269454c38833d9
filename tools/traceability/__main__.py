"""`python -m tools.traceability`: how much is covered, what is owed, and the pages that say so."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click

from idprobe.judge.anchors import Standing
from idprobe.report.words import plural
from tools.traceability.counting import Coverage, Tally, tallied
from tools.traceability.figures import broken_by_mutant, coverage_of_the_suite
from tools.traceability.pages import write_pages
from tools.traceability.wanted import (
    LIST,
    ROOT,
    grow_list,
    killers,
    load_wanted,
    reasons,
    unproven,
)

__all__ = ["traceability"]

GAPS: Final = 1


@click.command(name="traceability")
@click.option("--gaps", is_flag=True, help="List what is in scope and has no check yet.")
@click.option("--strict", is_flag=True, help="Exit with 1 if there are such gaps.")
@click.option("--wanted", is_flag=True, help="List the mutants wanted, and who kills each.")
@click.option(
    "--write",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Write the traceability pages into a folder.",
)
@click.option("--grow", is_flag=True, help="Add what is new to the list of mutants wanted.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def traceability(  # noqa: PLR0913 -- an option each
    *, gaps: bool, strict: bool, wanted: bool, folder: Path | None, grow: bool, as_json: bool
) -> None:
    """Say how much of each specification, and of what others test, is covered.

    \b
    python -m tools.traceability --gaps
    python -m tools.traceability --json
    python -m tools.traceability --wanted
    python -m tools.traceability --grow
    """  # noqa: D301 -- \b is click's, and keeps the lines apart
    found, broken = coverage_of_the_suite(), broken_by_mutant()
    if grow:
        click.echo(f"{plural(grow_list(found), 'new row')} in {LIST.relative_to(ROOT)}")
        return
    bare = unproven(found, broken)
    owed = [*_owed(found), *(f"{identifier}  has no mutant" for identifier in bare)]
    if as_json:
        click.echo(json.dumps({**_document(found, owed), "unproven": bare}, indent=2))
    elif wanted:
        click.echo("\n".join(_killed(found, broken)))
    else:
        for kind, tallies in tallied(found).items():
            click.echo("\n".join(_lines(kind, tallies)))
        click.echo(f"Covered requirements without a mutant: {len(bare)}")
        click.echo("\n".join(owed) if gaps else "", nl=gaps)
    if folder is not None:
        _write(folder, found, broken)
    raise SystemExit(GAPS if strict and owed else 0)


def _write(folder: Path, found: Coverage, broken: Mapping[str, Sequence[str]]) -> None:
    written = write_pages(folder, found, broken)
    click.echo(f"{len(written)} pages are in {folder}", err=True)


def _document(found: Coverage, owed: Sequence[str]) -> dict[str, Any]:
    return {
        "sources": [
            {"kind": kind, **asdict(tally), "in_scope": tally.in_scope}
            for kind, tallies in tallied(found).items()
            for tally in tallies
        ],
        "owed": list(owed),
    }


def _killed(found: Coverage, broken: Mapping[str, Sequence[str]]) -> Iterator[str]:
    by, why = killers(found, broken), reasons(found)
    for identifier, text in load_wanted().items():
        who = " ".join(by.get(identifier, ())) or f"- ({why.get(identifier, 'nobody')})"
        yield f"{identifier}\t{who}\t{text}"


def _lines(kind: str, tallies: Sequence[Tally]) -> Iterator[str]:
    yield f"{kind:<42} {'covered':>8} {'reasoned':>8} {'not yet':>8} {'in scope':>8} {'total':>6}"
    for tally in tallies:
        yield (
            f"  {tally.name:<40} {tally.covered:>8} {tally.reasoned:>8} {tally.open:>8} "
            f"{tally.in_scope:>8} {tally.total:>6}"
        )
    yield ""


def _owed(found: Coverage) -> Iterator[str]:
    for requirement in found.catalogue:
        if found.standing(requirement) is Standing.OPEN:
            yield f"{requirement.id}  {requirement.level.value}  {requirement.summary}"
    for rows in found.anchors.values():
        for row in rows:
            if row.standing is Standing.OPEN:
                yield f"{row.source} {row.id}  {row.level}  {row.because}"


if __name__ == "__main__":
    traceability()
