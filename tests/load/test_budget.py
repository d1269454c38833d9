"""Budgets: what they say, how they fail, and what they refuse to be."""

import pytest

from idprobe.errors import UsageError
from idprobe.load.measure.histogram import Histogram
from idprobe.load.run.budget import ClauseResult, parse_budget
from idprobe.load.run.quantities import shown_duration


def evaluated(
    text: str, latencies_ms: list[float], errors: float | None = 0.0, rate: float = 100.0
) -> dict[str, ClauseResult]:
    histogram = Histogram()
    for value in latencies_ms:
        histogram.record(round(value * 1e6))
    results = parse_budget(text).evaluate(histogram, errors, rate)
    return {result.clause.text: result for result in results}


def test_each_clause_is_read_in_its_unit() -> None:
    clauses = parse_budget("p95<250ms, errors<0.1%, p99.9<=1s, max<2500us, rate>=450/s").clauses

    assert [(one.measure, one.sign, one.limit) for one in clauses] == [
        ("p95", "<", 250e6),
        ("errors", "<", 0.001),
        ("p99.9", "<=", 1e9),
        ("max", "<", 2.5e6),
        ("rate", ">=", 450.0),
    ]


def test_a_budget_that_says_nothing_of_errors_allows_less_than_one_percent() -> None:
    assert [clause.text for clause in parse_budget("p95<250ms").clauses] == [
        "p95<250ms",
        "errors<1%",
    ]
    assert [clause.text for clause in parse_budget("").clauses] == ["errors<1%"]


def test_clauses_hold_or_not_each_for_itself() -> None:
    results = evaluated("p50<10ms,max<50ms,errors<1%,rate>=90/s", [*range(1, 10), 80], errors=0.02)

    assert [result.held for result in results.values()] == [True, False, False, True]
    assert results["max<50ms"].shown == "80 ms"
    assert results["errors<1%"].shown == "2.000%"


def test_the_limit_itself_is_beyond_a_strict_sign() -> None:
    results = evaluated("max<5ms,max<=5ms,errors<=0%", [5])

    assert [result.held for result in results.values()] == [False, True, True]


def test_nothing_measured_holds_no_clause() -> None:
    results = evaluated("p95<250ms,errors<1%", [], errors=None)

    assert [result.held for result in results.values()] == [False, False]
    assert results["p95<250ms"].shown == results["errors<1%"].shown == "not known"


def test_a_percentile_of_too_few_is_not_known_and_does_not_hold() -> None:
    few, enough = (evaluated("p95<250ms", [1] * count)["p95<250ms"] for count in (99, 100))

    assert (few.actual, few.held, enough.held) == (None, False, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("p95", "write MEASURE"),
        ("p95<250", "number with ns, us, ms, s or m"),
        ("p95<fast", "number with ns, us, ms, s or m"),
        ("p0<1s", "between 0 and 100"),
        ("p100<1s", "between 0 and 100"),
        ("p<1s", "between 0 and 100"),
        ("p9.9.9<1s", "between 0 and 100"),
        ("p95>250ms", "wrong way round, write p95<250ms"),
        ("rate<450/s", "wrong way round, write rate>=450/s"),
        ("rate>=450", "number with /s or /m"),
        ("errors<0.1", "percentage"),
        ("errors<101%", "percentage"),
        ("mean<1s", "mean is no measure"),
        ("p95<1s,p95<1s", "twice"),
    ],
)
def test_a_bad_clause_is_named_with_its_fix(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_budget(text)

    assert repr(text.partition(",")[0]) in str(caught.value)
    assert said in str(caught.value)


def test_a_rate_at_the_limit_is_not_more_than_it() -> None:
    at, above = (evaluated("rate>90/s", [1], rate=rate)["rate>90/s"] for rate in (90.0, 90.5))

    assert (at.held, at.shown) == (False, "90.0/s")
    assert (above.held, above.shown) == (True, "90.5/s")


def test_durations_below_a_microsecond_are_shown_in_nanoseconds() -> None:
    assert shown_duration(250) == "250 ns"
    assert shown_duration(2_500) == "2.5 us"
