"""One run of load in this process: an engine in a thread, its scheduler, and what was recorded."""

import gc
import math
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from typing import Final

from idprobe.errors import IdprobeError, ProbeError
from idprobe.load.callers import Caller
from idprobe.load.callers.context import LoadContext, run_flow_counted
from idprobe.load.engine.engine import Engine, VirtualUser
from idprobe.load.engine.rate_limiter import LIMIT_EXHAUSTED, RateLimiter
from idprobe.load.engine.unpatched import unpatched
from idprobe.load.engine.wakeup import wake_on_time
from idprobe.load.measure.memory import Scraped, memory_of, unknown
from idprobe.load.measure.monitor import Monitor
from idprobe.load.measure.recording import UNFINISHED, Recording
from idprobe.load.measure.windows import Window
from idprobe.load.run.plan import Open, Plan
from idprobe.load.schedule.caps import MOST_REQUESTS, MOST_USERS, Cost
from idprobe.load.schedule.phases import AvailabilityCheck, Conclusion, Preparation
from idprobe.load.schedule.ramp import Step
from idprobe.load.schedule.schedule import Arrivals
from idprobe.load.schedule.schedulers import ClosedScheduler, OpenScheduler, PhaseTimes
from idprobe.load.schedule.user_pool import VirtualUserPool
from idprobe.load.tokens.introspection import introspection_note, introspectors
from idprobe.load.tokens.revoking import revokers

__all__ = ["LoadWorker", "preflight"]

UNBOUNDED: Final = 1 << 30
TOGETHER: Final = 8
"""So many callers prepare themselves, or conclude, at once."""
NO_MORE: Final = "stopped: the host of the generator could not open connections"
MOST_CONCLUDING: Final = 64
LOOK_AGAIN_S: Final = 2.0
"""So long a target that gave no answer at the end of load is asked again."""
REST_S: Final = 0.2
SWITCH_S: Final = 0.0001
"""So long Locust's thread keeps the interpreter when the engine wants it: 5 ms is Python's own."""
GARBAGE: Final = 50_000
"""So many objects are made before the collector of cycles looks at them."""


def preflight(context: LoadContext, kind: type[Caller]) -> None:
    """Show that one iteration works, and count its requests; raises ProbeError that says why not.

    Of a mixture every kind is tried; one that does not work shows when load runs, if others do.
    """
    caller = kind(context, 0)
    try:
        _, prepare = run_flow_counted(context.transport, caller.prepare())
        context.cost = Cost(prepare if kind.prepares else 0, _mean(context, caller))
    except ProbeError as error:
        client = caller.provider.client.name
        raise ProbeError(
            f"no load was sent, since one try as client {client} failed: {error}"
        ) from None


def _mean(context: LoadContext, caller: Caller) -> float:
    """Return how many requests an iteration takes, of a mixture on average."""
    failed: ProbeError | None = None
    requests = weights = 0.0
    for part, weight in caller.parts:
        try:
            _, count = run_flow_counted(context.transport, part.iterate())
        except ProbeError as error:
            failed = error
        else:
            requests += count * weight
            weights += weight
    if failed is not None and not weights:
        raise failed
    return requests / weights


class LoadWorker:
    """The engine of one run, in a thread of its own."""

    def __init__(self, context: LoadContext, kind: type[Caller], plan: Plan | None) -> None:
        self._context: Final = context
        self._kind: Final = kind
        self._plan: Final = plan
        self._patience_s: Final = context.profile.limits.exchange_s
        self._closed: ClosedScheduler | None = None
        self._wanted = 0
        self._left = False
        limits, workers = context.profile.limits, 1 if plan is None else plan.workers
        context.transport.rate_limiter = RateLimiter.of(limits, workers)
        self._together: Final = max(1, min(TOGETHER, (limits.concurrency or TOGETHER) // workers))
        if plan is None or not plan.clean:
            context.findings.unrevoked = None
        self.most_users: Final = MOST_USERS if plan else limits.concurrency or MOST_USERS
        """How many users are at work at most, however many somebody else lets come."""
        self.recording: Final = Recording()
        self.engine: Final = Engine(context.transport, spins=plan is not None and plan.spin)
        self.refusal: str | None = None
        self.done = False
        url = None if plan is None else plan.server_metrics
        self.scraped: Final = None if url is None else Scraped(url)
        """What somebody else has to ask for every now and then, while the engine is at work."""
        self._monitor: Monitor | None = None

    @property
    def latest(self) -> tuple[Window, int] | None:
        """What the last second was like, and how many iterations have failed so far."""
        return None if self._monitor is None else self._monitor.latest

    def start(self) -> None:
        """Start the thread, with as many open files as the system allows."""
        import resource  # noqa: PLC0415 -- POSIX has it, and the engine runs nowhere else

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self._unburden()
        sys.setswitchinterval(SWITCH_S)
        unpatched("_thread", "start_new_thread")(self.run, ())

    def join_one(self, change: int) -> None:
        """Let a user of a closed loop come, or go with -1."""
        self._wanted += change
        if self._closed is not None:
            self._closed.wanted = min(self._wanted, self.most_users)

    def leave(self) -> None:
        """Let everybody finish what they are at."""
        self._left = True
        if self._closed is not None:
            self._closed.leave()

    def stop(self) -> None:
        """Break off."""
        self.engine.stop()

    def run(self) -> None:
        """Do everything in this thread; nothing is raised, `recording` says what broke."""
        wake_on_time()
        try:
            self._carry_out()
        except IdprobeError as error:
            # a wrong answer in the preparation is a finding, not a target that cannot be used
            # and a connection that this host cannot open says nothing of the target
            is_ours = self._context.findings.kinds or self.engine.shortages
            self.refusal = None if is_ours else str(error)
        except BaseException as error:  # noqa: BLE001 -- whatever it is, the run is void and says so
            self.recording.fault = f"{type(error).__name__}: {error}"[:200]
        finally:
            self._note_findings()
            self.engine.close()
            self.done = True

    def _carry_out(self) -> None:
        engine, recording, plan = self.engine, self.recording, self._plan
        bound = plan.model.connections if plan and isinstance(plan.model, Open) else UNBOUNDED
        pool = VirtualUserPool(lambda number: self._kind(self._context, number), bound)
        if self._kind.prepares and plan is not None:
            self._prepare(pool, min(plan.callers, bound))
            if isinstance(plan.model, Open):
                pool.close()
        engine.requests = engine.reconnects = 0
        if engine.rate_limiter is not None:
            engine.rate_limiter.refill()
        engine.samples.forget()
        scheduler = self._scheduler(pool)
        self._monitor = scheduler.monitor
        engine.run(scheduler)
        scheduler.finish()
        recording.requests, recording.reconnects = engine.requests, engine.reconnects
        self._look_again(pool, scheduler)
        self._note_end()
        recording.most_connections = pool.made
        engine.samples.stop_timing()
        # those who worked last: what the others hold may have expired
        latest = tuple(islice(reversed(pool.idle), MOST_CONCLUDING))
        self._conclude(introspectors(self._context))
        self._conclude(latest)
        self._conclude(self._revokers(pool))

    def _look_again(
        self, pool: VirtualUserPool, scheduler: OpenScheduler | ClosedScheduler
    ) -> None:
        """Say that the target is down if it no longer answered at the end, nor does so now.

        A run may be over before so much is lost that it stops, and its budget may be generous.
        """
        recording, engine = self.recording, self.engine
        is_doubtful = scheduler.outage.is_suspected or recording.failures[UNFINISHED] > 0
        if recording.stopped is not None or not is_doubtful or not pool.users:
            return
        ready = (one for one in reversed(pool.users) if one.prepared or not self._kind.prepares)
        user = next(ready, None)
        until = time.monotonic() + LOOK_AGAIN_S
        is_over = False
        while not is_over:
            is_over = time.monotonic() >= until
            asked = pool.users[-1] if user is None else user
            flow = asked.caller.prepare() if user is None else asked.caller.iterate()
            look = AvailabilityCheck(engine, asked, flow)
            engine.run(look)
            if look.answered or engine.stopped:
                return
            unpatched("time", "sleep")(REST_S)
        since = scheduler.outage.since
        again = "asked again when load was over, it gave no answer"
        recording.stopped = f"the target is down{since}; {again}"

    def _conclude(self, users: Sequence[VirtualUser]) -> None:
        if not self.engine.stopped:
            self.engine.run(Conclusion(self.engine, users, self._patience_s, self._together))

    def _revokers(self, pool: VirtualUserPool) -> tuple[VirtualUser, ...]:
        """Return who gives tokens back; a target that is down takes none."""
        held = (one for user in pool.users for one in user.caller.held())
        users = revokers(self._context, held, self.recording, self._together)
        return () if self.recording.stopped is not None else users

    def _note_end(self) -> None:
        """Say why the run ended before its time, where that is on our side, and who had to wait."""
        recording, rate_limiter = self.recording, self.engine.rate_limiter
        if recording.stopped is not None and self.engine.shortages:
            recording.stopped = NO_MORE
        if rate_limiter is None:
            return
        recording.held_back = rate_limiter.delayed
        if rate_limiter.refused and recording.stopped is None:
            recording.stopped, recording.complete = LIMIT_EXHAUSTED, False

    def _note_findings(self) -> None:
        recording, findings = self.recording, self._context.findings
        recording.findings.update(findings.kinds)
        recording.warnings.update(findings.warnings)
        recording.breaches.update(findings.breaches)
        recording.doubts.update(findings.doubts)
        recording.shortages.update(self.engine.shortages)
        recording.checked.update(findings.counted())
        recording.notes.update(filter(None, [introspection_note(self._context)]))

    def _server_memory(self) -> Callable[[], int | None]:
        if self.scraped is not None:
            return self.scraped
        pid = None if self._plan is None else self._plan.server_pid
        return unknown if pid is None else partial(memory_of, pid)

    def _unburden(self) -> None:
        """Keep the collector of cycles from walking through all of Locust every now and then."""
        gc.collect()
        gc.freeze()
        gc.set_threshold(GARBAGE)

    def _prepare(self, pool: VirtualUserPool, callers: int) -> None:
        preparation = Preparation(self.engine, pool, callers, self._together)
        self.engine.run(preparation)
        self.engine.counters.hand_over()
        self.engine.counters.outbox.clear()
        if preparation.failure is not None:
            raise ProbeError(f"a caller could not be prepared: {preparation.failure}")

    def _scheduler(self, pool: VirtualUserPool) -> OpenScheduler | ClosedScheduler:
        plan, engine, recording = self._plan, self.engine, self.recording
        warm_up_s = 0.0 if plan is None else plan.warm_up_s
        seconds = None if plan is None else warm_up_s + plan.duration_s
        times = PhaseTimes(warm_up_s, seconds, self._patience_s, self._server_memory())
        if plan is not None and isinstance(plan.model, Open) and seconds is not None:
            model = plan.model
            steps = model.steps(plan.duration_s)
            first = steps[0].first_per_s
            before = (Step(first, first, warm_up_s),) if warm_up_s else ()
            phase = model.phase_s * model.rate_per_s
            arrivals = Arrivals((*before, *steps), model.spacing, model.seed, phase)
            return OpenScheduler(engine, pool, arrivals, recording, times)
        scheduler = ClosedScheduler(engine, pool, recording, times, MOST_REQUESTS)
        scheduler.reserve = math.ceil(self._context.cost.prepare + self._context.cost.iterate)
        self._closed = scheduler
        scheduler.wanted = min(self._wanted, self.most_users)
        if self._left:
            scheduler.leave()
        return scheduler
