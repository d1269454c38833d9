"""Which checks `-k EXPRESSION` selects; it means what pytest's option of that name means.

A word matches a name that contains it, whatever the case; words are combined by `and`, `or`, `not`
and parentheses.
"""

import re
from collections.abc import Callable, Collection, Iterator
from typing import Final

from idprobe.errors import UsageError

__all__ = ["Keyword"]

_TOKEN: Final = re.compile(r"([()])|([\w:+\-.\[\]\\/]+)|(\S)")
_OPERATORS: Final = frozenset({"and", "or", "not"})
MOST_TOKENS: Final = 200
"""More than anybody types; each level of parentheses takes a frame of the interpreter."""

Matches = Callable[[Collection[str]], bool]


class Keyword:
    """An expression of words."""

    def __init__(self, text: str) -> None:
        """Read an expression; raises UsageError for one that cannot be read."""
        self.text = text
        self._tokens = list(self._read()) if text.strip() else []
        self._matches = self._whole() if self._tokens else None

    def __call__(self, names: Collection[str]) -> bool:
        """Return whether the names fit; the empty expression fits all."""
        return self._matches is None or self._matches([name.lower() for name in names])

    def _read(self) -> Iterator[str]:
        for count, found in enumerate(_TOKEN.finditer(self.text)):
            bracket, word, strange = found.groups()
            if strange or count == MOST_TOKENS:
                raise self._unreadable()
            yield bracket or word

    def _unreadable(self) -> UsageError:
        return UsageError(
            f"-k {self.text} is no expression: use words, and, or, not and parentheses"
        )

    def _whole(self) -> Matches:
        self._tokens.reverse()
        found = self._either()
        if self._tokens:
            raise self._unreadable()
        return found

    def _taken(self, token: str) -> bool:
        """Return whether the next token is this one, which is taken then."""
        if self._tokens and self._tokens[-1] == token:
            self._tokens.pop()
            return True
        return False

    def _either(self) -> Matches:
        parts = [self._all()]
        while self._taken("or"):
            parts.append(self._all())
        return lambda names: any(part(names) for part in parts)

    def _all(self) -> Matches:
        parts = [self._one()]
        while self._taken("and"):
            parts.append(self._one())
        return lambda names: all(part(names) for part in parts)

    def _one(self) -> Matches:
        if self._taken("not"):
            negated = self._one()
            return lambda names: not negated(names)
        if self._taken("("):
            inner = self._either()
            if not self._taken(")"):
                raise self._unreadable()
            return inner
        if not self._tokens or self._tokens[-1] in _OPERATORS | {")"}:
            raise self._unreadable()
        word = self._tokens.pop().lower()
        return lambda names: any(word in name for name in names)
