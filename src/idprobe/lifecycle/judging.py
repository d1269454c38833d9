"""What a trace says of a claim: whether its stories or histories break it, and whether they try it.

A claim that no story has put to the test is not kept: the evidence cannot tell.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from idprobe.errors import Unsuited
from idprobe.lifecycle.claims import SECTIONS, Claim
from idprobe.lifecycle.diagrams import as_text
from idprobe.lifecycle.events import Event, stories
from idprobe.lifecycle.histories import bad_history, histories, ordered
from idprobe.lifecycle.model import after
from idprobe.lifecycle.state import NOTHING
from idprobe.lifecycle.telling import Names
from idprobe.model.trace import Trace

__all__ = ["Broken", "broken_history", "broken_story", "run_through"]

MOST: Final = 6000
"""How many characters of a story a report shows."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A story or a history that breaks a claim."""

    claim: Claim
    sentences: tuple[str, ...]
    story: str = field(repr=False)
    """The same over several lines, for reports."""

    def __str__(self) -> str:
        return f"it is not so that {self.claim} ({SECTIONS[self.claim]})"


def run_through(events: Iterable[Event]) -> tuple[dict[Claim, int], frozenset[Claim]]:
    """Return where each claim was broken first, by number from 0, and which claims were tried."""
    state = NOTHING
    broken: dict[Claim, int] = {}
    tried: set[Claim] = set()
    for number, event in enumerate(events):
        step = after(state, event)
        state = step.state
        tried |= step.tried
        for claim in step.broken:
            broken.setdefault(claim, number)
    return broken, frozenset(tried)


def broken_story(trace: Trace, claim: Claim) -> Broken | None:
    """Return the shortest story of a trace that breaks a claim, None if all keep it.

    Raises Unsuited if none of them came to put it to the test.
    """
    found, was_tried = [], False
    for events in stories(trace).values():
        broken, tried = run_through(events)
        was_tried = was_tried or claim in tried
        if claim in broken:
            found.append(events[: broken[claim] + 1])
    if found:
        return _told(trace, claim, min((_needed(one, claim) for one in found), key=len))
    if not was_tried:
        raise Unsuited(f"none of the stories came to try whether {claim}")
    return None


def _needed(events: Sequence[Event], claim: Claim) -> list[Event]:
    """Return a story without the looks that its end does not rest on."""
    needed = list(events)
    for event in reversed(events[:-1]):
        if not event.is_look:
            continue
        rest = [one for one in needed if one is not event]
        if run_through(rest)[0].get(claim) == len(rest) - 1:
            needed = rest
    return needed


def broken_history(trace: Trace, claim: Claim) -> Broken | None:
    """Return the shortest history that no order explains by a claim, None if all are explained.

    Raises Unsuited if none of them came to put it to the test.
    """
    was_tried = False
    for history in histories(trace):
        calls = bad_history(history, claim)
        if calls is not None:
            events = [call.operation for call in calls]
            return _told(trace, claim, events, f"No order explains:\n{as_text(calls)}")
        was_tried = was_tried or claim in run_through(ordered(history, claim))[1]
    if not was_tried:
        raise Unsuited(f"none of the histories came to try whether {claim}")
    return None


def _told(trace: Trace, claim: Claim, events: Sequence[Event], drawn: str = "") -> Broken:
    """Return what was broken, and remark on it in the trace, for reports."""
    for event in events:
        for exchange in trace.steps(event.step):
            _ = trace[exchange.step]  # a report shows what was looked at
    names = Names(events)
    sentences = tuple(names.sentence(event) for event in events)
    listed = "\n".join(f"{n}. {one}" for n, one in enumerate(sentences, start=1))
    story = (drawn or listed)[:MOST]
    trace.remark(story)
    return Broken(claim, sentences, story)
