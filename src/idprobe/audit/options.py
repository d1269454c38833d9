"""How a run is to be made and gated."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from idprobe.errors import UsageError
from idprobe.judge.weigh import FailOn
from idprobe.model.profile import Profile, consent_missing
from idprobe.model.trace import Trace
from idprobe.observe.selection import Selection
from idprobe.probes import Safety
from idprobe.report import FORMATS

__all__ = ["Options", "permitted"]


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


def permitted(options: Options, profile: Profile, today: date) -> Options:
    """Return the options as far as the profile allows the test on a day.

    A profile that has clients must say who allowed it, UsageError otherwise; without clients and
    consent the run does what everybody may do.
    """
    missing = consent_missing(profile, today, options.may_test)
    if missing is None:
        return options
    if profile.clients:
        raise UsageError(missing)
    return replace(options, selection=replace(options.selection, safety=Safety.PASSIVE))
