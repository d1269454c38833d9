"""The standard library as it was before gevent, which Locust brings, patched it.

The engine runs in a real thread beside Locust's greenlets: it needs sockets and an epoll that block
a thread, and none that hand over to another greenlet.
"""

import importlib
import sys
from typing import Any

__all__ = ["unpatched"]


def unpatched(module: str, name: str) -> Any:
    """Return what a module of the standard library holds under a name, patched or not."""
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None:
        return monkey.get_original(module, name)
    return getattr(importlib.import_module(module), name)
