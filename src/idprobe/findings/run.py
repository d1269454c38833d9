"""What a report is a picture of: one run, and its judgements gathered to one finding each.

Pure data: nothing here formats, and nothing here looks at the clock.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from idprobe.evidence.seals import Seal
from idprobe.evidence.store import ProbeOutcome
from idprobe.judge.weigh import is_expired
from idprobe.model.catalogue import Requirement
from idprobe.model.exchange import Agent, Request
from idprobe.model.profile import Deviation
from idprobe.model.trace import Trace
from idprobe.model.verdict import Judgement, Verdict, Violated, because_of, name_of

__all__ = [
    "Counts",
    "Finding",
    "NotTested",
    "Run",
    "by_area",
    "by_area_and_family",
    "by_requirement",
    "by_spec",
    "counts_of",
    "grouped_by_cause",
]

_SENT: Final = "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}password-"
"""How the pseudonym of a password begins (see idprobe.redaction)."""

_EXIT_ORDER: Final = (2, 4, 3, 1, 5, 0)
_VERDICTS: Final = ("violated", "harness_fault", "inconclusive", "satisfied", "not_applicable")
_LEVELS: Final = ("MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY")
_SEVERITIES: Final = ("high", "medium", "low")
_AREAS: Final = (
    *("metadata", "keys", "transport", "encoding", "registration", "client-authentication"),
    *("authorization-request", "authorization-response", "redirect-uri", "code", "pkce"),
    *("implicit", "hybrid", "par", "jar", "token-request", "token-response", "refresh"),
    *("client-credentials", "scope", "error-response", "access-token", "id-token", "claims"),
    *("userinfo", "introspection", "revocation", "session", "logout"),
)
"""The order of areas in a report, along the way of a login; others follow by name."""


@dataclass(frozen=True, slots=True)
class NotTested:
    """A requirement of the selected standards that no check of the run judged, and why."""

    requirement: Requirement
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """All that a report needs, redacted; `started_at` is aware, UTC.

    `notes` are what every report must say: who consented, what was switched off, what was retried.
    `endpoints` are those of profile and metadata, by name. `configuration` is the profile and the
    options of the run, secrets replaced. `profile_path` is where the profile was found, empty if it
    is no file; `profile_lines` are its lines by what stands there (`issuer`, a requirement's id).
    """

    tool_version: str
    python_version: str
    target: str
    issuer: str
    profile_sha256: str
    build: str | None
    started_at: datetime
    duration_s: float
    exchanges: int
    exit_codes: tuple[int, ...]
    standards: tuple[str, ...]
    safety: str
    depth: str
    judgements: tuple[Judgement, ...]
    traces: Mapping[str, Trace]
    probes: Mapping[str, ProbeOutcome]
    notes: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    endpoints: Mapping[str, str] = field(default_factory=dict)
    configuration: Mapping[str, Any] = field(default_factory=dict)
    untested: tuple[NotTested, ...] = ()
    profile_path: str = ""
    profile_lines: Mapping[str, int] = field(default_factory=dict)
    load: Mapping[str, Any] | None = None
    """What a load run of the same server measured (load.json), if one was made."""
    keyword: str = ""
    """What the checks were narrowed to, empty if to nothing."""
    fail_on: str = "must"
    """What the gate of the run counts (see idprobe.judge.weigh)."""
    interrupted: bool = False
    """Whether somebody stopped the run: what it had not tried by then is inconclusive."""
    gone: tuple[Deviation, ...] = ()
    """Declared deviations whose requirement is satisfied now."""
    expired: tuple[Deviation, ...] = ()
    """Declared deviations whose last day has passed."""
    quarantined: tuple[Deviation, ...] = ()
    """What came out otherwise in two runs of one build, and does not count for now."""
    coverage_regressions: tuple[str, ...] = ()
    """Requirements that the baseline judged, and this run no longer does."""
    seal: Seal | None = None
    """How the evidence stands to its manifest; None where none was kept."""

    @property
    def exit_code(self) -> int:
        """The exit code of the process, when several apply: 2, then 4, 3, 1, 5, 0."""
        return next((code for code in _EXIT_ORDER if code in self.exit_codes), 0)

    @property
    def logins(self) -> int:
        """How often a browser of ours sent a password: every login, and those meant to fail."""
        traces = self.traces.values()
        return sum(_logs_in(one.request) for trace in traces for one in trace.exchanges)

    @property
    def checks_by_hand(self) -> int:
        """How many checks read what came about with a person's help."""
        helped = {name for name, probe in self.probes.items() if probe.by_hand}
        return len({one.check for one in self.judgements if helped.intersection(one.traces)})

    def by_requirement(self) -> tuple["Finding", ...]:
        """Return one finding for each requirement that was judged (see by_requirement)."""
        return by_requirement(self.judgements, self.started_at.date())


def _logs_in(request: Request) -> bool:
    """Return whether a request of a browser carries a user's password."""
    browser = request.agent is Agent.USER and request.method == "POST"
    return browser and any(value.startswith(_SENT) for _, value in request.form)


@dataclass(frozen=True, slots=True)
class Finding:
    """All that the run says of one requirement, and of those that say the same.

    `judgements` come worst first; the first decides, and `requirement` is the one it judged.
    """

    requirement: Requirement
    judgements: tuple[Judgement, ...]
    alike: tuple[Requirement, ...]
    """Other requirements that were judged here because they say the same (`same_as`)."""
    deviation: Deviation | None
    """The deviation that covers this violation on the day of the run, None otherwise."""

    @property
    def deciding(self) -> Judgement:
        """The judgement that speaks for the requirement."""
        return self.judgements[0]

    @property
    def verdict(self) -> Verdict:
        """The verdict of the deciding judgement."""
        return self.deciding.verdict

    @property
    def name(self) -> str:
        """The name of the verdict as results.json spells it."""
        return name_of(self.verdict)

    @property
    def because(self) -> str:
        """The reason of the verdict, empty if satisfied."""
        return because_of(self.verdict)

    @property
    def counts(self) -> bool:
        """Whether the gate counts the finding against the server."""
        return any(judgement.counts for judgement in self.judgements)

    @property
    def is_open(self) -> bool:
        """Whether the requirement is violated and no deviation covers it."""
        return isinstance(self.verdict, Violated) and self.deviation is None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many requirements came out how; `declared` are those violated as declared."""

    violated: int = 0
    inconclusive: int = 0
    harness_fault: int = 0
    satisfied: int = 0
    not_applicable: int = 0
    declared: int = 0

    @property
    def total(self) -> int:
        """How many requirements were judged."""
        return sum(getattr(self, name) for name in _VERDICTS)


def by_requirement(judgements: Iterable[Judgement], on: date) -> tuple[Finding, ...]:
    """Return one finding for each group of requirements that say the same, gravest first.

    Verdicts combine worst first. A deviation covers a violation until its date has passed, and
    only if every violation of the group is covered.
    """
    groups: dict[str, list[Judgement]] = {}
    for judgement in judgements:
        requirement = judgement.requirement
        groups.setdefault(requirement.same_as or requirement.id, []).append(judgement)
    return tuple(sorted((_finding(group, on) for group in groups.values()), key=_gravity))


def _finding(group: list[Judgement], on: date) -> Finding:
    ordered = tuple(sorted(group, key=lambda judgement: _weight(judgement, on)))
    deciding = ordered[0]
    others = {j.requirement.id: j.requirement for j in ordered}
    del others[deciding.requirement.id]
    covered = isinstance(deciding.verdict, Violated) and _is_covered(deciding, on)
    return Finding(
        requirement=deciding.requirement,
        judgements=ordered,
        alike=tuple(others[identifier] for identifier in sorted(others)),
        deviation=deciding.deviation if covered else None,
    )


def _is_covered(judgement: Judgement, on: date) -> bool:
    """Return whether a deviation declares the violation and holds on that day."""
    return judgement.deviation is not None and not is_expired(judgement.deviation, on)


def _weight(judgement: Judgement, on: date) -> tuple[object, ...]:
    """Return the sort key that puts the judgement first that speaks for the whole group."""
    return (
        _VERDICTS.index(name_of(judgement.verdict)),
        _is_covered(judgement, on),
        not judgement.counts,
        judgement.requirement.same_as is not None,
        judgement.requirement.id,
        judgement.check,
        because_of(judgement.verdict),
    )


def _gravity(finding: Finding) -> tuple[object, ...]:
    """Return the sort key that puts what to read first in front."""
    requirement = finding.requirement
    return (
        _VERDICTS.index(finding.name),
        finding.deviation is not None,
        not finding.counts,
        _place(_LEVELS, requirement.level),
        _place(_SEVERITIES, requirement.severity),
        _place(_AREAS, requirement.area),
        requirement.area,
        requirement.id,
    )


def _place(order: tuple[str, ...], value: str) -> int:
    return order.index(value) if value in order else len(order)


def counts_of(findings: Iterable[Finding]) -> Counts:
    """Return how many of the findings have which verdict."""
    found = tuple(findings)
    names = [finding.name for finding in found]
    return Counts(
        **{name: names.count(name) for name in _VERDICTS},
        declared=sum(finding.deviation is not None for finding in found),
    )


def by_area(findings: Iterable[Finding]) -> dict[str, Counts]:
    """Return the counts of each area, in the order in which a login comes by them."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.requirement.area, []).append(finding)
    ordered = sorted(groups, key=lambda area: (_place(_AREAS, area), area))
    return {area: counts_of(groups[area]) for area in ordered}


def by_area_and_family(findings: Iterable[Finding]) -> dict[str, dict[str, Counts]]:
    """Return the counts of each area in each family of standards that judged anything there."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    found = tuple(findings)
    for finding in found:
        key = finding.requirement.area, str(finding.requirement.family)
        groups.setdefault(key, []).append(finding)
    families = sorted({family for _, family in groups})
    return {
        area: {f: counts_of(groups[area, f]) for f in families if (area, f) in groups}
        for area in by_area(found)
    }


def by_spec(findings: Iterable[Finding]) -> dict[str, tuple[Finding, ...]]:
    """Return the findings of each specification, by name, each by id of its requirement."""
    groups: dict[str, list[Finding]] = {}
    for finding in sorted(findings, key=lambda finding: finding.requirement.id):
        groups.setdefault(finding.requirement.spec, []).append(finding)
    return {spec: tuple(groups[spec]) for spec in sorted(groups)}


def grouped_by_cause(findings: Iterable[Finding]) -> dict[str, tuple[Finding, ...]]:
    """Return the findings of each reason, the reason with most of them first."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.because, []).append(finding)
    ordered = sorted(groups, key=lambda because: (-len(groups[because]), because))
    return {because: tuple(groups[because]) for because in ordered}
