"""Requests as octets, made once and sent often."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import quote_plus

from idprobe.errors import UsageError
from idprobe.load.engine.transport import Transport
from idprobe.model.exchange import Request

__all__ = ["MARK", "EncodedRequest", "Template", "encoded", "request_encoder"]

MARK: Final = "idprobe0mark0of0a0template"
_SERIAL: Final = re.compile(r"/(?=[^/]*\d)[^/]{12,}")


@dataclass(frozen=True, slots=True)
class EncodedRequest:
    """A request as it goes on the wire, and the name that it is counted under."""

    origin: str
    data: bytes = field(repr=False)
    name: str

    @classmethod
    def of(cls, request: Request, transport: Transport) -> Self:
        """Return the octets of a request."""
        name = f"{request.method} {request.path}"
        return cls(request.origin, transport.head(request) + request.body, name)

    def __str__(self) -> str:
        return f"<{self.name}>"


def encoded(request: Request, transport: Transport) -> EncodedRequest:
    """Return a request encoded; identifiers in its path do not give it a name of its own."""
    name = f"{request.method} {_SERIAL.sub('/{id}', request.path)}"
    return EncodedRequest(request.origin, transport.head(request) + request.body, name)


class Template:
    """A request of which one value changes: a token in its form or in a header."""

    def __init__(self, marked: Request, transport: Transport) -> None:
        """Take the request with MARK in the place of the value."""
        self._origin: Final = marked.origin
        self._name: Final = f"{marked.method} {marked.path}"
        self._in_body: Final = MARK.encode() in marked.body
        head = transport.head(marked)
        where = marked.body if self._in_body else head
        if where.count(MARK.encode()) != 1:
            raise UsageError("the value of a template has to stand at one place of the request")
        self._before, self._after = where.split(MARK.encode())
        self._body: Final = marked.body
        length = f"Content-Length: {len(marked.body)}\r\n".encode()
        self._head_before, found, self._head_after = head.rpartition(length)
        if self._in_body and not found:
            raise UsageError("a template with a body needs a Content-Length")

    def filled(self, value: str) -> EncodedRequest:
        """Return the request with a value, encoded as the place needs it."""
        if not self._in_body:
            if not value.isascii() or not value.isprintable():
                raise UsageError("a value with control characters cannot stand in a header")
            data = b"%b%b%b%b" % (self._before, value.encode(), self._after, self._body)
            return EncodedRequest(self._origin, data, self._name)
        body = b"%b%b%b" % (self._before, quote_plus(value, safe="*").encode(), self._after)
        data = b"%bContent-Length: %d\r\n%b%b" % (
            self._head_before,
            len(body),
            self._head_after,
            body,
        )
        return EncodedRequest(self._origin, data, self._name)


def request_encoder(
    make: Callable[[str], Request], transport: Transport, *, fixed: bool
) -> Callable[[str], EncodedRequest]:
    """Return what encodes the request with a token: from a template where the rest is fixed."""
    if fixed:
        return Template(make(MARK), transport).filled
    return lambda token: EncodedRequest.of(make(token), transport)
