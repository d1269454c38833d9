"""Plots: where values stand, and what a reader of the page finds."""

import re
from xml.etree import ElementTree as ET

import pytest

from idprobe.report.charts.plot import Axis, Chart, Kind, Series, drawn, span

FLAT = Axis("x", 0, 10)


def chart(*points: tuple[float, float], kind: Kind = "line", title: str = "Title") -> Chart:
    return Chart(title, FLAT, Axis("y", 0, 100), (Series("one", points, kind),), ((5, "half"),))


def test_an_axis_has_round_ticks_and_places_values_between_its_ends() -> None:
    assert Axis("x", 0, 9.7).ticks() == (0, 2, 4, 6, 8)
    assert Axis("x", 0, 0.43).ticks() == pytest.approx((0, 0.1, 0.2, 0.3, 0.4))
    assert [FLAT.share(value) for value in (-5, 0, 2.5, 10, 99)] == [0, 0, 0.25, 1, 1]


def test_an_axis_without_extent_has_everything_at_its_start() -> None:
    point = Axis("x", 3, 3)

    assert [point.share(value) for value in (-1, 3, 7)] == [0, 0, 0]
    assert point.ticks() == (3,)


def test_a_logarithmic_axis_has_its_powers_of_ten() -> None:
    axis = span("ms", [0.0, 0.3, 40.0], logarithmic=True)

    assert (axis.low, axis.high) == (0.1, 100)
    assert axis.ticks() == (0.1, 1, 10, 100)
    assert [axis.share(value) for value in (0, 0.1, 1, 100)] == pytest.approx([0, 0, 1 / 3, 1])


@pytest.mark.parametrize("values", [[], [0.0], [7.0], [0.0, 0.0]])
@pytest.mark.parametrize("logarithmic", [True, False])
def test_an_axis_of_hardly_any_values_has_room_all_the_same(
    values: list[float], *, logarithmic: bool
) -> None:
    axis = span("x", values, logarithmic=logarithmic)

    assert axis.high > axis.low
    assert len(axis.ticks()) >= 2


def test_a_line_goes_up_where_values_do() -> None:
    found = re.search(
        r'class="line s0" d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"', drawn(chart((0, 0), (10, 100)))
    )

    assert found is not None
    left, low, right, high = map(float, found.groups())
    assert left < right
    assert high < low


def test_bars_stand_on_the_axis_and_dots_where_their_values_are() -> None:
    bars = re.findall(
        r'y="([\d.]+)" width="[\d.]+" height="([\d.]+)"',
        drawn(chart((1, 50), (2, 100), kind="bars")),
    )
    dots = drawn(chart((1, 50), (2, 100), kind="dots"))

    assert len({round(float(y) + float(height), 1) for y, height in bars}) == 1
    assert float(bars[1][1]) == pytest.approx(2 * float(bars[0][1]), abs=0.2)
    assert dots.count("<circle") == 2


def test_a_plot_is_an_image_with_a_name_and_nobody_writes_markup_into_it() -> None:
    svg = drawn(chart((1, 1), title="<script>&"))

    root = ET.fromstring(svg)  # noqa: S314 -- our own
    assert root.get("role") == "img"
    assert root.get("aria-label") == "<script>&: one"
    assert "<script>" not in svg
    assert "half" in svg
