"""Numbers with their units, as they are written on the command line."""

import re
from typing import Final

from idprobe.errors import UsageError

__all__ = ["duration_ns", "duration_s", "per_second", "place_of", "share", "shown_duration"]

MOST_PORTS: Final = 65_535
_NS: Final = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000}
_NUMBER: Final = r"(\d+(?:\.\d+)?)"
_DURATION: Final = re.compile(rf"{_NUMBER}\s*(ns|us|ms|s|m)\Z")
_RATE: Final = re.compile(rf"{_NUMBER}\s*/\s*(s|m)\Z")
_SHARE: Final = re.compile(rf"{_NUMBER}\s*%\Z")


def duration_ns(text: str) -> int:
    """Return a duration such as 250ms in nanoseconds; raises UsageError if it is none."""
    found = _DURATION.match(text.strip())
    if found is None:
        raise UsageError(f"{text!r} is no duration: write a number with ns, us, ms, s or m (250ms)")
    return round(float(found[1]) * _NS[found[2]])


def duration_s(text: str) -> float:
    """Return a duration such as 10s in seconds; raises UsageError if it is none, or zero."""
    seconds = duration_ns(text) / _NS["s"]
    if seconds <= 0:
        raise UsageError(f"{text!r} is no time at all: give a duration such as 10s")
    return seconds


def per_second(text: str) -> float:
    """Return a rate such as 200/s; raises UsageError if it is none, or zero."""
    found = _RATE.match(text.strip())
    if found is None:
        raise UsageError(f"{text!r} is no rate: write a number with /s or /m (200/s)")
    rate = float(found[1]) / (60 if found[2] == "m" else 1)
    if rate <= 0:
        raise UsageError(f"{text!r} is no load at all: give a rate such as 200/s")
    return rate


def place_of(text: str, host: str | None = None) -> tuple[str, int]:
    """Return the host and the port of `HOST:PORT`, or of `PORT` alone where a host is given.

    Raises UsageError if it is none.
    """
    named, _, port = text.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) <= MOST_PORTS or not (named or host):
        example = "0.0.0.0:5557" if host is None else "9646, or 0.0.0.0:9646"
        raise UsageError(f"{text!r} is no place for a server: write {example}")
    return named or str(host), int(port)


def share(text: str) -> float:
    """Return a percentage such as 0.1% as a share of one; raises UsageError if it is none."""
    found = _SHARE.match(text.strip())
    if found is None or float(found[1]) > 100:  # noqa: PLR2004 -- a percentage
        raise UsageError(f"{text!r} is no share: write a percentage up to 100 (0.1%)")
    return float(found[1]) / 100


def shown_duration(duration: float) -> str:
    """Return nanoseconds as a person reads them: three digits and the unit that fits."""
    for unit in ("s", "ms", "us"):
        if duration >= _NS[unit]:
            value = duration / _NS[unit]
            return f"{value:.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"  # noqa: PLR2004 -- where three digits end
    return f"{duration:.0f} ns"
