"""What a run judges by: traces of experiments made now, or of recorded evidence."""

import asyncio
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Final

import httpx

from idprobe.audit.scope import Scope
from idprobe.errors import IdprobeError
from idprobe.evidence.ledger import left_behind
from idprobe.evidence.seals import Seal, SealState
from idprobe.evidence.signatures import signing_key
from idprobe.evidence.store import UNDER_LOAD, Evidence, ProbeOutcome, Recorded
from idprobe.model.exchange import Exchange
from idprobe.model.profile import Situation
from idprobe.model.trace import Trace
from idprobe.observe.observer import Observer, Unreachable
from idprobe.observe.outage import without_interrupted
from idprobe.observe.recorder import Observation, Progress, no_progress
from idprobe.redaction import Vault

__all__ = ["Experiments", "Observed", "take_recorded"]

STOPPED: Final = "the run was stopped before this experiment had ended"


@dataclass(slots=True, eq=False)
class Observed:
    """What the experiments of a run came to."""

    seen: Observation | None = None
    broken: IdprobeError | None = None
    """Why nothing could be observed, if so."""
    exchanges: int = 0
    is_spent: bool = False
    """Whether experiments were left out because the run had sent all that it may send."""
    interrupted: bool = False
    """Whether somebody stopped the experiments; what had been seen by then is judged."""
    left_behind: str | None = None
    """Which clients could not be taken away after the run, if any."""
    seal: Seal | None = None
    unwritten: str | None = None
    """Why some of the evidence could not be written, if so."""

    def outcome(self, probe: str) -> ProbeOutcome:
        """Return how a probe ended, one without a trace included."""
        seen = self.seen.outcomes if self.seen is not None else {}
        because = STOPPED if self.interrupted else "the evidence has no trace of this probe"
        missing = ProbeOutcome(probe, "no_response", because)
        return seen.get(probe, missing)

    def traces(self, probes: Sequence[str]) -> dict[str, Trace]:
        """Return the traces of probes that ended as they should."""
        seen = self.seen.traces if self.seen is not None else {}
        return {name: seen[name] for name in probes}

    def place(self, exchange: Exchange | None, probes: Sequence[str]) -> str:
        """Return where the evidence has an exchange, as PROBE#INDEX; empty if it has not."""
        if exchange is None or self.seen is None:
            return ""
        for name in probes:
            for index, candidate in enumerate(self.seen.traces[name].exchanges):
                if candidate is exchange:
                    return f"{name}#{index}"
        return ""


def take_recorded(recorded: Recorded, scope: Scope, observed: Observed) -> None:
    """Take what an earlier run saw."""
    run, traces = recorded.run, recorded.traces
    observed.seal = recorded.seal
    situation = Situation(scope.profile, run.get("metadata", {}), run.get("observed", {}))
    observed.seen = _judged_by(scope, Observation(traces, recorded.outcomes, situation))
    observed.exchanges = sum(len(one) for name, one in traces.items() if name != UNDER_LOAD)


@dataclass(frozen=True, slots=True, eq=False)
class Experiments:
    """The experiments of a run on a live server, and what is to be done once they are over."""

    scope: Scope
    vault: Vault
    transport: httpx.AsyncBaseTransport | None = None
    progress: Progress | None = None
    afterwards: Callable[[], None] | None = None

    def make(self, probes: Iterable[str], observed: Observed) -> None:
        """Make the experiments of probes, and seal the evidence if any is kept."""
        profile, options = self.scope.profile, self.scope.options
        shown = self.scope.under_load is not None
        made = [name for name in probes if not (shown and name == UNDER_LOAD)]
        key = signing_key(os.environ)
        evidence = None
        if options.keeps_evidence:
            evidence = Evidence(options.out / "evidence", self.vault)
            observed.seal = Seal(SealState.UNSEALED)
        observer = Observer(
            profile,
            self.vault,
            evidence,
            options.selection,
            self.transport,
            self.progress or no_progress,
        )
        try:
            observed.seen = asyncio.run(observer.observe(made))
        except Unreachable as error:
            observed.broken = Unreachable(self.vault.scrub(str(error)))
        except KeyboardInterrupt:
            observed.interrupted = True
            observed.seen = observer.seen()
        finally:
            if self.afterwards is not None:
                self.afterwards()
            observed.left_behind = left_behind(profile)
        observed.exchanges = observer.exchanges
        observed.is_spent = observer.is_spent
        if observed.seen is not None:
            observed.seen = _judged_by(self.scope, observed.seen, evidence)
        if evidence is not None:
            facts = {"tool": version("idprobe"), "issuer": profile.issuer}
            observed.seal = evidence.seal(facts, key)
            observed.unwritten = evidence.failure


def _judged_by(scope: Scope, seen: Observation, evidence: Evidence | None = None) -> Observation:
    """Return what may be believed of what was seen, and the load run that is shown; keep it."""
    seen = replace(seen, outcomes=without_interrupted(seen.traces, seen.outcomes))
    trace = scope.under_load
    if trace is None:
        return seen
    outcome = ProbeOutcome(UNDER_LOAD, "done", exchanges=len(trace))
    if evidence is not None:
        evidence.finish(trace, outcome)
    return replace(
        seen,
        traces={**seen.traces, UNDER_LOAD: trace},
        outcomes={**seen.outcomes, UNDER_LOAD: outcome},
    )
