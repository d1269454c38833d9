"""The verb `compare`: several servers on one page."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from idprobe.cli.options import overwrite_option
from idprobe.errors import UsageError
from idprobe.evidence.outputs import claim, fresh_folder
from idprobe.formats.sanitise import sanitise
from idprobe.report.comparison import (
    COMPARISON_FILES,
    Comparison,
    compared,
    comparison_json,
    write_comparison,
)
from idprobe.report.record import read_results, results_in
from idprobe.report.words import plural

__all__ = ["add_compare_command", "comparison_of"]

FEWEST: Final = 2


@click.command()
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Folder of the comparison.")
@overwrite_option
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def compare(
    results: tuple[Path, ...], output: Path | None, *, overwrite: bool, as_json: bool
) -> int:
    """Set RESULTS of several servers beside each other: folders, or their results.json.

    Writes compare.html and compare.json: requirements by providers, where they differ first.

    \b
    idprobe compare both/acme both/reference --output compared
    """  # noqa: D301 -- \b is click's, and keeps the lines apart
    if len(results) < FEWEST:
        raise UsageError("compare needs the results of two runs or more")
    out = output or fresh_folder("compared")
    comparison = comparison_of(results, out)
    ours = claim(out, COMPARISON_FILES, overwrite=overwrite)
    try:
        write_comparison(comparison, out)
    finally:
        ours.release()
    if as_json:
        click.echo(json.dumps(comparison_json(comparison), indent=2))
        return 0
    for provider in comparison.providers:
        told = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in provider.summary.items())
        click.echo(f"{sanitise(provider.name)}: {told}")
    differing = sum(row.differs for row in comparison.rows)
    click.echo(f"{plural(differing, 'requirement')} where they differ: {out / 'compare.html'}")
    return 0


def comparison_of(results: Sequence[Path], out: Path) -> Comparison:
    """Return the comparison of records, with links from a folder to their pages."""
    files = [results_in(path) for path in results]
    return compared([(read_results(file), _page_beside(file, out)) for file in files])


def _page_beside(file: Path, out: Path) -> str:
    """Return the relative address of the report beside a record, "" if there is none."""
    page = file.with_name("report.html")
    if not page.is_file():
        return ""
    return Path(os.path.relpath(page, out)).as_posix()


def add_compare_command(commands: click.Group) -> None:
    """Add the verb to the command line."""
    commands.add_command(compare)
