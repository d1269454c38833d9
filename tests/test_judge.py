from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any, Final, cast

import pytest

from idprobe.evidence.store import ProbeEnd, ProbeOutcome
from idprobe.judge.weigh import FailOn, deviation_for, evidence_verdict, gate_counts, stale, weigh
from idprobe.model.catalogue import Requirement, Situation, load_catalogue
from idprobe.model.profile import Deviation, Profile
from idprobe.model.verdict import (
    HarnessFault,
    Inconclusive,
    Judgement,
    NotApplicable,
    Satisfied,
    Verdict,
    Violated,
    because_of,
    name_of,
    worst,
)

CATALOGUE: Final = load_catalogue()
MUST: Final = CATALOGUE["RFC6749-5.1/cache-control-no-store"]
SHOULD: Final = CATALOGUE["RFC6749-5.1/expires-in-present"]
MAY: Final = CATALOGUE["RFC6749-3.1/post-supported"]
PROSE: Final = CATALOGUE["RFC6749-1.9/names-and-values-case-sensitive"]
ALIKE: Final = next(r for r in CATALOGUE.requirements.values() if r.same_as is not None)
CONTRACT: Final = CATALOGUE["contract/client_secret_in_body"]
TODAY: Final = date(2026, 11, 24)
SITUATION: Final = Situation(Profile("test", "test", "http://127.0.0.1:9"), {}, {})


def outcome(kind: ProbeEnd, because: str = "") -> ProbeOutcome:
    return ProbeOutcome("probe", kind, because)


@pytest.mark.parametrize(
    ("fail_on", "counted"),
    [
        (FailOn.MUST, {MUST.id, CONTRACT.id}),
        (FailOn.SHOULD, {MUST.id, SHOULD.id, CONTRACT.id}),
        (FailOn.CONTRACT, {CONTRACT.id}),
        (FailOn.NEVER, set()),
    ],
    ids=lambda value: value.value if isinstance(value, FailOn) else "",
)
def test_the_gate_counts_by_level_and_basis(fail_on: FailOn, counted: set[str]) -> None:
    requirements = (MUST, SHOULD, MAY, PROSE, CONTRACT)

    assert {r.id for r in requirements if gate_counts(r, fail_on)} == counted


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ([outcome("done")], None),
        ([outcome("control_failed", "why")], Inconclusive("why")),
        ([outcome("no_response", "why")], Inconclusive("why")),
        ([outcome("refrained", "why")], Inconclusive("why")),
        ([outcome("crashed", "why")], HarnessFault("why")),
        ([outcome("not_applicable", "why")], NotApplicable("why")),
        ([outcome("crashed", "why"), outcome("not_applicable", "no")], NotApplicable("no")),
        ([outcome("done"), outcome("no_response", "why")], Inconclusive("why")),
    ],
    ids=["done", "control", "silence", "refrained", "crash", "unfit", "unfit-first", "one-of-two"],
)
def test_evidence_that_was_not_gathered_is_not_judged(
    outcomes: list[ProbeOutcome], verdict: Verdict | None
) -> None:
    assert evidence_verdict(MUST, SITUATION, outcomes) == verdict


def test_a_requirement_that_does_not_apply_comes_before_any_outcome() -> None:
    implicit = CATALOGUE["RFC6749-4.2.2/token-in-fragment"]
    situation = replace(SITUATION, metadata={"grant_types_supported": ["authorization_code"]})

    verdict = evidence_verdict(implicit, situation, [outcome("crashed", "why")])

    assert isinstance(verdict, NotApplicable)
    assert "grant_types_supported" in verdict.because


@pytest.mark.parametrize(
    ("verdict", "deviation", "counts"),
    [
        (Satisfied(), None, False),
        (Violated("why"), None, True),
        (Violated("why"), Deviation(MUST.id, "known"), False),
        (Violated("why"), Deviation(MUST.id, "known", TODAY), False),
        (Violated("why"), Deviation(MUST.id, "known", date(2026, 11, 23)), True),
        (Inconclusive("why"), Deviation(MUST.id, "known"), True),
        (HarnessFault("why"), Deviation(MUST.id, "known"), True),
        (NotApplicable("why"), None, False),
    ],
    ids=[
        *("satisfied", "violated", "declared", "last-day", "expired", "inconclusive", "fault"),
        "unfit",
    ],
)
def test_a_deviation_excuses_a_violation_until_its_day_has_passed(
    verdict: Verdict, deviation: Deviation | None, counts: bool
) -> None:
    assert weigh(MUST, verdict, deviation, fail_on=FailOn.MUST, today=TODAY).counts is counts


@pytest.mark.parametrize(
    ("verdict", "named"),
    [(Satisfied(), False), (Violated("why"), True), (Inconclusive("why"), False)],
    ids=["satisfied", "violated", "inconclusive"],
)
def test_a_deviation_is_named_with_a_violation_alone(verdict: Verdict, named: bool) -> None:
    expired = Deviation(MUST.id, "known", date(2026, 11, 23))

    weight = weigh(MUST, verdict, expired, fail_on=FailOn.MUST, today=TODAY)

    assert weight.deviation is (expired if named else None)


@pytest.mark.parametrize("verdict", [Violated("why"), Inconclusive("why"), HarnessFault("why")])
def test_what_the_gate_does_not_count_has_no_weight(verdict: Verdict) -> None:
    assert not weigh(SHOULD, verdict, None, fail_on=FailOn.MUST, today=TODAY).counts
    assert weigh(SHOULD, verdict, None, fail_on=FailOn.SHOULD, today=TODAY).counts


def test_a_deviation_declares_what_says_the_same_too() -> None:
    declared = Deviation(str(ALIKE.same_as), "known")

    found = deviation_for(ALIKE, [Deviation(MUST.id, "another"), declared], CATALOGUE)

    assert found is declared


def test_a_deviation_declares_nothing_else() -> None:
    assert deviation_for(SHOULD, [Deviation(MUST.id, "known")], CATALOGUE) is None


def judgement(verdict: Verdict, requirement: Requirement = MUST) -> Judgement:
    return Judgement("check", "claim", requirement, verdict)


@pytest.mark.parametrize(
    ("verdicts", "gone"),
    [
        ([Satisfied()], 1),
        ([Satisfied(), Violated("why")], 0),
        ([Satisfied(), Inconclusive("why")], 0),
        ([Satisfied(), HarnessFault("why")], 0),
        ([NotApplicable("why")], 0),
        ([], 0),
    ],
    ids=["satisfied", "still-violated", "partly-unknown", "partly-at-fault", "unfit", "not-judged"],
)
def test_a_deviation_is_gone_only_if_its_requirement_came_out_satisfied(
    verdicts: list[Verdict], gone: int
) -> None:
    deviation = Deviation(MUST.id, "known")

    found = stale([judgement(v) for v in verdicts], [deviation], CATALOGUE, TODAY, ["quick"])

    assert len(found.gone) == gone


@pytest.mark.parametrize(("depths", "gone"), [(["quick"], 0), (["quick", "full"], 1)])
def test_a_deviation_that_shows_at_full_depth_is_not_gone_before(
    depths: list[str], gone: int
) -> None:
    deviation = Deviation(MUST.id, "known", depth="full")

    found = stale([judgement(Satisfied())], [deviation], CATALOGUE, TODAY, depths)

    assert len(found.gone) == gone


def test_a_deviation_is_gone_with_what_says_the_same() -> None:
    deviation = Deviation(ALIKE.id, "known")
    original = CATALOGUE[str(ALIKE.same_as)]

    of_original = stale(
        [judgement(Satisfied(), original)], [deviation], CATALOGUE, TODAY, ["quick"]
    )
    of_both = stale(
        [judgement(Satisfied(), ALIKE), judgement(Violated("why"), original)],
        [Deviation(original.id, "known")],
        CATALOGUE,
        TODAY,
        ["quick"],
    )

    assert of_original.gone == (deviation,)
    assert of_both.gone == ()


def test_the_deviations_whose_day_has_passed_are_told() -> None:
    passed = Deviation(MUST.id, "known", date(2026, 11, 23))
    declared = [Deviation(SHOULD.id, "known"), passed, Deviation(MAY.id, "known", TODAY)]

    found = stale([judgement(Violated("why"))], declared, CATALOGUE, TODAY, ["quick"])

    assert found.expired == (passed,)
    assert found.gone == ()


@pytest.mark.parametrize(
    ("verdict", "name", "because"),
    [
        (Satisfied(), "satisfied", ""),
        (Violated("why"), "violated", "why"),
        (NotApplicable("why"), "not_applicable", "why"),
        (Inconclusive("why"), "inconclusive", "why"),
        (HarnessFault("why"), "harness_fault", "why"),
    ],
)
def test_a_verdict_has_the_name_and_the_reason_that_a_record_shows(
    verdict: Verdict, name: str, because: str
) -> None:
    assert (name_of(verdict), because_of(verdict)) == (name, because)


@pytest.mark.parametrize("read", [name_of, because_of])
def test_what_is_no_verdict_is_refused_and_named(read: Callable[[Verdict], str]) -> None:
    with pytest.raises(AssertionError, match="'probably'"):
        read(cast("Verdict", "probably"))


def test_nothing_speaks_for_a_requirement_that_no_check_judged() -> None:
    with pytest.raises(ValueError, match="empty"):
        worst([])


def test_verdicts_combine_worst_first() -> None:
    ordered: list[Any] = [
        Violated("v"),
        HarnessFault("h"),
        Inconclusive("i"),
        Satisfied(),
        NotApplicable("n"),
    ]

    for index in range(len(ordered)):
        assert worst(reversed(ordered[index:])) == ordered[index]
