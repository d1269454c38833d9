"""The order and the pace of experiments: many at a time, then one by one those that run alone."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from idprobe.model.profile import Limits
from idprobe.probes import Probe

__all__ = ["run_all"]

AT_ONCE: Final = 12
SEARCHES_AT_ONCE: Final = 2
QUEUING: Final = 3  # probes for each request that may be under way: who queues must not run late


async def run_all(
    probes: Sequence[Probe], run: Callable[[Probe], Awaitable[object]], limits: Limits
) -> None:
    """Run probes beside each other, then those that must be alone, in the given order."""
    queuing = QUEUING * (limits.concurrency or AT_ONCE)
    turns = asyncio.Semaphore(min(AT_ONCE, queuing))
    searches = asyncio.Semaphore(min(SEARCHES_AT_ONCE, queuing))

    async def in_turn(probe: Probe) -> None:
        async with searches if probe.searches else turns:
            await run(probe)

    async with asyncio.TaskGroup() as tasks:
        for probe in probes:
            if not probe.exclusive:
                tasks.create_task(in_turn(probe))
    for probe in probes:
        if probe.exclusive:
            await run(probe)
