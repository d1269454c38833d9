"""Locust's users; the only module that imports Locust, which patches the process.

A scenario file subclasses FlowUser and names its kind of caller; Locust finds it there. Locust's
users only say how many callers there are to be: an engine in a thread of its own does their work,
and its statistics enter Locust's once a second.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import gevent
import psutil  # type: ignore[import-untyped]  # Locust brings it, without types
from gevent.event import Event
from locust import User, constant, events, stats, task  # noqa: TID251 -- the one module that may
from locust.argument_parser import LocustArgumentParser  # noqa: TID251 -- the one module that may
from locust.env import Environment  # noqa: TID251 -- the one module that may
from locust.runners import MasterRunner, WorkerRunner  # noqa: TID251 -- the one module that may

from idprobe.errors import IdprobeError, ProfileError, UsageError
from idprobe.load.callers import Caller
from idprobe.load.callers.context import LoadContext, load_context
from idprobe.load.locust.lifeline import end_with_parent
from idprobe.load.locust.merging import Merger, tell_exactly
from idprobe.load.locust.target import target_profile
from idprobe.load.measure.memory import Scraped
from idprobe.load.measure.metrics import serve_metrics
from idprobe.load.measure.recording import (
    Recording,
    Refusal,
    outcome_path,
    outcome_text,
    second_path,
    write_outcome,
)
from idprobe.load.measure.sampling import samples_path, samples_text, write_samples
from idprobe.load.measure.windows import Window
from idprobe.load.run.live import second_text
from idprobe.load.run.plan import LIFELINE, METRICS, PLAN, PROFILE, Plan
from idprobe.load.run.quantities import place_of
from idprobe.load.run.worker import LoadWorker, preflight
from idprobe.load.schedule.caps import enforce_limits, refuse_distributed
from idprobe.load.tokens.unrevoked import UnrevokedTokens

__all__ = ["FlowUser"]

TICK_S = 0.2
FOREVER_S = 86_400.0
READY_MESSAGE = "idprobe_ready"
PLAN_MESSAGE = "idprobe_plan"
OUTCOME_MESSAGE = "idprobe_outcome"
SECOND_MESSAGE = "idprobe_second"
STOP_MESSAGE = "idprobe_stop"
STOPPED_MESSAGE = "idprobe_stopped"
STRIDE = 64
"""How far callers of one process lie apart where nobody says how many processes there are."""
MAX_SAMPLES = 8_000_000
"""A worker whose samples are longer keeps them to itself."""
CSV_S = 1.2
"""Locust writes its CSV files each second, and not once more at the end."""


class FlowUser(User):
    """One caller of many: subclass it and say which kind."""

    abstract = True
    caller: ClassVar[type[Caller]]
    work: ClassVar[LoadWorker | None] = None
    early: ClassVar[int] = 0
    """How many came before there was an engine: those of a worker that waits for the plan."""
    wait_time = constant(FOREVER_S)

    def on_start(self) -> None:
        """Come: the engine has one caller more."""
        self._join(1)

    @task
    def wait_for_the_engine(self) -> None:
        """Do nothing: the engine does it."""

    def on_stop(self) -> None:
        """Go: the engine has one caller less."""
        self._join(-1)

    def _join(self, change: int) -> None:
        if self.work is None:
            type(self).early += change
        else:
            self.work.join_one(change)


class _Run:
    """What happens between the start and the end of a test in this process."""

    def __init__(self, environment: Environment, context: LoadContext, plan: Plan | None) -> None:
        self._environment = environment
        self._context = context
        self._plan = plan
        self._user_class = _user_class(environment)
        self._merger = Merger(environment)
        self._place = 0
        self._told = False
        self._shown: tuple[Window, int] | None = None
        self._planned = Event()
        self._stopped: set[str] = set()
        self._work: LoadWorker | None = None

    def share_out(self) -> None:
        """Let a master tell its workers the plan when they ask, and hear what they say."""
        runner = self._environment.runner
        if isinstance(runner, WorkerRunner):
            runner.register_message(PLAN_MESSAGE, self._hear_plan)
            runner.register_message(STOP_MESSAGE, self._hear_stop)
            runner.send_message(READY_MESSAGE)
        elif isinstance(runner, MasterRunner):
            runner.register_message(READY_MESSAGE, self._answer)
            runner.register_message(OUTCOME_MESSAGE, self._hear_outcome)
            runner.register_message(SECOND_MESSAGE, self._hear_second)
            runner.register_message(STOPPED_MESSAGE, self._hear_stopped)

    def _answer(self, msg: Any, **_others: Any) -> None:
        plan = None if self._plan is None else json.dumps(self._plan.to_dict())
        runner = self._environment.runner
        if runner is not None:
            runner.send_message(PLAN_MESSAGE, plan, msg.node_id)

    def _hear_plan(self, msg: Any, **_others: Any) -> None:
        self._plan = None if msg.data is None else Plan.from_dict(json.loads(msg.data))
        self._planned.set()

    def _hear_outcome(self, msg: Any, **_others: Any) -> None:
        place, said = os.environ.get(PLAN), msg.data
        if place is not None:
            number = int(said["place"])
            write_samples(samples_path(Path(place), number), said["samples"])
            write_outcome(outcome_path(Path(place), number), said["text"])

    def _hear_second(self, msg: Any, **_others: Any) -> None:
        place = os.environ.get(PLAN)
        if place is not None:
            write_outcome(second_path(Path(place), int(msg.data["place"])), msg.data["text"])

    def start(self, **_others: Any) -> None:
        """Start the engine, and look after it; a worker does when it knows the plan."""
        runner = self._environment.runner
        if isinstance(runner, WorkerRunner):
            gevent.spawn(self._start_worker, runner)
        elif not isinstance(runner, MasterRunner):
            self._begin(self._plan)

    def _start_worker(self, runner: WorkerRunner) -> None:
        # here and not in `start`, which holds up the messages that it would wait for
        self._planned.wait()
        plan = self._plan
        try:
            self._heed(plan)
        except UsageError as error:
            self._refuse(runner, error)
            return
        self._place = self._context.offset = runner.worker_index
        self._context.stride = STRIDE if plan is None else plan.workers
        self._begin(None if plan is None else plan.part(self._place))

    def _heed(self, plan: Plan | None) -> None:
        """Raise UsageError where a worker is to do more than its own profile allows."""
        if plan is None:
            refuse_distributed(self._context.profile)
        else:
            enforce_limits(plan, self._context.profile, self._context.cost)

    def _refuse(self, runner: WorkerRunner, error: UsageError) -> None:
        sys.stderr.write(f"idprobe: {error}\n")
        self._environment.process_exit_code = 2
        if self._plan is not None:
            self._place = runner.worker_index
            self._report(runner, Refusal(2, str(error)))
        runner.quit()

    def _begin(self, plan: Plan | None) -> None:
        limits = self._context.profile.limits
        if plan is None and limits.concurrency is not None:
            where = f"limits.concurrency of {self._context.profile.where}"
            sys.stderr.write(f"idprobe: at most {limits.concurrency} users work at once: {where}\n")
        work = self._work = LoadWorker(self._context, self._user_class.caller, plan)
        work.join_one(self._user_class.early)
        self._user_class.work = work
        work.start()
        gevent.spawn(self._look_after, work)
        if work.scraped is not None:
            gevent.spawn(self._scrape, work, work.scraped)

    def _hear_stop(self, **_others: Any) -> None:
        """Stop, and report before it is told: a master that quits waits half a second for that."""
        runner = self._environment.runner
        self.stop()
        if isinstance(runner, WorkerRunner):
            runner._send_stats()  # noqa: SLF001 -- Locust has no other way to report at once
            runner.send_message(STOPPED_MESSAGE)

    def _hear_stopped(self, msg: Any, **_others: Any) -> None:
        self._stopped.add(msg.node_id)

    def stop_all(self, **_others: Any) -> None:
        """Stop here, or let a master without a plan wait until its workers have stopped."""
        runner = self._environment.runner
        if isinstance(runner, MasterRunner) and self._plan is None:
            self._stopped.clear()
            runner.send_message(STOP_MESSAGE)
            missing = {one.id for one in runner.clients.missing}
            awaited = {one.id for one in runner.clients.all} - missing
            self._wait(lambda: awaited <= self._stopped)
        self.stop()

    def stop(self) -> None:
        """Let callers finish, at most as long as an exchange may take."""
        work = self._work
        if work is None:
            return
        work.leave()
        self._wait(lambda: work.done)
        work.stop()
        self._merger.merge(work.engine.counters.outbox)

    def _wait(self, is_over: Callable[[], bool]) -> None:
        left_s = self._context.profile.limits.exchange_s + 1
        while not is_over() and left_s > 0:
            gevent.sleep(TICK_S / 4)
            left_s -= TICK_S / 4

    def break_off(self) -> None:
        """Send nothing more."""
        if self._work is not None:
            self._work.stop()

    def write(self, **_others: Any) -> None:
        """Say what was recorded, where `idprobe load` asks for it, and keep samples."""
        place = os.environ.get(PLAN)
        self.stop()
        options = self._environment.parsed_options
        if options is not None and options.csv_prefix:
            gevent.sleep(CSV_S)
        if place is not None and self._work is not None:
            self._tell(self._work)

    def _tell(self, work: LoadWorker) -> None:
        """Tell the master, or the process that waits for us, what was recorded; once."""
        if self._told:
            return
        self._told = True
        outcome = work.recording if work.refusal is None else Refusal(3, work.refusal)
        runner, place = self._environment.runner, os.environ.get(PLAN)
        samples = samples_text(work.engine.samples, self._context.profile)
        if isinstance(runner, WorkerRunner):
            if len(samples) > MAX_SAMPLES:
                samples = ""
            self._report(runner, outcome, samples)
        elif place is not None:
            write_samples(samples_path(Path(place), self._place), samples)
            write_outcome(outcome_path(Path(place), self._place), outcome_text(outcome))

    def _report(
        self, runner: WorkerRunner, outcome: Recording | Refusal, samples: str = ""
    ) -> None:
        said = {"place": self._place, "text": outcome_text(outcome), "samples": samples}
        runner.send_message(OUTCOME_MESSAGE, said)

    def _show(self, work: LoadWorker) -> None:
        """Tell the process that waits for us what the last second was like, once."""
        latest, place = work.latest, os.environ.get(PLAN)
        if latest is None or latest is self._shown:
            return
        self._shown = latest
        runner = self._environment.runner
        if isinstance(runner, WorkerRunner):
            said = {"place": self._place, "text": second_text(*latest)}
            runner.send_message(SECOND_MESSAGE, said)
        elif place is not None:
            write_outcome(second_path(Path(place), self._place), second_text(*latest))

    def _scrape(self, work: LoadWorker, scraped: Scraped) -> None:
        while not work.done:
            scraped.ask()
            gevent.sleep(TICK_S)

    def _look_after(self, work: LoadWorker) -> None:
        while not work.done:
            gevent.sleep(TICK_S)
            if self._plan is not None:
                self._show(work)
            self._merger.merge(work.engine.counters.outbox)
        broken = work.refusal or work.recording.fault
        runner, stopped = self._environment.runner, work.recording.stopped
        if broken is not None or stopped is not None:
            sys.stderr.write(f"idprobe: {broken or stopped}\n")
            self._environment.process_exit_code = 1 if broken is None else 4
        if runner is not None and stopped is not None and self._plan is None:
            # the page of --web stays, and may start the next test
            runner.stop() if self._environment.web_ui else runner.quit()
        elif runner is not None and (self._plan is not None or broken is not None):
            if isinstance(runner, WorkerRunner) and self._plan is not None:
                self._tell(work)
            runner.quit()


def _add_arguments(parser: LocustArgumentParser) -> None:
    parser.add_argument(
        "--idprobe-profile",
        env_var=PROFILE,
        default="speakup",
        metavar="PROFILE",
        help="The idprobe profile of the server: a file, or the name of a shipped one.",
    )
    parser.add_argument(
        "--idprobe-metrics",
        env_var=METRICS,
        default="",
        metavar="PORT",
        help="Serve the figures for Prometheus at this port of loopback, or at HOST:PORT.",
    )


def _prepare(environment: Environment, **_others: Any) -> None:
    """Make sure that one iteration works before there is load; else say why and leave."""
    place = os.environ.get(PLAN)
    try:
        plan = Plan.read(Path(place)) if place else None
        options = environment.parsed_options
        profile = target_profile(options.idprobe_profile if options else "speakup")
        user_class = _user_class(environment)
        context = load_context(profile)
        if plan.clean if plan else isinstance(environment.runner, WorkerRunner):
            context.findings.unrevoked = UnrevokedTokens()
        preflight(context, user_class.caller)
        if plan is not None:
            enforce_limits(plan, profile, context.cost)
        elif isinstance(environment.runner, MasterRunner) or (options and options.processes):
            refuse_distributed(profile)
        if options and options.idprobe_metrics and not isinstance(environment.runner, WorkerRunner):
            serve_metrics(environment, place_of(options.idprobe_metrics, "127.0.0.1"))
    except IdprobeError as error:
        is_usage = isinstance(error, ProfileError | UsageError)
        refusal = Refusal(2 if is_usage else 3, str(error))
        if place:
            write_outcome(outcome_path(Path(place)), outcome_text(refusal))
        sys.stderr.write(f"idprobe: {refusal.why}\n")
        if isinstance(environment.runner, MasterRunner):
            # workers that Locust has forked would look for their master for minutes
            for child in psutil.Process().children():
                child.terminate()
        sys.exit(refusal.exit_code)
    run = _Run(environment, context, plan)
    run.share_out()
    if os.environ.get(LIFELINE):
        gevent.spawn(end_with_parent, run.break_off)
    _listen(environment.events.test_start, run.start)
    _listen(environment.events.test_stopping, run.stop_all)
    _listen(environment.events.quitting, run.write)


def _listen(hook: Any, listener: Callable[..., None]) -> None:
    hook.add_listener(listener)


def _user_class(environment: Environment) -> type[FlowUser]:
    found = [one for one in environment.user_classes if issubclass(one, FlowUser)]
    if len(found) != 1:
        raise UsageError(
            f"a scenario has one class of users with a flow, this one has {len(found)}"
        )
    return found[0]


# Locust loads a scenario file, then fires these events: there is no later moment to register.
_listen(events.init_command_line_parser, _add_arguments)
_listen(events.init, _prepare)
tell_exactly(stats)
