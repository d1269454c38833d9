"""A Locust process that `idprobe load` has started ends when that is gone."""

import os
import signal
import sys
from collections.abc import Callable

import gevent
from gevent import os as gevent_os

__all__ = ["end_with_parent"]

LEAVE_S = 15.0
"""How long a process may take to end whose parent is gone."""


def end_with_parent(break_off: Callable[[], None]) -> None:
    """Stop load once nobody holds the other end of standard input any more."""
    gevent_os.make_nonblocking(sys.stdin.fileno())
    while gevent_os.nb_read(sys.stdin.fileno(), 1):
        pass
    break_off()
    os.kill(os.getpid(), signal.SIGTERM)
    gevent.sleep(LEAVE_S)
    os._exit(1)
