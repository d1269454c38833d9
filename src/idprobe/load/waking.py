"""Waking on time: Linux lets whoever sleeps wake late, so that it can wake several at once."""

import contextlib
import threading
from pathlib import Path
from typing import Final

__all__ = ["SLACK", "wake_on_time"]

SLACK: Final = "/proc/{}/timerslack_ns"
"""How many nanoseconds late a thread may wake (proc_pid_timerslack_ns(5)): 50,000 as a rule."""


def wake_on_time() -> None:
    """Ask that the calling thread wakes when it wants to; where nobody can be asked, do nothing."""
    with contextlib.suppress(OSError):
        Path(SLACK.format(threading.get_native_id())).write_text("1", encoding="ascii")
