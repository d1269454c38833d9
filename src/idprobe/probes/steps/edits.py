"""Texts that are almost the right one: edits are generated, and applied where a text is known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

__all__ = ["Edit", "edits"]

WHOLE: Final = 1000
PLACES: Final = (WHOLE, 0, WHOLE // 2, WHOLE - 60)
"""The end, the beginning, the middle, and near the end, where comparisons are cut."""
FOUR: Final = 4
"""As many characters of base64 as make whole octets: so octets change, and no padding alone."""
FILL: Final = "AbCd"


@dataclass(frozen=True, slots=True)
class Edit:
    """What to do to a text, and where: 0 is its beginning, 1000 its end."""

    kind: str
    place: int

    def of(self, text: str) -> str:
        """Return the text with the edit, never as it was and never empty."""
        at = min(len(text) - 1, len(text) * self.place // WHOLE)
        found = _KINDS[self.kind](text, _inside(text, at))
        return found if found not in {text, ""} else _replaced(text, _inside(text, at))


def edits(*kinds: str) -> SearchStrategy[Edit]:
    """Return the edits of these kinds, at all places and more often where readers are careless."""
    places = st.one_of(st.sampled_from(PLACES), st.integers(0, WHOLE))
    return st.builds(Edit, st.sampled_from(kinds), places)


def _inside(text: str, at: int) -> int:
    """Return a place near one where a change of base64url text changes whole octets.

    The last character before a dot, or at the end, may have bits that mean nothing.
    """
    while at > 0 and (at == len(text) - 1 or text[at] == "." or text[at + 1] == "."):
        at -= 1
    return at


def _replaced(text: str, at: int) -> str:
    new = {"z": "a", "Z": "A", "9": "0", "f": "a", "F": "A"}
    character = text[at]
    other = new.get(character) or (chr(ord(character) + 1) if character.isalnum() else "A")
    return text[:at] + other + text[at + 1 :]


def _swapped(text: str, at: int) -> str:
    """Return the text with one letter in the other case, if it has letters of both."""
    if text.lower() == text or text.upper() == text:
        return text
    for place in (*range(at, -1, -1), *range(at, len(text) - 1)):
        if text[place].isalpha() and _inside(text, place) == place:
            return text[:place] + text[place].swapcase() + text[place + 1 :]
    return text


_KINDS: Final[Mapping[str, Callable[[str, int], str]]] = {
    "replace": _replaced,
    "case": _swapped,
    "insert": lambda text, at: text[:at] + FILL + text[at:],
    "append": lambda text, _at: text + FILL,
    "prepend": lambda text, _at: FILL + text,
    "delete": lambda text, at: text[:at] + text[at + FOUR :],
    "cut": lambda text, _at: text[:-FOUR],
    "behead": lambda text, _at: text[FOUR:],
    "twice": lambda text, _at: text + text,
    "space": lambda text, _at: f"{text} ",
    "space before": lambda text, _at: f" {text}",
    "newline": lambda text, _at: f"{text}\n",
    "nul": lambda text, _at: f"{text}\0",
}
