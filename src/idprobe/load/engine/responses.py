"""Responses as the engine reads them: the usual one by a few looks, all others by httptools.

The head of an answer is parsed once; the same octets again, as most servers send them within a
second, are recognised by a lookup. What is not one whole response with a plain Content-Length in
one piece goes to httptools.
"""

from dataclasses import dataclass, replace
from typing import Any, Final, Self

import httptools

from idprobe.load.engine.framing import HEAD_BYTES, FramingError, members_of, parsed_head
from idprobe.model.exchange import Headers, Response, media_type_of

__all__ = ["HeadCache", "RawResponse", "ResponseReader"]

KNOWN_HEADS: Final = 1024
END: Final = b"\r\n\r\n"
"""The end of a header section (RFC 9112 section 2.1)."""
NEVER: Final = b"\0"
"""What no response begins with."""


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """Status line and headers of a response; `length` is None where it is not a plain one."""

    status: int
    headers: Headers
    keep: bool
    length: int | None = None
    reason: str = ""
    media_type: str | None = None

    @classmethod
    def of(cls, status: int, headers: Headers, **others: Any) -> Self:
        """Return a head with its media type looked up."""
        return cls(status, headers, media_type=media_type_of(headers), **others)


class RawResponse:
    """One response as it came; `response` is what flows are sent."""

    __slots__ = ("body", "head", "status", "truncated")

    def __init__(self, head: ResponseHead, body: bytes, *, truncated: bool = False) -> None:
        self.head: Final = head
        self.status: Final = head.status
        self.body: Final = body
        self.truncated: Final = truncated

    def response(self) -> Response:
        """Return the response as the flows and checks know it."""
        head = self.head
        return Response(
            head.status,
            head.headers,
            self.body,
            reason=head.reason,
            truncated=self.truncated,
        )


class HeadCache:
    """The heads seen lately, parsed."""

    def __init__(self, body_bound: int) -> None:
        self._bound: Final = body_bound
        self._known: dict[bytes, ResponseHead] = {}
        self._last = NEVER
        self._last_head = NOT_PLAIN

    def whole(self, data: bytes) -> RawResponse | None:
        """Return the answer if the octets are one plain response and no more, else None."""
        if not data.startswith(self._last):
            end = data.find(END)
            if end < 0:
                return None
            octets = data[:end]
            self._last_head = self._known.get(octets) or self._learn(octets)
            self._last = octets + END
        head, start = self._last_head, len(self._last)
        if head.length is None or len(data) != start + head.length:
            return None
        return RawResponse(head, data[start:])

    def _learn(self, octets: bytes) -> ResponseHead:
        head = _plain_head(octets)
        if head.length is not None and head.length > self._bound:
            head = NOT_PLAIN
        if len(self._known) >= KNOWN_HEADS:
            self._known.clear()
        self._known[octets] = head
        return head


NOT_PLAIN: Final = ResponseHead(0, (), keep=False)


def _plain_head(octets: bytes) -> ResponseHead:
    try:
        minor, status, reason, headers = parsed_head(octets)
    except FramingError:
        return NOT_PLAIN
    lengths = [value for name, value in headers if name.lower() == "content-length"]
    coded = any(name.lower() == "transfer-encoding" for name, _ in headers)
    if minor != 1 or status < 200 or status in {204, 304} or coded or len(lengths) != 1:  # noqa: PLR2004 -- interim responses
        return NOT_PLAIN
    if not (lengths[0].isascii() and lengths[0].isdigit()):
        return NOT_PLAIN
    keep = "close" not in members_of(headers, "connection")
    return ResponseHead.of(status, headers, keep=keep, length=int(lengths[0]), reason=reason)


class ResponseReader:
    """Reads one response of any framing from pieces, within bounds; by httptools."""

    def __init__(self, body_bound: int) -> None:
        self._bound = body_bound
        self._parser: Final = httptools.HttpResponseParser(self)
        self._headers: list[tuple[str, str]] = []
        self._reason = b""
        self._body = bytearray()
        self._beside_bytes = 0
        self._head: ResponseHead | None = None
        self._over = False
        self.answer: RawResponse | None = None

    def feed(self, data: bytes) -> bool:
        """Return whether the answer is complete; raises FramingError for what is no HTTP."""
        self._beside_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            raise FramingError(str(error) or type(error).__name__) from None
        if self.answer is None and self._over and self._head is not None:
            self._finish(self._head, keep=False)
        if self.answer is None and self._beside_bytes > HEAD_BYTES:
            raise FramingError("a line, header or trailer section without end")
        return self.answer is not None

    def closed(self) -> RawResponse:
        """Return the answer that the end of the connection has completed, if it may do that."""
        if self._head is None or self._delimited(self._head):
            raise FramingError("closed before the response was complete")
        return self._finish(self._head, keep=False)

    def on_status(self, reason: bytes) -> None:
        """Keep the reason phrase; called by httptools, as all that follows."""
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        self._headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """Keep the head, unless it is an interim response's (RFC 9110 section 15.2)."""
        status = self._parser.get_status_code()
        headers, self._headers = tuple(self._headers), []
        coding = members_of(headers, "transfer-encoding")
        if coding and coding != ("chunked",):
            raise FramingError("a transfer coding that we do not know")
        reason, self._reason = self._reason.decode("latin-1"), b""
        if status >= 200:  # noqa: PLR2004 -- interim responses
            keep = self._parser.should_keep_alive()
            self._head = ResponseHead.of(status, headers, keep=keep, reason=reason)
            self._beside_bytes = 0

    def on_body(self, piece: bytes) -> None:
        """Keep a piece of the body, up to the bound."""
        self._beside_bytes = 0
        if len(self._body) + len(piece) > self._bound:
            self._over = True
        self._body += piece[: max(0, self._bound - len(self._body))]

    def on_message_complete(self) -> None:
        """Complete the answer, unless it was an interim response."""
        if self._head is not None:
            if self.answer is not None:
                raise FramingError("more than one response to a request")
            self._finish(self._head, keep=self._head.keep and not self._over)

    def _delimited(self, head: ResponseHead) -> bool:
        names = {name.lower() for name, _ in head.headers}
        return bool(names & {"content-length", "transfer-encoding"})

    def _finish(self, head: ResponseHead, *, keep: bool) -> RawResponse:
        answer = RawResponse(replace(head, keep=keep), bytes(self._body), truncated=self._over)
        self.answer = answer
        return answer
