"""What came out of a load run, as data: load.json is its picture."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any, Final

from idprobe.load.budget import Budget, ClauseResult
from idprobe.load.histogram import Histogram
from idprobe.load.plan import Closed, Open, Plan
from idprobe.load.quantities import shown_duration
from idprobe.load.recording import Recording

__all__ = ["PERCENTILES", "LoadResult"]

PERCENTILES: Final = (50.0, 90.0, 95.0, 99.0, 99.9)
LATE_NS: Final = 5_000_000
"""Beyond this, our own lateness is told beside the percentiles that it is part of."""
FULL_SHARE: Final = 0.999


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
        """The rate that the schedule asked for; None in a closed loop, which has none."""
        model = self.plan.model
        return model.rate_per_s if isinstance(model, Open) else None

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
    def void(self) -> str | None:
        """Why the run says nothing about the target; None if it does."""
        if self.unusable is not None:
            return None
        return self.died or self.recording.doubt

    @property
    def exit_code(self) -> int:
        """0 within budget, 1 budget exhausted, 3 target unusable, 4 void."""
        if self.unusable is not None:
            return 3
        if self.void is not None:
            return 4
        return 0 if all(result.held for result in self.clauses) else 1

    def all_notes(self) -> Iterator[str]:
        """Yield what every picture of the run has to say beside its numbers."""
        yield from self.notes
        recording = self.recording
        if isinstance(self.plan.model, Closed):
            yield (
                "closed loop: users wait for answers, so a stall of the server is averaged away; "
                "use --rate for percentiles that show it"
            )
        late = recording.slip.percentile(99)
        if late is not None and late > LATE_NS:
            yield (
                f"the generator itself was late: 1 % of the arrivals by {shown_duration(late)} "
                f"or more, which is part of the latencies"
            )
        if recording.most_waiting:
            yield (
                f"up to {recording.most_waiting} arrivals waited for one of "
                f"{recording.most_connections} connections; latency counts that wait"
            )
        for clause in self.budget.clauses:
            percent = clause.percent
            if percent is not None and percent < 100 and self._too_few(percent):  # noqa: PLR2004 -- a percentage
                yield f"{clause.measure} of only {recording.iterations} iterations is their maximum"

    def _too_few(self, percent: float) -> bool:
        return 0 < self.recording.iterations * (1 - percent / 100) < FULL_SHARE

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
            },
            "requests": recording.requests,
            "connections": recording.most_connections,
            "reconnects": recording.reconnects,
            "rate": {
                "offered_per_s": self.offered_per_s,
                "achieved_per_s": round(self.achieved_per_s, 3),
            },
            "errors": {"share": self.error_share, "kinds": dict(recording.failures.most_common())},
            "latency": summary(recording.latency),
            "service": summary(recording.service),
            "generator": {"slip": summary(recording.slip), "most_waiting": recording.most_waiting},
            "budget": [
                {"clause": one.clause.text, "actual": _actual(one), "held": one.held}
                for one in self.clauses
            ],
            "notes": list(self.all_notes()),
            "unusable": self.unusable,
            "void": self.void,
            "exit": self.exit_code,
        }


def _actual(result: ClauseResult) -> float | None:
    """Return the measured value: milliseconds for a latency, else a share or a rate."""
    if result.actual is None or result.clause.percent is None:
        return result.actual
    return result.actual / 1e6


def summary(histogram: Histogram) -> Mapping[str, Any]:
    """Return the figures that a person asks for, in milliseconds, and the histogram itself."""
    figures = {f"p{percent:g}": histogram.percentile(percent) for percent in PERCENTILES}
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
