"""Waking on time: Linux lets whoever sleeps wake late, or wait until others are done."""

import contextlib
import ctypes
import os
import platform
import struct
import threading
from pathlib import Path
from typing import Final

__all__ = ["ATTRIBUTES", "SETS_ATTRIBUTES", "SLACK", "SLICE_NS", "wake_on_time"]

SLACK: Final = "/proc/{}/timerslack_ns"
"""How many nanoseconds late a thread may wake (proc_pid_timerslack_ns(5)): 50,000 as a rule."""
SLICE_NS: Final = 100_000
"""So long we work at a stretch while others wait: the least that Linux takes."""
SETS_ATTRIBUTES: Final = {"x86_64": 314, "aarch64": 274, "riscv64": 274}
"""The number of the system call sched_setattr(2), by machine: Python has no name for it."""
ATTRIBUTES: Final = struct.Struct("IIQiIQQQ")
"""sched_attr: its size, policy, flags, nice, priority, runtime, deadline, period."""


def wake_on_time() -> None:
    """Ask that the calling thread wakes when it wants to; where nobody can be asked, do nothing.

    Who asks for short slices is let in at once when it wakes, by Linux 6.12 and later: before,
    it waited for as long as a slice of whoever was at work, some milliseconds.
    """
    with contextlib.suppress(OSError):
        Path(SLACK.format(threading.get_native_id())).write_text("1", encoding="ascii")
    call = SETS_ATTRIBUTES.get(platform.machine())
    if call is not None and os.sched_getscheduler(0) == os.SCHED_OTHER:
        nice = os.getpriority(os.PRIO_PROCESS, 0)
        wish = ATTRIBUTES.pack(ATTRIBUTES.size, os.SCHED_OTHER, 0, nice, 0, SLICE_NS, 0, 0)
        # what it answers says only whether we are let in sooner
        ctypes.CDLL(None).syscall(call, 0, ctypes.create_string_buffer(wish), 0)
