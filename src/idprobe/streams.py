"""A connection over the loop's own transports, as httpcore wants it: no layer that asks each time.

Deadlines are the caller's, who bounds the whole exchange.
"""

import asyncio
import socket
from collections.abc import Iterable
from typing import Any, Final

import httpcore

__all__ = ["Plain", "PlainStream"]

HELD_BYTES: Final = 262_144
"""So much is held that nobody has read, before the server has to wait."""


class PlainStream(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """One TCP connection, read and written by one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._held = bytearray()
        self._ended = False
        self._error: Exception | None = None
        self._arrival: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._peer: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport; called by the loop, as are the next five."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
        self._peer = transport.get_extra_info("peername")

    def data_received(self, data: bytes) -> None:
        """Hold what came."""
        self._held += data
        if len(self._held) > HELD_BYTES and self._transport is not None:
            self._transport.pause_reading()
        _wake(self._arrival)

    def eof_received(self) -> None:
        """Note that no more will come; the transport closes."""
        self._ended = True
        _wake(self._arrival)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end, and of what."""
        self._ended, self._error = True, exc
        _wake(self._arrival)
        _wake(self._room)

    def pause_writing(self) -> None:
        """Let writers wait: the server reads slowly."""
        self._room = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """Let them go on."""
        room, self._room = self._room, None
        _wake(room)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 -- httpcore's
        """Return what came, b"" at the end; raises httpcore.ReadError where it broke off."""
        del timeout
        while not self._held and not self._ended:
            self._arrival = asyncio.get_running_loop().create_future()
            try:
                await self._arrival
            finally:
                self._arrival = None
        data = bytes(self._held[:max_bytes])
        del self._held[:max_bytes]
        if data:
            if self._transport is not None and not self._ended:
                self._transport.resume_reading()
            return data
        if self._error is not None:
            raise httpcore.ReadError(str(self._error)) from self._error
        return b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 -- httpcore's
        """Write all; raises httpcore.WriteError on a connection that has ended."""
        del timeout
        if self._transport is None or self._transport.is_closing():
            raise httpcore.WriteError(str(self._error or "the connection is closed"))
        self._transport.write(buffer)
        if self._room is not None:
            await asyncio.shield(self._room)

    async def aclose(self) -> None:
        """Close at once: what was not sent by now nobody waits for."""
        if self._transport is not None:
            self._transport.abort()

    def get_extra_info(self, info: str) -> Any:
        """Return the peer's address, and whether there is anything to read, the end included."""
        if info == "server_addr":
            return self._peer
        if info == "is_readable":
            return bool(self._held) or self._ended
        return None


class Plain(httpcore.AsyncNetworkBackend):
    """Connects for http; TLS is for httpcore's own backend."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 -- httpcore's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Return a stream; raises httpcore.ConnectError."""
        del timeout, local_address, socket_options
        loop = asyncio.get_running_loop()
        try:
            _, stream = await loop.create_connection(
                PlainStream, host, port, happy_eyeballs_delay=0.25
            )
        except OSError as error:
            raise httpcore.ConnectError(_said(error)) from error
        return stream


def _said(error: OSError) -> str:
    """Return why no connection came about, in the words that users know."""
    return str(error) if isinstance(error, socket.gaierror) else "All connection attempts failed"


def _wake(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)
