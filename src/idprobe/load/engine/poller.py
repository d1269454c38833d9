"""Waiting for sockets: the engine sleeps until one is ready or something is due, and not longer."""

import time
from collections.abc import Callable
from typing import Any, Final

from idprobe.load.engine.unpatched import unpatched

__all__ = ["READABLE", "WRITABLE", "Poller"]

NS: Final = 1_000_000_000
BATCH: Final = 32
"""So many sockets are served before arrivals are looked at again."""
MS: Final = 1_000_000
COARSE_NS: Final = 2 * MS
AWAKE_NS: Final = 400_000
"""So long before something is due we are awake, since who is woken then comes late."""
AWAKE_PART: Final = 10
"""But at most for this part of a wait, lest others on our processor starve."""
TIMESTAMP_NS: Final = 250_000
"""So often the lateness of a read is looked at, on average."""
TIMESTAMPS_AT_ONCE: Final = 4
"""So many in a row, since an answer may come in pieces."""
READABLE: Final = 1
WRITABLE: Final = 4
"""EPOLLIN and EPOLLOUT, which gevent takes out of select."""


class Poller:
    """An epoll, waited for with less delay than its own timeout has; `stop` ends any wait."""

    def __init__(self, *, spins: bool) -> None:
        self.spins: Final = spins
        self.spun_ns = 0
        """How long it was awake only to be so."""
        self.stopped = False
        # made first, so that its number is one that select takes
        self._epoll: Final = unpatched("select", "epoll")()
        self._poll: Final[Callable[[float, int], list[tuple[int, int]]]] = self._epoll.poll
        self._select: Final[Callable[..., Any]] = unpatched("select", "select")
        self._turn = 0
        self._timestamp_at_ns = 0

    def register(self, fd: int) -> None:
        """Wait for a new socket, to be read and to be written."""
        self._epoll.register(fd, READABLE | WRITABLE)

    def rearm(self, fd: int, events: int) -> None:
        """Wait for other events of a socket."""
        self._epoll.modify(fd, events)

    def close(self) -> None:
        """Wait for nothing more."""
        self._epoll.close()

    def ready(self, wake_at: int) -> list[tuple[int, int]]:
        """Return the sockets that are ready, or none when it is time to wake.

        epoll waits by the millisecond, and rounds up; select by the microsecond.
        """
        if self.spins:
            return self._spun(wake_at)
        events = self._poll(0, BATCH)
        wait_ns = wake_at - time.perf_counter_ns()
        if events or wait_ns <= 0:
            return events
        awake_ns = min(AWAKE_NS, wait_ns // AWAKE_PART)
        if wait_ns - awake_ns > COARSE_NS:
            events = self._poll(((wait_ns - awake_ns) // MS - 0.5) / 1000, BATCH)
            if events:
                return events
            wait_ns = wake_at - time.perf_counter_ns()
        if wait_ns > awake_ns:
            self._select([self._epoll], [], [], (wait_ns - awake_ns) / NS)
        return self._spun(wake_at)

    def _spun(self, wake_at: int) -> list[tuple[int, int]]:
        """As `ready`, and never sleep."""
        began = now = time.perf_counter_ns()
        events = self._poll(0, BATCH)
        while not events and now < wake_at and not self.stopped:
            events = self._poll(0, BATCH)
            now = time.perf_counter_ns()
        self.spun_ns += now - began
        return events

    def timestamped(self, events: list[tuple[int, int]]) -> int:
        """Return the socket whose lateness is looked at, 0 for none; each of a batch in turn."""
        now = time.perf_counter_ns()
        if now < self._timestamp_at_ns:
            return 0
        earliest = now - TIMESTAMPS_AT_ONCE * TIMESTAMP_NS
        self._timestamp_at_ns = max(self._timestamp_at_ns, earliest) + TIMESTAMP_NS
        self._turn += 1
        return events[self._turn % len(events)][0]
