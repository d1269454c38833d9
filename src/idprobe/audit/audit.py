"""One audit from its target to its reports; what the command line and the pytest plugin share."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

from idprobe.audit.judging import Judge
from idprobe.audit.observed import Experiments, Observed, take_recorded
from idprobe.audit.options import Options
from idprobe.audit.result import Result
from idprobe.audit.scope import Scope, scope_of
from idprobe.errors import EvidenceError
from idprobe.evidence.store import Recorded
from idprobe.findings.run import Run
from idprobe.model.catalogue import Catalogue, load_catalogue
from idprobe.model.profile import Profile, restored_profile
from idprobe.model.trace import Trace
from idprobe.model.verdict import Judgement
from idprobe.observe.recorder import Progress
from idprobe.observe.selection import most_requests
from idprobe.redaction import Vault

__all__ = ["Audit", "recorded_profile"]


@dataclass(slots=True, eq=False)
class Audit:
    """One run: what it covers, and what it observed and judged so far."""

    profile: Profile
    options: Options
    transport: httpx.AsyncBaseTransport | None = None
    progress: Progress | None = None
    recorded: Recorded | None = None
    """Evidence of an earlier run, judged instead of a live server."""
    catalogue: Catalogue = field(default_factory=load_catalogue)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    judgements: list[Judgement] = field(default_factory=list)
    afterwards: Callable[[], None] | None = None
    """Called once the experiments are over: takes away what was made for them."""
    lost: list[str] = field(default_factory=list)
    """Checks that idprobe failed to judge, each with the reason."""
    vault: Vault = field(default_factory=Vault)
    observed: Observed = field(default_factory=Observed)
    scope: Scope = field(init=False)
    _begun: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        if self.recorded is None:
            self.vault = Vault.of(self.profile)
        self.scope = scope_of(
            self.profile, self.options, self.catalogue, self.started_at, self.recorded
        )
        self.options = self.scope.options

    @property
    def most_requests(self) -> int:
        """How many requests the run sends at most."""
        return most_requests(self.profile, self.options.selection)

    def observe(self, probes: Iterable[str]) -> None:
        """Make the experiments, or take those of the recorded run."""
        if self.recorded is not None:
            take_recorded(self.recorded, self.scope, self.observed)
            return
        experiments = Experiments(
            self.scope, self.vault, self.transport, self.progress, self.afterwards
        )
        experiments.make(probes, self.observed)

    def judge(
        self,
        check: str,
        claim: str,
        requirements: Sequence[str],
        probes: Sequence[str],
        body: Callable[..., None],
    ) -> list[Judgement]:
        """Return and keep the judgements of one check, one for each selected requirement."""
        judge = Judge(self.scope, self.observed)
        found = judge.judgements(check, claim, requirements, probes, body)
        self.judgements.extend(found)
        return found

    def traces(self, probes: Sequence[str]) -> dict[str, Trace]:
        """Return the traces of probes that ended as they should."""
        return self.observed.traces(probes)

    def conclude(self) -> Run:
        """Return the run as the reports need it."""
        result = Result(
            self.scope, self.observed, self.vault, self.judgements, self.lost, self._begun
        )
        return result.run()


def recorded_profile(recorded: Recorded) -> Profile:
    """Return the profile of recorded evidence; its secrets are not there, and not needed."""
    if "profile" not in recorded.run:
        raise EvidenceError("run.json lacks the profile of the run")
    return restored_profile(recorded.run["profile"])
