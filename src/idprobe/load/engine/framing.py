"""Reading the head of an HTTP/1.1 response (RFC 9112), strictly."""

import re
from typing import Final

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Headers

__all__ = ["HEAD_BYTES", "FramingError", "members_of", "parsed_head"]

HEAD_BYTES: Final = 65_536
_STATUS: Final = re.compile(rb"HTTP/1\.([01]) (\d{3})(?: ([^\r\n]*))?\Z")
_FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):(.*)\Z", re.DOTALL)
_SIZE: Final = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;.*)?\Z", re.DOTALL)


class FramingError(EvidenceError):
    """Bytes that are no HTTP response, or end before it is complete."""


def parsed_head(head: bytes) -> tuple[int, int, str, Headers]:
    """Return minor version, status, reason and headers of a header section without its end."""
    first, *lines = head.split(b"\r\n")
    status = _STATUS.match(first)
    if status is None:
        raise FramingError("no HTTP/1.x status line")
    fields = [_FIELD.match(line) for line in lines]
    if not all(fields):
        raise FramingError("a header line without a name")
    headers = tuple(
        (f[1].decode("ascii"), f[2].strip(b" \t").decode("latin-1")) for f in fields if f
    )
    return int(status[1]), int(status[2]), (status[3] or b"").decode("latin-1"), headers


def members_of(headers: Headers, name: str) -> tuple[str, ...]:
    """Return the comma-separated members of a header in lower case."""
    joined = ",".join(value for key, value in headers if key.lower() == name)
    return tuple(part.strip().lower() for part in joined.split(",") if part.strip())
