"""Octets without the escapes of URLs, forms, HTML, JSON and scripts, and where each came from.

One pass takes time linear in the length of the octets: the pattern has no unbounded repeat.
"""

import binascii
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html.entities import html5
from itertools import accumulate
from typing import Final

__all__ = ["ESCAPE_MARKS", "Layer", "Stood", "layers_of", "readings_of", "stood_for"]

ESCAPE_MARKS: Final = (b"%", b"&", b"\\")
"""The octets that begin an escape."""

MOST_LAYERS: Final = 4
"""So often escapes are taken away from what had escapes within escapes."""

_ESCAPE: Final = re.compile(
    rb"%[0-9A-Fa-f]{2}"
    rb"|&(?:\#[0-9]{1,9}|\#[xX][0-9A-Fa-f]{1,8}|[A-Za-z][A-Za-z0-9]{1,31});"
    rb"|\\(?:u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}"
    rb"|u[0-9A-Fa-f]{4}|u\{[0-9A-Fa-f]{1,6}\}|x[0-9A-Fa-f]{2}|[\"'/\\bfnrt])"
)
_LETTERS: Final = {
    letter: meant.encode() for letter, meant in zip(b"\"'/\\bfnrt", "\"'/\\\b\f\n\r\t", strict=True)
}
_LAST_CODE_POINT: Final = 0x10FFFF


class Layer:
    """Octets without one layer of escapes, and where in the octets before each of them was."""

    def __init__(self, before: bytes) -> None:
        self._before: Final = before
        self.octets: Final = _ESCAPE.sub(_decoded, before)
        self._places: tuple[list[int], ...] | None = None

    def raw(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the octets before, escapes whole, that a span (not empty) was."""
        if self._places is None:
            self._places = self._found_places()
        return self._raw(start, self._places)[0], self._raw(end - 1, self._places)[1]

    def _found_places(self) -> tuple[list[int], ...]:
        """Return for each escape where it became what, and where it was and how long."""
        starts: list[int] = []
        lengths: list[int] = []
        raw_starts: list[int] = []
        raw_lengths: list[int] = []
        shift = 0
        for found in _ESCAPE.finditer(self._before):
            length = len(_decoded(found))
            starts.append(found.start() - shift)
            lengths.append(length)
            raw_starts.append(found.start())
            raw_lengths.append(len(found[0]))
            shift += len(found[0]) - length
        return starts, lengths, raw_starts, raw_lengths

    @staticmethod
    def _raw(at: int, places: tuple[list[int], ...]) -> tuple[int, int]:
        """Return the span that the octet at this index was."""
        starts, lengths, raw_starts, raw_lengths = places
        number = bisect_right(starts, at) - 1
        if number < 0:
            return at, at + 1
        inside = at - starts[number]
        start, end = raw_starts[number], raw_starts[number] + raw_lengths[number]
        if inside < lengths[number]:
            return start, end
        return end + inside - lengths[number], end + inside - lengths[number] + 1


def _decoded(found: re.Match[bytes]) -> bytes:
    return _meaning_of(found[0])


@lru_cache(maxsize=4_096)
def _meaning_of(escape: bytes) -> bytes:
    """Return the octets that an escape stands for, itself if it stands for nothing."""
    text = escape.decode("ascii")
    if text.startswith("%"):
        return bytes.fromhex(text[1:])
    if text.startswith("&") and text[1] != "#":
        return html5.get(text[1:], text).encode()
    if text.startswith("\\") and text[1] not in "ux":
        return _LETTERS[ord(text[1])]
    if text.count("\\") > 1:
        return bytes.fromhex(text[2:6] + text[8:]).decode("utf-16-be").encode()
    digits = text[2:].strip("{};").lower()
    is_decimal = text.startswith("&") and not digits.startswith("x")
    point = int(digits.lstrip("x"), 10 if is_decimal else 16)
    return chr(point).encode("utf-8", "surrogatepass") if point <= _LAST_CODE_POINT else escape


def layers_of(octets: bytes) -> Iterator[tuple[bytes, tuple[Layer, ...]]]:
    """Yield the octets as they are, then with one layer of escapes less each time.

    Beside each are the layers that led there, in order.
    """
    way: tuple[Layer, ...] = ()
    yield octets, way
    while len(way) < MOST_LAYERS and any(mark in octets for mark in ESCAPE_MARKS):
        layer = Layer(octets)
        if layer.octets == octets:
            return
        octets = layer.octets
        way = (*way, layer)
        yield octets, way


def readings_of(octets: bytes) -> frozenset[bytes]:
    """Return what octets become when they are decoded by somebody who takes them for escaped."""
    return frozenset(read for read, _ in layers_of(octets))


@dataclass(frozen=True, slots=True)
class _Encoding:
    """How octets are written as digits: the runs of them, and how many stand for how many."""

    run: re.Pattern[bytes]
    digits: int
    octets: int
    decode: Callable[[bytes], bytes]
    fills: tuple[bytes, ...]
    """What completes a run of so many digits more than whole groups have."""


_STANDARD: Final = bytes.maketrans(b"-_", b"+/")
_ENCODINGS: Final = (
    _Encoding(
        re.compile(rb"[A-Za-z0-9+/_-]{11,}+"),
        4,
        3,
        lambda digits: binascii.a2b_base64(digits.translate(_STANDARD)),
        (b"", b"AAA", b"AA", b"A"),
    ),
    _Encoding(re.compile(rb"[0-9A-Fa-f]{16,}+"), 2, 1, binascii.unhexlify, (b"", b"0")),
)


@dataclass(frozen=True, slots=True)
class Stood:
    """What the runs of digits in a text stand for, one run behind the other."""

    octets: bytes
    _text: bytes
    _encoding: _Encoding
    _skipped: int

    def runs(self, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return where in the text the runs are that spans stand for, their padding included."""
        encoding, text = self._encoding, self._text
        runs = [found.span() for found in encoding.run.finditer(text)]
        digits = (max(0, end - start - self._skipped) for start, end in runs)
        starts = [0, *accumulate(-(-n // encoding.digits) * encoding.octets for n in digits)]
        found = []
        for start, end in spans:
            last = runs[bisect_right(starts, end - 1) - 1][1]
            padding = text[last : last + 2]
            first = runs[bisect_right(starts, start) - 1][0]
            found.append((first, last + len(padding) - len(padding.lstrip(b"="))))
        return found


def stood_for(text: bytes) -> Iterator[Stood]:
    """Yield what the runs of base64 and of hexadecimal digits stand for (RFC 4648).

    Where in a run the encoded octets begin is not known, so each way to group them is tried.
    """
    for encoding in _ENCODINGS:
        runs = encoding.run.findall(text)
        fills = encoding.fills
        for skipped in range(encoding.digits) if runs else ():
            cut = [run[skipped:] for run in runs]
            whole = b"".join([run + fills[len(run) % len(fills)] for run in cut])
            yield Stood(encoding.decode(whole), text, encoding, skipped)
