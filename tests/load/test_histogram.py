"""The histogram against plain lists of numbers."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idprobe.errors import EvidenceError, UsageError
from idprobe.load.measure.histogram import Histogram

durations = st.integers(0, 10**12)
percents = st.sampled_from([0.1, 1, 50, 90, 95, 99, 99.9, 100])


def recorded(values: list[int]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.record(value)
    return histogram


@given(st.lists(durations, min_size=1), percents)
def test_a_percentile_is_never_below_the_true_one_and_at_most_one_percent_above(
    values: list[int], percent: float
) -> None:
    true = sorted(values)[max(1, math.ceil(round(percent * len(values) / 100, 9))) - 1]

    found = recorded(values).percentile(percent)

    assert found is not None
    assert true <= found <= true * 1.01


@given(st.lists(durations, min_size=1))
def test_count_sum_least_and_greatest_are_exact(values: list[int]) -> None:
    histogram = recorded(values)

    assert (histogram.count, histogram.total) == (len(values), sum(values))
    assert (histogram.minimum, histogram.maximum) == (min(values), max(values))
    assert histogram.percentile(100) == max(values)


@given(st.lists(durations), st.lists(durations))
def test_merged_histograms_equal_one_that_saw_everything(one: list[int], two: list[int]) -> None:
    merged = recorded(one)

    merged.merge(recorded(two))

    assert merged.to_dict() == recorded(one + two).to_dict()


@given(st.lists(durations))
def test_a_histogram_survives_json(values: list[int]) -> None:
    histogram = recorded(values)

    again = Histogram.from_dict(json.loads(json.dumps(histogram.to_dict())))

    assert again.to_dict() == histogram.to_dict()


def test_an_empty_histogram_has_no_percentile_and_no_mean() -> None:
    assert Histogram().percentile(50) is None
    assert Histogram().mean is None


def test_a_clock_that_went_back_counts_as_zero() -> None:
    assert recorded([-5]).maximum == 0


@pytest.mark.parametrize(
    "members",
    [{}, {**Histogram().to_dict(), "count": 3}, {**Histogram().to_dict(), "sub_bits": 6}],
    ids=["empty", "count that does not fit", "other cells"],
)
def test_what_is_no_histogram_is_refused(members: dict[str, object]) -> None:
    with pytest.raises(EvidenceError):
        Histogram.from_dict(members)


def test_a_percentile_beyond_100_is_refused() -> None:
    with pytest.raises(UsageError, match="101"):
        Histogram().percentile(101)


@pytest.mark.parametrize("cell", [-1, 10**30, float("inf")])
def test_a_cell_for_no_duration_is_refused(cell: float) -> None:
    histogram = Histogram()
    histogram.record(5)

    with pytest.raises(EvidenceError):
        Histogram.from_dict({**histogram.to_dict(), "cells": [[cell, 1]]})
