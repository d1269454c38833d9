"""What one run covers: the server, the options, and the requirements that it judges."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from idprobe.audit.options import Options, permitted
from idprobe.errors import ProfileError
from idprobe.evidence.store import UNDER_LOAD, Recorded
from idprobe.findings.gate import check_comparable
from idprobe.judge.plans import are_plans, requirements_selected
from idprobe.judge.weigh import is_expired
from idprobe.load.run.load_trace import is_run_of
from idprobe.model.catalogue import Catalogue, Family, selected
from idprobe.model.profile import Deviation, Profile
from idprobe.model.trace import Trace

__all__ = ["Scope", "scope_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """The requirements that a run judges, of which server and by which options."""

    profile: Profile
    options: Options
    catalogue: Catalogue
    selected: frozenset[str]
    """The ids of the requirements that are judged."""
    started_at: datetime
    under_load: Trace | None
    """The load run that is shown, or that was shown to the run which is judged again."""

    @property
    def day(self) -> date:
        """The day of the run, on which deviations count or not."""
        return self.started_at.date()

    @property
    def quarantined(self) -> tuple[Deviation, ...]:
        """What is in quarantine on the day of the run."""
        return tuple(one for one in self.profile.quarantine if not is_expired(one, self.day))

    def reads(self, probes: Sequence[str]) -> bool:
        """Return whether a check is of this run by what it reads: one example is for its own."""
        replay = self.options.selection.replay
        return replay is None or replay.probe in probes

    def selects(self, requirement_id: str) -> bool:
        """Return whether a requirement, or one that says the same, is of this run's standards."""
        return not self.selected.isdisjoint(self.alike(requirement_id))

    def alike(self, requirement_id: str) -> frozenset[str]:
        """Return the ids of the requirements that say the same; none for an unknown id."""
        known = requirement_id in self.catalogue
        return self.catalogue.alike(requirement_id) if known else frozenset()

    def selected_of(self, requirements: Sequence[str]) -> list[str]:
        """Return the selected ones of what a check names and of what says the same, each once."""
        others = (one for name in requirements for one in sorted(self.alike(name)))
        named = dict.fromkeys((*requirements, *others))
        return [one for one in named if one in self.selected]


def scope_of(
    profile: Profile,
    options: Options,
    catalogue: Catalogue,
    started_at: datetime,
    recorded: Recorded | None = None,
) -> Scope:
    """Return what a run covers.

    Raises UsageError where nobody allowed the test or a baseline is of another kind of run, and
    ProfileError for an entry about a requirement that there is not.
    """
    today = date.today()  # noqa: DTZ011 -- `until` is a day where the run is made
    if options.baseline is not None:
        selection = options.selection
        depth, safety = selection.depth.name.lower(), selection.safety.name.lower()
        check_comparable(options.baseline, depth, safety)
    if recorded is None:
        options = permitted(options, profile, today)
    standards = options.standards or profile.standards
    promising = None if are_plans(options.standards) else profile
    found = requirements_selected(catalogue, standards, promising)
    under_load = _under_load(profile, options, recorded)
    if under_load is not None and _judges_load(options):
        found |= {one.id for one in selected(catalogue, [Family.LOAD])}
    _check_known("deviations", profile.deviations, profile, catalogue)
    _check_known("quarantine", profile.quarantine, profile, catalogue)
    return Scope(profile, options, catalogue, found, started_at, under_load)


def _under_load(profile: Profile, options: Options, recorded: Recorded | None) -> Trace | None:
    """Return the load run that is shown, or that was shown to the run which is judged again."""
    load, shown = options.load, options.under_load
    if shown is not None and (load is None or is_run_of(load, profile)):
        return shown
    return None if recorded is None else recorded.traces.get(UNDER_LOAD)


def _judges_load(options: Options) -> bool:
    """Return whether what a load run shows is judged: not where other standards were named."""
    return not options.standards or Family.LOAD in options.standards


def _check_known(
    table: str, entries: Sequence[Deviation], profile: Profile, catalogue: Catalogue
) -> None:
    """Raise ProfileError for an entry about a requirement that there is not."""
    for deviation in entries:
        if deviation.requirement not in catalogue.requirements:
            raise ProfileError(
                profile.where,
                table,
                f"{deviation.requirement} is no requirement of the catalogue: "
                f"`idprobe list requirements` shows them",
            )
