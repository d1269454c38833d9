"""A load run as a table on the terminal."""

from collections import Counter
from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from idprobe.load.measure.drift import Drift
from idprobe.load.measure.histogram import Histogram
from idprobe.load.run.plan import Closed
from idprobe.load.run.quantities import shown_duration
from idprobe.load.run.result import PERCENTILES, LoadResult, reliable

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
        console.print(_counted("failures", "why", result.recording.failures))
    if result.recording.findings:
        console.print(_counted("wrong answers", "what was wrong", result.recording.findings))
    if result.recording.warnings:
        console.print(_counted("times", "worth a look", result.recording.warnings))
    console.print(_budget(result))
    if result.drift:
        console.print(_drift(result))
    conclusion = _conclusion(result)
    for note in (one for one in result.all_notes() if escape(one) not in conclusion):
        console.print(f"note: {escape(note)}", style="yellow", soft_wrap=True)
    console.print(conclusion, soft_wrap=True)


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
        yield "offered", model.shown(result.plan.duration_s)
    yield "achieved", f"{result.achieved_per_s:.1f}/s over {result.elapsed_s:.2f} s"
    yield "iterations", f"{recording.iterations} ({recording.failed} failed)"
    if recording.warm_up_ended:
        yield "warm-up", f"{recording.warm_up_ended} iterations before, not counted"
    busiest = max((one.busiest for one in recording.workers), default=0.0)
    engine = ", compiled" if any(one.compiled for one in recording.workers) else ""
    yield "generator", f"{busiest:.0%} of a processor in its busiest second{engine}"
    if len(recording.workers) > 1:
        shares = ", ".join(f"{one.cpu:.0%}" for one in recording.workers)
        yield "workers", f"{shares} of a processor each, over all of the run"
    if recording.iterations and recording.throttled_us is None:
        yield "throttling", "unknown: no control group of this host tells of it"
    callers = f"{recording.most_connections} callers, {recording.reconnects} reconnects"
    yield "requests", f"{recording.requests} by {callers}"


def _latencies(result: LoadResult) -> Table:
    recording = result.recording
    columns = [("latency", recording.latency), ("service time", recording.service)]
    ours = (("begun late", recording.slip), ("read late", recording.lag))
    columns += [(name, histogram) for name, histogram in ours if histogram.count]
    table = Table("", *(name for name, _ in columns))
    for percent in (*PERCENTILES, 100.0):
        name = "max" if percent == 100 else f"p{percent:g}"  # noqa: PLR2004 -- a percentage
        table.add_row(name, *(_shown(histogram, percent) for _, histogram in columns))
    table.add_row("of", *(str(histogram.count) for _, histogram in columns))
    return table


def _shown(histogram: Histogram, percent: float) -> str:
    value = reliable(histogram, percent)
    return "too few" if value is None else shown_duration(value)


def _counted(number: str, what: str, kinds: Counter[str]) -> Table:
    table = Table(number, what)
    for kind, count in kinds.most_common():
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


def _drift(result: LoadResult) -> Table:
    table = Table("drift", "first third", "last third", "by chance", "")
    for one in result.drift:
        table.add_row(
            f"{one.name}, {one.unit}" if one.unit else one.name,
            f"{one.first:,.4g}",
            f"{one.last:,.4g}",
            f"{one.chance:.2g}",
            _course(one),
        )
    return table


def _course(drift: Drift) -> str:
    if not drift.drifts:
        return "[green]stays[/]"
    return "[red]rises[/]" if drift.last > drift.first else "[yellow]falls[/]"


def _conclusion(result: LoadResult) -> str:
    match result.exit_code:
        case 0:
            return "[green]within budget[/]"
        case 1:
            if result.recording.findings:
                return "[red]the answers were wrong under load[/]"
            if result.recording.stopped is not None:
                return f"[red]{escape(result.recording.stopped)}[/]"
            told = result.failures_told
            return f"[red]budget exhausted{escape(f': {told}' if told else '')}[/]"
        case _:
            return f"[red]void: {escape(result.void or '')}[/]"
