"""Files that users name, read up to a size: a device, or a file that has no end, ends no run."""

import errno
import io
import os
import stat
from pathlib import Path
from typing import Final

__all__ = ["as_text", "read_bounded", "read_plain"]

_KINDS: Final = (
    (stat.S_ISDIR, "is a folder"),
    (stat.S_ISFIFO, "is a pipe"),
    (stat.S_ISSOCK, "is a socket"),
    (stat.S_ISCHR, "is a device"),
    (stat.S_ISBLK, "is a device"),
)
_AT_ONCE: Final = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_bounded(path: Path, most_bytes: int) -> bytes:
    """Return what a file, or a pipe, has; raises OSError for more than that many bytes."""
    with path.open("rb") as file:
        octets = file.read(most_bytes + 1)
    return _within(octets, most_bytes)


def read_plain(path: Path, most_bytes: int) -> bytes:
    """Return what a plain file has; raises OSError for anything else, and waits for no writer."""
    descriptor = os.open(path, os.O_RDONLY | _AT_ONCE)
    mode = os.fstat(descriptor).st_mode
    said = next((kind for is_kind, kind in _KINDS if is_kind(mode)), None)
    if said is not None:
        os.close(descriptor)
        raise OSError(errno.EINVAL, f"it {said}, and no plain file")
    with os.fdopen(descriptor, "rb") as file:
        return _within(file.read(most_bytes + 1), most_bytes)


def as_text(octets: bytes, encoding: str = "utf-8") -> str:
    """Return octets as text, each end of a line a line feed, as reading a file in text mode does.

    Raises UnicodeDecodeError.
    """
    return io.TextIOWrapper(io.BytesIO(octets), encoding=encoding).read()


def _within(octets: bytes, most_bytes: int) -> bytes:
    if len(octets) > most_bytes:
        raise OSError(errno.EFBIG, f"it is larger than {most_bytes // 2**20} MiB")
    return octets
