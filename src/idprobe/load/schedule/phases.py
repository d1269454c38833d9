"""What virtual users do before load is measured, and when it is over: nothing of it counts."""

import time
from collections import deque
from collections.abc import Sequence
from typing import Final

from idprobe.load.engine.engine import Engine, LoadFlow, VirtualUser
from idprobe.load.schedule.user_pool import VirtualUserPool

__all__ = ["AvailabilityCheck", "Conclusion", "Preparation"]

NS: Final = 1_000_000_000
FAR_NS: Final = NS


class Conclusion:
    """Lets each caller look at what is left, some at a time, when load is over."""

    def __init__(
        self, engine: Engine, users: Sequence[VirtualUser], patience_s: float, together: int
    ) -> None:
        self._engine: Final = engine
        self._together: Final = together
        self._left: Final = deque(users)
        self._busy = 0
        self._give_up_ns: Final = time.perf_counter_ns() + round(patience_s * NS)

    def due(self, now_ns: int) -> int:
        """Begin as many as may conclude at once."""
        while self._left and self._busy < self._together and now_ns < self._give_up_ns:
            self._busy += 1
            user = self._left.popleft()
            self._engine.begin(user, user.caller.conclude())
        return now_ns + FAR_NS

    def ended(self, user: VirtualUser, now_ns: int, failure: str | None) -> None:
        """Go on: what was wrong is among the findings already."""
        del user, now_ns, failure
        self._busy -= 1

    def over(self, now_ns: int) -> bool:
        """Return whether all have concluded, or patience has ended."""
        return not self._busy and (not self._left or now_ns >= self._give_up_ns)


class AvailabilityCheck:
    """Lets one caller try once more when load is over, to see whether the target is there."""

    def __init__(self, engine: Engine, user: VirtualUser, flow: LoadFlow) -> None:
        self._engine: Final = engine
        self._seat: Final = user
        self._flow: Final = flow
        self._begun = self._done = False
        self.answered = False

    def due(self, now_ns: int) -> int:
        """Begin, the first time."""
        if not self._begun:
            self._begun = True
            self._engine.begin(self._seat, self._flow)
        return now_ns + FAR_NS

    def ended(self, user: VirtualUser, now_ns: int, failure: str | None) -> None:
        """Keep whether there was an answer, whatever it says."""
        del now_ns
        self.answered = failure is None or not user.unanswered
        self._done = True

    def over(self, now_ns: int) -> bool:
        """Return whether it has ended."""
        del now_ns
        return self._done


class Preparation:
    """Makes callers and lets each prepare itself, some at a time, before load is measured."""

    def __init__(self, engine: Engine, pool: VirtualUserPool, wanted: int, together: int) -> None:
        self._engine: Final = engine
        self._together: Final = together
        self._pool: Final = pool
        self._wanted = wanted
        self._busy = 0
        self.failure: str | None = None

    def due(self, now_ns: int) -> int:
        """Begin as many as may be prepared at once."""
        while self._wanted and self._busy < self._together and self.failure is None:
            self._wanted -= 1
            self._busy += 1
            user = self._pool.one_more()
            self._engine.begin(user, user.caller.prepare())
        return now_ns + FAR_NS

    def ended(self, user: VirtualUser, now_ns: int, failure: str | None) -> None:
        """Keep the caller, or why it could not prepare itself."""
        del now_ns
        self._busy -= 1
        self.failure = self.failure or failure
        user.prepared = failure is None
        self._pool.idle.append(user)

    def over(self, now_ns: int) -> bool:
        """Return whether all are prepared, or one failed."""
        del now_ns
        return not self._busy and (not self._wanted or self.failure is not None)
