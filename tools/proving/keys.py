"""RSA keys that are made once for many servers, since making one takes longer than a trial."""

import warnings
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, Final

from joserfc import jwk

__all__ = ["DECK"]

SIZE: Final = 40
"""How many RSA keys of one size are at hand; a run that wants more makes them."""


class _Deck:
    """RSA keys that were made once: a run takes them in order, and never one of them twice."""

    def __init__(self) -> None:
        self._make: Callable[..., Any] = jwk.generate_key
        self._keys: dict[object, list[Any]] = {}
        self._taken: dict[object, Iterator[int]] = {}

    def fill(self) -> None:
        """Make the keys of the usual size, before processes are forked; servers get these."""
        self._keys[2048] = [self._make("RSA", 2048, auto_kid=True) for _ in range(SIZE)]
        setattr(jwk, "generate_key", self.deal)  # noqa: B010 -- it is replaced, on purpose

    def shuffle(self) -> None:
        """Begin a run."""
        self._taken.clear()

    def deal(self, kind: str, size: Any = None, **named: Any) -> Any:
        """Return a key as joserfc's generate_key does."""
        keys = self._keys.get(size, []) if kind == "RSA" else []
        index = next(self._taken.setdefault(size, count())) if keys else 0
        if index < len(keys):
            return keys[index]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a weak key is made on purpose
            return self._make(kind, size, **named)


DECK: Final = _Deck()
