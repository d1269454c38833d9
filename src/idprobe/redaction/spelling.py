"""The ways in which one value may be spelled in URLs, forms, JSON and HTML."""

import html
import json
import re
from dataclasses import dataclass
from typing import Final

__all__ = ["Index", "Spellings"]

_PLAIN: Final = r"[A-Za-z0-9\-._~]"
_GRAM: Final = 8
_STRIDE: Final = 8
_LONG_RUN: Final = re.compile(f"{_PLAIN}{{{_GRAM},}}")


@dataclass(frozen=True, slots=True)
class Spellings:
    """A value and how to find it in any usual spelling.

    `needle` is the longest part that is spelled the same everywhere: a text without it has no
    spelling of the value. `pattern` is None if the whole value is such a part.
    """

    value: str
    needle: str
    pattern: re.Pattern[str] | None

    @classmethod
    def of(cls, value: str) -> "Spellings":
        """Return the spellings of a value."""
        runs = re.findall(f"{_PLAIN}+", value)
        if runs == [value]:
            return cls(value, value, None)
        pattern = re.compile("".join(_spelling(character) for character in value))
        return cls(value, max(runs, key=len, default=""), pattern)

    def are_in(self, text: str) -> bool:
        """Return whether the text holds the value in some spelling."""
        if self.needle not in text:
            return False
        return self.pattern is None or self.pattern.search(text) is not None

    def replaced(self, text: str, by: str) -> str:
        """Return the text with every spelling of the value replaced."""
        if self.pattern is None:
            return text.replace(self.value, by)
        return self.pattern.sub(lambda _: by, text)


class Index:
    """Many spellings, and which of them a text holds without looking for each.

    A needle that is long enough stands in a long run of plain characters of the text, of which
    only every eighth gram is looked up: so each needle is kept by eight grams in a row, one of
    which is looked up wherever the needle stands. They are its last: tokens begin alike.
    """

    def __init__(self) -> None:
        self._by_gram: dict[str, list[Spellings]] = {}
        self._short: list[Spellings] = []

    def add(self, spellings: Spellings) -> None:
        """Keep the spellings of one more value."""
        needle = spellings.needle
        if len(needle) < _GRAM + _STRIDE - 1:
            self._short.append(spellings)
            return
        end = needle[1 - _GRAM - _STRIDE :]
        for gram in {end[at : at + _GRAM] for at in range(_STRIDE)}:
            self._by_gram.setdefault(gram, []).append(spellings)

    def present_in(self, text: str) -> list[Spellings]:
        """Return the spellings of the values that the text holds, the longest value first."""
        grams = {
            run[at : at + _GRAM]
            for run in set(_LONG_RUN.findall(text))
            for at in range(0, len(run) - _GRAM + 1, _STRIDE)
        }
        near = {one for gram in grams & self._by_gram.keys() for one in self._by_gram[gram]}
        found = [one for one in (*near, *self._short) if one.are_in(text)]
        return sorted(found, key=lambda one: (-len(one.value), one.value))


def _spelling(character: str) -> str:
    if re.fullmatch(_PLAIN, character):
        return character if character != "." else r"\."
    point = ord(character)
    octets = character.encode("utf-8", "surrogatepass")
    ways = {
        re.escape(character),
        "".join(f"%(?i:{octet:02x})" for octet in octets),
        rf"&\#0*{point};",
        rf"&\#[xX]0*(?i:{point:x});",
        re.escape(html.escape(character)),
        re.escape(json.dumps(character)[1:-1]),
        rf"\\u(?i:{point:04x})",
    }
    if character == " ":
        ways.add(r"\+")
    if character == "/":
        ways.add(r"\\/")
    return f"(?:{'|'.join(sorted(ways, key=len, reverse=True))})"
