"""Whether the target is there at all: to go on loading one that is down helps nobody."""

from datetime import UTC, datetime
from typing import Final

__all__ = ["DOWN_S", "OutageDetector"]

DOWN_S: Final = 10.0
"""So long practically no iteration has an answer before the target counts as down."""
FEWEST: Final = 20
"""So many iterations without an answer are needed besides, however slow they come."""
PRACTICALLY_ALL: Final = 0.99
"""This share of the iterations in that time has no answer; a stray one changes nothing."""
DOWN_NS: Final = round(DOWN_S * 1e9)


class OutageDetector:
    """Is told how iterations end: with an answer, whatever it says, or for want of one.

    A server that refuses with 429 or 503 answers, and is not down.
    """

    def __init__(self) -> None:
        self._since: datetime | None = None
        self._since_ns = 0
        self._ended = self._lost = 0

    @property
    def is_suspected(self) -> bool:
        """Whether answers were missing of late."""
        return self._since is not None

    def record(self, now_ns: int, *, lost: bool) -> str | None:
        """Note how an iteration ended; return why to stop once the target is down."""
        if not lost:
            self._answered()
            return None
        if self._since is None:
            self._since, self._since_ns = datetime.now(UTC), now_ns
        self._ended += 1
        self._lost += 1
        if self._lost < FEWEST or now_ns - self._since_ns < DOWN_NS:
            return None
        return f"stopped: the target is down{self.since}"

    @property
    def since(self) -> str:
        """Since when answers have been missing, and how many; empty if they are not."""
        if self._since is None:
            return ""
        since = self._since.isoformat(timespec="seconds").replace("+00:00", "Z")
        return (
            f" since {since}: {self._lost} of the {self._ended} "
            f"iterations that ended since then had no answer"
        )

    def _answered(self) -> None:
        self._ended += 1
        if self._lost < PRACTICALLY_ALL * self._ended:
            self._since, self._ended, self._lost = None, 0, 0
