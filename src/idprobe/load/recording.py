"""What is written down while load runs: two latencies, every failure, and our own lateness."""

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from idprobe.errors import EvidenceError
from idprobe.load.histogram import Histogram

__all__ = [
    "UNFINISHED",
    "UNSENT",
    "Recording",
    "Refusal",
    "outcome_path",
    "read_outcome",
    "write_outcome",
]

MAX_KINDS: Final = 32
OTHER_KINDS: Final = "further kinds of failure"
UNSENT: Final = "never sent: every connection was busy until the end"
UNFINISHED: Final = "no answer when the run ended"


@dataclass(slots=True, eq=False)
class Recording:
    """One run, seen from the generator. An iteration is one run of the scenario's flow.

    `latency` counts from the time an iteration was meant to start, `service` from the time it did;
    `slip` is how much later than intended the generator got to an arrival. All are of finished and
    failed iterations alike; one that never finished counts in `latency` as slow as it had become.
    """

    latency: Histogram = field(default_factory=Histogram)
    service: Histogram = field(default_factory=Histogram)
    slip: Histogram = field(default_factory=Histogram)
    failures: Counter[str] = field(default_factory=Counter)
    succeeded: int = 0
    scheduled: int = 0
    requests: int = 0
    reconnects: int = 0
    most_connections: int = 0
    most_waiting: int = 0
    started_ns: int = 0
    ended_ns: int = 0
    fault: str | None = None
    """What broke in the generator itself."""
    complete: bool = False
    """Whether the run came to its planned end."""

    def begin(self, now_ns: int) -> None:
        """Note when the run started: the first call counts."""
        self.started_ns = self.started_ns or now_ns

    def finished(self, intended_ns: int, begun_ns: int, failure: str | None = None) -> None:
        """Count an iteration that ended now, well or with a failure."""
        now = time.perf_counter_ns()
        self.service.record(now - begun_ns)
        self._ended(intended_ns, now, failure)

    def unfinished(self, intended_ns: int, why: str) -> None:
        """Count an iteration that had no end by now: at least so slow, and failed."""
        self._ended(intended_ns, time.perf_counter_ns(), why)

    def _ended(self, intended_ns: int, now: int, failure: str | None) -> None:
        self.latency.record(now - intended_ns)
        self.ended_ns = max(self.ended_ns, now)
        if failure is None:
            self.succeeded += 1
            return
        known = failure in self.failures or len(self.failures) < MAX_KINDS
        self.failures[failure if known else OTHER_KINDS] += 1

    @property
    def iterations(self) -> int:
        """All iterations, well or not."""
        return self.latency.count

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
            return "no load was sent"
        if not self.complete:
            return "the run was stopped before its time"
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
        members["failures"] = dict(self.failures.most_common())
        members |= {name: getattr(self, name).to_dict() for name in _HISTOGRAMS}
        return members

    @classmethod
    def from_dict(cls, members: Mapping[str, Any]) -> Self:
        """Return the recording that to_dict wrote; raises EvidenceError if it cannot be one."""
        try:
            given: dict[str, Any] = {name: members[name] for name in _PLAIN}
            given |= {name: Histogram.from_dict(members[name]) for name in _HISTOGRAMS}
            return cls(**given, failures=Counter(members["failures"]))
        except (KeyError, TypeError):
            raise EvidenceError("this is no recording of a load run") from None


_HISTOGRAMS: Final = ("latency", "service", "slip")
_PLAIN: Final = (
    "succeeded", "scheduled", "requests", "reconnects", "most_connections", "most_waiting",
    "started_ns", "ended_ns", "fault", "complete",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the child sent no load: the target cannot be used (3), or the call is wrong (2)."""

    exit_code: int
    why: str


def outcome_path(plan_path: Path) -> Path:
    """Return where the child of a plan leaves what it has to say."""
    return plan_path.with_name("outcome.json")


def write_outcome(path: Path, outcome: Recording | Refusal) -> None:
    """Write what the child has to say, whole or not at all."""
    if isinstance(outcome, Refusal):
        document: dict[str, Any] = {"refusal": [outcome.exit_code, outcome.why]}
    else:
        document = {"recording": outcome.to_dict()}
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(document), encoding="utf-8")
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
