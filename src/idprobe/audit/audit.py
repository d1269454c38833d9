"""One audit from its target to its reports; what the command line and the pytest plugin share."""

import asyncio
import json
import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import httpx

from idprobe.errors import EvidenceError, IdprobeError, ProfileError, UsageError
from idprobe.evidence.ledger import left_behind
from idprobe.evidence.seals import Seal, SealState
from idprobe.evidence.signatures import signing_key
from idprobe.evidence.store import UNDER_LOAD, Evidence, ProbeOutcome, Recorded
from idprobe.findings.gate import check_comparable, coverage_regressions
from idprobe.findings.run import Run
from idprobe.findings.summary import (
    digest_of,
    endpoints_of,
    exit_codes,
    not_tested,
    notes_of,
    profile_place,
    quarantine_notes,
    stale_notes,
)
from idprobe.judge.evaluate import Decision, decided
from idprobe.judge.plans import are_plans, requirements_selected
from idprobe.judge.weigh import (
    FailOn,
    Stale,
    deviation_for,
    evidence_verdict,
    is_expired,
    stale,
    weigh,
)
from idprobe.load.run.load_trace import is_run_of
from idprobe.model.catalogue import Catalogue, Family, Requirement, load_catalogue, selected
from idprobe.model.exchange import Exchange, Sender
from idprobe.model.profile import (
    Deviation,
    Profile,
    Situation,
    consent_missing,
    redacted_profile,
    restored_profile,
)
from idprobe.model.trace import Trace
from idprobe.model.verdict import Inconclusive, Judgement, Violated
from idprobe.observe.observer import Observer, Unreachable
from idprobe.observe.outage import without_interrupted
from idprobe.observe.recorder import Observation, Progress
from idprobe.observe.selection import Selection, most_requests
from idprobe.probes import Depth, Safety
from idprobe.redaction import Vault
from idprobe.report import FORMATS
from idprobe.report.curl import curl_command
from idprobe.setup.targets import resolve

__all__ = ["Audit", "Options", "resolve"]

STOPPED: Final = "the run was stopped before this experiment had ended"


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is to be made and gated."""

    out: Path
    selection: Selection = field(default_factory=Selection)
    standards: tuple[str, ...] = ()
    """Families and plans to judge; empty: what the profile says."""
    fail_on: FailOn = FailOn.MUST
    allow_inconclusive: int = 0
    strict_deviations: bool = False
    baseline: Mapping[str, Any] | None = None
    """The record of an earlier run: what that judged, this one has to judge as well."""
    may_test: frozenset[str] = frozenset()
    build: str | None = None
    """The release of the server, if somebody said."""
    keyword: str = ""
    """What the checks were narrowed to (-k), empty if to nothing."""
    formats: tuple[str, ...] = FORMATS
    """What is written beside results.json."""
    load: Mapping[str, Any] | None = None
    """A load.json to be shown in the report."""
    under_load: Trace | None = None
    """The same load run as evidence, if it was of this server and says enough."""
    overwrite: bool = False
    """Whether results of an earlier run in the same folder may go."""
    keeps_evidence: bool = True
    """Whether traces are written down, as they always are but for servers that tests make."""


@dataclass(slots=True, eq=False)
class Audit:
    """One run: what was selected, observed and judged so far."""

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
    broken: IdprobeError | None = None
    """Why nothing could be observed, if so."""
    exchanges: int = 0
    is_spent: bool = False
    """Whether experiments were left out because the run had sent all that it may send."""
    interrupted: bool = False
    """Whether somebody stopped the experiments; what had been seen by then is judged."""
    lost: list[str] = field(default_factory=list)
    """Checks that idprobe failed to judge, each with the reason."""
    vault: Vault = field(default_factory=Vault)
    _begun: float = field(default_factory=time.perf_counter)
    _seen: Observation | None = None
    _selected: frozenset[str] = frozenset()
    _left_behind: str | None = None
    _seal: Seal | None = None
    _unwritten: str | None = None
    """Why some of the evidence could not be written, if so."""

    def __post_init__(self) -> None:
        if self.recorded is None:
            self.vault = Vault.of(self.profile)
        today = date.today()  # noqa: DTZ011 -- `until` is a day where the run is made
        if self.options.baseline is not None:
            selection = self.options.selection
            check_comparable(
                self.options.baseline,
                selection.depth.name.lower(),
                selection.safety.name.lower(),
            )
        missing = consent_missing(self.profile, today, self.options.may_test)
        if missing is not None and self.recorded is None:
            if self.profile.clients:
                raise UsageError(missing)
            passive = replace(self.options.selection, safety=Safety.PASSIVE)
            self.options = replace(self.options, selection=passive)
        standards = self.options.standards or self.profile.standards
        promising = None if are_plans(self.options.standards) else self.profile
        self._selected = requirements_selected(self.catalogue, standards, promising)
        if self._under_load is not None and self._judges_load():
            self._selected |= {one.id for one in selected(self.catalogue, [Family.LOAD])}
        tables = {"deviations": self.profile.deviations, "quarantine": self.profile.quarantine}
        for table, entries in tables.items():
            self._check_known(table, entries)

    @property
    def _under_load(self) -> Trace | None:
        """The load run that is shown, or that was shown to the run which is judged again."""
        load, shown = self.options.load, self.options.under_load
        if shown is not None and (load is None or is_run_of(load, self.profile)):
            return shown
        return None if self.recorded is None else self.recorded.traces.get(UNDER_LOAD)

    def _judges_load(self) -> bool:
        """Return whether what a load run shows is judged: not where other standards were named."""
        return not self.options.standards or Family.LOAD in self.options.standards

    def _check_known(self, table: str, entries: Sequence[Deviation]) -> None:
        """Raise ProfileError for an entry about a requirement that there is not."""
        for deviation in entries:
            if deviation.requirement not in self.catalogue.requirements:
                raise ProfileError(
                    self.profile.where,
                    table,
                    f"{deviation.requirement} is no requirement of the catalogue: "
                    f"`idprobe list requirements` shows them",
                )

    def reads(self, probes: Sequence[str]) -> bool:
        """Return whether a check is of this run by what it reads: one example is for its own."""
        replay = self.options.selection.replay
        return replay is None or replay.probe in probes

    @property
    def most_requests(self) -> int:
        """How many requests the run sends at most."""
        return most_requests(self.profile, self.options.selection)

    def selects(self, requirement_id: str) -> bool:
        """Return whether a requirement, or one that says the same, is of this run's standards."""
        return not self._selected.isdisjoint(self.alike(requirement_id))

    def alike(self, requirement_id: str) -> frozenset[str]:
        """Return the ids of the requirements that say the same; none for an unknown id."""
        known = requirement_id in self.catalogue
        return self.catalogue.alike(requirement_id) if known else frozenset()

    def observe(self, probes: Iterable[str]) -> None:
        """Make the experiments, or take those of the recorded run."""
        if self.recorded is not None:
            run, traces = self.recorded.run, self.recorded.traces
            self._seal = self.recorded.seal
            situation = Situation(self.profile, run.get("metadata", {}), run.get("observed", {}))
            self._seen = self._shown(Observation(traces, self.recorded.outcomes, situation))
            self.exchanges = sum(len(one) for name, one in traces.items() if name != UNDER_LOAD)
            return
        shown = self._under_load is not None
        made = [name for name in probes if not (shown and name == UNDER_LOAD)]
        key = signing_key(os.environ)
        evidence = None
        if self.options.keeps_evidence:
            evidence = Evidence(self.options.out / "evidence", self.vault)
            self._seal = Seal(SealState.UNSEALED)
        observer = Observer(
            self.profile,
            self.vault,
            evidence,
            self.options.selection,
            self.transport,
            *(() if self.progress is None else (self.progress,)),
        )
        try:
            self._seen = asyncio.run(observer.observe(made))
        except Unreachable as error:
            self.broken = Unreachable(self.vault.scrub(str(error)))
        except KeyboardInterrupt:
            self.interrupted = True
            self._seen = observer.seen()
        finally:
            if self.afterwards is not None:
                self.afterwards()
            self._left_behind = left_behind(self.profile)
        self.exchanges = observer.exchanges
        self.is_spent = observer.is_spent
        if self._seen is not None:
            self._seen = self._shown(self._seen, evidence)
        if evidence is not None:
            facts = {"tool": version("idprobe"), "issuer": self.profile.issuer}
            self._seal = evidence.seal(facts, key)
            self._unwritten = evidence.failure

    def _shown(self, seen: Observation, evidence: Evidence | None = None) -> Observation:
        """Return what may be believed of what was seen, and the load run that is shown; keep it."""
        seen = replace(seen, outcomes=without_interrupted(seen.traces, seen.outcomes))
        trace = self._under_load
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

    def judge(
        self,
        check: str,
        claim: str,
        requirements: Sequence[str],
        probes: Sequence[str],
        body: Callable[..., None],
    ) -> list[Judgement]:
        """Return and keep the judgements of one check, one for each selected requirement.

        A check of a requirement judges all that say the same (`same_as`), each if it applies.
        """
        found: list[Judgement] = []
        said: Decision | None = None
        for identifier in self._selected_of(requirements):
            requirement = self.catalogue[identifier]
            decision = self._before(requirement, probes)
            if decision is None:
                decision = said = said or decided(body, self.traces(probes))
            found.append(self._judgement(check, claim, requirement, probes, decision))
        self.judgements.extend(found)
        return found

    def _selected_of(self, requirements: Sequence[str]) -> list[str]:
        """Return the selected ones of what a check names and of what says the same, each once."""
        others = (one for name in requirements for one in sorted(self.alike(name)))
        named = dict.fromkeys((*requirements, *others))
        return [one for one in named if one in self._selected]

    def _before(self, requirement: Requirement, probes: Sequence[str]) -> Decision | None:
        """Return what is decided without the check's claim, None if it has to be asked."""
        if self._seen is None:
            return Decision(Inconclusive(str(self.broken or "nothing was observed")))
        outcomes = [self._outcome(name) for name in probes]
        verdict = evidence_verdict(requirement, self._seen.situation, outcomes)
        return None if verdict is None else Decision(verdict)

    def _outcome(self, probe: str) -> ProbeOutcome:
        seen = self._seen.outcomes if self._seen is not None else {}
        because = STOPPED if self.interrupted else "the evidence has no trace of this probe"
        missing = ProbeOutcome(probe, "no_response", because)
        return seen.get(probe, missing)

    def traces(self, probes: Sequence[str]) -> dict[str, Trace]:
        """Return the traces of probes that ended as they should."""
        seen = self._seen.traces if self._seen is not None else {}
        return {name: seen[name] for name in probes}

    def _judgement(
        self,
        check: str,
        claim: str,
        requirement: Requirement,
        probes: Sequence[str],
        decision: Decision,
    ) -> Judgement:
        verdict, exchange = decision.verdict, decision.exchange
        declared = deviation_for(requirement, self.profile.deviations, self.catalogue)
        weight = weigh(
            requirement,
            verdict,
            declared,
            fail_on=self.options.fail_on,
            today=self.started_at.date(),
        )
        return Judgement(
            check,
            claim,
            requirement,
            verdict,
            weight.deviation,
            weight.counts and deviation_for(requirement, self._held(), self.catalogue) is None,
            tuple(probes),
            sent=f"{exchange.step}: {exchange.request!r}" if exchange is not None else "",
            saw=_saw(exchange),
            curl=_repeated(exchange),
            exchange=self._place(exchange, probes),
            replay=self._replay(probes, exchange) if isinstance(verdict, Violated) else "",
            remark=decision.remark,
        )

    def _replay(self, probes: Sequence[str], exchange: Exchange | None) -> str:
        """Return how to try the example again that decided, empty if no search found it."""
        number = "" if exchange is None else exchange.step.partition("/")[0]
        searched = [trace.searched for trace in self.traces(probes).values()]
        found = [one for some in searched for one in some.get("found", ())]
        fitting = [one["reproduce"] for one in found if str(one["example"]) == number]
        others = [some.get("reproduce") for some in searched if not number.isdecimal()]
        return str(next(filter(None, (*fitting, *others)), ""))

    def _place(self, exchange: Exchange | None, probes: Sequence[str]) -> str:
        if exchange is None or self._seen is None:
            return ""
        for name in probes:
            for index, candidate in enumerate(self._seen.traces[name].exchanges):
                if candidate is exchange:
                    return f"{name}#{index}"
        return ""

    def _held(self) -> tuple[Deviation, ...]:
        """Return what is in quarantine on the day of the run."""
        today = self.started_at.date()
        return tuple(one for one in self.profile.quarantine if not is_expired(one, today))

    def conclude(self) -> Run:
        """Return the run as the reports need it."""
        seen = self._seen
        today = self.started_at.date()
        depths = [one.name.lower() for one in Depth if one <= self.options.selection.depth]
        loosened = stale(self.judgements, self.profile.deviations, self.catalogue, today, depths)
        metadata = {} if seen is None else self._scrubbed(seen.situation.metadata)
        path, lines = profile_place(self.profile)
        judged = {judgement.requirement.id for judgement in self.judgements}
        lost = self._lost()
        return Run(
            tool_version=version("idprobe"),
            python_version=platform.python_version(),
            target=self.profile.name,
            issuer=self.profile.issuer,
            profile_sha256=digest_of(self.profile),
            build=self.options.build,
            started_at=self.started_at,
            duration_s=time.perf_counter() - self._begun,
            exchanges=self.exchanges,
            exit_codes=exit_codes(
                self.judgements,
                self.catalogue,
                allow_inconclusive=self.options.allow_inconclusive,
                unusable=self.broken is not None
                or self._left_behind is not None
                or self.interrupted,
                failed=(bool(loosened.gone) and self.options.strict_deviations) or bool(lost),
                broken=self._unwritten is not None or bool(self.lost),
            ),
            standards=self.options.standards or self.profile.standards,
            safety=self.options.selection.safety.name.lower(),
            depth=self.options.selection.depth.name.lower(),
            judgements=tuple(self.judgements),
            traces=seen.traces if seen is not None else {},
            probes=seen.outcomes if seen is not None else {},
            notes=tuple(self._notes(loosened, lost)),
            metadata=metadata,
            endpoints=endpoints_of(self.profile, metadata),
            configuration=self._configuration(),
            untested=not_tested(self.catalogue, self._selected, judged, self.options.keyword),
            profile_path=path,
            profile_lines=lines,
            keyword=self.options.keyword,
            fail_on=str(self.options.fail_on),
            interrupted=self.interrupted,
            gone=loosened.gone,
            expired=loosened.expired,
            coverage_regressions=lost,
            quarantined=self._held(),
            load=self.options.load,
            seal=self._seal,
        )

    def _lost(self) -> tuple[str, ...]:
        """Return what the baseline judged and this run, if it was to judge all, does not."""
        baseline = self.options.baseline
        if baseline is None:
            return ()
        judged = frozenset(one.requirement.id for one in self.judgements)
        selected = judged if self.options.keyword else self._selected
        fail_on = self.options.fail_on
        lost = coverage_regressions(baseline, self.judgements, self.catalogue, selected, fail_on)
        held = {name for one in self._held() for name in self.catalogue.alike(one.requirement)}
        return tuple(name for name in lost if name not in held)

    def _notes(self, loosened: Stale, lost: Sequence[str]) -> Iterator[str]:
        yield from notes_of(self.profile, self.options.may_test)
        if self.broken is not None:
            yield str(self.broken)
        if self._left_behind is not None:
            yield self._left_behind
        yield from (f"not judged: {one}" for one in self.lost)
        if self._unwritten is not None:
            yield f"the evidence is not whole, it could not be written: {self._unwritten}"
        elif self._seal is not None and self._seal.told:
            yield self._seal.told
        selection = self.options.selection
        if selection.depth is Depth.DEEP:
            yield f"generated requests start from a seed: --seed {selection.seed} repeats them"
        if self.interrupted:
            yield "the run was stopped before its end: what it had not tried is inconclusive"
        if self.is_spent:
            yield (
                f"all {self.most_requests} requests that the run may send were sent: what it had "
                f"not tried is inconclusive (--max-requests)"
            )
        yield from stale_notes(loosened)
        quarantine, today = self.profile.quarantine, self.started_at.date()
        yield from quarantine_notes(quarantine, self.judgements, self.catalogue, today)
        if lost:
            yield f"coverage regression: the baseline judged {', '.join(lost)}, and this run not"

    def _configuration(self) -> dict[str, Any]:
        """Return the profile and the options of the run, secrets replaced."""
        options = self.options
        return {
            "profile": self._scrubbed(redacted_profile(self.profile)),
            "options": {
                "fail_on": str(options.fail_on),
                "allow_inconclusive": options.allow_inconclusive,
                "strict_deviations": options.strict_deviations,
                "may_test": sorted(options.may_test),
                "keyword": options.keyword,
            },
        }

    def _scrubbed(self, value: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.vault.scrub_json(json.loads(json.dumps(value)))
        return found


def recorded_profile(recorded: Recorded) -> Profile:
    """Return the profile of recorded evidence; its secrets are not there, and not needed."""
    if "profile" not in recorded.run:
        raise EvidenceError("run.json lacks the profile of the run")
    return restored_profile(recorded.run["profile"])


def _repeated(exchange: Exchange | None) -> str:
    """Return the command that repeats an exchange, empty for a call that the server made."""
    ours = exchange is not None and exchange.sender is not Sender.SERVER
    return curl_command(exchange.request) if exchange is not None and ours else ""


def _saw(exchange: Exchange | None) -> str:
    if exchange is None:
        return ""
    if exchange.response is None:
        return f"no response: {exchange.failure}"
    landing = f", then {exchange.landing!r}" if exchange.landing is not None else ""
    error = f" error={exchange.response.error[:80]}" if exchange.response.error else ""
    return f"{exchange.response!r}{error}{landing}"
