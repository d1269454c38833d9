"""The load generator: Locust in a process of its own."""

import json
import math
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console

from idprobe.load.measure.merged import merged
from idprobe.load.measure.recording import (
    Recording,
    Refusal,
    outcome_path,
    read_outcome,
    second_path,
)
from idprobe.load.run.budget import Budget
from idprobe.load.run.live import Seconds, shown_live
from idprobe.load.run.plan import (
    CLEAN_S,
    ISSUER,
    LIFELINE,
    MAY_LOAD,
    METRICS,
    PLAN,
    PROFILE,
    Closed,
    Plan,
)
from idprobe.model.profile import Profile

__all__ = ["STOPPED", "Generator", "LoadRun", "ended_within", "environment_of"]

STARTUP_S: Final = 30.0
"""How long Locust may take to start and to end, on a busy machine."""
PREPARATION_S: Final = 120.0
"""How long the logins may take that some scenarios begin with."""
LOGIN_REQUESTS: Final = 30
"""More than one login takes, for those that have to wait for their turn."""
LOOK_S: Final = 0.4
"""How often it is looked at what a run is like."""
GRACE_S: Final = 2.0
"""How long a child may take to end, besides its last exchange."""
STOPPED: Final = "the run was stopped before its end"
PREFLIGHT_REQUESTS: Final = 4
WORKERS_S: Final = 120.0
"""How long a master waits for workers on other hosts."""


def ended_within(child: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait asleep, and return whether a child has ended.

    Popen.wait with a timeout wakes dozens of times a second, and the load is late for it: it is
    for systems that cannot be asked otherwise.
    """
    try:
        descriptor = os.pidfd_open(child.pid)
    except (AttributeError, OSError):
        with suppress(subprocess.TimeoutExpired):
            child.wait(seconds)
        return child.poll() is not None
    try:
        waiter = select.poll()
        waiter.register(descriptor, select.POLLIN)
        waiter.poll(seconds * 1000)
    finally:
        os.close(descriptor)
    return child.poll() is not None


@dataclass(frozen=True, slots=True)
class LoadRun:
    """What to run against what, and where the results go."""

    scenario: str
    profile: Profile
    plan: Plan
    budget: Budget
    out: Path
    may_load: frozenset[str] = frozenset()
    master: tuple[str, int] | None = None
    """Where workers on other hosts find us, who only share the load out; None to do it here."""
    metrics: str | None = None
    """Where the figures are served for Prometheus while it runs: a port, or HOST:PORT."""
    console: Console | None = None
    """Where the figures are shown while it runs; None for nowhere."""
    is_served: bool = False
    """Whether the embedded server of the profile runs already, at the profile's issuer."""


@dataclass(frozen=True, slots=True)
class Generator:
    """Locust in a process of its own, told what to do by a plan file and the environment."""

    path: Path
    profile: Profile
    plan: Plan
    run_of: LoadRun

    def run(self, environ: Mapping[str, str]) -> tuple[Recording | Refusal | None, str | None]:
        """Return what the child said, and how it failed, if it did."""
        folder = self.run_of.out.resolve()
        plan_path = folder / "plan.json"
        places = [outcome_path(plan_path, place) for place in range(self.plan.workers)]
        seconds = [second_path(plan_path, place) for place in range(self.plan.workers)]
        for path in (*places, *seconds, *folder.glob("samples-*.har")):
            path.unlink(missing_ok=True)
        plan_path.write_text(json.dumps(self.plan.to_dict()), encoding="utf-8")
        log = folder / "locust.log"
        with (
            log.open("wb") as stream,
            # it lets go of load when we are gone, however we end: see LIFELINE
            subprocess.Popen(  # noqa: S603 -- our own command line
                self._command(),
                env=self._environment(environ, plan_path),
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=stream,
                stderr=subprocess.STDOUT,
                # else Ctrl-C would reach it as well, wherever it is, and what it measured be lost
                start_new_session=True,
            ) as child,
            shown_live(Seconds(seconds, self.plan), self.run_of.console) as look,
        ):
            died = self._wait(child, look)
        outcomes = [read_outcome(path) for path in places]
        for left in (plan_path, *places, *seconds):
            left.unlink(missing_ok=True)
        how = f"ended with status {child.returncode} and left no result: see {log}"
        return _summed(outcomes, died, how)

    def _wait(self, child: subprocess.Popen[bytes], look: Callable[[], None]) -> str | None:
        """Wait for the child, at most as long as it can need; then end it and say so."""
        exchange_s = self.profile.limits.exchange_s
        planned_s = self.plan.warm_up_s + self.plan.duration_s
        allowed_s = STARTUP_S + planned_s + PREPARATION_S + (PREFLIGHT_REQUESTS + 4) * exchange_s
        allowed_s += 0 if self.run_of.master is None else WORKERS_S
        allowed_s += CLEAN_S + exchange_s if self.plan.clean else 0
        per_s = self.profile.limits.requests_per_second
        allowed_s += 0 if per_s is None else self.plan.callers * LOGIN_REQUESTS / per_s
        until = time.monotonic() + allowed_s
        try:
            while time.monotonic() < until:
                if ended_within(child, LOOK_S):
                    return None
                look()
        except KeyboardInterrupt:
            # who presses it again does not wait for what was measured
            with suppress(KeyboardInterrupt):
                self._stop(child)
            return STOPPED
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        return f"the load generator did not end within {allowed_s:.0f} s"

    def _stop(self, child: subprocess.Popen[bytes]) -> None:
        """Let a child end, and tell its tale."""
        child.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.wait(self.profile.limits.exchange_s + GRACE_S)

    def _command(self) -> list[str]:
        model = self.plan.model
        workers = self.plan.workers
        # an open schedule is carried by the engine: each worker needs one user to begin
        users = str(model.users if isinstance(model, Closed) else workers)
        exchange_s = self.profile.limits.exchange_s
        stop_s = str(math.ceil(exchange_s) + 1 if isinstance(model, Closed) else 1)
        return [
            *(sys.executable, "-m", "locust", "-f", str(self.path), "--headless", "--only-summary"),
            *("--users", users, "--spawn-rate", users, "--stop-timeout", stop_s),
            *("--loglevel", "WARNING", "--exit-code-on-error", "0"),
            *self._sharing(),
        ]

    def _sharing(self) -> Iterator[str]:
        """Yield what makes Locust share the load out, to processes here or to those of others."""
        workers, master = self.plan.workers, self.run_of.master
        if master is None and workers == 1:
            return
        if master is None:
            yield from ("--processes", str(workers), *_at("127.0.0.1", _free_port()))
            yield from ("--expect-workers-max-wait", str(round(STARTUP_S)))
            return
        yield from ("--master", *_at(*master), "--expect-workers", str(workers))
        yield from ("--expect-workers-max-wait", str(round(WORKERS_S)))

    def _environment(self, environ: Mapping[str, str], plan_path: Path) -> dict[str, str]:
        kept = environment_of(environ, self.profile, self.run_of.may_load) | {PLAN: str(plan_path)}
        if self.run_of.metrics is not None:
            kept[METRICS] = self.run_of.metrics
        if self.profile.embedded is not None:
            kept[ISSUER] = self.profile.issuer
        return kept


def environment_of(
    environ: Mapping[str, str], profile: Profile, may_load: frozenset[str]
) -> dict[str, str]:
    """Return the environment of a Locust: ours, without settings of its own that bend the run."""
    kept = {name: value for name, value in environ.items() if not name.startswith("LOCUST_")}
    kept |= {
        PROFILE: str(Path(profile.where).resolve()),
        MAY_LOAD: ",".join(sorted(may_load)),
        LIFELINE: "stdin",
    }
    if profile.embedded is None:
        kept.pop(ISSUER, None)
    return kept


def _summed(
    outcomes: Sequence[Recording | Refusal | None], died: str | None, how: str
) -> tuple[Recording | Refusal | None, str | None]:
    """Return what all workers came to; a lost one makes the run void."""
    refusal = next((one for one in outcomes if isinstance(one, Refusal)), None)
    if refusal is not None:
        return refusal, died
    recordings = [one for one in outcomes if isinstance(one, Recording)]
    lost, count = len(outcomes) - len(recordings), len(outcomes)
    if lost and died is None:
        who = "the load generator" if count == 1 else f"{lost} of {count} workers"
        died = f"{who} {how}"
    return merged(recordings) if recordings else None, died


def _at(host: str, port: int) -> tuple[str, ...]:
    own = ("--master-bind-host", host, "--master-bind-port", str(port))
    return (*own, "--master-port", str(port))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
