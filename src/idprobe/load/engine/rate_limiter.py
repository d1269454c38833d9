"""How many requests may still be sent, and how soon: [limits] of a profile, kept by the sender.

Whatever load does (logins before it, users in a closed loop, a last look), no request leaves
without being taken off here. One who has to wait is counted: the run then measures the limit.
"""

from typing import Final, Self

from idprobe.model.profile import Limits

__all__ = ["LIMIT_EXHAUSTED", "RateLimiter"]

NS: Final = 1_000_000_000
LIMIT_EXHAUSTED: Final = (
    "stopped: the profile allows no more requests (max_requests under [limits])"
)


class RateLimiter:
    """A token bucket: it holds a second's worth of requests and refills at the rate allowed."""

    def __init__(self, per_s: float | None, most: int | None, workers: int = 1) -> None:
        share = None if per_s is None else per_s / workers
        self._full: Final = 0.0 if share is None else max(1.0, share)
        self._cost_ns: Final = 0.0 if share is None else NS / share
        self._saved = self._full
        self._seen_ns = 0
        self.left = None if most is None else most // workers
        """How many requests are left in all; None is without end."""
        self.delayed = 0
        """How many requests have had to wait since `refill`."""
        self.refused = 0
        """How many requests there was nothing left for."""

    @classmethod
    def of(cls, limits: Limits, workers: int = 1) -> Self | None:
        """Return one worker's share of what a profile allows; None where that is no limit."""
        if limits.requests_per_second is None and limits.max_requests is None:
            return None
        return cls(limits.requests_per_second, limits.max_requests, workers)

    @property
    def is_spent(self) -> bool:
        """Whether no request is left."""
        return self.left is not None and self.left <= 0

    def wait_ns(self, now_ns: int) -> int:
        """Return how long a request has to wait; one that has not is taken off."""
        if self._cost_ns:
            self._saved += (now_ns - self._seen_ns) / self._cost_ns
            self._saved = min(self._full, self._saved)
            self._seen_ns = now_ns
            if self._saved < 1:
                return max(1, round((1 - self._saved) * self._cost_ns))
            self._saved -= 1
        if self.left is not None:
            self.left -= 1
        return 0

    def refill(self) -> None:
        """Begin anew: with a second's worth, and nobody who had to wait."""
        self._saved = self._full
        self.delayed = 0
