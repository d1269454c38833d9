"""`idprobe load --search`: the capacity of a server, the rate that holds, and what is beyond it."""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from idprobe.embedded import served
from idprobe.errors import UsageError
from idprobe.load.budget import Budget
from idprobe.load.histogram import enough_for
from idprobe.load.plan import Closed, Open, Plan
from idprobe.load.result import LoadResult, reliable
from idprobe.load.running import LoadRun, run_load
from idprobe.load.scaling import Point, Scaling, fitted
from idprobe.load.searching import Bracket, Trial, knee, searched

__all__ = ["Limit", "find_limit", "print_limit"]

CONCURRENCIES: Final = (1, 2, 4, 8, 16, 32)
CLOSED_S: Final = 2.0
LONGEST_S: Final = 120.0
BEYOND: Final = 1.3
GENTLE: Final = 0.5
COLLAPSED: Final = 0.7
MOSTLY: Final = 0.5
OK, EXHAUSTED, UNUSABLE, VOID = 0, 1, 3, 4


@dataclass(slots=True)
class Limit:
    """What the search has found."""

    scenario: str
    target: str
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
        if self.beyond is None:
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
            "scenario": self.scenario,
            "target": self.target,
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
    """Trials against one server that stays up between them."""

    def __init__(self, run: LoadRun, seconds: float, console: Console) -> None:
        self._run: Final = run
        self._console: Final = console
        self._ends_at: Final = time.monotonic() + seconds
        self._number = 0
        self.last: LoadResult | None = None

    def goes_on(self) -> bool:
        """Return whether there is time for another trial."""
        return time.monotonic() + self._run.plan.duration_s < self._ends_at

    def load(self, plan: Plan, budget: Budget) -> LoadResult:
        """Make one run."""
        self._number += 1
        out = self._run.out / f"trial-{self._number}"
        again = plan.again(self._number)
        self.last = run_load(replace(self._run, plan=again, budget=budget, out=out))
        return self.last

    def closed(self, users: int) -> LoadResult:
        """Return what so many users get, who never wait between requests."""
        plan = replace(self._run.plan, model=Closed(users), duration_s=CLOSED_S, callers=users)
        result = self.load(plan, Budget(()))
        self._console.print(f"{users} users at once: {result.achieved_per_s:.1f}/s")
        return result

    def attempt(self, rate: float) -> Trial:
        """Make one trial at a rate, long enough for every percentile of the objective."""
        plan, budget = self._run.plan, self._run.budget
        model = plan.model
        opened = model if isinstance(model, Open) else Open(rate)
        seconds = max([plan.duration_s, *_needed(budget, rate)])
        objective = Budget(tuple(one for one in budget.clauses if one.measure != "rate"))
        trial = trial_of(
            self.load(
                replace(plan, model=replace(opened, rate_per_s=rate), duration_s=seconds), objective
            ),
            rate,
        )
        said = {True: "holds", False: "does not hold", None: f"void: {trial.why}"}[trial.held]
        self._console.print(f"{rate:.4g}/s: {escape(said)}")
        return trial


def _needed(budget: Budget, rate: float) -> Iterator[float]:
    """Yield how long a run has to be for each percentile of a budget."""
    for clause in budget.clauses:
        if clause.percent is not None:
            count = 1
            while not enough_for(clause.percent, count):
                count *= 2
            if count / rate > LONGEST_S:
                raise UsageError(
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


def find_limit(run: LoadRun, seconds: float, console: Console) -> Limit:
    """Search, write search.json, and return what was found."""
    limit = Limit(run.scenario, run.profile.name)
    with served(run.profile) as profile:
        search = _Search(replace(run, profile=profile, is_served=True), seconds, console)
        _measure_capacity(search, limit)
        if limit.unusable is None and limit.points:
            capacity = max(throughput for _, throughput in limit.points)
            limit.bracket = searched(search.attempt, capacity, goes_on=search.goes_on)
            _look_beyond(search, limit)
    write(run.out / "search.json", limit)
    return limit


def _measure_capacity(search: _Search, limit: Limit) -> None:
    for users in CONCURRENCIES:
        result = search.closed(users)
        if result.unusable is not None:
            limit.unusable = result.unusable
            return
        if result.achieved_per_s > 0:
            limit.points.append((users, result.achieved_per_s))
    limit.scaling = fitted(limit.points)


def _look_beyond(search: _Search, limit: Limit) -> None:
    """See what the server does past its limit, and whether it comes back."""
    bracket = limit.bracket
    if bracket.high_per_s is None or not bracket.low_per_s or not search.goes_on():
        return
    limit.beyond = search.attempt(bracket.high_per_s * BEYOND)
    result = search.last
    if result is not None and result.recording.failed:
        shed = sum(
            count
            for kind, count in result.recording.failures.items()
            if "status 429" in kind or "status 503" in kind
        )
        limit.sheds = shed > MOSTLY * result.recording.failed
    limit.recovered = search.attempt(bracket.low_per_s * GENTLE).held


def write(path: Path, limit: Limit) -> None:
    """Write search.json."""
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
    told: dict[bool | None, str] = {True: "yes", False: "no", None: "not known"}
    yield "recovers", told[limit.recovered]


def _ranged(value: float, span: tuple[float, float]) -> str:
    return f"{value:.3g} ({span[0]:.3g} to {span[1]:.3g} with any one point left out)"
