"""A load run as a table on the terminal."""

from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from idprobe.load.histogram import Histogram
from idprobe.load.plan import Closed
from idprobe.load.quantities import shown_duration
from idprobe.load.result import PERCENTILES, LoadResult

__all__ = ["print_load"]


def print_load(result: LoadResult, console: Console) -> None:
    """Print what was asked, what was measured, and what became of the budget."""
    console.print(
        f"[bold]{result.scenario}[/] on {escape(result.target)} ({escape(result.issuer)})"
    )
    console.print(_figures(result))
    if result.recording.iterations:
        console.print(_latencies(result))
    if result.recording.failures:
        console.print(_failures(result))
    console.print(_budget(result))
    for note in result.all_notes():
        console.print(f"note: {escape(note)}", style="yellow", soft_wrap=True)
    console.print(_conclusion(result), soft_wrap=True)


def _figures(result: LoadResult) -> Table:
    table = Table(show_header=False, box=None)
    for name, value in _facts(result):
        table.add_row(name, value)
    return table


def _facts(result: LoadResult) -> Iterator[tuple[str, str]]:
    recording, model = result.recording, result.plan.model
    if isinstance(model, Closed):
        yield "users", f"{model.users} for {result.plan.duration_s:g} s"
    else:
        yield (
            "offered",
            f"{model.rate_per_s:g}/s for {result.plan.duration_s:g} s ({model.spacing.value})",
        )
    yield "achieved", f"{result.achieved_per_s:.1f}/s over {result.elapsed_s:.2f} s"
    yield "iterations", f"{recording.iterations} ({recording.failed} failed)"
    connections = f"{recording.most_connections} connections, {recording.reconnects} reconnects"
    yield "requests", f"{recording.requests} on {connections}"


def _latencies(result: LoadResult) -> Table:
    table = Table("time", *(f"p{percent:g}" for percent in PERCENTILES), "max")
    table.add_row("latency from intended start", *_row(result.recording.latency))
    table.add_row("service time", *_row(result.recording.service))
    return table


def _row(histogram: Histogram) -> Iterator[str]:
    for percent in (*PERCENTILES, 100.0):
        value = histogram.percentile(percent)
        yield "-" if value is None else shown_duration(value)


def _failures(result: LoadResult) -> Table:
    table = Table("failures", "why")
    for kind, count in result.recording.failures.most_common():
        table.add_row(str(count), escape(kind))
    return table


def _budget(result: LoadResult) -> Table:
    table = Table("budget", "measured", "")
    for one in result.clauses:
        table.add_row(
            escape(one.clause.text),
            one.shown,
            "[green]held[/]" if one.held else "[red]exhausted[/]",
        )
    return table


def _conclusion(result: LoadResult) -> str:
    match result.exit_code:
        case 0:
            return "[green]within budget[/]"
        case 1:
            return "[red]budget exhausted[/]"
        case _:
            return f"[red]void: {escape(result.void or '')}[/]"
