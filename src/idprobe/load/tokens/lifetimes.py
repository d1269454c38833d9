"""How long a token lives, by the word of the server that issued it."""

from dataclasses import dataclass
from typing import Final

__all__ = ["TokenLifetime"]

MARGIN_S: Final = 5.0
"""So much earlier a token may end: servers count whole seconds, and their clocks differ."""


@dataclass(frozen=True, slots=True)
class TokenLifetime:
    """The time of a token: its lifetime in seconds, from when it was asked for at the earliest."""

    asked_at: float
    """By our monotonic clock, in seconds."""
    lifetime_s: int | None

    def holds(self, now: float) -> bool | None:
        """Return whether the token has to live still; None where nobody told for how long."""
        if self.lifetime_s is None:
            return None
        return now < self.asked_at + self.lifetime_s - MARGIN_S
