"""What is written down while load runs: two latencies, every failure, and our own lateness."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from idprobe.errors import EvidenceError
from idprobe.load.measure.histogram import Histogram
from idprobe.load.measure.windows import MOST_WINDOWS, Window, merge_pairs, merge_windows

__all__ = [
    "FAILED",
    "FORGOTTEN",
    "LEFT",
    "REVOKED",
    "UNFINISHED",
    "UNSENT",
    "Recording",
    "Refusal",
    "Worker",
    "outcome_path",
    "outcome_text",
    "read_outcome",
    "second_path",
    "write_outcome",
]

MAX_KINDS: Final = 32
SLACK_S: Final = 0.5
"""A second that the engine was late to close is one all the same."""
OTHER_KINDS: Final = "further kinds of failure"
REVOKED: Final = "revoked"
FAILED: Final = "failed"
LEFT: Final = "left"
FORGOTTEN: Final = "forgotten"
"""What becomes of tokens that are to be given back."""
UNSENT: Final = "never sent: every connection was busy until the end"
UNFINISHED: Final = "no answer when the run ended"


@dataclass(frozen=True, slots=True)
class Worker:
    """A process of the generator, by shares of one core."""

    cpu: float
    """What all its threads used, over the whole run."""
    busiest: float
    """What the engine used in its busiest second."""
    compiled: bool = False
    """Whether its engine was compiled when it was installed."""


@dataclass(slots=True, eq=False)
class Recording:
    """One run, seen from the generator. An iteration is one run of the scenario's flow.

    `latency` counts from the time an iteration was meant to start, `service` from the time it did;
    `slip` is how much later than intended the generator got to an arrival, `lag` how much later it
    read an answer than the kernel had it. All are of what came after the warm-up. An iteration that
    failed has no latency, since a refusal is fast and would flatter the target; one that timed out,
    or never finished, has: it counts as slow as it had become.
    """

    latency: Histogram = field(default_factory=Histogram)
    service: Histogram = field(default_factory=Histogram)
    slip: Histogram = field(default_factory=Histogram)
    lag: Histogram = field(default_factory=Histogram)
    failures: Counter[str] = field(default_factory=Counter)
    windows: list[Window] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)
    window_s: int = 1
    """How many seconds a window has, the last of a phase perhaps less."""
    findings: Counter[str] = field(default_factory=Counter)
    """What the server did that is wrong at any speed."""
    warnings: Counter[str] = field(default_factory=Counter)
    breaches: Counter[str] = field(default_factory=Counter)
    """The same findings, each after the requirement that it breaks and a space."""
    doubts: Counter[str] = field(default_factory=Counter)
    """What may have broken one, in the same form."""
    checked: Counter[str] = field(default_factory=Counter)
    """How many answers were held to each requirement."""
    notes: Counter[str] = field(default_factory=Counter)
    """What is to be said of how that was checked."""
    shortages: Counter[str] = field(default_factory=Counter)
    """Connections that this host could not open, by the name of the errno that says why."""
    cleaned: Counter[str] = field(default_factory=Counter)
    """How many tokens were revoked when load was over, and how many were not; empty if none was
    to be."""
    succeeded: int = 0
    scheduled: int = 0
    warm_up_scheduled: int = 0
    warm_up_ended: int = 0
    requests: int = 0
    reconnects: int = 0
    most_connections: int = 0
    most_waiting: int = 0
    throttled_us: int | None = None
    """How long the container was denied the processor, of the worst worker; None if unknown."""
    held_back: int = 0
    """How many requests waited for their turn, by what the profile allows."""
    started_ns: int = 0
    """When the steady state began."""
    ended_ns: int = 0
    fault: str | None = None
    """What broke in the generator itself."""
    complete: bool = False
    """Whether the run came to its planned end."""
    stopped: str | None = None
    """Why the run ended by itself before that, or that the target was down at its end."""

    def ended(self, now_ns: int, failure: str | None) -> None:
        """Count an iteration that ended, well or with a failure."""
        self.ended_ns = max(self.ended_ns, now_ns)
        if failure is None:
            self.succeeded += 1
            return
        known = failure in self.failures or len(self.failures) < MAX_KINDS
        self.failures[failure if known else OTHER_KINDS] += 1

    def note_window(self, window: Window) -> None:
        """Keep what a second was like; once there are too many, two neighbours become one.

        That takes some milliseconds of the engine's thread, after 600 s, 1,200 s, 2,400 s, …
        """
        last = self.windows[-1] if self.windows else None
        fits = last is not None and last.seconds + window.seconds < self.window_s + SLACK_S
        if last is not None and fits and last.phase == window.phase:
            self.windows[-1] = merge_windows((last, window))
            return
        self.windows.append(window)
        if len(self.windows) > MOST_WINDOWS:
            self.windows[:] = merge_pairs(self.windows)
            self.window_s *= 2

    @property
    def statuses(self) -> Counter[str]:
        """The answers of the whole run, its warm-up included, by status code."""
        whole: Counter[str] = Counter()
        for window in self.windows:
            whole.update(window.statuses)
        return whole

    @property
    def iterations(self) -> int:
        """All iterations, well or not."""
        return self.succeeded + self.failed

    @property
    def failed(self) -> int:
        """The iterations that failed."""
        return self.failures.total()

    @property
    def doubt(self) -> str | None:
        """Why the recording says nothing about the target; None if it does."""
        if self.fault is not None:
            return f"the load generator broke ({self.fault})"
        if self.iterations == 0:
            return self.stopped or "no load was sent"
        if not self.complete:
            return self.stopped or "the run was stopped before its time"
        if self.warm_up_scheduled != self.warm_up_ended:
            return "iterations of the warm-up were lost by the load generator"
        if self.scheduled != self.iterations:
            missing = self.scheduled - self.iterations
            return f"{missing} of {self.scheduled} iterations were lost by the load generator"
        return None

    @property
    def span_s(self) -> float:
        """Seconds from the start to the end of the last iteration."""
        return max(0, self.ended_ns - self.started_ns) / 1e9

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON members."""
        members: dict[str, Any] = {name: getattr(self, name) for name in _PLAIN}
        members |= {name: dict(getattr(self, name).most_common()) for name in _COUNTERS}
        members |= {name: getattr(self, name).to_dict() for name in _HISTOGRAMS}
        members["windows"] = [one.to_dict() for one in self.windows]
        members["workers"] = [asdict(one) for one in self.workers]
        return members

    @classmethod
    def from_dict(cls, members: Mapping[str, Any]) -> Self:
        """Return the recording that to_dict wrote; raises EvidenceError if it cannot be one."""
        try:
            given: dict[str, Any] = {name: members[name] for name in _PLAIN}
            given |= {name: Histogram.from_dict(members[name]) for name in _HISTOGRAMS}
            windows = [Window.from_dict(one) for one in members["windows"]]
            given |= {name: Counter(members[name]) for name in _COUNTERS}
            workers = [Worker(**one) for one in members["workers"]]
            return cls(**given, windows=windows, workers=workers)
        except (KeyError, TypeError):
            raise EvidenceError("this is no recording of a load run") from None


_HISTOGRAMS: Final = ("latency", "service", "slip", "lag")
_COUNTERS: Final = (
    "failures", "findings", "warnings", "breaches", "doubts", "checked", "notes", "shortages",
    "cleaned",
)  # fmt: skip
_PLAIN: Final = (
    "succeeded", "scheduled", "warm_up_scheduled", "warm_up_ended", "requests", "reconnects",
    "most_connections", "most_waiting", "held_back", "throttled_us", "started_ns",
    "ended_ns", "fault", "complete", "stopped", "window_s",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the child sent no load: the target cannot be used (3), or the call is wrong (2)."""

    exit_code: int
    why: str


def outcome_path(plan_path: Path, place: int = 0) -> Path:
    """Return where a worker of a plan leaves what it has to say."""
    return plan_path.with_name(f"outcome-{place}.json")


def second_path(plan_path: Path, place: int = 0) -> Path:
    """Return where a worker of a plan leaves what its last second was like."""
    return plan_path.with_name(f"second-{place}.json")


def outcome_text(outcome: Recording | Refusal) -> str:
    """Return what a process of a run has to say, as text that `read_outcome` understands."""
    if isinstance(outcome, Refusal):
        return json.dumps({"refusal": [outcome.exit_code, outcome.why]})
    return json.dumps({"recording": outcome.to_dict()})


def write_outcome(path: Path, text: str) -> None:
    """Write what a process has to say, whole or not at all."""
    partial = path.with_suffix(".part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def read_outcome(path: Path) -> Recording | Refusal | None:
    """Return what the child said, None if it said nothing that can be read."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if "refusal" in document:
            code, why = document["refusal"]
            return Refusal(int(code), str(why))
        return Recording.from_dict(document["recording"])
    except (OSError, ValueError, KeyError, TypeError, EvidenceError):
        return None
