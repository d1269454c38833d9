"""`idprobe load --search`: the capacity of a server, the rate that holds, and what is beyond it."""

import contextlib
import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from idprobe.errors import UsageError
from idprobe.load.measure.histogram import fewest_for
from idprobe.load.measure.recording import Recording
from idprobe.load.run.budget import Budget
from idprobe.load.run.folder import writing
from idprobe.load.run.generator import LoadRun
from idprobe.load.run.launcher import run_load
from idprobe.load.run.plan import Closed, Open, Plan
from idprobe.load.run.result import LoadResult, reliable
from idprobe.load.search.rate_search import Bracket, Trial, Undecided, knee, search_rate
from idprobe.load.search.scaling import Point, Scaling, fitted
from idprobe.setup.embedded import served

__all__ = ["Effort", "Limit", "find_limit", "print_limit"]

CONCURRENCIES: Final = (1, 2, 4, 8, 16, 32)
CLOSED_S: Final = 2.0
LONGEST_S: Final = 120.0
BEYOND: Final = 1.3
GENTLE: Final = 0.5
COLLAPSED: Final = 0.7
MOSTLY: Final = 0.5
NOTHING: Final = "nothing succeeded, however few users asked"
OK, EXHAUSTED, UNUSABLE, VOID = 0, 1, 3, 4


@dataclass(frozen=True, slots=True)
class Effort:
    """What a search may cost; no run is begun that would go beyond it."""

    seconds: float
    requests: float = math.inf


@dataclass(slots=True)
class Limit:
    """What the search has found."""

    scenario: str
    target: str
    objective: str = ""
    """What has to hold, as a budget is written."""
    arrivals: str = ""
    """How they follow one another in each trial."""
    trial_s: float = 0.0
    """How long the steady state of a trial is at least."""
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    points: list[Point] = field(default_factory=list)
    scaling: Scaling | None = None
    bracket: Bracket = field(default_factory=Bracket)
    beyond: Trial | None = None
    sheds: bool = False
    recovered: bool | None = None
    unusable: str | None = None

    @property
    def knee_per_s(self) -> float | None:
        """The highest rate tried at which p95 had not doubled."""
        return knee(self.bracket.trials)

    @property
    def past_the_limit(self) -> str | None:
        """What the server does when it is asked for more than it can, in words."""
        if self.beyond is None or self.beyond.held is not False:
            return None
        if self.sheds:
            return "sheds load: it refuses what is too much with 429 or 503"
        if self.beyond.achieved_per_s < COLLAPSED * self.bracket.low_per_s:
            return "collapses: it does less than within its limit"
        return "queues: it does what it can, and everybody waits"

    def exit_code(self, budget: Budget) -> int:
        """0 found, 1 less than the objective's own rate, 3 unusable, 4 no sound bound."""
        if self.unusable is not None:
            return UNUSABLE
        if not self.bracket.low_per_s and self.bracket.high_per_s is None:
            return VOID
        wanted = [one.limit for one in budget.clauses if one.measure == "rate"]
        return EXHAUSTED if any(self.bracket.low_per_s < one for one in wanted) else OK

    def to_dict(self) -> dict[str, Any]:
        """Return the members of search.json."""
        return {
            "schema": 0,
            "tool": {"name": "idprobe", "version": version("idprobe")},
            "scenario": self.scenario,
            "target": self.target,
            "objective": self.objective,
            "arrivals": self.arrivals,
            "trial_s": self.trial_s,
            "started_at": self.started_at.isoformat(timespec="seconds"),
            "rate_per_s": self.bracket.low_per_s,
            "failed_at_per_s": self.bracket.high_per_s,
            "ended": self.bracket.ended,
            "knee_per_s": self.knee_per_s,
            "concurrency": [{"users": n, "throughput_per_s": x} for n, x in self.points],
            "scaling": None
            if self.scaling is None
            else {**asdict(self.scaling), "peak": self.scaling.peak},
            "past_the_limit": self.past_the_limit,
            "recovered": self.recovered,
            "trials": [asdict(one) for one in self.bracket.trials],
            "unusable": self.unusable,
        }


class _Search:
    """Runs against one server that stays up between them."""

    def __init__(self, run: LoadRun, effort: Effort, console: Console) -> None:
        self._run: Final = run
        self._console: Final = console
        self._ends_at: Final = time.monotonic() + effort.seconds
        self._requests_left = effort.requests
        self._number = 0
        self.last: LoadResult | None = None

    def concurrencies(self) -> tuple[int, ...]:
        """Return how many users to begin with, as far as the limits of the profile allow them."""
        most = self._run.profile.limits.concurrency or CONCURRENCIES[-1]
        return tuple(sorted({min(users, most) for users in CONCURRENCIES}))

    def closed(self, users: int) -> LoadResult:
        """Return what so many users get, who never wait between requests; raises Undecided."""
        plan = replace(self._run.plan, model=Closed(users), duration_s=CLOSED_S, callers=users)
        result = self._load(plan, Budget(()), requests=users)
        void = "" if result.void is None else f" (void: {escape(result.void)})"
        self._console.print(f"{users} users at once: {result.achieved_per_s:.1f}/s{void}")
        return result

    def attempt(self, rate: float) -> Trial:
        """Make one trial at a rate, long enough for every percentile of the objective.

        Raises Undecided where it may not be made any more.
        """
        plan, budget = self._run.plan, self._run.budget
        model = plan.model
        opened = model if isinstance(model, Open) else Open(rate)
        seconds = max([plan.duration_s, *_needed(budget, rate)])
        plan = replace(plan, model=replace(opened, rate_per_s=rate), duration_s=seconds)
        objective = Budget(tuple(one for one in budget.clauses if one.measure != "rate"))
        requests = rate * (plan.warm_up_s + seconds)
        result = self._load(plan, objective, requests)
        trial = trial_of(result, rate)
        said = {True: "holds", False: "does not hold", None: f"void: {trial.why}"}[trial.held]
        if trial.held is False and result.failures_told is not None:
            said += f": {result.failures_told}"
        self._console.print(f"{rate:.4g}/s: {escape(said)}")
        return trial

    def _load(self, plan: Plan, budget: Budget, requests: float) -> LoadResult:
        """Make one run that takes so many requests or more, if it may still be made."""
        if time.monotonic() + plan.warm_up_s + plan.duration_s > self._ends_at:
            raise Undecided("its time was up")
        if requests > self._requests_left:
            raise Undecided("its requests were spent")
        self._number += 1
        out = self._run.out / f"trial-{self._number}"
        again = plan.again(self._number)
        try:
            self.last = run_load(replace(self._run, plan=again, budget=budget, out=out))
        except UsageError as error:
            if self.last is None:
                raise
            # the limits of the profile end a search, and what was found is kept
            raise Undecided(str(error)) from None
        self._requests_left -= self.last.recording.requests
        return self.last


def _needed(budget: Budget, rate: float) -> Iterator[float]:
    """Yield how long a run has to be for each percentile of a budget."""
    for clause in budget.clauses:
        if clause.percent is not None:
            count = fewest_for(clause.percent)
            if count / rate > LONGEST_S:
                raise Undecided(
                    f"{clause.text}: at {rate:.4g}/s a trial would take more than {LONGEST_S:g} s: "
                    f"ask for a lower percentile"
                )
            yield count / rate


def trial_of(result: LoadResult, rate: float) -> Trial:
    """Return a run as a trial of a search."""
    why = result.unusable or result.void
    latency = result.recording.latency
    p95, p99 = reliable(latency, 95), reliable(latency, 99)
    return Trial(
        rate_per_s=rate,
        held=None if why is not None else result.exit_code == OK,
        achieved_per_s=result.achieved_per_s,
        p95_ms=None if p95 is None else p95 / 1e6,
        p99_ms=None if p99 is None else p99 / 1e6,
        error_share=result.error_share,
        why=why,
    )


def find_limit(run: LoadRun, effort: Effort, console: Console) -> Limit:
    """Search, write search.json, and return what was found; what was found is kept in any case."""
    plan = run.plan
    arrivals = plan.model.spacing.value if isinstance(plan.model, Open) else ""
    objective = ", ".join(one.text for one in run.budget.clauses)
    limit = Limit(run.scenario, run.profile.name, objective, arrivals, plan.duration_s)
    try:
        with served(run.profile) as profile:
            search = _Search(replace(run, profile=profile, is_served=True), effort, console)
            _find(search, limit)
    finally:
        if limit.unusable is not None or limit.points or limit.bracket.ended:
            write(run.out / "search.json", limit)
    return limit


def _find(search: _Search, limit: Limit) -> None:
    try:
        fastest = _measure_capacity(search, limit)
    except Undecided as undecided:
        limit.bracket.ended = str(undecided)
        return
    if limit.unusable is not None:
        return
    if not fastest:
        told = None if search.last is None else search.last.failures_told
        limit.bracket.ended = NOTHING + ("" if told is None else f": {told}")
        return
    search_rate(search.attempt, fastest, limit.bracket)
    _look_beyond(search, limit)


def _measure_capacity(search: _Search, limit: Limit) -> float:
    """Return the highest throughput, which says where to begin; void runs fit no law."""
    fastest = 0.0
    for users in search.concurrencies():
        result = search.closed(users)
        if result.unusable is not None:
            limit.unusable = result.unusable
            break
        fastest = max(fastest, result.achieved_per_s)
        if result.void is None and result.achieved_per_s > 0:
            limit.points.append((users, result.achieved_per_s))
    limit.scaling = fitted(limit.points)
    return fastest


def _look_beyond(search: _Search, limit: Limit) -> None:
    """See what the server does past its limit, and whether it comes back."""
    bracket = limit.bracket
    if bracket.high_per_s is None or not bracket.low_per_s:
        return
    with contextlib.suppress(Undecided):  # there is no time for it
        limit.beyond = search.attempt(bracket.high_per_s * BEYOND)
        limit.sheds = search.last is not None and _sheds(search.last.recording)
        limit.recovered = search.attempt(bracket.low_per_s * GENTLE).held


def _sheds(recording: Recording) -> bool:
    """Return whether most failures are refusals of what is too much."""
    shed = sum(
        count
        for kind, count in recording.failures.items()
        if "status 429" in kind or "status 503" in kind
    )
    return shed > MOSTLY * recording.failed


def write(path: Path, limit: Limit) -> None:
    """Write search.json."""
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(limit.to_dict(), indent=1) + "\n", encoding="utf-8")


def print_limit(limit: Limit, console: Console) -> None:
    """Print what was found."""
    if limit.unusable is not None:
        console.print(f"idprobe: {escape(limit.unusable)}")
        return
    table = Table(show_header=False, box=None)
    for name, value in _facts(limit):
        table.add_row(name, value)
    console.print(table)


def _facts(limit: Limit) -> Iterator[tuple[str, str]]:
    bracket = limit.bracket
    high = "unknown" if bracket.high_per_s is None else f"{bracket.high_per_s:.4g}/s"
    yield "holds at", f"{bracket.low_per_s:.4g}/s; does not at {high} ({bracket.ended})"
    if limit.knee_per_s is not None:
        yield "knee", f"p95 has not doubled up to {limit.knee_per_s:.4g}/s"
    if limit.scaling is not None:
        law = limit.scaling
        yield "one caller", f"{law.rate_of_one:.4g}/s"
        yield "contention", _ranged(law.contention, law.contention_range)
        yield "coherency", _ranged(law.coherency, law.coherency_range)
        peak = "not reached by these data" if law.peak is None else f"{law.peak:.3g} callers"
        yield "peak", peak
    if limit.past_the_limit is not None:
        yield "past its limit", limit.past_the_limit
    elif limit.beyond is not None:
        yield "past its limit", f"not known: {limit.beyond.why or 'it held once more'}"
    told: dict[bool | None, str] = {True: "yes", False: "no", None: "not known"}
    yield "recovers", told[limit.recovered]


def _ranged(value: float, span: tuple[float, float]) -> str:
    return f"{value:.3g} ({span[0]:.3g} to {span[1]:.3g} with any one point left out)"
