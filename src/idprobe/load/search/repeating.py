"""Several runs of the same, one after the other; of two servers by turns."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from idprobe.load.run.folder import writing
from idprobe.load.run.generator import LoadRun
from idprobe.load.run.launcher import run_load
from idprobe.load.search.comparing import comparisons, series_of, write_series

__all__ = ["repeated", "worst"]

ORDER: Final = (4, 3, 1, 0)
"""Which exit code counts when several apply."""


def worst(codes: Sequence[int]) -> int:
    """Return the exit code of several runs."""
    return next(code for code in ORDER if code in codes)


def repeated(runs: Sequence[LoadRun], times: int, console: Console) -> int:
    """Make each run so many times, by turns; print and write what came out; return the exit code.

    The second of two runs is compared with the first.
    """
    documents: list[list[dict[str, Any]]] = [[] for _ in runs]
    for number in range(times):
        for place, run in enumerate(runs):
            out = run.out / f"{place + 1}-{number + 1}"
            result = run_load(replace(run, plan=run.plan.again(number), out=out))
            documents[place].append(result.to_dict())
            recording = result.recording
            why = result.unusable or result.void or recording.stopped or result.failures_told
            console.print(
                f"run {number + 1} of {times}: {escape(result.target)}: {escape(why or 'sound')}"
            )
    sides = {
        f"{place + 1} {run.profile.name}": found
        for place, (run, found) in enumerate(zip(runs, documents, strict=True))
    }
    told = comparisons(documents[0], documents[1]) if len(runs) > 1 else ()
    with writing(runs[0].out):
        write_series(runs[0].out / "repeats.json", sides, told)
    for name, found in sides.items():
        console.print(_table(name, found))
    for one in told:
        console.print(f"{one.before.name}: {one.verdict}")
    return worst([document["exit"] for found in documents for document in found])


def _table(name: str, results: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(escape(name), "median and range of the sound runs")
    for series in series_of(results):
        table.add_row(series.name, series.shown)
    return table
