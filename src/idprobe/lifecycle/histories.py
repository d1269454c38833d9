"""Histories of clients that use one family of tokens at the same time, and how they are judged.

The model of one story is the sequential object: a history is sound if its calls, put in some order
that agrees with time, make a story that breaks none of the claims. Each family has a history of its
own, since the tokens of one say nothing of another.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from idprobe.errors import EvidenceError
from idprobe.lifecycle.claims import Claim
from idprobe.lifecycle.events import Event, Outcome, stories
from idprobe.lifecycle.linearizability import Call, is_linearizable, order_of, shortest
from idprobe.lifecycle.model import after
from idprobe.lifecycle.state import NOTHING, State
from idprobe.model.exchange import Exchange

__all__ = ["History", "bad_history", "histories", "ordered", "overlaps"]

PARTS: Final = 4
ALIVE: Final = frozenset({Claim.REFRESH_WORKS, Claim.ACCESS_WORKS})

Calls: TypeAlias = Sequence[Call[Event]]


@dataclass(frozen=True, slots=True)
class History:
    """The calls of one family of tokens, in the order in which they began."""

    name: str
    calls: tuple[Call[Event], ...]


def histories(exchanges: Iterable[Exchange]) -> list[History]:
    """Return the histories of a trace: a step is called FAMILY/NUMBER/ROLE/ACT/LANE."""
    lanes = {_head(one.step): one.step.split("/")[-1] for one in exchanges if _is_call(one)}
    found = []
    for name, events in stories(exchanges).items():
        calls = [
            Call(event.begun_ns, event.ended_ns, event, lanes.get(event.step, ""))
            for event in events
        ]
        found.append(History(name, tuple(sorted(calls, key=lambda call: call.begun))))
    return found


def bad_history(history: History, claim: Claim) -> list[Call[Event]] | None:
    """Return the shortest part of a history that no order explains; None if the claim is kept.

    A claim that something is alive can only be broken by what nothing has ended, so that calls
    which may have ended it stay. Raises EvidenceError if nobody knows in reasonable time.
    """
    step = sequential(frozenset({claim}))
    if is_linearizable(history.calls, NOTHING, step):
        return None
    keeps_all = claim in ALIVE
    return shortest(
        history.calls, NOTHING, step, lambda event: not keeps_all or _changes_nothing(event)
    )


def ordered(history: History, claim: Claim) -> list[Event]:
    """Return the events of a history in an order that explains them; as they began without one."""
    order = order_of(history.calls, NOTHING, sequential(frozenset({claim})))
    numbers = range(len(history.calls)) if order is None else order
    return [history.calls[number].operation for number in numbers]


def sequential(claims: frozenset[Claim]) -> Callable[[State, Event], State | None]:
    """Return the sequential object of Wing and Gong: the model, where it breaks no claim."""

    def step(state: State, event: Event) -> State | None:
        taken = after(state, event)
        return None if taken.broken & claims else taken.state

    return step


def _changes_nothing(event: Event) -> bool:
    return event.outcome is Outcome.GIVEN and event.act.value in {"introspect", "userinfo"}


def _is_call(exchange: Exchange) -> bool:
    return len(exchange.step.split("/")) > PARTS


def _head(step: str) -> str:
    return "/".join(step.split("/")[:PARTS])


def overlaps(calls: Calls) -> int:
    """Return how many pairs of calls overlap; raises EvidenceError for a history without any."""
    pairs = sum(
        one.begun < other.ended and other.begun < one.ended
        for number, one in enumerate(calls)
        for other in calls[number + 1 :]
    )
    if not pairs:
        raise EvidenceError("no two calls of the history overlap")
    return pairs
