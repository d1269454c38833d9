"""Reading one HTTP/1.1 response from a socket (RFC 9112), within bounds and a deadline."""

import re
import socket
import time
from typing import Final

from idprobe.errors import EvidenceError
from idprobe.exchange import Headers, Response

__all__ = ["FramingError", "Source", "read_response"]

HEAD_BYTES: Final = 65_536
_STATUS: Final = re.compile(rb"HTTP/1\.([01]) (\d{3})(?: ([^\r\n]*))?\Z")
_FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*\Z", re.DOTALL)
_SIZE: Final = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;.*)?\Z", re.DOTALL)


class FramingError(EvidenceError):
    """Bytes that are no HTTP response, or end before it is complete."""


class Source:
    """The bytes of a connection, read until a deadline; `received` counts them."""

    def __init__(self, sock: socket.socket, ahead: bytearray, deadline: float, chunk: int) -> None:
        self._sock = sock
        self._ahead = ahead
        self._deadline = deadline
        self._chunk = chunk
        self.received = 0

    def _more(self) -> bool:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        data = self._sock.recv(self._chunk)
        self.received += len(data)
        self._ahead += data
        return bool(data)

    def until(self, mark: bytes, bound: int) -> bytes:
        """Return the bytes before the mark, which is taken away too."""
        searched = 0
        while (found := self._ahead.find(mark, searched)) < 0:
            searched = max(0, len(self._ahead) - len(mark) + 1)
            if len(self._ahead) > bound:
                raise FramingError("a line or header section without end")
            if not self._more():
                raise FramingError("closed before the response was complete")
        data = bytes(self._ahead[:found])
        del self._ahead[: found + len(mark)]
        return data

    def exactly(self, size: int) -> bytes:
        """Return so many bytes."""
        while len(self._ahead) < size:
            if not self._more():
                raise FramingError("closed before the response was complete")
        data = bytes(self._ahead[:size])
        del self._ahead[:size]
        return data

    def rest(self, bound: int) -> bytes:
        """Return what comes until the connection is closed, at most one byte beyond the bound."""
        while len(self._ahead) <= bound and self._more():
            pass
        data = bytes(self._ahead[: bound + 1])
        self._ahead.clear()
        return data


def read_response(source: Source, method: str, body_bound: int) -> tuple[Response, bool]:
    """Return the final response, and whether the connection can be used again.

    A body beyond the bound is cut, marked as truncated, and ends the connection.
    """
    while True:
        minor, status, reason, headers = _head(source)
        if not 100 <= status <= 199:  # noqa: PLR2004 -- interim responses (RFC 9110 section 15.2)
            break
    keep = minor == 1 and "close" not in _members(headers, "connection")
    version = f"HTTP/1.{minor}"
    if method == "HEAD" or status in {204, 304}:
        return Response(status, headers, b"", version, reason), keep
    body, delimited = _body(source, headers, body_bound)
    truncated = len(body) > body_bound
    response = Response(status, headers, body[:body_bound], version, reason, truncated)
    return response, keep and delimited and not truncated


def _head(source: Source) -> tuple[int, int, str, Headers]:
    first, *lines = source.until(b"\r\n\r\n", HEAD_BYTES).split(b"\r\n")
    status = _STATUS.match(first)
    if status is None:
        raise FramingError("no HTTP/1.x status line")
    fields = [_FIELD.match(line) for line in lines]
    if not all(fields):
        raise FramingError("a header line without a name")
    headers = tuple((f[1].decode("ascii"), f[2].decode("latin-1")) for f in fields if f)
    return int(status[1]), int(status[2]), (status[3] or b"").decode("latin-1"), headers


def _body(source: Source, headers: Headers, bound: int) -> tuple[bytes, bool]:
    """Return the body, at most one byte more than the bound, and whether its end was marked."""
    coding = _members(headers, "transfer-encoding")
    if coding:
        if coding != ("chunked",):
            raise FramingError("a transfer coding that we do not know")
        return _chunks(source, bound), True
    lengths = set(_members(headers, "content-length"))
    if not lengths:
        return source.rest(bound), False
    text = lengths.pop()
    if lengths or not (text.isascii() and text.isdigit()):
        raise FramingError("a Content-Length that is no single number")
    return source.exactly(min(int(text), bound + 1)), True


def _chunks(source: Source, bound: int) -> bytes:
    body = bytearray()
    while True:
        size = _SIZE.match(source.until(b"\r\n", HEAD_BYTES))
        if size is None:
            raise FramingError("a chunk without a size")
        length = int(size[1], 16)
        if length == 0:
            break
        body += source.exactly(min(length, bound + 1 - len(body)))
        if len(body) > bound:
            return bytes(body)
        if source.exactly(2) != b"\r\n":
            raise FramingError("a chunk longer than its size")
    while source.until(b"\r\n", HEAD_BYTES):
        pass
    return bytes(body)


def _members(headers: Headers, name: str) -> tuple[str, ...]:
    joined = ",".join(value for key, value in headers if key.lower() == name)
    return tuple(part.strip().lower() for part in joined.split(",") if part.strip())
