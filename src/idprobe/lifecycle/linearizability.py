"""Whether calls that overlap can have happened one after the other.

The method is that of Wing and Gong (Testing and Verifying Concurrent Objects, 1993): take some call
that began before the first return, see whether a sequential object would have answered like that,
and go on with the rest; go back where it would not. A pair of what was taken and the state it led
to is tried once, as Lowe proposed (Testing for Linearizability, 2017).
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Generic, TypeVar

from idprobe.errors import EvidenceError

__all__ = ["BOUND", "Call", "is_linearizable", "order_of", "shortest"]

Op = TypeVar("Op")
State = TypeVar("State", bound=Hashable)

BOUND: Final = 200_000
"""How many steps a search may take before it counts as undecided."""


@dataclass(frozen=True, slots=True)
class Call(Generic[Op]):
    """An operation that took effect at some moment between `begun` and `ended` (any one clock)."""

    begun: int
    ended: int
    operation: Op
    lane: str = ""
    """Who called: the row of a diagram."""


Step = Callable[[State, Op], State | None]
"""Return the state after an operation with its answer; None if there is no such answer there."""


class _Entries:
    """Calls and returns in the order of time, as a list from which pairs are lifted and put back.

    Entry `i` is the call of number `i`, entry `count + i` its return; `head` precedes all.
    """

    def __init__(self, calls: Sequence[Call[Op]]) -> None:
        count = self.count = len(calls)
        self.head = 2 * count
        # A call and a return of one moment overlap: the call goes first.
        order = sorted(
            [*((call.begun, 0, i) for i, call in enumerate(calls))]
            + [(call.ended, 1, count + i) for i, call in enumerate(calls)]
        )
        line = [self.head, *(entry for _, _, entry in order)]
        self.next = [-1] * (2 * count + 1)
        self.previous = [-1] * (2 * count + 1)
        for before, after in pairwise(line):
            self.next[before], self.previous[after] = after, before

    def lift(self, number: int) -> None:
        """Take a call and its return out."""
        for entry in (number, self.count + number):
            before, after = self.previous[entry], self.next[entry]
            self.next[before] = after
            if after >= 0:
                self.previous[after] = before

    def put_back(self, number: int) -> None:
        """Undo a lift; the last one is undone first."""
        for entry in (self.count + number, number):
            before, after = self.previous[entry], self.next[entry]
            self.next[before] = entry
            if after >= 0:
                self.previous[after] = entry


def order_of(
    calls: Sequence[Call[Op]], initial: State, step: Step[State, Op], bound: int = BOUND
) -> list[int] | None:
    """Return the numbers of calls in an order that explains all answers; None if there is none.

    Raises EvidenceError if that is not known after `bound` steps.
    """
    entries = _Entries(calls)
    taken: list[tuple[int, State]] = []
    done, state, tried = 0, initial, {(0, initial)}
    entry = entries.next[entries.head]
    for _ in range(bound):
        if entry < 0:
            return [number for number, _ in taken]
        if entry < entries.count:
            after = step(state, calls[entry].operation)
            with_it = done | 1 << entry
            if after is not None and (with_it, after) not in tried:
                tried.add((with_it, after))
                taken.append((entry, state))
                done, state = with_it, after
                entries.lift(entry)
                entry = entries.next[entries.head]
            else:
                entry = entries.next[entry]
            continue
        if not taken:
            return None
        number, state = taken.pop()
        done &= ~(1 << number)
        entries.put_back(number)
        entry = entries.next[number]
    raise EvidenceError(f"{len(calls)} calls cannot be put in order within {bound} steps")


def is_linearizable(
    calls: Sequence[Call[Op]], initial: State, step: Step[State, Op], bound: int = BOUND
) -> bool:
    """Return whether some order explains all answers; raises EvidenceError if undecided."""
    return order_of(calls, initial, step, bound) is not None


def shortest(
    calls: Sequence[Call[Op]],
    initial: State,
    step: Step[State, Op],
    may_go: Callable[[Op], bool] = lambda _: True,
) -> list[Call[Op]]:
    """Return calls of a history without an order that have none either, none of them to spare.

    `may_go` says which calls may be left out: those whose absence makes nothing impossible.
    """
    kept = sorted(calls, key=lambda call: call.ended)
    size = max(1, len(kept) // 2)
    while size:
        start = len(kept)
        while start > 0:
            chunk = kept[max(0, start - size) : start]
            rest = [call for call in kept if call not in chunk or not may_go(call.operation)]
            if len(rest) < len(kept) and not is_linearizable(rest, initial, step):
                kept = rest
            start = min(start - size, len(kept))
        size //= 2
    return sorted(kept, key=lambda call: call.begun)
