"""The time of day at which something happened, by a clock that never jumps.

What is judged compares the times of exchanges with each other and with the times that a server
states. The clock of the system may be set while a run goes on; so it is read once, and from then on
the time that has passed is added to it.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Final

__all__ = ["utc_now"]

_STEADY: Final = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
"""Goes on while the machine sleeps, where there is such a clock."""


def _steady_s() -> float:
    return time.monotonic() if _STEADY is None else time.clock_gettime(_STEADY)


_BEGUN: Final = datetime.now(UTC)
_BEGUN_S: Final = _steady_s()


def utc_now() -> datetime:
    """Return the time of day (aware, UTC): that of the system when idprobe began, and since."""
    return _BEGUN + timedelta(seconds=_steady_s() - _BEGUN_S)
