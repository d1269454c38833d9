"""A small HTTP/1.1 client that blocks: one request at a time, bytes as written, connections kept.

It knows nothing of gevent; in Locust's process sockets are gevent's, and only a greenlet blocks.
An exchange has one deadline, connecting included; bodies are bounded; redirects are not followed,
cookies not kept, proxies and authorities not taken from the environment.
"""

import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from idprobe.errors import NoResponse, Refrained, UsageError
from idprobe.exchange import Headers, Request, Response
from idprobe.load.framing import FramingError, Source, read_response
from idprobe.profile import Profile, host_of
from idprobe.wire import tls_context

__all__ = ["Session", "Transport"]

USER_AGENT: Final = "idprobe-load/0.1"
CHUNK_BYTES: Final = 65_536
_PORTS: Final = {"http": 80, "https": 443}


class _Stale(Exception):
    """A kept connection was closed by the server before any byte of the answer came."""


@dataclass(slots=True, eq=False)
class _Connection:
    """One socket, the bytes read ahead on it, and how often it was used."""

    sock: socket.socket
    buffer: bytearray = field(default_factory=bytearray)
    used: int = 0

    def is_open(self) -> bool:
        """Return whether the idle connection is neither closed nor full of unasked bytes."""
        if self.buffer:
            return False
        try:
            self.sock.settimeout(0)
            self.sock.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        return False


class Transport:
    """What all sessions of a run share: the profile's rules, and TLS settings made once."""

    def __init__(self, profile: Profile) -> None:
        if profile.network.proxy:
            raise UsageError(
                f"{profile.where}: network.proxy: load goes to the server directly: remove it"
            )
        self.limits: Final = profile.limits
        self.allowed_hosts: Final = profile.allowed_hosts
        self.network: Final = profile.network
        self.tls: Final = tls_context(profile.tls)

    def address(self, origin: str) -> tuple[str, int]:
        """Return where to connect for an origin; raises Refrained if the profile forbids it."""
        if host_of(origin) not in self.allowed_hosts:
            raise Refrained(
                f"the profile does not allow {host_of(origin)}: name the endpoint under "
                f"[endpoints] if requests may go there"
            )
        parts = urlsplit(origin)
        name = parts.hostname or ""
        resolve = self.network.resolve
        host = resolve.get(host_of(origin)) or resolve.get(name) or name
        return host, parts.port or _PORTS[parts.scheme]

    def head(self, request: Request) -> bytes:
        """Return request line and header section."""
        ours: Headers = (
            ("Host", urlsplit(request.origin).netloc.rpartition("@")[2]),
            ("User-Agent", USER_AGENT),
            ("Accept-Encoding", "identity"),
        )
        given = {name.lower() for name, _ in request.headers}
        length: Headers = ()
        if request.body or request.method in {"POST", "PUT", "PATCH"}:
            length = (("Content-Length", str(len(request.body))),)
        defaults = tuple(pair for pair in ours if pair[0].lower() not in given)
        fields = (*defaults, *self.network.headers, *request.headers, *length)
        lines = b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in fields)
        method = request.method.encode("ascii")
        return b"%b %b HTTP/1.1\r\n%b\r\n" % (method, request.target, lines)


class Session:
    """The connections of one simulated caller, one to each origin.

    `sent` counts requests, `reconnects` kept connections that the server had closed.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._connections: dict[str, _Connection] = {}
        self.sent = 0
        self.reconnects = 0

    def send(self, request: Request) -> Response:
        """Return the answer; raises NoResponse with a short reason if none comes in time.

        A request that meets a connection which the server has closed is sent once more on a new
        one, as RFC 9110 section 9.2.2 and RFC 9112 section 9.3.1 have it for unanswered requests.
        """
        address = self._transport.address(request.origin)
        deadline = time.monotonic() + self._transport.limits.exchange_s
        self.sent += 1
        try:
            try:
                return self._exchange(request, address, deadline)
            except _Stale:
                self.reconnects += 1
                return self._exchange(request, address, deadline)
        except TimeoutError:
            limit = self._transport.limits.exchange_s
            why = f"no complete response within {limit:g} s"
        except FramingError as error:
            why = f"the response breaks HTTP: {error}"
        except ConnectionRefusedError:
            why = "connection refused"
        except socket.gaierror:
            why = "the host name is unknown"
        except ssl.SSLError as error:
            why = f"TLS failed: {error.reason or type(error).__name__}"
        except ConnectionError:
            why = "connection broken off"
        except OSError as error:
            why = f"no connection: {error.strerror or type(error).__name__}"
        raise NoResponse(request, why)

    def close(self) -> None:
        """Close all connections."""
        for connection in self._connections.values():
            connection.sock.close()
        self._connections.clear()

    def _exchange(self, request: Request, address: tuple[str, int], deadline: float) -> Response:
        connection = self._connection(request.origin, address, deadline)
        reused = connection.used > 0
        connection.used += 1
        source = Source(connection.sock, connection.buffer, deadline, CHUNK_BYTES)
        keep = False
        try:
            connection.sock.settimeout(_left_s(deadline))
            connection.sock.sendall(self._transport.head(request) + request.body)
            bound = self._transport.limits.body_bytes
            response, keep = read_response(source, request.method, bound)
        except (ConnectionError, FramingError) as error:
            if reused and source.received == 0:
                raise _Stale from error
            raise
        finally:
            if not keep:
                self._connections.pop(request.origin, None)
                connection.sock.close()
        return response

    def _connection(self, origin: str, address: tuple[str, int], deadline: float) -> _Connection:
        kept = self._connections.get(origin)
        if kept is not None:
            if kept.is_open():
                return kept
            self._connections.pop(origin).sock.close()
            self.reconnects += 1
        sock = socket.create_connection(address, _left_s(deadline))
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if origin.startswith("https://"):
                sock.settimeout(_left_s(deadline))
                name = urlsplit(origin).hostname
                sock = self._transport.tls.wrap_socket(sock, server_hostname=name)
        except BaseException:
            sock.close()
            raise
        self._connections[origin] = _Connection(sock)
        return self._connections[origin]


def _left_s(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
