"""How long the engine had the processor, and how long the system denied it, as Linux tells it."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["processor_ns", "throttled_us"]

MEMBERSHIP: Final = Path("/proc/self/cgroup")
MOUNT: Final = Path("/sys/fs/cgroup")
SCHEDSTAT: Final = Path("/proc/thread-self/schedstat")


def processor_ns() -> tuple[int, int]:
    """Return how long this thread ran, and how long it waited for a processor, in ns."""
    try:
        ran, waited, _ = SCHEDSTAT.read_bytes().split()
    except (OSError, ValueError):
        return time.thread_time_ns(), 0
    return int(ran), int(waited)


def throttled_us() -> int | None:
    """Return how long this process was denied the processor so far, in µs; None if nobody tells.

    Version 2 of cgroups tells it as throttled_usec, version 1 in its cpu controller as
    throttled_time, in ns (admin-guide/cgroup-v2 and scheduler/sched-bwc of Linux). A group and
    those above it may each have a bound of their own.
    """
    told = [one for path in _groups() if (one := _told_by(path / "cpu.stat")) is not None]
    return sum(told) if told else None


def _groups() -> Iterator[Path]:
    """Yield the groups that we are in, and those above; some may not be seen from here."""
    try:
        lines = MEMBERSHIP.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        lines = []
    for line in lines or ["0::/"]:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            roots = [MOUNT, MOUNT / "unified"]
        elif "cpu" in controllers.split(","):
            roots = [MOUNT / controllers]
        else:
            continue
        for root in roots:
            group = root / path.lstrip("/")
            yield from (group, *(one for one in group.parents if one.is_relative_to(root)))


def _told_by(stat: Path) -> int | None:
    try:
        lines = stat.read_text(encoding="ascii").splitlines()
        facts = {name: int(value) for name, value in (line.split() for line in lines)}
    except (OSError, ValueError):
        return None
    if "throttled_time" in facts:
        return facts["throttled_time"] // 1000
    return facts.get("throttled_usec")
