"""When octets arrived, as the kernel says: however late we come to read them.

On systems without such stamps it is the moment when we see that there is something to read.
"""

import asyncio
import os
import socket
import struct
import time
from typing import Any, Final, Self

__all__ = ["Watch"]

STAMP: Final = getattr(socket, "SO_TIMESTAMPNS", 35)
"""Asks Linux when octets arrived; the number stands in asm/socket.h."""
STAMP_BYTES: Final = 64
SECONDS: Final = struct.Struct("qq")


class Watch:
    """Looks at a connection's first octets without taking them."""

    def __init__(self, watched: Any) -> None:
        self._socket: Final = socket.socket(fileno=os.dup(watched.fileno()))
        self._socket.settimeout(0)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, STAMP, 1)
        except OSError:
            self._stamps = False
        else:
            self._stamps = hasattr(self._socket, "recvmsg")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._socket.close()

    async def arrived_ns(self) -> int:
        """Wait for octets and return when they came, in nanoseconds since 1970."""
        loop = asyncio.get_running_loop()
        readable: asyncio.Future[None] = loop.create_future()

        def see() -> None:
            if not readable.done():
                readable.set_result(None)

        loop.add_reader(self._socket, see)
        try:
            await readable
        finally:
            loop.remove_reader(self._socket)
        return self._stamp() or time.time_ns()

    def _stamp(self) -> int | None:
        if not self._stamps:
            return None
        _, notes, _, _ = self._socket.recvmsg(1, STAMP_BYTES, socket.MSG_PEEK)
        for level, kind, value in notes:
            if (level, kind, len(value)) == (socket.SOL_SOCKET, STAMP, SECONDS.size):
                seconds, rest = SECONDS.unpack(value)
                return int(seconds) * 1_000_000_000 + int(rest)
        return None
