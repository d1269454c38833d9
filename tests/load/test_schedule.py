"""Schedules: when arrivals are meant to start."""

import itertools
from statistics import mean

import pytest

from idprobe.load.schedule import Arrivals, Spacing

MS = 1_000_000


def test_constant_arrivals_come_evenly_and_stop_before_the_end() -> None:
    assert list(Arrivals(4, 1).offsets_ns()) == [0, 250 * MS, 500 * MS, 750 * MS]


def test_poisson_arrivals_have_the_rate_and_repeat_with_their_seed() -> None:
    arrivals = Arrivals(500, 20, Spacing.POISSON, seed=7)
    offsets = list(arrivals.offsets_ns())
    gaps = [after - before for before, after in itertools.pairwise(offsets)]

    assert list(arrivals.offsets_ns()) == offsets
    assert offsets == sorted(offsets)
    assert offsets[-1] < 20e9
    assert mean(gaps) == pytest.approx(2 * MS, rel=0.05)


def test_a_long_schedule_does_not_drift() -> None:
    offsets = list(Arrivals(3, 1000).offsets_ns())

    assert len(offsets) == 3000
    assert offsets[-1] == round(2999 * 1e9 / 3)
