"""What arrives on a connection: answers of HTTP, records of TLS, calls to our listener."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Final

from tests.fuzz.inputs import CALLBACK

from idprobe.client.listener import Listener, Place, Reply
from idprobe.client.raw.client_hello import read_answer
from idprobe.client.raw.failing import FAILURES, failure_of
from idprobe.client.raw.means import How
from idprobe.client.raw.talk import Talk
from idprobe.errors import EvidenceError
from idprobe.load.engine.framing import FramingError
from idprobe.load.engine.responses import HeadCache, ResponseReader
from idprobe.model.exchange import Request, Response
from idprobe.model.profile import Limits

__all__ = ["http_answer", "listener_call", "load_answer", "tls_answer"]

LIMITS: Final = Limits(body_bytes=16_384)
PIECES: Final = (1, 7, 64, 65_536)


class Fed(asyncio.StreamReader):
    """A reader that has all that the peer will ever send, and hands it out in pieces."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces: Final = pieces

    async def read(self, _n: int = -1) -> bytes:
        return next(self._pieces, b"")


class Deaf(asyncio.StreamWriter):
    """A writer whose peer takes everything and hears nothing."""

    def __init__(self) -> None:
        self.taken = 0

    def __del__(self) -> None:
        """Leave nothing to warn about: there is no connection."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.taken += len(data)

    async def drain(self) -> None:
        """Wait for nobody."""

    def close(self) -> None:
        """Close nothing."""

    def get_extra_info(self, _name: str, default: object = None) -> object:
        return default


def _pieces(data: bytes) -> Iterator[bytes]:
    """Yield an input in pieces, of a size that its first octet chooses."""
    size = PIECES[(data[0] >> 1) % len(PIECES)] if data else 1
    yield from (data[start : start + size] for start in range(1, len(data), size))


def http_answer(data: bytes) -> None:
    """Read two answers of one connection, as the raw sender does."""
    method = "HEAD" if data[:1] and data[0] % 2 else "GET"
    request = Request(method, "https://id.example", b"/")
    talk = Talk(Fed(_pieces(data)), Deaf(), LIMITS, How())

    async def both() -> None:
        for _ in range(2):
            look_at(await talk.response(request))

    try:
        both().send(None)
    except StopIteration:
        return
    except FAILURES as error:
        failure_of(error, LIMITS)


def look_at(response: Response) -> None:
    """Ask an answer all that flows and checks ask of any."""
    repr(response)
    assert response.media_type is None or isinstance(response.media_type, str)
    for name in ("cache-control", "www-authenticate", "set-cookie", "content-type"):
        response.directives(name)
        response.all_headers(name)
    assert len(response.body) <= LIMITS.body_bytes or not response.truncated
    assert response.error is None or response.json_object
    assert response.is_redirect in {True, False}
    with contextlib.suppress(EvidenceError):
        assert response.json is not response
    assert isinstance(response.text, str)


def load_answer(data: bytes) -> None:
    """Read an answer as the load engine does: whole where it is plain, else by httptools."""
    whole = HeadCache(LIMITS.body_bytes).whole(data[1:])
    reader = ResponseReader(LIMITS.body_bytes)
    with contextlib.suppress(FramingError):
        done = any(reader.feed(piece) for piece in _pieces(data))
        found = reader.answer if done else reader.closed()
        assert found is not None
        look_at(found.response())
        assert len(found.body) <= LIMITS.body_bytes
        if whole is not None:
            assert (whole.status, whole.body) == (found.status, found.body)


def tls_answer(data: bytes) -> None:
    """Read the first record that answers a ClientHello."""
    found = read_answer(data)
    assert found.end is None or found.version is None


def listener_call(data: bytes) -> None:
    """Take a call of the server under test, whatever it sends."""
    calls: list[object] = []
    listener = Listener("http://127.0.0.1:1")
    place = Place(
        "jwks", f"{listener.url}/here", Reply(200, b"{}", "application/json"), calls.append
    )
    listener._places["/here"] = place
    asyncio.run(listener.serve(Fed(_pieces(data)), Deaf()))
    for call in place.calls:
        assert call.request.form is not None
        assert call.request.query is not None
        assert call.request.parameter("logout_token") != CALLBACK
        assert str(call)
        assert repr(call.request)
