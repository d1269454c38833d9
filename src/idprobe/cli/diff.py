"""The verb `diff`: what changed between two runs, and whether that is worse."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from idprobe.cli.load_diff import load_diff, loads_in
from idprobe.errors import UsageError
from idprobe.findings.differences import KINDS, Difference, differences, is_same_build, unlike
from idprobe.findings.gate import quarantine
from idprobe.formats.sanitise import clipped, sanitise
from idprobe.report.record import read_results, results_in
from idprobe.report.words import plural

__all__ = ["add_diff_command"]

REGRESSED: Final = 1
_MAX_QUOTE: Final = 300


@click.command()
@click.argument("old", type=click.Path(path_type=Path, exists=True))
@click.argument("new", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--quarantine",
    "profile",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="PROFILE",
    help="Both are of one build: write what may fail the gate and differs into this profile.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
def diff(old: Path, new: Path, profile: Path | None, *, as_json: bool) -> int:
    """Say what changed from OLD to NEW: results folders, or their results.json.

    Exit code 1 if anything that the gate counts is worse: violated now, or judged no longer.
    Where both are of the same --build, nothing can have changed but luck: what differs flickers.

    Two load runs, by their load.json or their folders, are compared as `load --against` does;
    the folder of a `load --repeat` is so many runs. Exit code 1 if a figure is worse beyond
    noise, or answers are wrong that were not; 4 if a side has no run that is not void.

    \b
    idprobe diff good reports/output/latest
    idprobe diff once again --quarantine acme.toml
    idprobe diff load-old load-new
    """  # noqa: D301 -- \b is click's, and keeps the lines apart
    if loads_in(old) or loads_in(new):
        if profile is not None:
            raise UsageError("--quarantine is for two audits: a load run has nothing to hold")
        return load_diff(old, new, as_json=as_json)
    before, after = read_results(results_in(old)), read_results(results_in(new))
    found, warnings = differences(before, after), unlike(before, after)
    if as_json:
        document = {"unlike": warnings, "differences": [asdict(one) for one in found]}
        click.echo(json.dumps(document, indent=2))
    else:
        click.echo("\n".join(_lines(found, warnings)))
    if profile is not None:
        _hold(profile, before, after, found)
    return REGRESSED if any(one.regressed for one in found) else 0


def _hold(
    profile: Path,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    found: Sequence[Difference],
) -> None:
    """Put what flickers into quarantine, if both records are of one build."""
    if not is_same_build(before, after):
        raise UsageError(
            "--quarantine is for two runs of one build: give both runs the same --build NAME, "
            "against the same server"
        )
    came = quarantine(profile, [one for one in found if one.gates], datetime.now(UTC).date())
    click.echo(f"idprobe: {profile}: {came} put into quarantine for 14 days", err=True)


def _lines(found: Sequence[Difference], warnings: Sequence[str]) -> Iterator[str]:
    yield from (f"warning: {sanitise(warning)}" for warning in warnings)
    worse = sum(one.regressed for one in found)
    yield f"{plural(len(found), 'difference')}, {plural(worse, 'regression')}"
    for kind, says in KINDS.items():
        group = [one for one in found if one.kind == kind]
        if group:
            yield f"\n{kind} ({says}):"
        for one in group:
            mark = "regression  " if one.regressed else ""
            told = f"{one.requirement} ({one.level}): {one.before} -> {one.after}"
            yield f"  {mark}{clipped(sanitise(told), _MAX_QUOTE)}"
            if one.because:
                yield f"    {clipped(sanitise(one.because), _MAX_QUOTE)}"


def add_diff_command(commands: click.Group) -> None:
    """Add the verb to the command line."""
    commands.add_command(diff)
