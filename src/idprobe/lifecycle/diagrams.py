"""A history as a picture of overlapping calls."""

from collections.abc import Sequence
from typing import Final

from idprobe.lifecycle.events import Event
from idprobe.lifecycle.linearizability import Call
from idprobe.lifecycle.telling import Names

__all__ = ["as_text"]

WIDTH: Final = 56


def _scale(calls: Sequence[Call[Event]], width: int) -> list[tuple[int, int]]:
    """Return where each call begins and ends, from 0 to `width`; gaps in which nobody calls shrink.

    Only the order of beginnings and ends has a meaning, so each of them has the same distance to
    the next.
    """
    moments = sorted({moment for call in calls for moment in (call.begun, call.ended)})
    place = {
        moment: round(number * width / max(1, len(moments) - 1))
        for number, moment in enumerate(moments)
    }
    return [(place[call.begun], place[call.ended]) for call in calls]


def _rows(calls: Sequence[Call[Event]]) -> list[str]:
    return [f"{n}." for n in range(1, len(calls) + 1)]


def as_text(calls: Sequence[Call[Event]]) -> str:
    """Return a row for each call, its bar as long as it was under way, and what it was."""
    names = Names(call.operation for call in calls)
    begun = min(call.begun for call in calls)
    rows = []
    for label, call, (start, end) in zip(_rows(calls), calls, _scale(calls, WIDTH), strict=True):
        bar = "├" + "─" * max(0, end - start - 2) + "┤" if end - start > 1 else "│"
        line = (" " * start + bar).ljust(WIDTH + 1)
        since_ms = (call.begun - begun) / 1e6
        took_ms = (call.ended - call.begun) / 1e6
        rows.append(f"{label:>3} {call.lane:<10} {line}".rstrip())
        sentence = names.sentence(call.operation)
        rows.append(f"    {sentence} (at {since_ms:.1f} ms, for {took_ms:.1f} ms)")
    return "\n".join(rows)
