from dataclasses import replace
from datetime import date
from typing import Any, Final

import pytest

from idprobe.catalogue import Requirement, Situation, load_catalogue
from idprobe.evidence import ProbeOutcome
from idprobe.judge import FailOn, deviation_for, evidence_verdict, gate_counts, stale, weigh
from idprobe.profile import Deviation, Profile
from idprobe.verdict import (
    HarnessFault,
    Inconclusive,
    Judgement,
    NotApplicable,
    Satisfied,
    Verdict,
    Violated,
    worst,
)

CATALOGUE: Final = load_catalogue()
MUST: Final = CATALOGUE["RFC6749-5.1/cache-control-no-store"]
SHOULD: Final = CATALOGUE["RFC6749-5.1/expires-in-present"]
MAY: Final = CATALOGUE["RFC6749-3.1/post-supported"]
PROSE: Final = CATALOGUE["RFC6749-1.9/names-and-values-case-sensitive"]
CONTRACT: Final = CATALOGUE["contract/client_secret_in_body"]
TODAY: Final = date(2026, 11, 24)
SITUATION: Final = Situation(Profile("test", "test", "http://127.0.0.1:9"), {}, {})


def outcome(kind: str, because: str = "") -> ProbeOutcome:
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


@pytest.mark.parametrize(
    ("verdict", "deviation", "counts"),
    [
        (Satisfied(), None, False),
        (Violated("why"), None, True),
        (Violated("why"), Deviation(MUST.id, "known"), False),
        (Violated("why"), Deviation(MUST.id, "known", TODAY), False),
        (Violated("why"), Deviation(MUST.id, "known", date(2026, 11, 23)), True),
        (Inconclusive("why"), Deviation(MUST.id, "known"), True),
        (NotApplicable("why"), None, False),
    ],
    ids=["satisfied", "violated", "declared", "last-day", "expired", "inconclusive", "unfit"],
)
def test_a_deviation_excuses_a_violation_until_its_day_has_passed(
    verdict: Verdict, deviation: Deviation | None, counts: bool
) -> None:
    assert weigh(MUST, verdict, deviation, fail_on=FailOn.MUST, today=TODAY).counts is counts


def test_a_deviation_declares_what_says_the_same_too() -> None:
    alike = next(r for r in CATALOGUE.requirements.values() if r.same_as is not None)

    found = deviation_for(alike, [Deviation(str(alike.same_as), "known")], CATALOGUE)

    assert found is not None


def judgement(verdict: Verdict, requirement: Requirement = MUST) -> Judgement:
    return Judgement("check", "claim", requirement, verdict)


@pytest.mark.parametrize(
    ("verdicts", "gone"),
    [
        ([Satisfied()], 1),
        ([Satisfied(), Violated("why")], 0),
        ([Satisfied(), Inconclusive("why")], 0),
        ([NotApplicable("why")], 0),
        ([], 0),
    ],
    ids=["satisfied", "still-violated", "partly-unknown", "unfit", "not-judged"],
)
def test_a_deviation_is_gone_only_if_its_requirement_came_out_satisfied(
    verdicts: list[Verdict], gone: int
) -> None:
    deviation = Deviation(MUST.id, "known")

    found = stale([judgement(v) for v in verdicts], [deviation], CATALOGUE, TODAY)

    assert len(found.gone) == gone


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
