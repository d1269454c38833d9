"""The options that audit and judge share, and what they mean for a run."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from idprobe.audit.options import Options
from idprobe.errors import UsageError
from idprobe.judge.weigh import FailOn
from idprobe.load.run.load_trace import load_trace
from idprobe.model.effort import Replay
from idprobe.observe.selection import Selection
from idprobe.probes import Depth, Safety, all_probes
from idprobe.report import FORMATS
from idprobe.report.charts.load_section import FILE, load_in, read_load
from idprobe.report.record import read_results, results_in

__all__ = ["options_of", "overwrite_option", "run_options"]

SEEDS: Final = 1_000_000

Command = TypeVar("Command", bound=Callable[..., Any])


overwrite_option = click.option(
    "--overwrite",
    is_flag=True,
    help="Replace the results of an earlier run in that folder; nothing else that is there.",
)


def run_options(command: Command) -> Command:
    """Add the options that audit and judge share."""
    options = [
        click.option(
            "--output", "-o", type=click.Path(path_type=Path), help="Folder of the results."
        ),
        overwrite_option,
        click.option(
            "--format",
            "formats",
            multiple=True,
            type=click.Choice(FORMATS),
            help="Write this beside results.json (repeatable); without it, all of them.",
        ),
        click.option(
            "--standard",
            "standards",
            multiple=True,
            metavar="NAME",
            help="Judge this family or plan only, such as oidc or basic (repeatable).",
        ),
        click.option(
            "--fail-on",
            type=click.Choice([f.value for f in FailOn]),
            default="must",
            show_default=True,
            help="What makes the exit code 1.",
        ),
        click.option(
            "--allow-inconclusive",
            type=click.IntRange(0),
            default=0,
            metavar="N",
            help="Accept so many inconclusive requirements that count.",
        ),
        click.option(
            "--strict-deviations", is_flag=True, help="Fail if a declared deviation is gone."
        ),
        click.option(
            "--baseline",
            type=click.Path(path_type=Path, exists=True),
            metavar="RESULTS",
            help="Fail if anything that counts was judged there (folder or file) and is not now.",
        ),
        click.option(
            "--with-load",
            type=click.Path(path_type=Path, exists=True),
            metavar="RESULTS",
            help="Show a load run in the report, and judge its answers: its folder, or its "
            "load.json. One in the folder of the results is found.",
        ),
        click.option(
            "-k",
            "keyword",
            default="",
            metavar="EXPRESSION",
            help="Only checks whose name or requirement matches (as pytest -k).",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def options_of(given: dict[str, Any], out: Path) -> Options:
    """Return the options of a run from those of the command line."""
    baseline, named = given.get("baseline"), given.get("with_load")
    load = _load_of(named, out)
    return Options(
        out=out,
        selection=_selection(given),
        standards=given["standards"],
        fail_on=FailOn(given["fail_on"]),
        allow_inconclusive=given["allow_inconclusive"],
        strict_deviations=given["strict_deviations"],
        may_test=frozenset(given["may_test"]),
        keyword=given.get("keyword", ""),
        formats=given["formats"] or FORMATS,
        overwrite=given["overwrite"],
        build=given.get("build"),
        load=load,
        under_load=None if load is None else load_trace(load_in(named or out), load),
        baseline=None if baseline is None else read_results(results_in(baseline)),
    )


def _selection(given: dict[str, Any]) -> Selection:
    depth, seed, again = Depth[given["depth"].upper()], given.get("seed"), given.get("reproduce")
    if seed is None:
        seed = secrets.randbelow(SEEDS) if depth is Depth.DEEP else 0
    replay = None if again is None else Replay.parse(again)
    if replay is not None and replay.probe not in all_probes():
        raise UsageError(f"--reproduce: there is no property {replay.probe}")
    return Selection(depth, Safety[given["safety"].upper()], seed, replay)


def _load_of(given: Path | None, out: Path) -> dict[str, Any] | None:
    """Return the load results that were named, or that are in the folder of the results."""
    path = out / FILE if given is None else load_in(given)
    return read_load(path) if given is not None or path.is_file() else None
