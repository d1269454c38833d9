"""Locust users that run flows; the only module that imports Locust, which patches the process.

A scenario file subclasses FlowUser and names a flow; Locust finds it there. With a plan (`idprobe
load`) one user carries an open schedule, or many run in a closed loop; without one (plain `locust`)
they run in a closed loop, and Locust reports.
"""

import os
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import gevent
from locust import User, events, task  # noqa: TID251 -- the one module that may
from locust.argument_parser import LocustArgumentParser  # noqa: TID251 -- the one module that may
from locust.env import Environment  # noqa: TID251 -- the one module that may
from locust.exception import StopUser  # noqa: TID251 -- the one module that may

from idprobe.content import content
from idprobe.errors import IdprobeError, ProbeError, ProfileError, UsageError
from idprobe.exchange import Request
from idprobe.flows import Flow
from idprobe.load.iterating import Iterations, prepared
from idprobe.load.plan import MAY_TEST, PLAN, PROFILE, Closed, Open, Plan, reachable
from idprobe.load.recording import Refusal, outcome_path, write_outcome
from idprobe.load.schedule import Arrivals
from idprobe.profile import Profile, Provider, Role, consent_missing, load_profile

__all__ = ["FlowUser"]


class FlowUser(User):
    """A caller that runs one flow over and over: subclass it, and say `role` and `flow`."""

    abstract = True
    role: ClassVar[Role] = Role.SERVICE
    plan: ClassVar[Plan | None] = None
    iterations: ClassVar[Iterations]

    @classmethod
    def flow(cls, provider: Provider) -> Flow[Any]:
        """Return the flow of one iteration."""
        raise NotImplementedError

    @task
    def iterate(self) -> None:
        """Run the flow once, or the whole schedule if the plan has one."""
        if self.plan is not None and isinstance(self.plan.model, Open):
            self._follow(self.plan.model, self.plan.duration_s)
        now = time.perf_counter_ns()
        self.iterations.recording.scheduled += 1
        self._run_one(now)

    def _follow(self, model: Open, duration_s: float) -> None:
        schedule = Arrivals(model.rate_per_s, duration_s, model.spacing, model.seed)
        self.iterations.follow(schedule, model, _Greenlets(), self._run_one)
        gevent.spawn(_quit, self.environment)
        raise StopUser

    def _run_one(self, intended_ns: int) -> None:
        self.iterations.run_one(self.flow, intended_ns, self._report)

    def _report(self, request: Request, elapsed_ns: int, size: int, failure: str | None) -> None:
        self.environment.events.request.fire(
            request_type=request.method,
            name=request.path,
            response_time=elapsed_ns / 1e6,
            response_length=size,
            exception=None if failure is None else ProbeError(failure),
            context=self.context(),
        )


class _Greenlets:
    """gevent's clock, sleep and greenlets, for the open loop."""

    def now_ns(self) -> int:
        return time.perf_counter_ns()

    def sleep(self, seconds: float) -> None:
        gevent.sleep(seconds)

    def spawn(self, work: Callable[[], None]) -> None:
        gevent.spawn(work)


def _add_arguments(parser: LocustArgumentParser) -> None:
    parser.add_argument(
        "--idprobe-profile",
        env_var=PROFILE,
        default="speakup",
        metavar="PROFILE",
        help="The idprobe profile of the server: a file, or the name of a shipped one.",
    )


def _prepare(environment: Environment, **_others: Any) -> None:
    """Make sure that one iteration works before there is load; else say why and leave."""
    place = os.environ.get(PLAN)
    try:
        plan = Plan.read(Path(place)) if place else None
        options = environment.parsed_options
        profile = reachable(_profile(options.idprobe_profile if options else "speakup"))
        _refuse_without_consent(profile)
        (user_class,) = _user_classes(environment)
        provider = prepared(profile, user_class.role, user_class.flow)
    except IdprobeError as error:
        is_usage = isinstance(error, ProfileError | UsageError)
        refusal = Refusal(2 if is_usage else 3, str(error))
        if place:
            write_outcome(outcome_path(Path(place)), refusal)
        sys.stderr.write(f"idprobe: {refusal.why}\n")
        sys.exit(refusal.exit_code)
    user_class.plan, user_class.iterations = plan, Iterations(provider)
    if plan is not None and place is not None:
        _carry_out(environment, plan, user_class.iterations, outcome_path(Path(place)))


def _carry_out(environment: Environment, plan: Plan, iterations: Iterations, out: Path) -> None:
    """End a closed run when its time is up, and write at the end what was recorded."""
    recording = iterations.recording

    def time_is_up() -> None:
        recording.complete = True
        _quit(environment)

    def start(**_others: Any) -> None:
        if isinstance(plan.model, Closed):
            recording.begin(time.perf_counter_ns())
            gevent.spawn_later(plan.duration_s, time_is_up)

    def write(**_others: Any) -> None:
        iterations.finish(complete=recording.complete)
        write_outcome(out, recording)

    _listen(environment.events.test_start, start)
    _listen(environment.events.quitting, write)


def _listen(hook: Any, listener: Callable[..., None]) -> None:
    hook.add_listener(listener)


def _quit(environment: Environment) -> None:
    if environment.runner is not None:
        environment.runner.quit()


def _user_classes(environment: Environment) -> tuple[type[FlowUser]]:
    found = [one for one in environment.user_classes if issubclass(one, FlowUser)]
    if len(found) != 1:
        raise UsageError(
            f"a scenario has one class of users with a flow, this one has {len(found)}"
        )
    return (found[0],)


def _profile(target: str) -> Profile:
    path = Path(target)
    if not path.exists():
        shipped = content("fixtures", "providers", f"{target}.toml")
        path = shipped if shipped.exists() else path
    return load_profile(path, os.environ)


def _refuse_without_consent(profile: Profile) -> None:
    may_test = frozenset(filter(None, os.environ.get(MAY_TEST, "").split(",")))
    missing = consent_missing(profile, date.today(), may_test)  # noqa: DTZ011 -- `until` is a day where the run is made
    if missing is not None:
        raise UsageError(missing)


# Locust loads a scenario file, then fires these events: there is no later moment to register.
_listen(events.init_command_line_parser, _add_arguments)
_listen(events.init, _prepare)
