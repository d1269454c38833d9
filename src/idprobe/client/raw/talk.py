"""One connection: what is written to it, and the answers that are read from it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Final

import h11

from idprobe.client.raw.means import Framing, How
from idprobe.model.exchange import Request, Response
from idprobe.model.profile import Limits

__all__ = ["Talk", "octets"]

HEAD_BYTES: Final = 65_536
CHUNK_BYTES: Final = 65_536
NO_CONTENT: Final = frozenset({204, 304})


def octets(request: Request, framing: Framing = Framing.AS_WRITTEN) -> bytes:
    """Return the octets of a request, as they go on the wire."""
    lines = b"".join(
        name.encode("latin-1") + b": " + value.encode("latin-1") + b"\r\n"
        for name, value in request.headers
    )
    body = request.body
    if framing is Framing.CHUNKED:
        chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        body = chunk + b"0\r\n\r\n"
    first = request.method.encode("latin-1") + b" " + request.target + b" HTTP/1.1\r\n"
    return first + lines + b"\r\n" + body


class Talk:
    """One connection: what is written to it, and the answers that are read from it."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        limits: Limits,
        how: How,
    ) -> None:
        self._reader: Final = reader
        self._writer: Final = writer
        self._limits: Final = limits
        self._how: Final = how
        self._surplus = b""
        self._heard = False

    async def answers(
        self, requests: Sequence[Request]
    ) -> AsyncIterator[tuple[Request, Response, bool | None]]:
        """Yield each request, its response, and whether the server closed after it."""
        written = [octets(request, self._how.framing) for request in requests]
        batches = [b"".join(written), *[b""] * (len(written) - 1)]
        for request, batch in zip(
            requests, batches if self._how.pipelined else written, strict=True
        ):
            # A server may answer and close before it has read all: so we read while we write.
            writing = asyncio.create_task(self._write(batch))
            try:
                response = await self.response(request)
            finally:
                writing.cancel()
            closed = await self._closing() if self._how.closing_s else None
            if request.method == "HEAD" or response.status in NO_CONTENT:
                response = replace(response, body=self._surplus)
            yield request, response, closed

    async def _write(self, batch: bytes) -> None:
        try:
            self._writer.write(batch)
            await self._writer.drain()
        except OSError:
            return  # the reading side says what became of the connection

    async def response(self, request: Request) -> Response:
        """Read the answer to a request."""
        parser = _parser_for(request)
        if self._surplus:
            parser.receive_data(self._surplus)
        head: h11.Response | None = None
        body, truncated = bytearray(), False
        while not truncated:
            event = parser.next_event()
            if event is h11.NEED_DATA:
                parser.receive_data(await self._more())
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
                truncated = len(body) > self._limits.body_bytes
            elif event is h11.PAUSED or isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                break
        if head is None:
            raise ConnectionResetError("the server closed the connection without an answer")
        self._surplus = parser.trailing_data[0]
        return Response(
            head.status_code,
            tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in head.headers.raw_items()),
            bytes(body[: self._limits.body_bytes]),
            f"HTTP/{head.http_version.decode('ascii')}",
            head.reason.decode("latin-1"),
            truncated,
        )

    async def _more(self) -> bytes:
        data = await self._reader.read(CHUNK_BYTES)
        if not data and not self._heard:
            raise ConnectionResetError("the server closed the connection without an answer")
        self._heard = True
        return data

    async def _closing(self) -> bool:
        """Return whether the server closes within the time we wait for that; keep what it sends."""
        try:
            async with asyncio.timeout(self._how.closing_s):
                while data := await self._reader.read(CHUNK_BYTES):
                    room = self._limits.body_bytes - len(self._surplus)
                    self._surplus += data[:room]
        except TimeoutError:
            return False
        except OSError:
            return True
        return True


def _parser_for(request: Request) -> h11.Connection:
    """Return a parser that expects the answer to a request of that method."""
    parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)
    method = "HEAD" if request.method == "HEAD" else "GET"
    parser.send(h11.Request(method=method, target="/", headers=[("Host", "idprobe")]))
    parser.send(h11.EndOfMessage())
    return parser
