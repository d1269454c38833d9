"""The virtual users of a process: those that are idle, and how many more may be made."""

from collections import deque
from collections.abc import Callable
from typing import Final

from idprobe.load.callers import Caller
from idprobe.load.engine.engine import VirtualUser

__all__ = ["VirtualUserPool"]


class VirtualUserPool:
    """The virtual users of a process, made as they are needed, up to a bound."""

    def __init__(self, make: Callable[[int], Caller], bound: int) -> None:
        self._make: Final = make
        self._bound = bound
        self.idle: Final[deque[VirtualUser]] = deque()
        self._in_turn = False
        self.users: Final[list[VirtualUser]] = []
        """All that were made."""

    def take(self) -> VirtualUser | None:
        """Return a caller without work, None if there is none.

        It is the last that had some, so that few connections do; once no more are made, all take
        turns.
        """
        if self.idle:
            return self.idle.popleft() if self._in_turn else self.idle.pop()
        if self.made >= self._bound:
            return None
        return self.one_more()

    @property
    def made(self) -> int:
        """How many were made."""
        return len(self.users)

    def close(self) -> None:
        """Make no more callers than there are, and let them take turns."""
        self._bound = self.made
        self._in_turn = True

    def one_more(self) -> VirtualUser:
        """Return a caller that is new."""
        self.users.append(VirtualUser(self._make(self.made)))
        return self.users[-1]
