"""The verb `load`."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource
from rich.console import Console

from idprobe.errors import UsageError
from idprobe.evidence.outputs import Files, claim, fresh_folder
from idprobe.load.measure.drift import FEWEST_WINDOWS
from idprobe.load.run.budget import DEFAULT_ERRORS, parse_budget
from idprobe.load.run.contradictions import refuse_contradictions
from idprobe.load.run.defaults import budget_text, with_defaults
from idprobe.load.run.folder import writing
from idprobe.load.run.generator import LoadRun
from idprobe.load.run.launcher import run_load, run_web, run_worker
from idprobe.load.run.plan import Closed, Model, Open, Plan
from idprobe.load.run.quantities import duration_ns, duration_s, per_second, place_of
from idprobe.load.run.table import print_load
from idprobe.load.schedule.caps import MOST_USERS
from idprobe.load.schedule.ramp import parse_ramp, peak_of
from idprobe.load.schedule.schedule import Spacing
from idprobe.load.search.limit import Effort, find_limit, print_limit
from idprobe.load.search.repeating import repeated
from idprobe.model.profile import Profile

__all__ = ["LOAD_FILES", "Picture", "Resolve", "add_load_command", "planned"]

_RUN_FILES: Final = (
    *("load.json", "load.csv", "load.html", "locust.log", "plan.json"),
    *("outcome-*.json", "second-*.json", "samples-*.har"),
)
_FILES: Final = (
    *_RUN_FILES,
    *(f"[0-9]*-[0-9]*/{name}" for name in _RUN_FILES),
    *(f"trial-[0-9]*/{name}" for name in _RUN_FILES),
    *("search.json", "search.html", "repeats.json"),
)
LOAD_FILES: Final = Files("load", _FILES, _FILES, ("load.json", "search.json", "repeats.json"))
"""What load runs write into their folder."""
UNUSABLE: Final = 3
MAX_DURATION_S: Final = 86_400.0
MAX_CONNECTIONS: Final = 20_000
MAX_REPEATS: Final = 100
MAX_WORKERS: Final = 64
WEB_PORT: Final = 8089

Resolve = Callable[[str | None], Profile]
Picture = Callable[[Mapping[str, Any], Path], None]
"""Draws a load.json or a search.json into a folder."""


def add_load_command(group: click.Group, resolve: Resolve, picture: Picture) -> None:
    """Attach the verb `load` to a group.

    `resolve` finds the profile of a target, `picture` draws what came out.
    """

    @group.command()
    @click.argument("scenario")
    @click.argument("target", required=False)
    @click.option(
        "--rate",
        metavar="RATE",
        help="Arrivals on a schedule that never waits: 200/s, or a ramp, "
        "'10/s..200/s over 30s, 200/s for 1m'.",
    )
    @click.option(
        "--users",
        type=click.IntRange(1, MOST_USERS),
        metavar="N",
        help="So many users in a closed loop instead.",
    )
    @click.option(
        "--arrivals",
        type=click.Choice([one.value for one in Spacing]),
        default="constant",
        show_default=True,
        help="How arrivals of --rate follow one another.",
    )
    @click.option(
        "--seed",
        type=click.IntRange(0),
        default=0,
        show_default=True,
        metavar="N",
        help="What poisson arrivals are drawn from: the same seed, the same arrivals.",
    )
    @click.option(
        "--duration",
        metavar="TIME",
        help="How long the steady state goes on.  [default: the profile's, else 10s]",
    )
    @click.option(
        "--warm-up",
        default="1s",
        show_default=True,
        metavar="TIME",
        help="Load before it, which is not counted; 0s for none.",
    )
    @click.option(
        "--connections",
        type=click.IntRange(1, MAX_CONNECTIONS),
        default=1024,
        show_default=True,
        metavar="N",
        help="The most callers of --rate at work at once.",
    )
    @click.option(
        "--callers",
        type=click.IntRange(1, MAX_CONNECTIONS),
        default=16,
        show_default=True,
        metavar="N",
        help="How many callers are prepared, where a scenario logs in first.",
    )
    @click.option(
        "--workers",
        type=click.IntRange(1, MAX_WORKERS),
        default=1,
        show_default=True,
        metavar="N",
        help="Share the load out among so many processes.",
    )
    @click.option(
        "--spin",
        is_flag=True,
        help="Never sleep: takes a processor for each worker, and is not late by waking up.",
    )
    @click.option(
        "--budget",
        metavar="CLAUSES",
        help=f"What decides: 'p95<250ms,errors<0.1%'; without errors, {DEFAULT_ERRORS} is added.  "
        f"[default: the profile's]",
    )
    @click.option(
        "--soak",
        metavar="TIME",
        help="Go on for so long and tell what drifts; instead of --duration.",
    )
    @click.option(
        "--server-pid",
        type=click.IntRange(1),
        metavar="PID",
        help="The server's process on this machine: --soak tells of its memory too.",
    )
    @click.option(
        "--server-metrics",
        metavar="URL",
        help="Where the server tells Prometheus of its memory, instead of --server-pid.",
    )
    @click.option(
        "--search",
        is_flag=True,
        help="Find the highest rate within the budget, instead of loading at one.",
    )
    @click.option(
        "--objective",
        metavar="CLAUSES",
        help="The budget of --search, by the name that fits there.",
    )
    @click.option(
        "--search-time",
        default="5m",
        show_default=True,
        metavar="TIME",
        help="How long --search may take.",
    )
    @click.option(
        "--search-requests",
        type=click.IntRange(1),
        metavar="N",
        help="How many requests --search may send.",
    )
    @click.option(
        "--repeat",
        type=click.IntRange(1, MAX_REPEATS),
        default=1,
        metavar="N",
        help="Make the run so often, and tell median and range.",
    )
    @click.option(
        "--against",
        metavar="TARGET",
        help="Load this one too, by turns, and compare (with --repeat 5 or more).",
    )
    @click.option(
        "--metrics-port",
        metavar="PORT",
        help="Serve the figures for Prometheus while it runs, at this port of loopback.",
    )
    @click.option("--output", "-o", type=click.Path(path_type=Path), help="Folder of the results.")
    @click.option(
        "--overwrite",
        is_flag=True,
        help="Replace the load run that is in that folder; nothing else that is there.",
    )
    @click.option(
        "--master",
        metavar="HOST:PORT",
        help="Share the load out to --workers on other hosts, who find us here.",
    )
    @click.option(
        "--worker-of",
        metavar="HOST:PORT",
        help="Do what the master there says; it has rate, duration and budget.",
    )
    @click.option(
        "--web",
        is_flag=True,
        help="Let Locust's own page start and stop load, at http://127.0.0.1:8089.",
    )
    @click.option(
        "--i-may-load",
        "may_load",
        multiple=True,
        metavar="HOST",
        help="The owner of this host agrees to load on it.",
    )
    @click.option(
        "--clean",
        is_flag=True,
        help="When load is over, revoke the tokens that are still known (RFC 7009).",
    )
    @click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
    def load(scenario: str, target: str | None, **options: Any) -> int:
        """Run a load SCENARIO against TARGET and hold it to a budget.

        TARGET is a profile file or the name of a shipped profile; without one the embedded
        reference server is loaded as `speakup`. Exit codes: 0 within budget, 1 budget exhausted
        or target down, 2 usage, 3 target unusable, 4 the run is void.

        \b
        idprobe load client_credentials acme.toml --rate 200/s --budget 'p95<250ms,errors<0.1%'
        idprobe load refresh_chain acme.toml --users 20 --duration 30s
        idprobe load client_credentials acme.toml --search --objective 'p95<200ms,errors<1%'
        idprobe load client_credentials old.toml --against new.toml --repeat 5 --rate 200/s
        """  # noqa: D301 -- \b is click's, and keeps the lines apart
        refuse_contradictions(_given(click.get_current_context()))
        targets = [target] if options["against"] is None else [target, options["against"]]
        if options["worker_of"] is not None:
            master, may_load = place_of(options["worker_of"]), frozenset(options["may_load"])
            return run_worker(scenario, resolve(target), master, may_load)
        if options["web"] and options["clean"]:
            raise UsageError("--clean belongs to a run that idprobe ends: leave --web out")
        if options["web"]:
            return run_web(scenario, resolve(target), WEB_PORT, frozenset(options["may_load"]))
        out = options["output"] or fresh_folder(f"load-{scenario}")
        runs = [_run(scenario, resolve(one), options, out) for one in targets]
        ours = claim(out, LOAD_FILES, overwrite=options["overwrite"])
        try:
            return _carried_out(runs, options, picture)
        finally:
            ours.release()


def _carried_out(runs: Sequence[LoadRun], options: dict[str, Any], picture: Picture) -> int:
    """Make the runs of a call, or the one that a search makes many of."""
    if options["search"]:
        return _searched(runs[0], options, picture)
    if len(runs) > 1 or options["repeat"] > 1:
        code = repeated(runs, options["repeat"], Console(stderr=options["as_json"]))
        _print_file(runs[0].out / "repeats.json", options)
        return code
    return _once(runs[0], picture, as_json=options["as_json"])


def _given(context: click.Context) -> dict[str, str]:
    """Return the options that stand on the command line: the name of each, and its spelling."""
    return {
        one.name: one.opts[0]
        for one in context.command.params
        if one.name and context.get_parameter_source(one.name) is ParameterSource.COMMANDLINE
    }


def _run(scenario: str, profile: Profile, options: dict[str, Any], out: Path) -> LoadRun:
    if options["search"]:  # it finds the rate itself
        objective = options["objective"] or options["budget"]
        options = {**options, "rate": "1/s", "users": None, "budget": objective}
    return LoadRun(
        scenario=scenario,
        profile=profile,
        plan=planned(profile, options),
        budget=parse_budget(budget_text(profile, scenario, options["budget"])),
        out=out,
        may_load=frozenset(options["may_load"]),
        master=None if options["master"] is None else place_of(options["master"]),
        metrics=options["metrics_port"],
        console=Console(stderr=True),
    )


def _searched(run: LoadRun, options: dict[str, Any], picture: Picture) -> int:
    console = Console(stderr=options["as_json"])
    effort = Effort(duration_s(options["search_time"]), options["search_requests"] or math.inf)
    limit = find_limit(run, effort, console)
    print_limit(limit, console)
    with writing(run.out):
        picture(limit.to_dict(), run.out)
    console.print(f"results: {run.out / 'search.html'}", soft_wrap=True)
    _print_file(run.out / "search.json", options)
    return limit.exit_code(run.budget)


def _print_file(path: Path, options: dict[str, Any]) -> None:
    """Print the results that a file has, where JSON was asked for."""
    if options["as_json"]:
        click.echo(path.read_text(encoding="utf-8"), nl=False)


def _once(run: LoadRun, picture: Picture, *, as_json: bool) -> int:
    result = run_load(run)
    with writing(run.out):
        picture(result.to_dict(), run.out)
    if as_json:
        click.echo(json.dumps(result.to_dict(), indent=1))
        return result.exit_code
    if result.unusable is not None:
        click.echo(f"idprobe: {result.unusable}", err=True)
        return UNUSABLE
    print_load(result, Console())
    click.echo(f"results: {run.out / 'load.html'}")
    return result.exit_code


def planned(profile: Profile, given: dict[str, Any]) -> Plan:
    """Return the plan of a command line, completed by the profile; raises UsageError for none."""
    options, is_timed = with_defaults(profile, given), given["duration"] is not None
    model = _model(options)
    return Plan(
        model,
        _seconds(model, options, is_timed=is_timed),
        _bounded(duration_ns(options["warm_up"]) / 1e9, f"--warm-up {options['warm_up']}"),
        options["callers"] if options["users"] is None else options["users"],
        options["workers"],
        options["soak"] is not None,
        options["server_pid"],
        options["server_metrics"],
        options["clean"],
        options["spin"],
    )


def _model(options: dict[str, Any]) -> Model:
    rate, users = options["rate"], options["users"]
    if (rate is None) == (users is None):
        raise UsageError("say how much load: either --rate, such as 200/s, or --users N")
    if users is not None:
        return Closed(users)
    ramp = parse_ramp(rate) if _is_ramp(rate) else ()
    return Open(
        peak_of(ramp) if ramp else per_second(rate),
        Spacing(options["arrivals"]),
        options["seed"],
        connections=options["connections"],
        ramp=ramp,
    )


def _is_ramp(rate: str) -> bool:
    return bool({"for", "over"} & set(rate.split())) or ".." in rate or "," in rate


def _seconds(model: Model, options: dict[str, Any], *, is_timed: bool) -> float:
    """Return how long the steady state is: a ramp says so itself."""
    if options["soak"] is not None:
        return _soak_s(model, options, is_timed=is_timed)
    if not isinstance(model, Open) or not model.ramp:
        return _duration_s(options["duration"])
    if is_timed:
        raise UsageError("--rate says itself how long each step is: leave --duration out")
    return _bounded(sum(step.seconds for step in model.ramp), "the ramp of --rate")


def _soak_s(model: Model, options: dict[str, Any], *, is_timed: bool) -> float:
    if is_timed or (isinstance(model, Open) and model.ramp):
        raise UsageError("--soak says how long, at one rate: leave --duration and steps out")
    seconds = _bounded(duration_s(options["soak"]), f"--soak {options['soak']}")
    if seconds < FEWEST_WINDOWS:
        raise UsageError(
            f"--soak {options['soak']} is too short for a trend: {FEWEST_WINDOWS}s or more"
        )
    return seconds


def _duration_s(text: str) -> float:
    return _bounded(duration_s(text), f"--duration {text}")


def _bounded(seconds: float, what: str) -> float:
    if seconds > MAX_DURATION_S:
        raise UsageError(f"{what} is more than a day: choose a shorter one")
    return seconds
