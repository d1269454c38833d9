"""Schedules: when arrivals are meant to start."""

import itertools
from statistics import mean

import pytest

from idprobe.errors import UsageError
from idprobe.load.schedule.ramp import Step, expected, parse_ramp, peak_of, shown_ramp
from idprobe.load.schedule.schedule import Arrivals, Spacing

MS = 1_000_000


def steady(rate: float, seconds: float) -> tuple[Step, ...]:
    return (Step(rate, rate, seconds),)


def test_constant_arrivals_come_evenly_and_stop_before_the_end() -> None:
    assert list(Arrivals(steady(4, 1)).offsets_ns()) == [0, 250 * MS, 500 * MS, 750 * MS]


def test_poisson_arrivals_have_the_rate_and_repeat_with_their_seed() -> None:
    arrivals = Arrivals(steady(500, 20), Spacing.POISSON, seed=7)
    offsets = list(arrivals.offsets_ns())
    gaps = [after - before for before, after in itertools.pairwise(offsets)]

    assert list(arrivals.offsets_ns()) == offsets
    assert offsets == sorted(offsets)
    assert offsets[-1] < 20e9
    assert mean(gaps) == pytest.approx(2 * MS, rel=0.05)


def test_a_long_schedule_does_not_drift() -> None:
    offsets = list(Arrivals(steady(3, 1000)).offsets_ns())

    assert len(offsets) == 3000
    assert offsets[-1] == round(2999 * 1e9 / 3)


@pytest.mark.parametrize("spacing", list(Spacing))
def test_a_ramp_has_as_many_arrivals_in_each_part_as_its_rate_says(spacing: Spacing) -> None:
    ramp = parse_ramp("100/s..300/s over 10s, 300/s..100/s over 10s")
    offsets = [at / 1e9 for at in Arrivals(ramp, spacing, seed=3).offsets_ns()]
    seconds = [sum(second <= at < second + 1 for at in offsets) for second in range(20)]

    assert offsets == sorted(offsets)
    assert seconds == pytest.approx(
        [110 + 20 * at for at in range(10)] + [290 - 20 * at for at in range(10)],
        abs=1 if spacing is Spacing.CONSTANT else 60,
    )
    assert len(offsets) == pytest.approx(expected(ramp), rel=0.05)


def test_a_step_takes_over_where_the_last_one_ended() -> None:
    ramp = parse_ramp("4/s for 1s, 2/s for 1s")

    assert list(Arrivals(ramp).offsets_ns()) == [
        *(0, 250 * MS, 500 * MS, 750 * MS),
        *(1000 * MS, 1500 * MS),
    ]


def test_a_ramp_that_hardly_rises_is_as_good_as_none() -> None:
    nearly = Arrivals((Step(100, 100.0000001, 10),))

    offsets = list(nearly.offsets_ns())[:1000]

    assert [round(at / MS) for at in offsets] == [10 * number for number in range(1000)]


def test_a_course_is_read_as_it_is_shown() -> None:
    ramp = parse_ramp("10/s..200/s over 30s, 200/s for 1m,60/m for 500 ms")

    assert ramp == (Step(10, 200, 30), Step(200, 200, 60), Step(1, 1, 0.5))
    assert parse_ramp(shown_ramp(ramp)) == ramp
    assert peak_of(ramp) == 200


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("200/s for", "'200/s for'"),
        ("10/s..20/s, 5/s for 1s", "'10/s..20/s'"),
        ("10..20/s over 3s", "'10..20/s over 3s'"),
        ("10/s..x over 3s", "'x' is no rate"),
        ("10/s for ever", "'ever' is no duration"),
        ("0/s for 3s", "'0/s' is no load"),
        (", ".join(["1/s for 1s"] * 101), "more than 100"),
    ],
)
def test_what_is_no_course_is_told_by_its_part(text: str, part: str) -> None:
    with pytest.raises(UsageError, match=part):
        parse_ramp(text)


def test_an_arrival_that_would_be_at_the_very_end_of_a_step_is_none_of_it() -> None:
    assert list(Arrivals(steady(1, 1.0000000001)).offsets_ns()) == [0]
