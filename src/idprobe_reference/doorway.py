"""One port for two servers: what begins like TLS goes to the one, all else to the other."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

__all__ = ["HelloReader", "doorway"]

HelloReader: TypeAlias = Callable[[bytes], bytes]
"""Return what to say to the first octets of TLS, before it sees them; b"" leaves them to it."""

_CHUNK_BYTES: Final = 65_536
_TLS_HANDSHAKE: Final = b"\x16"
_Way = tuple[str, int]


@contextlib.contextmanager
def doorway(
    listener: socket.socket, secure: _Way, plain: _Way, reader: HelloReader | None = None
) -> Iterator[None]:
    """Pass connections of the listener on for as long as the context lasts."""
    listener.listen()
    thread = threading.Thread(target=_let_in, args=(listener, secure, plain, reader), daemon=True)
    thread.start()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        thread.join(1)


def _let_in(listener: socket.socket, secure: _Way, plain: _Way, reader: HelloReader | None) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # the listener is shut: the server is done
            return
        ways = (connection, secure, plain, reader)
        threading.Thread(target=_lead, args=ways, daemon=True).start()


def _lead(connection: socket.socket, secure: _Way, plain: _Way, reader: HelloReader | None) -> None:
    with connection, contextlib.suppress(OSError):
        first = connection.recv(_CHUNK_BYTES, socket.MSG_PEEK)
        is_tls = first[:1] == _TLS_HANDSHAKE
        said = reader(first) if is_tls and reader is not None else b""
        if said:
            connection.sendall(said)
            return
        with socket.create_connection(secure if is_tls else plain) as inner:
            back = threading.Thread(target=_carry, args=(inner, connection), daemon=True)
            back.start()
            _carry(connection, inner)
            back.join()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK_BYTES):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
