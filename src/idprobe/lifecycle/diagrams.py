"""A history as a picture of overlapping calls, in text and as SVG."""

from collections.abc import Sequence
from html import escape
from typing import Final

from idprobe.lifecycle.events import Event
from idprobe.lifecycle.linearizability import Call
from idprobe.lifecycle.telling import Names

__all__ = ["as_svg", "as_text"]

WIDTH: Final = 56
ROW_PX: Final = 34
BAR_PX: Final = 560
LEFT_PX: Final = 110


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


def as_svg(calls: Sequence[Call[Event]]) -> str:
    """Return the same as an SVG picture, readable in light and in dark."""
    names = Names(call.operation for call in calls)
    size = f'width="{LEFT_PX + BAR_PX + 10}" height="{ROW_PX * len(calls) + 8}"'
    letters = 'font-family="sans-serif" font-size="11" fill="currentColor"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size} {letters}>',
        "<title>Calls that overlap, and that no order explains</title>",
    ]
    for number, (call, (start, end)) in enumerate(zip(calls, _scale(calls, BAR_PX), strict=True)):
        top = ROW_PX * number
        sentence = escape(names.sentence(call.operation))
        parts.append(
            f'<text x="0" y="{top + 13}">{number + 1}. {escape(call.lane)}</text>'
            f'<text x="{LEFT_PX}" y="{top + 13}">{sentence}</text>'
            f'<rect x="{LEFT_PX + start}" y="{top + 18}" width="{max(2, end - start)}" height="8" '
            'rx="2" fill="#3b6ea5"/>'
        )
    return "".join((*parts, "</svg>"))
