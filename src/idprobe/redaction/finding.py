"""Looking for many secrets at once, in every usual spelling, in time linear in the text.

A secret is looked for in each reading of a text: as it stands, without its escapes, and in what its
runs of base64 or hexadecimal digits stand for (see `decoding`). A secret of 15 octets or more is
kept by eight grams of eight octets in a row, one of which is at a multiple of eight wherever the
secret stands: so one octet string in eight is looked up. How many secrets are compared for a gram,
and how much of each, has a bound.
"""

import base64
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from idprobe.redaction.decoding import Layer, layers_of, readings_of, stood_for

__all__ = ["GLOBAL_LENGTH", "Finder", "Span", "octets_of", "text_of"]

GLOBAL_LENGTH: Final = 8
"""From this length on a secret is looked for within words; a shorter one where it stands alone."""

_GRAM: Final = 8
_KEY: Final = 2 * _GRAM - 1
_COMPARED: Final = 256
"""So many octets at the beginning of a secret, and at its end, are compared."""
_CROWD: Final = 8
"""So many kinds of secrets may share a gram: they differ in length, or in where it is in them."""
_FEW: Final = 48
"""So many short secrets are looked for one by one."""
_TOKEN_OCTETS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/="
_LONGEST_RUN: Final = 8_192


@dataclass(frozen=True, slots=True)
class Span:
    """Where a secret stands: octets from `start` up to `end`, and whose they are."""

    start: int
    end: int
    value: str


@dataclass(frozen=True, slots=True)
class _Spelling:
    """Octets that tell a secret; with `stands_alone` only where no letter or digit is beside."""

    octets: bytes
    value: str
    stands_alone: bool

    def is_at(self, text: bytes, start: int, end: int) -> bool:
        """Return whether what stands there counts."""
        if not self.stands_alone:
            return True
        return not (_is_word(text[max(0, start - 1) : start]) or _is_word(text[end : end + 1]))


_Gram = int
"""Eight octets as a number, in the order of this machine: texts are read so eight at a time."""

_Kind = tuple[int, int]
"""How far before the end of a spelling a gram of it begins, and how long the spelling is."""


_Ends = tuple[bytes, bytes]
_Held = dict[_Ends, _Spelling] | _Spelling
"""The spellings of one kind that share a gram; most often it is one."""


@dataclass(slots=True)
class Finder:
    """The secrets that are looked for."""

    _by_gram: dict[_Gram, dict[_Kind, _Held]] = field(default_factory=dict)
    _crowded: dict[_Gram, str] = field(default_factory=dict)
    """Grams that too many share: the whole run around one is covered, as the first of them."""
    _tiny: dict[bytes, _Spelling] = field(default_factory=dict)
    """Those of fewer octets than a gram."""
    _short: dict[bytes, _Spelling] = field(default_factory=dict)
    """Those of a gram or more, in which no gram need stand at a multiple of eight."""
    _short_by_gram: dict[_Gram, dict[int, dict[bytes, _Spelling]]] = field(default_factory=dict)

    def add(self, value: str) -> None:
        """Look for a secret from now on."""
        for spelling in _spellings_of(value):
            octets = spelling.octets
            if len(octets) >= _KEY:
                self._keep(spelling)
            elif len(octets) >= _GRAM:
                self._short.setdefault(octets, spelling)
                by_length = self._short_by_gram.setdefault(_gram_of(octets), {})
                by_length.setdefault(len(octets), {}).setdefault(octets, spelling)
            else:
                self._tiny.setdefault(octets, spelling)

    def _keep(self, spelling: _Spelling) -> None:
        """Keep a spelling by eight grams in a row, at a place where few others have the same."""
        octets, length = spelling.octets, len(spelling.octets)
        tail = max(0, length - _COMPARED)
        for end in dict.fromkeys((length, tail + _KEY, tail + (length - tail + _KEY) // 2)):
            places = [(_gram_of(octets, at), (length - at, length)) for at in _starts(end)]
            buckets = [self._by_gram.get(gram, {}) for gram, _ in places]
            fits = (
                kind in one or len(one) < _CROWD
                for one, (_, kind) in zip(buckets, places, strict=True)
            )
            if all(fits):
                for gram, kind in places:
                    _put(self._by_gram.setdefault(gram, {}), kind, spelling)
                return
        for at in _starts(length):
            self._crowded.setdefault(_gram_of(octets, at), spelling.value)

    def spans(self, octets: bytes) -> list[Span]:
        """Return where secrets stand, apart and in order; of those that meet the longest is named.

        Their spans are those of the octets as they are given, escapes and encoded runs whole.
        """
        found: list[Span] = []
        way: tuple[Layer, ...] = ()
        layer, here = octets, []
        for layer, way in layers_of(octets):
            here = list(self._found(layer))
            found += _before(way, here)
        for reading in stood_for(_without(layer, here)):
            hidden = list(self._found(reading.octets))
            if hidden:
                runs = reading.runs([(start, end) for start, end, _ in hidden])
                values = (value for _, _, value in hidden)
                found += _before(way, [(*run, one) for run, one in zip(runs, values, strict=True)])
        return _apart(found) if found else found

    def _found(self, text: bytes) -> Iterator[tuple[int, int, str]]:
        yield from self._long(text)
        yield from _each_of(self._tiny.values(), text)
        if len(self._short) <= _FEW:
            yield from _each_of(self._short.values(), text)
        else:
            yield from self._many_short(text)

    def _long(self, text: bytes) -> Iterator[tuple[int, int, str]]:
        grams = _grams_in(text)
        if self._by_gram.keys().isdisjoint(grams) and self._crowded.keys().isdisjoint(grams):
            return
        covered = 0
        for number, gram in enumerate(grams):
            at = number * _GRAM
            is_crowded = gram in self._crowded
            if at + _GRAM <= covered or not (is_crowded or gram in self._by_gram):
                continue
            around = list(self._around(text, at, gram))
            if around:
                octets, repeated = text[at : at + _GRAM], at + _GRAM
                while text.startswith(octets, repeated):  # what goes on in this way is covered, too
                    repeated += _GRAM
                covered = max(repeated, *(end for _, end, _ in around))
                longest = max(around, key=lambda one: one[1] - one[0])
                yield min(start for start, _, _ in around), covered, longest[2]
            elif is_crowded:
                start, covered = _run_around(text, at)
                yield start, covered, self._crowded[gram]

    def _around(self, text: bytes, at: int, gram: _Gram) -> Iterator[tuple[int, int, str]]:
        """Yield the secrets that stand in a text with this gram of theirs at this place."""
        for (to_end, length), held in self._by_gram.get(gram, {}).items():
            end = at + to_end
            start = end - length
            if start < 0 or end > len(text):
                continue
            head_end, tail_start = min(end, start + _COMPARED), max(start, end - _COMPARED)
            one = _same(held, (text[start:head_end], text[tail_start:end]))
            if one is not None and one.is_at(text, start, end):
                yield start, end, one.value

    def _many_short(self, text: bytes) -> Iterator[tuple[int, int, str]]:
        by_gram = self._short_by_gram
        for first in range(_GRAM):
            grams = _grams_in(text, first)
            if by_gram.keys().isdisjoint(grams):
                continue
            for at, gram in zip(range(first, len(text), _GRAM), grams, strict=False):
                by_length = by_gram.get(gram)
                for length, same in by_length.items() if by_length else ():
                    one = same.get(text[at : at + length])
                    if one is not None and one.is_at(text, at, at + length):
                        yield at, at + length, one.value


def _gram_of(octets: bytes, at: int = 0) -> _Gram:
    return int.from_bytes(octets[at : at + _GRAM], sys.byteorder)


def _grams_in(text: bytes, first: int = 0) -> memoryview:
    """Return the grams of a text, one behind the other, without those octets that fill none."""
    whole = max(0, len(text) - first) // _GRAM * _GRAM
    return memoryview(text)[first : first + whole].cast("Q")


def _before(way: Sequence[Layer], found: Iterable[tuple[int, int, str]]) -> Iterator[Span]:
    """Yield where in the first octets stood what was found when layers had been taken away."""
    for start, end, value in found:
        for layer in reversed(way):
            start, end = layer.raw(start, end)  # noqa: PLW2901 -- layer by layer
        yield Span(start, end, value)


def _without(octets: bytes, found: Iterable[tuple[int, int, str]]) -> bytes:
    """Return octets, as long as before, with nothing where something was found."""
    if not found:
        return octets
    left = bytearray(octets)
    for start, end, _ in found:
        left[start:end] = bytes(end - start)
    return bytes(left)


def _starts(end: int) -> range:
    """Return where the eight grams begin that end at this place of a spelling."""
    return range(end - _KEY, end - _GRAM + 1)


def _put(bucket: dict[_Kind, _Held], kind: _Kind, spelling: _Spelling) -> None:
    """Keep a spelling in a bucket; most kinds have one, which needs no table of its own."""
    held = bucket.get(kind)
    if held is None:
        bucket[kind] = spelling
        return
    if isinstance(held, _Spelling):
        bucket[kind] = held = {_ends(held.octets): held}
    held.setdefault(_ends(spelling.octets), spelling)


def _ends(octets: bytes) -> _Ends:
    return octets[:_COMPARED], octets[-_COMPARED:]


def _same(held: _Held, ends: _Ends) -> _Spelling | None:
    """Return which of the spellings that are held begins and ends so, None if none does."""
    if not isinstance(held, _Spelling):
        return held.get(ends)
    return held if _ends(held.octets) == ends else None


def _each_of(spellings: Iterable[_Spelling], text: bytes) -> Iterator[tuple[int, int, str]]:
    for one in spellings:
        at = text.find(one.octets)
        while at >= 0:
            end = at + len(one.octets)
            if one.is_at(text, at, end):
                yield at, end, one.value
            at = text.find(one.octets, end)


def _run_around(text: bytes, at: int) -> tuple[int, int]:
    """Return the run of token characters around a gram, as far as it is looked at."""
    before = text[max(0, at - _LONGEST_RUN) : at]
    after = text[at + _GRAM : at + _LONGEST_RUN]
    start = at - len(before) + len(before.rstrip(_TOKEN_OCTETS))
    return start, at + _GRAM + len(after) - len(after.lstrip(_TOKEN_OCTETS))


def _apart(found: list[Span]) -> list[Span]:
    """Return spans that do not overlap, in order; what overlaps becomes one."""
    apart: list[Span] = []
    longest = 0
    for span in sorted(found, key=lambda one: (one.start, -one.end)):
        length = span.end - span.start
        if not apart or span.start >= apart[-1].end:
            apart.append(span)
            longest = length
            continue
        last = apart[-1]
        value = span.value if length > longest else last.value
        longest = max(longest, length)
        apart[-1] = Span(last.start, max(last.end, span.end), value)
    return apart


def _spellings_of(value: str) -> Iterator[_Spelling]:
    """Yield the spellings by which a secret is found, each once."""
    is_long = len(value) >= GLOBAL_LENGTH
    stands_alone = not is_long or value.isdecimal()
    forms = set(_forms_of(value)) if is_long else {*_forms_of(value), *_encoded(octets_of(value))}
    for octets in forms:
        if octets and (len(octets) >= GLOBAL_LENGTH or not is_long):
            yield _Spelling(octets, value, stands_alone)


def _forms_of(value: str) -> Iterator[bytes]:
    """Yield the octets of a value in the usual character sets, and as a decoder leaves them."""
    texts = {value}
    if not value.isascii():
        texts |= {unicodedata.normalize(form, value) for form in ("NFC", "NFD")}
    for text in texts:
        forms = {octets_of(text)}
        if not text.isascii():
            forms.add(octets_of(octets_of(text).decode("latin-1")))  # UTF-8 taken for Latin-1
            if all(ord(one) < 256 for one in text):  # noqa: PLR2004 -- what Latin-1 has
                forms.add(text.encode("latin-1"))
        if " " in text:
            forms |= {one.replace(b" ", b"+") for one in forms}
        for form in forms:
            yield from readings_of(form)


def _encoded(octets: bytes) -> Iterator[bytes]:
    """Yield a short secret in base64 and in hexadecimal, as it stands there by itself."""
    yield from (one(octets).rstrip(b"=") for one in (base64.b64encode, base64.urlsafe_b64encode))
    yield from (octets.hex().encode(), octets.hex().upper().encode())


def _is_word(octet: bytes) -> bool:
    return octet.isalnum() or octet == b"_"


def octets_of(text: str) -> bytes:
    """Return text as UTF-8; what came from octets that are none becomes those again."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate, which JSON can spell
        return text.encode("utf-8", "surrogatepass")


def text_of(octets: bytes) -> str:
    """Return the text of octets, such as `octets_of` returns."""
    try:
        return octets.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return octets.decode("utf-8", "surrogateescape")
