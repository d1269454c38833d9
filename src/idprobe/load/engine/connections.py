"""Connections that never wait: each does what its socket is ready for, and no more.

TLS runs over memory BIOs, so that the socket stays ours; sessions are resumed.
"""

import contextlib
import errno
import os
import socket
import ssl
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from idprobe.load.engine.transport import SocketAddress, Transport
from idprobe.load.engine.unpatched import unpatched

__all__ = ["HAS_TIMESTAMPS", "Connection", "Destination", "Destinations", "TlsConnection"]

CHUNK_BYTES: Final = 65_536
RECORD_BYTES: Final = 16_384
"""The most that a record of TLS holds (RFC 8446 section 5.1)."""
SO_TIMESTAMPNS: Final = getattr(socket, "SO_TIMESTAMPNS", 35)
"""Asks Linux when the last octets of a read arrived; the number stands in asm/socket.h."""
TIMESTAMP_BYTES: Final = 64
HAS_TIMESTAMPS: Final = sys.platform == "linux"
"""Whether the kernel stamps what arrives."""


@dataclass(slots=True, eq=False)
class Destination:
    """Where an origin is, and how to speak there; a TLS session to resume once there is one."""

    origin: str
    family: int
    address: tuple[Any, ...]
    name: str
    tls: ssl.SSLContext | None
    session: ssl.SSLSession | None = field(default=None, repr=False)


class Destinations:
    """The origins of a run, each resolved once; asks the profile whether it may be spoken to."""

    def __init__(self, transport: Transport) -> None:
        self._transport: Final = transport
        self._known: dict[str, Destination] = {}

    def at(self, origin: str) -> Destination:
        """Return the destination of an origin; raises Refrained or OSError."""
        destination = self._known.get(origin)
        if destination is None:
            host, port = self._transport.address(origin)
            family, address = self._found(host, port)
            tls = self._transport.tls if origin.startswith("https://") else None
            name = urlsplit(origin).hostname or host
            destination = Destination(origin, family, address, name, tls)
            self._known[origin] = destination
        return destination

    def _found(self, host: str, port: int) -> SocketAddress:
        """Return the first address of a host that takes a connection, or its first if none does.

        Where there are several, each is tried once for all engines of a run: `localhost` may be
        ::1 first, and the server on IPv4 only. Together they leave the exchange a part of its time.
        """
        reached = self._transport.working_addresses
        known = reached.get((host, port))
        if known is not None:
            return known
        resolve = unpatched("socket", "getaddrinfo")
        found: list[SocketAddress] = [
            (family, address)
            for family, *_, address in resolve(host, port, type=socket.SOCK_STREAM)
        ]
        if len(found) > 1:
            patience_s = self._transport.limits.exchange_s / (len(found) + 1)
            taking = next((one for one in found if _takes(one, patience_s)), None)
            if taking is not None:
                reached[host, port] = taking
                return taking
        return found[0]


def _takes(destination: SocketAddress, patience_s: float) -> bool:
    family, address = destination
    try:
        with unpatched("socket", "socket")(family, socket.SOCK_STREAM) as sock:
            sock.settimeout(patience_s)
            sock.connect(address)
    except OSError:
        return False
    return True


class Connection:
    """One connection; `lag_ns` is how late we read the last octets, if that was asked.

    The kernel stamps whatever arrives, where it can; to read the stamp with the octets costs more
    than to read the octets alone.
    """

    __slots__ = (
        "_recv", "_send", "armed", "connected", "destination", "ended", "fd", "lag_ns", "out",
        "owner", "reader", "ready", "received", "sock", "used", "user",
    )  # fmt: skip

    def __init__(self, destination: Destination) -> None:
        self.destination: Final = destination
        self.sock: Final = unpatched("socket", "socket")(destination.family, socket.SOCK_STREAM)
        self.fd: Final[int] = self.sock.fileno()
        self._recv: Final[Callable[[int], bytes]] = self.sock.recv
        self._send: Final[Callable[[bytes], int]] = self.sock.send
        self.connected = False
        self.ready = False
        self.ended = False
        self.armed = True
        self.received = False
        self.used = 0
        self.lag_ns: int | None = None
        self.user: Any = None
        self.owner: Any = None
        self.reader: Any = None
        self.out = b""

    def open(self) -> None:
        """Begin to connect; raises OSError where that fails at once."""
        self.sock.settimeout(0)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if HAS_TIMESTAMPS:
            self.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        code = self.sock.connect_ex(self.destination.address)
        if code not in {0, errno.EINPROGRESS}:
            raise OSError(code, os.strerror(code))

    @property
    def wants_out(self) -> bool:
        """Whether the socket's being writable would be of use."""
        return not self.connected or bool(self.out)

    def send(self, data: bytes) -> None:
        """Send now, or as soon as it can be."""
        if self.ready and not self.out:
            self.out = data
            self._flush()
        else:
            self.out += data

    def progress(self, *, timestamped: bool) -> bytes:
        """Do what the socket is ready for, and return what was received; raises OSError."""
        if not self.connected:
            code = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise OSError(code, os.strerror(code))
            self.connected = True
            self._begin()
        if self.out:
            self._flush()
        return self.receive(timestamped=timestamped)

    def receive(self, *, timestamped: bool) -> bytes:
        """Return what there is to read; `ended` says that there will be no more."""
        try:
            data = self._timestamped() if timestamped else self._recv(CHUNK_BYTES)
        except BlockingIOError:
            return b""
        if not data:
            self.ended = True
        return data

    def close(self) -> None:
        """Close the connection."""
        self.ended = True
        self.sock.close()

    def _begin(self) -> None:
        self.ready = True

    def _flush(self) -> None:
        try:
            sent = self._send(self.out)
        except BlockingIOError:
            return
        self.out = self.out[sent:] if sent < len(self.out) else b""

    def _timestamped(self) -> bytes:
        data, notes, _, _ = self.sock.recvmsg(CHUNK_BYTES, TIMESTAMP_BYTES)
        for level, kind, value in notes:
            if (
                level == socket.SOL_SOCKET
                and kind == SO_TIMESTAMPNS
                and len(value) == struct.calcsize("qq")
            ):
                seconds, rest = struct.unpack("qq", value)
                self.lag_ns = time.time_ns() - (seconds * 1_000_000_000 + rest)
        return bytes(data)


class TlsConnection(Connection):
    """A connection with TLS over it."""

    __slots__ = ("_incoming", "_outgoing", "_plain", "_tls")

    def __init__(self, destination: Destination) -> None:
        super().__init__(destination)
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None
        self._plain = b""

    def send(self, data: bytes) -> None:
        """Encrypt and send now, or once the handshake is done."""
        if self._tls is None or not self.ready:
            self._plain += data
            return
        self._tls.write(data)
        super().send(self._outgoing.read())

    def receive(self, *, timestamped: bool) -> bytes:
        """Return what was decrypted of what there is to read."""
        raw = super().receive(timestamped=timestamped)
        tls = self._tls
        if tls is None:
            return b""
        if raw:
            self._incoming.write(raw)
        elif self.ended:
            self._incoming.write_eof()
        else:
            return b""
        if not self.ready:
            self._shake(tls)
            if not self.ready:
                return b""
        data = self._decrypted(tls)
        if self._outgoing.pending:
            super().send(self._outgoing.read())
        if data and self.destination.session is None:
            self.destination.session = tls.session
        return data

    def _begin(self) -> None:
        destination = self.destination
        if destination.tls is None:
            raise ssl.SSLError("no TLS settings")
        self._tls = destination.tls.wrap_bio(
            self._incoming,
            self._outgoing,
            server_hostname=destination.name,
            session=destination.session,
        )
        self._shake(self._tls)

    def _shake(self, tls: ssl.SSLObject) -> None:
        # who hangs up here is told by SSLEOFError
        with contextlib.suppress(ssl.SSLWantReadError):
            tls.do_handshake()
            self.ready = True
        self.out += self._outgoing.read()
        self._flush()
        if self.ready and self._plain:
            plain, self._plain = self._plain, b""
            self.send(plain)

    def _decrypted(self, tls: ssl.SSLObject) -> bytes:
        incoming = self._incoming
        data = b""
        try:
            while piece := tls.read(RECORD_BYTES):
                data = data + piece if data else piece
                # to ask once too often costs an exception; a record is read whole
                if len(piece) < RECORD_BYTES and not incoming.pending and not self.ended:
                    return data
            self.ended = True
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            self.ended = True
        except ssl.SSLWantReadError:
            return data
        return data
