"""The verb `coverage`: how much is covered, what is owed, and the traceability pages."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click

from idprobe.catalogue import load_catalogue
from idprobe.coverage.anchors import Standing, load_anchors
from idprobe.coverage.counting import Coverage, Tally, checks_by_requirement, tallied
from idprobe.coverage.pages import write_pages
from idprobe.coverage.untested import load_untested
from idprobe.coverage.wanted import killers, load_wanted, reasons, unproven
from idprobe.suite import all_checks

__all__ = ["add_coverage_command", "broken_by_mutant", "coverage_of_the_suite"]

GAPS: Final = 1


def coverage_of_the_suite() -> Coverage:
    """Return what coverage is counted from, as idprobe carries it."""
    catalogue, checks = load_catalogue(), all_checks()
    judging = checks_by_requirement(catalogue, checks)
    return Coverage(catalogue, checks, load_untested(), load_anchors(), judging)


def add_coverage_command(commands: click.Group) -> None:
    """Add the verb to the command line."""

    @commands.command()
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
    @click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
    def coverage(
        *, gaps: bool, strict: bool, wanted: bool, folder: Path | None, as_json: bool
    ) -> int:
        """Say how much of each specification, and of what others test, is covered.

        \b
        idprobe coverage --gaps
        idprobe coverage --json
        idprobe coverage --wanted
        """  # noqa: D301 -- \b is click's, and keeps the lines apart
        found, broken = coverage_of_the_suite(), broken_by_mutant()
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
        return GAPS if strict and owed else 0


def broken_by_mutant() -> dict[str, list[str]]:
    """Return what each mutant of the reference server breaks."""
    from idprobe.reference.mutants import MUTANTS  # noqa: PLC0415 -- a whole server

    return {name: sorted(mutant.breaks) for name, mutant in MUTANTS.items()}


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
