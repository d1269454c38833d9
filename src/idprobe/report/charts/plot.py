"""Plots as inline SVG: lines, dots and bars over linear or logarithmic axes.

Colours and strokes come from the page's style, by class, so that a plot fits light, dark and paper;
each series has a stroke of its own, for those who do not see colours. What is drawn stands in the
page as numbers too, so a plot is an image with a name.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from markupsafe import Markup, escape

__all__ = ["Axis", "Chart", "Points", "Series", "drawn", "span"]

WIDTH: Final = 640
HEIGHT: Final = 240
LEFT: Final = 64
RIGHT: Final = 24
TOP: Final = 26
BOTTOM: Final = 40
TICKS: Final = 5

Points: TypeAlias = Sequence[tuple[float, float]]
Kind: TypeAlias = Literal["line", "dots", "bars"]


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis from `low` to `high`, in the unit that its label names."""

    label: str
    low: float
    high: float
    logarithmic: bool = False

    def share(self, value: float) -> float:
        """Return where a value is, from 0 to 1; what lies beyond an end is at it."""
        low, high = self._scaled(self.low), self._scaled(self.high)
        if high <= low:
            return 0.0
        return min(1.0, max(0.0, (self._scaled(value) - low) / (high - low)))

    def ticks(self) -> tuple[float, ...]:
        """Return round values that are worth a mark."""
        if self.logarithmic:
            first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
            return tuple(10.0**power for power in range(first, last + 1))
        step = _round_step((self.high - self.low) / TICKS)
        first = math.ceil(self.low / step)
        return tuple(step * n for n in range(first, math.floor(self.high / step + 1e-9) + 1))

    def _scaled(self, value: float) -> float:
        return math.log10(max(value, self.low)) if self.logarithmic else value


@dataclass(frozen=True, slots=True)
class Series:
    """Values that belong together."""

    name: str
    points: Points
    kind: Kind = "line"


@dataclass(frozen=True, slots=True)
class Chart:
    """A plot; `marks` are values of the x axis that have a name."""

    title: str
    x: Axis
    y: Axis
    series: tuple[Series, ...]
    marks: tuple[tuple[float, str], ...] = ()


def span(label: str, values: Sequence[float], *, logarithmic: bool = False) -> Axis:
    """Return an axis on which all values have room; of a logarithmic one the positive ones."""
    known = [value for value in values if value > 0] if logarithmic else list(values)
    if not known:
        return Axis(label, 1.0, 10.0, logarithmic)
    if logarithmic:
        low, high = math.floor(math.log10(min(known))), math.ceil(math.log10(max(known)))
        return Axis(label, 10.0**low, 10.0 ** max(high, low + 1), logarithmic=True)
    least, most = min(0.0, *known), max(known)
    return Axis(label, least, most * 1.05 if most > least else least + 1.0)


def drawn(chart: Chart) -> Markup:
    """Return the plot as an SVG element."""
    name = f"{chart.title}: {', '.join(one.name for one in chart.series)}"
    return Markup(  # noqa: S704 -- every text of it is escaped below, and the rest is numbers
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(name)}">'
        f"{''.join(_frame(chart))}{''.join(_drawn_series(chart))}{''.join(_marks(chart))}</svg>"
    )


def _frame(chart: Chart) -> Iterator[str]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    for value in chart.y.ticks():
        y = _y(chart, value)
        yield f'<path class="grid" d="M{LEFT} {y}H{right}"/>'
        yield _text(LEFT - 8, y + 4, _number(value), "end")
    for value in chart.x.ticks():
        x = _x(chart, value)
        yield f'<path class="tick" d="M{x} {bottom}v5"/>'
        yield _text(x, bottom + 18, _number(value), "middle")
    yield f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{right}"/>'
    yield _text((LEFT + right) / 2, HEIGHT - 4, chart.x.label, "middle")
    yield _text(8, TOP - 12, chart.y.label, "start")


def _drawn_series(chart: Chart) -> Iterator[str]:
    for number, series in enumerate(chart.series):
        places = [(_x(chart, x), _y(chart, y)) for x, y in series.points]
        if series.kind == "line" and places:
            line = "L".join(f"{x} {y}" for x, y in places)
            yield f'<path class="line s{number}" d="M{line}"/>'
        elif series.kind == "dots":
            yield from (f'<circle class="s{number}" cx="{x}" cy="{y}" r="4"/>' for x, y in places)
        elif series.kind == "bars":
            yield from _bars(number, places)


def _bars(number: int, places: Sequence[tuple[float, float]]) -> Iterator[str]:
    bottom = HEIGHT - BOTTOM
    gaps = [after[0] - before[0] for before, after in itertools.pairwise(places)]
    width = max(1.5, round(min(gaps, default=8.0) - 1, 1))
    for x, y in places:
        height = round(max(1.0, bottom - y), 1)
        yield (
            f'<rect class="s{number}" x="{round(x - width / 2, 1)}" y="{round(bottom - height, 1)}"'
            f' width="{width}" height="{height}"/>'
        )


def _marks(chart: Chart) -> Iterator[str]:
    for number, (value, name) in enumerate(chart.marks):
        x = _x(chart, value)
        yield f'<path class="mark-line" d="M{x} {TOP}V{HEIGHT - BOTTOM}"/>'
        anchor, shift = ("end", -6) if chart.x.share(value) > 0.6 else ("start", 6)  # noqa: PLR2004 -- where there is room for words
        yield _text(x + shift, TOP + 12 + 16 * number, name, anchor)


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{round(x, 1)}" y="{round(y, 1)}" text-anchor="{anchor}">{escape(text)}</text>'


def _x(chart: Chart, value: float) -> float:
    return round(LEFT + chart.x.share(value) * (WIDTH - LEFT - RIGHT), 1)


def _y(chart: Chart, value: float) -> float:
    return round(HEIGHT - BOTTOM - chart.y.share(value) * (HEIGHT - TOP - BOTTOM), 1)


def _round_step(least: float) -> float:
    """Return the next of 1, 2, 5, 10, 20, … that is not less."""
    if least <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * n for n in (1, 2, 5, 10) if power * n >= least * 0.999)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:g}" if value == 0 else f"{value:.3g}"  # noqa: PLR2004 -- from where on digits are grouped
