"""What changed between two records, and what of it is worse."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from idprobe.evidence.store import UNDER_LOAD
from idprobe.findings.differences import differences, unlike
from idprobe.findings.gate import judged_in
from idprobe.model.catalogue import Level
from idprobe.model.profile import Deviation
from idprobe.model.verdict import (
    HarnessFault,
    Inconclusive,
    NotApplicable,
    Satisfied,
    Verdict,
    Violated,
)
from idprobe.report.record import results_json

Maker = Callable[..., Any]

GOOD, BAD, OTHER = Satisfied(), Violated("got 200"), Violated("got 500")
LOST, AWAY, OURS = Inconclusive("429"), NotApplicable("no endpoint"), HarnessFault("KeyError")


@pytest.mark.parametrize("build", ["7.2", None])
def test_two_runs_of_one_build_flicker(
    build: str | None, run_of: Maker, requirement_of: Maker, judgement_of: Maker
) -> None:
    requirement = requirement_of("RFC6749-5/x")

    old, new = (
        results_json(run_of(judgement_of(requirement, one), build=build)) for one in (GOOD, BAD)
    )

    (found,) = differences(old, new)
    assert (found.kind, found.regressed) == ("flickers" if build else "new", True)
    assert found.gates


@pytest.mark.parametrize(
    ("before", "after", "kind", "regressed"),
    [
        (GOOD, BAD, "new", True),
        (LOST, BAD, "new", True),
        (AWAY, BAD, "new", True),
        (BAD, GOOD, "fixed", False),
        (BAD, OTHER, "changed", False),
        (GOOD, LOST, "untestable", True),
        (GOOD, AWAY, "untestable", True),
        (BAD, OURS, "untestable", True),
        (LOST, GOOD, "tested", False),
        (AWAY, LOST, "other", False),
    ],
)
def test_each_change_has_its_kind(  # noqa: PLR0913, PLR0917 -- fixtures
    before: Verdict,
    after: Verdict,
    kind: str,
    regressed: bool,
    run_of: Maker,
    requirement_of: Maker,
    judgement_of: Maker,
) -> None:
    requirement = requirement_of("RFC6749-5/x")

    old = results_json(run_of(judgement_of(requirement, before)))
    new = results_json(run_of(judgement_of(requirement, after)))

    (found,) = differences(old, new)
    assert (found.kind, found.regressed) == (kind, regressed)


@pytest.mark.parametrize("verdict", [GOOD, BAD, LOST, AWAY, OURS])
def test_what_stays_is_no_difference(
    verdict: Verdict, run_of: Maker, requirement_of: Maker, judgement_of: Maker
) -> None:
    record = results_json(run_of(judgement_of(requirement_of("RFC6749-5/x"), verdict)))

    assert differences(record, record) == ()


def test_what_does_not_count_is_new_but_no_regression(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker
) -> None:
    requirement = requirement_of("RFC6749-5/x", level=Level.SHOULD)
    old = results_json(run_of(judgement_of(requirement, GOOD)))
    new = results_json(run_of(judgement_of(requirement, BAD, counts=False)))

    (found,) = differences(old, new)

    assert (found.kind, found.regressed) == ("new", False)


def test_a_deviation_that_expired_is_a_regression(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker
) -> None:
    requirement = requirement_of("RFC6749-5/x")
    declared = Deviation("RFC6749-5/x", "soon", date(2020, 1, 1))
    old = results_json(run_of(judgement_of(requirement, BAD, counts=False, deviation=declared)))
    new = results_json(run_of(judgement_of(requirement, BAD)))

    (found,) = differences(old, new)

    assert (found.kind, found.regressed) == ("new", True)


def test_a_requirement_that_no_check_judges_any_more_is_a_regression(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker
) -> None:
    old = results_json(run_of(judgement_of(requirement_of("RFC6749-5/x"), GOOD)))

    (found,) = differences(old, results_json(run_of()))

    assert (found.kind, found.after, found.regressed) == ("untestable", "not_judged", True)


def test_what_only_one_run_selected_is_left_out_and_said(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker
) -> None:
    old = results_json(run_of(judgement_of(requirement_of("RFC6749-5/x"), GOOD)))
    new = results_json(run_of(keyword="cache"))

    assert differences(old, new) == ()
    assert unlike(old, new) == ["keyword: none before, cache now"]


def test_a_load_run_is_no_coverage_that_could_get_lost(
    run_of: Maker, requirement_of: Maker, judgement_of: Maker
) -> None:
    requirement = requirement_of("RFC6749-10.3/token-under-load")
    plain = judgement_of(requirement_of("RFC6749-5/x"), Satisfied())

    def results(*verdicts: Any) -> dict[str, Any]:
        found = [judgement_of(requirement, one, traces=(UNDER_LOAD,)) for one in verdicts]
        return results_json(run_of(plain, *found))

    def kinds(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, bool]]:
        return [(one.kind, one.regressed) for one in differences(old, new)]

    right, wrong, unseen = results(Satisfied()), results(Violated("b")), results(NotApplicable("c"))
    without = results()
    assert judged_in(right) == judged_in(without) == {"RFC6749-5/x"}
    assert kinds(right, without) == kinds(without, right) == kinds(right, unseen) == []
    assert kinds(wrong, without) == []
    assert kinds(without, wrong) == kinds(right, wrong) == [("new", True)]
    assert kinds(wrong, right) == [("fixed", False)]


@pytest.mark.parametrize(
    ("fail_on", "regressed"),
    [("must", True), ("should", True), ("contract", False), ("never", False)],
)
def test_lost_coverage_is_a_regression_where_the_gate_cares(
    fail_on: str, run_of: Maker, requirement_of: Maker, judgement_of: Maker, *, regressed: bool
) -> None:
    old, new = (
        results_json(run_of(judgement_of(requirement_of("RFC6749-5/x"), one), fail_on=fail_on))
        for one in (GOOD, LOST)
    )

    (found,) = differences(old, new)

    assert (found.kind, found.regressed) == ("untestable", regressed)
