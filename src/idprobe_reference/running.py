"""The reference server on a socket, in a thread of its own."""

import contextlib
import dataclasses
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from idprobe.errors import UsageError
from idprobe_reference.certificates import Certificates, make_certificates
from idprobe_reference.doorway import doorway
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ServerConfig

__all__ = ["Running", "serve"]

_START_DEADLINE_S: Final = 10.0
_STOP_DEADLINE_S: Final = 10.0
_IDLE_S: Final = 60  # on a busy machine callers look at their connections late
_LINE_LIMIT_BYTES: Final = 262_144


class _Http(H11Protocol):
    """The HTTP/1.1 of uvicorn, whose own 400 has no Date (RFC 9110 section 6.6.1)."""

    def send_400_response(self, msg: str) -> None:
        """Refuse octets that are no HTTP request, and close the connection."""
        body = msg.encode("ascii", "replace")
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        lines = b"".join(b"%s: %s\r\n" % header for header in headers)
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + lines + b"\r\n" + body)
        self.transport.close()


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers: where, which one, and whom to trust if it speaks TLS."""

    issuer: str
    server: ReferenceServer
    ca_file: Path | None = None


@contextlib.contextmanager
def serve(
    config: ServerConfig,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    tls: bool = False,
    server_class: type[ReferenceServer] = ReferenceServer,
) -> Iterator[Running]:
    """Run a server in a thread for as long as the context lasts; port 0 takes a free one."""
    with _prepared(config, host, port, tls=tls, server_class=server_class) as prepared:
        running, uvicorn_server, listener = prepared
        with _in_a_thread(uvicorn_server, listener):
            yield running


@contextlib.contextmanager
def _in_a_thread(server: uvicorn.Server, listener: socket.socket) -> Iterator[None]:
    """Run a server on a bound socket beside what the context does."""
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        _wait_until_started(server, thread)
        yield
    finally:
        server.should_exit = True
        thread.join(_STOP_DEADLINE_S)


@contextlib.contextmanager
def _prepared(
    config: ServerConfig,
    host: str,
    port: int,
    *,
    tls: bool,
    server_class: type[ReferenceServer],
) -> Iterator[tuple[Running, uvicorn.Server, socket.socket]]:
    """Give a bound socket and a server whose issuer is the URL of that socket."""
    with contextlib.ExitStack() as stack:
        certificates = None
        if tls:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="idprobe-tls-"))
            certificates = make_certificates(Path(folder), host)
        listener = stack.enter_context(_listener(host, port))
        issuer = _issuer(host, listener.getsockname()[1], tls=tls)
        server = server_class(dataclasses.replace(config, issuer=issuer))
        uvicorn_server = uvicorn.Server(_uvicorn_config(server, certificates))
        ca_file = certificates.ca_file if certificates is not None else None
        if tls and (server.speaks_plainly() or server.hello_reader() is not None):
            listener = _behind_a_door(stack, server, host, listener)
        yield Running(issuer, server, ca_file), uvicorn_server, listener


def _behind_a_door(
    stack: contextlib.ExitStack, server: ReferenceServer, host: str, listener: socket.socket
) -> socket.socket:
    """Return the socket for TLS behind a doorway that sees each connection first."""
    secure = stack.enter_context(_listener(host, 0))
    way = secure.getsockname()[:2]
    plain_way = way
    if server.speaks_plainly():
        twin = uvicorn.Server(_uvicorn_config(server, None))
        plain = stack.enter_context(_listener(host, 0))
        stack.enter_context(_in_a_thread(twin, plain))
        plain_way = plain.getsockname()[:2]
    stack.enter_context(doorway(listener, way, plain_way, server.hello_reader()))
    return secure


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle off only where the protocol is named; without, each answer waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise UsageError(f"cannot listen on {host} port {port}: {error.strerror}") from error
    return listener


def _issuer(host: str, port: int, *, tls: bool) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"{'https' if tls else 'http'}://{name}:{port}"


def _uvicorn_config(server: ReferenceServer, certificates: Certificates | None) -> uvicorn.Config:
    config = uvicorn.Config(
        server.app,
        http=_Http,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=_IDLE_S,
        h11_max_incomplete_event_size=_LINE_LIMIT_BYTES,
        ssl_certfile=certificates.chain_file if certificates else None,
        ssl_keyfile=certificates.key_file if certificates else None,
    )
    config.load()
    if config.ssl is not None:
        server.settle_tls(config.ssl)
    return config


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + _START_DEADLINE_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise UsageError("the reference server did not start")
        time.sleep(0.002)
