"""Running the suite over an audit, and saying what came out."""

import json
import os
import sys
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from idprobe.audit.audit import Audit
from idprobe.audit.suite import run_suite
from idprobe.evidence.outputs import lead_latest_to
from idprobe.findings.run import Run
from idprobe.redaction import redacted_errors, shown
from idprobe.report.annotations import annotations, is_github, without_commands
from idprobe.report.record import results_json
from idprobe.report.terminal import print_summary

__all__ = ["carried_out", "code_of"]

INTERRUPTED: Final = 130


def carried_out(run: Audit, keyword: str, *, as_json: bool = False) -> Run:
    """Run the suite over an audit, say what came out and return it.

    Before a request is sent it is said how many may be.
    """
    if run.recorded is None:
        click.echo(f"idprobe: {_promise(run)}", err=True)
    with _bar() as bar:
        task = bar.add_task("observing", total=None)

        def show(name: str, done: int, total: int) -> None:
            bar.update(task, description=name.replace("_", " ")[:40], completed=done, total=total)

        run.progress = show
        with redacted_errors(run.vault):
            result, said = run_suite(run, keyword)
    _say(run, result, as_json=as_json)
    for sentence in (*said, *filter(None, [lead_latest_to(run.options.out)])):
        click.echo(f"idprobe: {sentence}", err=True)
    return result


def code_of(result: Run) -> int:
    """Return the exit code of a run, as the process ends with it."""
    return INTERRUPTED if result.interrupted else result.exit_codes[0]


def _promise(run: Audit) -> str:
    selection = run.options.selection
    return (
        f"{run.profile.issuer} gets at most {run.most_requests} requests (--depth "
        f"{selection.depth.name.lower()}, --safety {selection.safety.name.lower()})"
    )


def _say(run: Audit, result: Run, *, as_json: bool) -> None:
    """Print the outcome: as JSON, or as a summary that no CI server takes for its commands."""
    github = is_github(os.environ)
    if as_json:
        click.echo(json.dumps(_outcome(result, run.options.out), ensure_ascii=True, indent=2))
    elif run.observed.broken is not None:
        click.echo(f"idprobe: {shown(str(run.observed.broken), run.vault)}", err=True)
    else:
        with without_commands(sys.stdout, active=github):
            print_summary(result, Console(), run.options.out / "report.html")
    if github:
        for line in annotations(result):
            click.echo(line, err=as_json)


def _outcome(result: Run, out: Path) -> dict[str, Any]:
    """Return results.json without its judgements, and where the whole of it is."""
    head = results_json(result)
    del head["judgements"]
    return {**head, "output": str(out)}


def _bar() -> Progress:
    """Return a progress bar on standard error, there only while somebody watches."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<40}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
