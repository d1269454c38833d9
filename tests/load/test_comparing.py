"""Repeated runs: medians, ranges, and what may be concluded from them."""

from dataclasses import replace

import pytest

from idprobe.errors import ProfileError
from idprobe.load.run.defaults import budget_text, with_defaults
from idprobe.load.search.comparing import Series, compared
from idprobe.load.search.repeating import worst
from idprobe.model.profile import Profile

FAST = (1.0, 1.2, 1.1, 1.3, 0.9)
SLOW = (2.0, 2.2, 1.9, 2.4, 2.1)
PROFILE = Profile("t", "t.toml", "http://127.0.0.1")


def test_runs_that_all_lie_apart_differ() -> None:
    found = compared(Series("p50", FAST), Series("p50", SLOW))

    assert found.chance == pytest.approx(2 / 252)
    assert found.verdict == "1.91 times as much (p = 0.0079)"


def test_runs_that_mingle_do_not() -> None:
    found = compared(Series("p50", FAST), Series("p50", (1.05, 1.15, 1.25, 0.95, 1.0)))

    assert (found.chance or 0) > 0.5
    assert "no difference told from noise" in found.verdict


@pytest.mark.parametrize(("count", "said"), [(1, "one run each"), (4, "fewer than 5 runs each")])
def test_too_few_runs_allow_no_inference(count: int, said: str) -> None:
    found = compared(Series("p50", FAST[:count]), Series("p50", SLOW[:count]))

    assert found.verdict == f"{said}: no inference"


def test_many_runs_are_compared_by_drawing() -> None:
    before = tuple(float(number) for number in range(15))

    found = compared(Series("p50", before), Series("p50", tuple(one + 20 for one in before)))

    assert (found.chance or 0) < 0.01


def test_a_series_tells_median_and_range() -> None:
    assert Series("p50", FAST).shown == "1.1 (0.9 to 1.3, 5 runs)"


@pytest.mark.parametrize(
    ("codes", "code"), [((0, 0), 0), ((0, 1), 1), ((1, 3, 0), 3), ((1, 4, 3), 4)]
)
def test_the_worst_exit_code_counts(codes: tuple[int, ...], code: int) -> None:
    assert worst(codes) == code


def with_load(**table: object) -> Profile:
    return replace(PROFILE, extras={"load": table})


def test_the_profile_completes_what_the_command_line_leaves_open() -> None:
    nothing = {"rate": None, "users": None, "duration": None}
    profile = with_load(rate="7/s", duration="3s")

    assert with_defaults(profile, nothing) == {"rate": "7/s", "users": None, "duration": "3s"}
    assert with_defaults(profile, {**nothing, "users": 2})["rate"] is None
    assert with_defaults(PROFILE, nothing)["duration"] == "10s"


def test_a_scenarios_own_budget_goes_before_that_of_all() -> None:
    profile = with_load(budget="p50<1s", budgets={"userinfo": "p95<2s"})

    assert budget_text(profile, "userinfo", None) == "p95<2s"
    assert budget_text(profile, "mixed", None) == "p50<1s"
    assert budget_text(profile, "userinfo", "p99<3s") == "p99<3s"
    assert budget_text(PROFILE, "mixed", None) == ""


def test_a_budget_of_no_scenario_is_refused() -> None:
    with pytest.raises(ProfileError, match="no scenario 'usrinfo'"):
        budget_text(with_load(budgets={"usrinfo": "p95<2s"}), "mixed", None)
