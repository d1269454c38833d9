"""The verb `diff`: what changed between two runs, and whether that is worse."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click

from idprobe.reports.differences import KINDS, Difference, differences, unlike
from idprobe.reports.legible import clipped, legible
from idprobe.reports.record import read_results, results_in
from idprobe.reports.words import plural

__all__ = ["add_diff_command"]

REGRESSED: Final = 1
_MAX_QUOTE: Final = 300


@click.command()
@click.argument("old", type=click.Path(path_type=Path, exists=True))
@click.argument("new", type=click.Path(path_type=Path, exists=True))
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
def diff(old: Path, new: Path, *, as_json: bool) -> int:
    """Say what changed from OLD to NEW: results folders, or their results.json.

    Exit code 1 if anything that the gate counts is worse: violated now, or judged no longer.
    """
    before, after = read_results(results_in(old)), read_results(results_in(new))
    found, warnings = differences(before, after), unlike(before, after)
    if as_json:
        document = {"unlike": warnings, "differences": [asdict(one) for one in found]}
        click.echo(json.dumps(document, indent=2))
    else:
        click.echo("\n".join(_lines(found, warnings)))
    return REGRESSED if any(one.regressed for one in found) else 0


def _lines(found: Sequence[Difference], warnings: Sequence[str]) -> Iterator[str]:
    yield from (f"warning: {legible(warning)}" for warning in warnings)
    worse = sum(one.regressed for one in found)
    yield f"{plural(len(found), 'difference')}, {plural(worse, 'regression')}"
    for kind, says in KINDS.items():
        group = [one for one in found if one.kind == kind]
        if group:
            yield f"\n{kind} ({says}):"
        for one in group:
            mark = "regression  " if one.regressed else ""
            yield f"  {mark}{one.requirement} ({one.level}): {one.before} -> {one.after}"
            if one.because:
                yield f"    {clipped(legible(one.because), _MAX_QUOTE)}"


def add_diff_command(commands: click.Group) -> None:
    """Add the verb to the command line."""
    commands.add_command(diff)
