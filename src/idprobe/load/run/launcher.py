"""Starts a load run in a process of its own, waits for it, and reads what it measured.

The child is Locust with a scenario of ours: importing it patches the process, so not here.
"""

import os
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

from idprobe.errors import IdprobeError, ProbeError, ProfileError, UsageError
from idprobe.formats.strict_json import json_text
from idprobe.load.measure.histogram import enough_for
from idprobe.load.measure.memory import refuse_metrics
from idprobe.load.measure.recording import (
    Recording,
    Refusal,
)
from idprobe.load.pools import with_pools
from idprobe.load.run.budget import Budget
from idprobe.load.run.csv_file import write_csv
from idprobe.load.run.folder import writing
from idprobe.load.run.generator import STOPPED, Generator, LoadRun, environment_of
from idprobe.load.run.plan import (
    ISSUER,
    Closed,
    Plan,
)
from idprobe.load.run.result import LoadResult
from idprobe.load.scenarios import scenario_file
from idprobe.load.schedule.caps import enforce_limits
from idprobe.load.schedule.ramp import expected
from idprobe.model.profile import Profile, load_consent_missing
from idprobe.setup.embedded import served

__all__ = ["run_load", "run_web", "run_worker"]

RESULTS: Final = ("load.json", "load.csv", "plan.json", "locust.log")


def run_load(run: LoadRun, environ: Mapping[str, str] = os.environ) -> LoadResult:
    """Run load and return what came out; load.json and load.csv are written to the run's folder.

    Raises UsageError or ProfileError for a run that may not be made, or cannot as it was asked.
    A target that does not work, and a child that fails, are results; Ctrl-C goes on once what was
    measured by then, which is void, is written.
    """
    path = scenario_file(run.scenario)
    _refuse(run.profile, run.may_load)
    if run.plan.server_metrics is not None:
        refuse_metrics(run.plan.server_metrics, run.may_load)
    plan = enforce_limits(run.plan, run.profile)
    _refuse_short(plan, run.budget)
    with writing(run.out):
        run.out.mkdir(parents=True, exist_ok=True)
        _refuse_taken(run.out)
    started_at = datetime.now(UTC)
    try:
        with nullcontext(run.profile) if run.is_served else served(run.profile) as profile:
            child = Generator(path, profile, plan, run)
            outcome, died = child.run(environ)
    except ProbeError as error:
        profile, outcome, died = run.profile, Refusal(3, str(error)), None
    if isinstance(outcome, Refusal) and outcome.exit_code != 3:  # noqa: PLR2004 -- the code of an unusable target
        raise _as_usage(outcome)
    result = LoadResult(
        scenario=run.scenario,
        target=profile.name,
        issuer=profile.issuer,
        started_at=started_at,
        plan=plan,
        budget=run.budget,
        recording=outcome if isinstance(outcome, Recording) else Recording(),
        notes=tuple(_notes(run)),
        unusable=outcome.why if isinstance(outcome, Refusal) else None,
        died=died,
    )
    document = json_text(result.to_dict(), indent=1)
    with writing(run.out):
        (run.out / "load.json").write_text(document + "\n", encoding="utf-8")
        write_csv(result, run.out / "load.csv")
    if died == STOPPED:
        raise KeyboardInterrupt
    return result


def run_worker(
    scenario: str,
    profile: Profile,
    master: tuple[str, int],
    may_load: frozenset[str],
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Do what a master on another host says, until the run is over; return Locust's exit code.

    Raises UsageError or ProfileError for a run that may not be made from here. The figures go to
    the master.
    """
    host, port = master
    options = ("--worker", "--master-host", host, "--master-port", str(port))
    return _locust(scenario, profile, may_load, (*options, "--loglevel", "WARNING"), environ)


def run_web(
    scenario: str,
    profile: Profile,
    port: int,
    may_load: frozenset[str],
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Let Locust's own page on loopback start and stop load, until it is told to end.

    Raises UsageError or ProfileError for a run that may not be made; returns Locust's exit code.
    """
    with served(profile) as reached:
        options = ("--web-host", "127.0.0.1", "--web-port", str(port))
        given = {**environ, ISSUER: reached.issuer} if profile.embedded else environ
        return _locust(scenario, reached, may_load, options, given)


def _locust(
    scenario: str,
    profile: Profile,
    may_load: frozenset[str],
    options: Sequence[str],
    environ: Mapping[str, str],
) -> int:
    path = scenario_file(scenario)
    _refuse(profile, may_load)
    command = [sys.executable, "-m", "locust", "-f", str(path), *options]
    kept = environment_of(environ, profile, may_load)
    # it lets go of load when we are gone, however we end: see LIFELINE
    with subprocess.Popen(command, env=kept, stdin=subprocess.PIPE) as child:  # noqa: S603 -- our own command line
        return child.wait()


def _refuse(profile: Profile, may_load: frozenset[str]) -> None:
    """Raise UsageError or ProfileError unless load may be sent, and can be."""
    if not hasattr(select, "epoll"):
        raise UsageError(
            "load needs epoll, which Linux alone has: run it there, or in the image of the "
            "Dockerfile; every other verb works here"
        )
    if find_spec("locust") is None:
        raise UsageError("load needs Locust, which is not installed: pip install 'idprobe[load]'")
    missing = load_consent_missing(profile, may_load)
    if missing is not None:
        raise UsageError(missing)
    if not Path(profile.where).is_file():
        fix = "load needs a client's credentials: name a profile file that has them"
        raise ProfileError(profile.where, "", fix)
    with_pools(profile)


def _refuse_taken(folder: Path) -> None:
    """Raise OSError, before there is any load, where its results could not be written."""
    TemporaryFile(dir=folder).close()
    for path in (folder / name for name in RESULTS):
        if path.exists():
            path.open("ab").close()


def _refuse_short(plan: Plan, budget: Budget) -> None:
    """Raise UsageError for a percentile that the schedule has too few arrivals for."""
    if isinstance(plan.model, Closed):
        return
    count = round(expected(plan.model.steps(plan.duration_s)))
    for clause in budget.clauses:
        percent = clause.percent
        if percent is not None and not enough_for(percent, count):
            raise UsageError(
                f"{clause.text}: {count} arrivals are too few for {clause.measure}: "
                f"raise --duration or --rate"
            )


def _as_usage(refusal: Refusal) -> IdprobeError:
    return UsageError(refusal.why)


def _notes(run: LoadRun) -> list[str]:
    notes = [f"load on {host} allowed by --i-may-load" for host in sorted(run.may_load)]
    if run.profile.target.authorized_by:
        notes.insert(0, f"test authorised by {run.profile.target.authorized_by}")
    if run.profile.tls.insecure:
        notes.append("TLS certificates were not verified ([tls] insecure = true)")
    return notes
