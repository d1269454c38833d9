"""What a load run is to do, as the parent tells its child in a small JSON file."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

from idprobe.errors import ProfileError
from idprobe.load.schedule.ramp import Step, shown_ramp
from idprobe.load.schedule.schedule import Spacing
from idprobe.model.profile import Profile, with_issuer

__all__ = [
    "CLEAN_S",
    "ISSUER",
    "LIFELINE",
    "MAY_LOAD",
    "METRICS",
    "PLAN",
    "PROFILE",
    "Closed",
    "Model",
    "Open",
    "Plan",
    "reachable",
]

PLAN: Final = "IDPROBE_LOAD_PLAN"
PROFILE: Final = "IDPROBE_PROFILE"
ISSUER: Final = "IDPROBE_ISSUER"
MAY_LOAD: Final = "IDPROBE_MAY_LOAD"
METRICS: Final = "IDPROBE_METRICS"
LIFELINE: Final = "IDPROBE_LIFELINE"
"""Set where standard input is a pipe that its other end holds for as long as load is wanted."""
CLEAN_S: Final = 60.0
"""How long tokens may be given back when load is over, apart from the last answers."""
SEEDS: Final = 1000
"""So far apart are the seeds of two runs: each worker of a run has one of its own."""


@dataclass(frozen=True, slots=True)
class Open:
    """Arrivals on a schedule that never looks at answers, over at most so many connections."""

    rate_per_s: float
    """The rate; of a ramp the highest."""
    spacing: Spacing = Spacing.CONSTANT
    seed: int = 0
    connections: int = 1024
    phase_s: float = 0.0
    """By how much the first arrival is late, so that several workers do not arrive together."""
    ramp: tuple[Step, ...] = ()
    """Steps and ramps, where the rate is not the same all the time."""

    def steps(self, duration_s: float) -> tuple[Step, ...]:
        """Return the steps of a steady state that is so long."""
        return self.ramp or (Step(self.rate_per_s, self.rate_per_s, duration_s),)

    def shown(self, duration_s: float) -> str:
        """Return the schedule as a person reads it."""
        return f"{shown_ramp(self.steps(duration_s))} ({self.spacing.value})"


@dataclass(frozen=True, slots=True)
class Closed:
    """So many users who each begin again as soon as they have an answer."""

    users: int


Model = Open | Closed


@dataclass(frozen=True, slots=True)
class Plan:
    """One load run: its model and how long the steady state goes on."""

    model: Model
    duration_s: float
    warm_up_s: float = 0.0
    """Load before the duration, which is not counted."""
    callers: int = 16
    """How many callers are prepared, where a scenario has something to prepare."""
    workers: int = 1
    """Among how many processes the load is shared out."""
    soak: bool = False
    """Whether the run is to tell what drifts."""
    server_pid: int | None = None
    """The process of the server on this machine, whose memory is noted."""
    server_metrics: str | None = None
    """Where the server tells Prometheus of its memory, which is noted."""
    clean: bool = False
    """Whether tokens are given back when load is over."""
    spin: bool = False
    """Whether the engine never sleeps, so that it begins and reads on time."""

    def part(self, place: int) -> "Plan":
        """Return what the worker at a place has to do; arrivals of all fall between each other."""
        count, model = self.workers, self.model
        callers = max(1, -(-self.callers // count))
        if isinstance(model, Closed):
            return replace(self, callers=callers)
        share = replace(
            model,
            rate_per_s=model.rate_per_s / count,
            seed=model.seed + place,
            connections=max(1, model.connections // count),
            phase_s=place / model.rate_per_s,
            ramp=tuple(step.share(count) for step in model.ramp),
        )
        return replace(self, model=share, callers=callers)

    def again(self, number: int) -> "Plan":
        """Return the plan of one more run of the same: Poisson arrivals are drawn anew."""
        model = self.model
        if isinstance(model, Closed):
            return self
        return replace(self, model=replace(model, seed=model.seed + number * SEEDS))

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON members."""
        kind = "open" if isinstance(self.model, Open) else "closed"
        members = {name: getattr(self, name) for name in _MEMBERS}
        model = asdict(self.model)
        if "ramp" in model:
            model["course"] = model.pop("ramp")
        return {"kind": kind, **members, **model}

    @classmethod
    def from_dict(cls, members: Mapping[str, Any]) -> Self:
        """Return the plan that to_dict wrote."""
        given = dict(members)
        kind = given.pop("kind")
        others = [given.pop(name) for name in _MEMBERS]
        if kind == "closed":
            return cls(Closed(**given), *others)
        ramp = tuple(Step(**step) for step in given.pop("course", ()))
        typed = {"spacing": Spacing(given["spacing"]), "ramp": ramp}
        return cls(Open(**{**given, **typed}), *others)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the plan in a file."""
        return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))


_MEMBERS: Final = (
    "duration_s",
    "warm_up_s",
    "callers",
    "workers",
    "soak",
    "server_pid",
    "server_metrics",
    "clean",
    "spin",
)


def reachable(profile: Profile, environ: Mapping[str, str] = os.environ) -> Profile:
    """Return the profile with the issuer that IDPROBE_ISSUER names, if it does.

    Raises ProfileError for the embedded server where nobody says at which address it runs.
    """
    issuer = environ.get(ISSUER)
    if issuer:
        return with_issuer(profile, issuer)
    if profile.embedded is not None:
        fix = f"start `idprobe serve --as {profile.embedded}` and set {ISSUER} to its issuer"
        raise ProfileError(profile.where, "embedded", fix)
    return profile
