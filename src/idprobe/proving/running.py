"""Many mutants put to the test, in processes that are forked from one that is warm."""

import multiprocessing
import os
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import count
from typing import Any, Final

from joserfc import jwk

from idprobe.proving.trial import Trial, depth_of, tried
from idprobe.reference.mutants import MUTANTS

__all__ = ["all_tried"]

DECK: Final = 40
"""How many RSA keys of one size are at hand; a run that wants more makes them."""


class _Deck:
    """RSA keys that were made once: a run takes them in order, and never one of them twice."""

    def __init__(self) -> None:
        self._make: Callable[..., Any] = jwk.generate_key
        self._keys: dict[object, list[Any]] = {}
        self._taken: dict[object, Iterator[int]] = {}

    def fill(self) -> None:
        """Make the keys of the usual size, before processes are forked."""
        self._keys[2048] = [self._make("RSA", 2048, auto_kid=True) for _ in range(DECK)]

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


_DECK: Final = _Deck()


def all_tried(plan: Mapping[str, Sequence[str]], processes: int | None = None) -> Iterator[Trial]:
    """Yield what comes of each mutant of a plan, as it comes; the longest are begun first.

    Many wait for something to expire, so that two processes for each processor are not too many.
    """
    _DECK.fill()
    setattr(jwk, "generate_key", _DECK.deal)  # noqa: B010 -- it is replaced, on purpose
    order = sorted(plan, key=lambda name: (-depth_of(MUTANTS[name]), -len(plan[name]), name))
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(processes or 2 * (os.cpu_count() or 1), mp_context=context) as pool:
        for done in as_completed([pool.submit(_one, name, plan[name]) for name in order]):
            yield done.result()


def _one(name: str, probes: Sequence[str]) -> Trial:
    _DECK.shuffle()
    try:
        return tried(name, probes)
    except Exception as error:  # noqa: BLE001 -- a fault of ours, and the others are not to be lost
        told = "".join(traceback.format_exception_only(error)).strip()
        silent = tuple(sorted(MUTANTS[name].breaks))
        return Trial(name, len(probes), 0, (), silent, (), (), (f"no trial: {told}",))
