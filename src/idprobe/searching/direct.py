"""The Wire for code that cannot await: a portal from a thread to the loop of the run."""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any, Final, TypeVar

__all__ = ["Direct", "Stopped"]

T = TypeVar("T")

THREADS: Final = 64


@cache
def _threads(_process: int) -> ThreadPoolExecutor:
    """Return the threads of a process; one that was forked has none of its parent's.

    They are kept: in each new one Hypothesis collects all garbage, and everything else waits.
    """
    return ThreadPoolExecutor(THREADS, "idprobe search")


class Stopped(BaseException):
    """The run is over: whoever uses the portal has to end. No Exception, so nothing catches it."""


class Direct:
    """Lets one thread wait for coroutines of the loop in which it was made."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._under_way: Future[Any] | None = None
        self._closed = False

    def wait_for(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop and return its result; raises Stopped once it is closed."""
        with self._lock:
            if self._closed:
                coroutine.close()
                raise Stopped
            self._under_way = future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            if self._closed:
                raise Stopped from None
            raise

    async def work(self, synchronous: Callable[[], T]) -> T:
        """Run code in a thread, which may wait for coroutines, and return its result."""
        try:
            return await self._loop.run_in_executor(_threads(os.getpid()), synchronous)
        finally:
            self._close()

    def _close(self) -> None:
        """Let nothing more through, and break off what is under way."""
        with self._lock:
            self._closed = True
            if self._under_way is not None:
                self._under_way.cancel()
