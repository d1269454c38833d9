"""What a run may do, how hard it may try, and how many requests it may send."""

from collections.abc import Container
from dataclasses import dataclass, replace
from typing import Final

from idprobe.model.effort import ARRIVAL_S, Effort, Replay
from idprobe.model.profile import Profile
from idprobe.probes import Depth, Safety

__all__ = ["Selection", "most_requests"]

EFFORTS: Final = {
    Depth.QUICK: Effort(examples=10, tries=200, seconds=60),
    Depth.FULL: Effort(examples=100, tries=500, seconds=300),
    Depth.DEEP: Effort(examples=1000, tries=2000, seconds=1800),
}
MOST_REQUESTS: Final = {Depth.QUICK: 20_000, Depth.FULL: 100_000, Depth.DEEP: 1_000_000}


@dataclass(frozen=True, slots=True)
class Selection:
    """What a run may do, and for how long."""

    depth: Depth = Depth.QUICK
    safety: Safety = Safety.NORMAL
    seed: int = 0
    """Where generated examples start from."""
    replay: Replay | None = None
    """The one example to try again, if the run is made for that."""
    shrinks: bool = True
    """Whether generated examples that fail are made smaller."""
    seconds: float | None = None
    """How long each search may take, where that is less than its depth allows."""
    arrival_s: float = ARRIVAL_S
    """How long a call is waited for that the server makes."""
    thorough: Container[str] | None = None
    """The probes that search as much as the depth allows, if not all; the others as if quick."""

    def is_about(self, probe: str) -> bool:
        """Return whether the run is made to try an example of this probe again."""
        return self.replay is not None and self.replay.probe == probe

    def effort(self, probe: str) -> Effort:
        """Return how hard a probe may try."""
        mine = self.replay if self.is_about(probe) else None
        is_thorough = self.thorough is None or probe in self.thorough
        usual = EFFORTS[self.depth if is_thorough else Depth.QUICK]
        seconds = usual.seconds if self.seconds is None else min(usual.seconds, self.seconds)
        return replace(
            usual,
            seconds=seconds,
            seed=self.seed,
            replay=mine,
            shrinks=self.shrinks,
            arrival_s=self.arrival_s,
        )


def most_requests(profile: Profile, selection: Selection) -> int:
    """Return how many requests a run sends at most, those that failed or were repeated included."""
    return profile.limits.max_requests or MOST_REQUESTS[selection.depth]
