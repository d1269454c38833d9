"""A tiny HTTP server that writes octets as it likes: the reference server behind a hostile mouth.

Each request is answered by the reference server in this process; what becomes of the answer on the
wire is up to a `Mouth`. One thread, one event loop, one connection for each request.
"""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import httpx

from idprobe.judge.collect import InProcess
from idprobe_reference.config import reference_config
from idprobe_reference.server import ReferenceServer

PATIENCE_S: Final = 20.0
_MAX_REQUEST_BYTES: Final = 1_048_576


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def path(self) -> str:
        """The path without the query."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str:
        """Return a header; empty without one."""
        return next((value for key, value in self.headers if key.lower() == name), "")


@dataclass(frozen=True)
class Honest:
    """What the reference server answers."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def octets(self) -> bytes:
        """Return the answer as it should be on the wire."""
        kept = [
            (n, v) for n, v in self.headers if n.lower() not in {"content-length", "connection"}
        ]
        pairs = [*kept, ("Content-Length", str(len(self.body))), ("Connection", "close")]
        lines = "".join(f"{name}: {value}\r\n" for name, value in pairs)
        return f"HTTP/1.1 {self.status} X\r\n{lines}\r\n".encode("latin-1") + self.body

    def saying(self, body: bytes, media_type: str | None = None) -> "Honest":
        """Return the answer with another body."""
        kept = tuple(
            p for p in self.headers if media_type is None or p[0].lower() != "content-type"
        )
        more = () if media_type is None else (("Content-Type", media_type),)
        return replace(self, headers=(*kept, *more), body=body)

    def adding(self, *pairs: tuple[str, str]) -> "Honest":
        """Return the answer with further headers."""
        return replace(self, headers=(*self.headers, *pairs))


class Writer:
    """Writes to the client until it has gone."""

    def __init__(self, stream: asyncio.StreamWriter) -> None:
        self._stream = stream

    async def write(self, octets: bytes) -> None:
        """Send octets; raises OSError once the client has gone."""
        self._stream.write(octets)
        await self._stream.drain()

    async def reset(self) -> None:
        """Break the connection off by a reset."""
        sock = self._stream.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self._stream.transport.abort()


Mouth = Callable[[Asked, Honest, Writer], Awaitable[None]]


@dataclass
class Stage:
    """A hostile server that runs, and what it was asked."""

    port: int
    server: ReferenceServer
    secure: bool = False
    asked: list[Asked] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        """Where it says to be."""
        return f"http{'s' if self.secure else ''}://127.0.0.1:{self.port}"


async def honestly(stage: Stage, asked: Asked) -> Honest:
    """Return the answer of the reference server."""
    request = httpx.Request(
        asked.method,
        stage.issuer,
        headers=list(asked.headers),
        content=asked.body,
        extensions={"target": asked.target.encode("latin-1")},
    )
    response = await InProcess(stage.server.app).handle_async_request(request)
    return Honest(response.status_code, tuple(response.headers.items()), await response.aread())


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = tuple((n.strip(), v.strip()) for n, _, v in (line.partition(":") for line in lines))
    asked = Asked(method, target, headers, b"")
    length = min(int(asked.header("content-length") or 0), _MAX_REQUEST_BYTES)
    return replace(asked, body=await reader.readexactly(length))


@contextlib.contextmanager
def playing(
    mouth: Mouth,
    make: Callable[[str], ReferenceServer],
    tls: ssl.SSLContext | None = None,
) -> Iterator[Stage]:
    """Run a hostile server in a thread for as long as the context lasts."""
    loop = asyncio.new_event_loop()
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    port = listener.getsockname()[1]
    scheme = "https" if tls else "http"
    stage = Stage(port, make(f"{scheme}://127.0.0.1:{port}"), tls is not None)

    greet: Any = getattr(mouth, "greet", None)

    async def serve(reader: asyncio.StreamReader, stream: asyncio.StreamWriter) -> None:
        with contextlib.suppress(
            OSError, ValueError, asyncio.IncompleteReadError, TimeoutError, asyncio.CancelledError
        ):
            async with asyncio.timeout(PATIENCE_S):
                if greet is not None:
                    greet(stream)
                asked = await _read(reader)
                if asked is not None:
                    stage.asked.append(asked)
                    await mouth(asked, await honestly(stage, asked), Writer(stream))
        with contextlib.suppress(OSError):
            stream.close()

    async def start() -> asyncio.Server:
        return await asyncio.start_server(serve, sock=listener, ssl=tls, limit=_MAX_REQUEST_BYTES)

    server = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield stage
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def reference(issuer: str) -> ReferenceServer:
    """Return the server as it is."""
    return ReferenceServer(replace(reference_config(), issuer=issuer))


def context_of(chain: Path, key: Path) -> ssl.SSLContext:
    """Return what a TLS server shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context
