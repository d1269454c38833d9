"""What came out of a load run, as data: load.json is its picture."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any, Final

from idprobe.load.measure.drift import Drift, drifts
from idprobe.load.measure.histogram import Histogram, reliable
from idprobe.load.measure.recording import FAILED, FORGOTTEN, LEFT, REVOKED, Recording
from idprobe.load.measure.validity import failures_told, saturation, shortage, too_short
from idprobe.load.measure.windows import Window, over_time
from idprobe.load.run.budget import Budget, ClauseResult
from idprobe.load.run.plan import Closed, Open, Plan
from idprobe.load.schedule.ramp import expected

__all__ = ["PERCENTILES", "LoadResult", "reliable"]

PERCENTILES: Final = (50.0, 90.0, 95.0, 99.0, 99.9, 99.99)
OVER_TIME: Final = {"p50": 50.0, "p95": 95.0, "p99": 99.0}


@dataclass(frozen=True, slots=True)
class LoadResult:
    """One run: what was asked for, what was measured, and whether it was within budget."""

    scenario: str
    target: str
    issuer: str
    started_at: datetime
    plan: Plan
    budget: Budget
    recording: Recording
    notes: tuple[str, ...] = ()
    unusable: str | None = None
    """Why there was no load at all: the target does not work."""
    died: str | None = None
    """Why the measurement cannot be trusted, as far as the parent saw it."""

    @property
    def offered_per_s(self) -> float | None:
        """The rate that the schedule asked for on average; None in a closed loop."""
        model, seconds = self.plan.model, self.plan.duration_s
        return expected(model.steps(seconds)) / seconds if isinstance(model, Open) else None

    @property
    def elapsed_s(self) -> float:
        """Seconds until the last iteration ended, at least the planned duration."""
        return max(self.plan.duration_s, self.recording.span_s)

    @property
    def achieved_per_s(self) -> float:
        """Successful iterations for each second that passed."""
        return self.recording.succeeded / self.elapsed_s

    @property
    def error_share(self) -> float | None:
        """Failed iterations as a share of all; None without any."""
        count = self.recording.iterations
        return self.recording.failed / count if count else None

    @property
    def clauses(self) -> tuple[ClauseResult, ...]:
        """The result of each clause of the budget."""
        return self.budget.evaluate(self.recording.latency, self.error_share, self.achieved_per_s)

    @property
    def failures_told(self) -> str | None:
        """How many iterations failed, why, and what is not known for that; None if none did."""
        return failures_told(self.recording, self.budget)

    @property
    def void(self) -> str | None:
        """Why the run says nothing about the target; None if it does."""
        if self.unusable is not None:
            return None
        return (
            self.died
            or shortage(self.recording)
            or self.recording.doubt
            or self._held_back()
            or saturation(self.recording, self.budget)
            or self._too_short()
            or self._limited_pass()
        )

    @property
    def drift(self) -> tuple[Drift, ...]:
        """What a soak has found of each figure; nothing of another run, or of a short one."""
        return drifts(self.recording.windows) if self.plan.soak else ()

    @property
    def connection_limited(self) -> bool:
        """Whether arrivals waited in us because every caller was at work."""
        return isinstance(self.plan.model, Open) and self.recording.most_waiting > 0

    def _held_back(self) -> str | None:
        """Return why the figures are those of [limits] and not of the server."""
        count = self.recording.held_back
        if not count:
            return None
        return (
            f"{count} requests had to wait, since [limits] of the profile allows no more "
            f"requests_per_second (beyond loopback 20 where nothing is said): ask for less, or "
            f"raise it there if the server's owner agrees"
        )

    def _too_short(self) -> str | None:
        """Return why percentiles decide nothing; a target that fails needs none."""
        errors = [one for one in self.clauses if one.clause.measure == "errors"]
        if self.recording.stopped or not all(one.held for one in errors):
            return None
        return too_short(self.recording, self.budget)

    def _limited_pass(self) -> str | None:
        """Return why a run that would be within budget is not, where arrivals queued in us."""
        if self.connection_limited and all(one.held for one in self.clauses):
            return (
                "connection-limited: arrivals waited for a caller, so that the server was asked "
                "less than it should be: allow more callers (--connections, --callers)"
            )
        return None

    @property
    def exit_code(self) -> int:
        """0 within budget, 1 not so, answers wrong or target down, 3 unusable target, 4 void."""
        if self.unusable is not None:
            return 3
        if self.recording.findings and self.died is None:
            return 1
        if self.void is not None:
            return 4
        if self.recording.stopped is not None:
            return 1
        return 0 if all(result.held for result in self.clauses) else 1

    def all_notes(self) -> Iterator[str]:
        """Yield what every picture of the run has to say beside its numbers."""
        yield from self.notes
        recording = self.recording
        if (told := self.failures_told) is not None:
            yield told
        yield from sorted(recording.notes)
        if cleaned := recording.cleaned:
            yield (
                f"tokens given back: {cleaned[REVOKED]} revoked, {cleaned[FAILED]} refused or "
                f"unanswered, {cleaned[LEFT]} left when time was up, {cleaned[FORGOTTEN]} older "
                f"ones not known any more; what was not revoked lives until it expires"
            )
        if isinstance(self.plan.model, Closed):
            yield (
                "closed loop: users wait for answers, so a stall of the server is averaged away; "
                "use --rate for percentiles that show it"
            )
        if self.connection_limited:
            yield (
                f"connection-limited: up to {recording.most_waiting} arrivals waited for one of "
                f"{recording.most_connections} callers; latency counts that wait"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the result as the members of load.json (schema: load)."""
        recording = self.recording
        return {
            "schema": 0,
            "tool": {"name": "idprobe", "version": version("idprobe")},
            "scenario": self.scenario,
            "target": {"name": self.target, "issuer": self.issuer},
            "started_at": self.started_at.isoformat(),
            "plan": self.plan.to_dict(),
            "elapsed_s": round(self.elapsed_s, 3),
            "iterations": {
                "scheduled": recording.scheduled,
                "succeeded": recording.succeeded,
                "failed": recording.failed,
                "warm_up": recording.warm_up_ended,
            },
            "requests": recording.requests,
            "connections": recording.most_connections,
            "reconnects": recording.reconnects,
            "stopped": recording.stopped,
            "cleaned": dict(recording.cleaned),
            "rate": {
                "offered_per_s": self.offered_per_s,
                "achieved_per_s": round(self.achieved_per_s, 3),
            },
            "errors": {
                "share": self.error_share,
                "kinds": dict(recording.failures.most_common()),
                "told": self.failures_told,
            },
            "findings": dict(recording.findings.most_common()),
            "warnings": dict(recording.warnings.most_common()),
            "judged": _judged(recording),
            "latency": summary(recording.latency),
            "service": summary(recording.service),
            "connection_limited": self.connection_limited,
            "generator": {
                "slip": summary(recording.slip),
                "lag": summary(recording.lag),
                "most_waiting": recording.most_waiting,
                "held_back": recording.held_back,
                "throttled_us": recording.throttled_us,
                "workers": [asdict(one) for one in recording.workers],
                "shortages": dict(recording.shortages),
            },
            "drift": [asdict(one) for one in self.drift],
            "statuses": dict(sorted(recording.statuses.items())),
            "over_time": {name: list(_over_time(recording, name)) for name in OVER_TIME},
            "windows": [_window(one) for one in recording.windows],
            "budget": [
                {"clause": one.clause.text, "actual": _actual(one), "held": one.held}
                for one in self.clauses
            ],
            "notes": list(self.all_notes()),
            "unusable": self.unusable,
            "void": self.void,
            "exit": self.exit_code,
        }


def _judged(recording: Recording) -> dict[str, Any]:
    """Return what came of each requirement: how many answers were held to it, and what was wrong.

    What is undecided is in neither. Nothing is known of what was done to a server that could not
    be used.
    """
    wrong, undecided = _by_rule(recording.breaches), _by_rule(recording.doubts)
    return {
        rule: {
            "checked": recording.checked[rule],
            "wrong": wrong.get(rule, {}),
            "undecided": undecided.get(rule, {}),
        }
        for rule in sorted(recording.checked.keys() | wrong.keys() | undecided.keys())
    }


def _by_rule(counted: Mapping[str, int]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for one, times in sorted(counted.items()):
        rule, _, what = one.partition(" ")
        found.setdefault(rule, {})[what] = times
    return found


def _over_time(recording: Recording, name: str) -> Iterator[dict[str, float]]:
    for at_s, seconds, value in over_time(recording.windows, OVER_TIME[name]):
        yield {"at_s": at_s, "seconds": seconds, "ms": value / 1e6}


def _window(window: Window) -> dict[str, Any]:
    """Return a window as load.json has it, a percentile of too few as null."""
    members = window.to_dict()
    del members["latency"], members["kinds"]
    latency = window.latency
    return {
        **members,
        "p50_ns": reliable(latency, 50),
        "p95_ns": reliable(latency, 95),
        "p99_ns": reliable(latency, 99),
        "max_ns": latency.maximum,
        "statuses": dict(sorted(window.statuses.items())),
    }


def _actual(result: ClauseResult) -> float | None:
    """Return the measured value: milliseconds for a latency, else a share or a rate."""
    if result.actual is None or result.clause.percent is None:
        return result.actual
    return result.actual / 1e6


def summary(histogram: Histogram) -> Mapping[str, Any]:
    """Return the figures that a person asks for, in milliseconds, and the histogram itself."""
    figures = {f"p{percent:g}": reliable(histogram, percent) for percent in PERCENTILES}
    figures |= {"min": histogram.minimum, "max": histogram.maximum}
    members = {name: None if value is None else value / 1e6 for name, value in figures.items()}
    mean = histogram.mean
    return {
        "unit": "ms",
        "count": histogram.count,
        "mean": None if mean is None else mean / 1e6,
        **members,
        "histogram": histogram.to_dict(),
    }
