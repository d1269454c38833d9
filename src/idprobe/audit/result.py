"""The result of a run as the reports need it: judgements, notes, exit codes, configuration."""

import json
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from idprobe.audit.observed import Observed
from idprobe.audit.scope import Scope
from idprobe.findings.gate import coverage_regressions
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
from idprobe.judge.weigh import Stale, stale
from idprobe.model.profile import redacted_profile
from idprobe.model.verdict import Judgement
from idprobe.observe.selection import most_requests
from idprobe.probes import Depth
from idprobe.redaction import Vault

__all__ = ["Result"]


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What a run came to: what it judged, and what it failed to judge."""

    scope: Scope
    observed: Observed
    vault: Vault
    judgements: Sequence[Judgement]
    unjudged: Sequence[str]
    """Checks that idprobe failed to judge, each with the reason."""
    begun: float
    """When the run began, by time.perf_counter."""

    def run(self) -> Run:
        """Return the run as the reports need it."""
        scope, options, profile = self.scope, self.scope.options, self.scope.profile
        observed, seen = self.observed, self.observed.seen
        depths = [one.name.lower() for one in Depth if one <= options.selection.depth]
        loosened = stale(self.judgements, profile.deviations, scope.catalogue, scope.day, depths)
        metadata = {} if seen is None else self._scrubbed(seen.situation.metadata)
        path, lines = profile_place(profile)
        judged = {judgement.requirement.id for judgement in self.judgements}
        lost = self._lost()
        return Run(
            tool_version=version("idprobe"),
            python_version=platform.python_version(),
            target=profile.name,
            issuer=profile.issuer,
            profile_sha256=digest_of(profile),
            build=options.build,
            started_at=scope.started_at,
            duration_s=time.perf_counter() - self.begun,
            exchanges=observed.exchanges,
            exit_codes=self._exit_codes(loosened, lost),
            standards=options.standards or profile.standards,
            safety=options.selection.safety.name.lower(),
            depth=options.selection.depth.name.lower(),
            judgements=tuple(self.judgements),
            traces=seen.traces if seen is not None else {},
            probes=seen.outcomes if seen is not None else {},
            notes=tuple(self._notes(loosened, lost)),
            metadata=metadata,
            endpoints=endpoints_of(profile, metadata),
            configuration=self._configuration(),
            untested=not_tested(scope.catalogue, scope.selected, judged, options.keyword),
            profile_path=path,
            profile_lines=lines,
            keyword=options.keyword,
            fail_on=str(options.fail_on),
            interrupted=observed.interrupted,
            gone=loosened.gone,
            expired=loosened.expired,
            coverage_regressions=lost,
            quarantined=scope.quarantined,
            load=options.load,
            seal=observed.seal,
        )

    def _exit_codes(self, loosened: Stale, lost: Sequence[str]) -> tuple[int, ...]:
        options, observed = self.scope.options, self.observed
        return exit_codes(
            self.judgements,
            self.scope.catalogue,
            allow_inconclusive=options.allow_inconclusive,
            unusable=observed.broken is not None
            or observed.left_behind is not None
            or observed.interrupted,
            failed=(bool(loosened.gone) and options.strict_deviations) or bool(lost),
            broken=observed.unwritten is not None or bool(self.unjudged),
        )

    def _lost(self) -> tuple[str, ...]:
        """Return what the baseline judged and this run, if it was to judge all, does not."""
        scope, options = self.scope, self.scope.options
        if options.baseline is None:
            return ()
        judged = frozenset(one.requirement.id for one in self.judgements)
        lost = coverage_regressions(
            options.baseline,
            self.judgements,
            scope.catalogue,
            judged if options.keyword else scope.selected,
            options.fail_on,
        )
        held = {
            name for one in scope.quarantined for name in scope.catalogue.alike(one.requirement)
        }
        return tuple(name for name in lost if name not in held)

    def _notes(self, loosened: Stale, lost: Sequence[str]) -> Iterator[str]:
        scope, observed = self.scope, self.observed
        yield from notes_of(scope.profile, scope.options.may_test)
        if observed.broken is not None:
            yield str(observed.broken)
        if observed.left_behind is not None:
            yield observed.left_behind
        yield from (f"not judged: {one}" for one in self.unjudged)
        if observed.unwritten is not None:
            yield f"the evidence is not whole, it could not be written: {observed.unwritten}"
        elif observed.seal is not None and observed.seal.told:
            yield observed.seal.told
        selection = scope.options.selection
        if selection.depth is Depth.DEEP:
            yield f"generated requests start from a seed: --seed {selection.seed} repeats them"
        if observed.interrupted:
            yield "the run was stopped before its end: what it had not tried is inconclusive"
        if observed.is_spent:
            yield (
                f"all {most_requests(scope.profile, selection)} requests that the run may send "
                f"were sent: what it had not tried is inconclusive (--max-requests)"
            )
        yield from stale_notes(loosened)
        quarantine = scope.profile.quarantine
        yield from quarantine_notes(quarantine, self.judgements, scope.catalogue, scope.day)
        if lost:
            yield f"coverage regression: the baseline judged {', '.join(lost)}, and this run not"

    def _configuration(self) -> dict[str, Any]:
        """Return the profile and the options of the run, secrets replaced."""
        options = self.scope.options
        return {
            "profile": self._scrubbed(redacted_profile(self.scope.profile)),
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
