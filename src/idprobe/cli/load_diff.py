"""What `idprobe diff` says of two load results: whole runs beside whole runs, as `--against` does.

A side is one run, or what `idprobe load --repeat` has left in its folder.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from idprobe.errors import UsageError
from idprobe.formats.bounded import read_bounded
from idprobe.formats.sanitise import sanitise
from idprobe.load.search.comparing import comparable, comparisons
from idprobe.report.charts.load_section import FILE, read_load

__all__ = ["load_diff", "loads_in"]

SAME, REGRESSED, VOID = 0, 1, 4
OF_THE_RUN: Final = ("seed", "server_pid", "server_metrics", "phase_s")
"""Members of a plan that may be others, and the load is the same."""

_MOST_BYTES: Final = 128 * 2**20
Runs = Sequence[Mapping[str, Any]]


def loads_in(path: Path) -> tuple[Path, ...]:
    """Return the load results that a file or a folder is; none of an audit's.

    Raises UsageError for the folder of a run `--against`, which has two sides.
    """
    if path.is_file():
        return (path,) if _is_load(path) else ()
    if (path / "results.json").is_file():
        return ()
    if (path / FILE).is_file():
        return (path / FILE,)
    if any(path.glob(f"2-*/{FILE}")):
        raise UsageError(f"{path} has runs of two targets, which its repeats.json compares")
    return tuple(sorted(path.glob(f"1-*/{FILE}")))


def load_diff(old: Path, new: Path, *, as_json: bool) -> int:
    """Print what changed between two load results; return the exit code.

    1 if a figure is worse and that is no noise, or answers are wrong that were not; 4 if a side
    has no sound run.
    """
    before, after = ([read_load(path) for path in loads_in(side)] for side in (old, new))
    if not before or not after:
        raise UsageError("one is a load run and the other is none: diff compares like with like")
    found, wrong, odd = (
        comparisons(before, after),
        _wrong_now(before, after),
        _unlike(before, after),
    )
    if as_json:
        compared = [one.to_dict() for one in found]
        document = {"unlike": odd, "comparisons": compared, "wrong_now": wrong}
        click.echo(json.dumps(document, indent=2))
    else:
        for line in odd:
            click.echo(f"warning: {sanitise(line)}")
        for one in found:
            worse = "regression  " if one.is_worse else ""
            click.echo(f"{worse}{one.before.name}: {one.before.shown} -> {one.after.shown}")
            click.echo(f"  {one.verdict}")
        for rule in wrong:
            click.echo(f"regression  {rule}: answers are wrong that were not")
    if any(one.is_worse for one in found) or wrong:
        return REGRESSED
    return SAME if found else VOID


def _is_load(path: Path) -> bool:
    """Return whether a file says that it is of a load run."""
    try:
        document = json.loads(read_bounded(path, _MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and "scenario" in document


def _wrong_now(before: Runs, after: Runs) -> list[str]:
    """Return the requirements that answers broke in the second and not in the first."""
    return sorted(_broken(after) - _broken(before))


def _broken(runs: Runs) -> set[str]:
    judged = [run.get("judged", {}) for run in runs]
    return {rule for one in judged for rule, came in one.items() if came["wrong"]}


def _unlike(before: Runs, after: Runs) -> list[str]:
    """Return what makes two sides hard to compare: another load, another server, void runs."""
    then, now = dict(_terms(before[0])), dict(_terms(after[0]))
    found = [
        f"{name}: {then.get(name, 'none')} before, {now.get(name, 'none')} now"
        for name in sorted(then.keys() | now.keys())
        if then.get(name) != now.get(name)
    ]
    for when, runs in (("before", before), ("now", after)):
        void = sum(not comparable(run) for run in runs)
        found += (
            [f"{void} of {len(runs)} runs {when} say nothing: they are left out"] if void else []
        )
    return found


def _terms(run: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "scenario", run["scenario"]
    yield "target", run["target"]["name"]
    yield from ((name, value) for name, value in run["plan"].items() if name not in OF_THE_RUN)
