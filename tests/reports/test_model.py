"""Many judgements, one finding a requirement."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from idprobe.evidence.store import ProbeOutcome
from idprobe.findings.run import (
    Counts,
    Run,
    by_area,
    by_area_and_family,
    by_requirement,
    by_spec,
    counts_of,
    grouped_by_cause,
)
from idprobe.model.catalogue import Family, Level
from idprobe.model.exchange import Agent, Exchange, Request
from idprobe.model.profile import Deviation
from idprobe.model.trace import Trace
from idprobe.model.verdict import Inconclusive, Satisfied, Violated

Maker = Callable[..., Any]
TODAY = date(2026, 11, 24)


def test_the_worst_judgement_speaks_for_its_requirement(
    requirement_of: Maker, judgement_of: Maker
) -> None:
    requirement = requirement_of("RFC6749-5.1/no-store")
    judgements = [
        judgement_of(requirement, Satisfied(), check="a"),
        judgement_of(requirement, Violated("b broke it"), check="b"),
        judgement_of(requirement, Inconclusive("no idea"), check="c"),
    ]

    (finding,) = by_requirement(judgements, TODAY)

    assert finding.because == "b broke it"
    assert [judgement.check for judgement in finding.judgements] == ["b", "c", "a"]


def test_requirements_that_say_the_same_make_one_finding(
    requirement_of: Maker, judgement_of: Maker
) -> None:
    first = requirement_of("RFC6749-5.1/no-store")
    second = requirement_of("OAUTH21-3.2/no-store", same_as=first.id)
    judgements = [judgement_of(second, Satisfied()), judgement_of(first, Satisfied())]

    (finding,) = by_requirement(judgements, TODAY)

    assert finding.requirement is first
    assert finding.alike == (second,)


def test_a_deviation_covers_a_violation_up_to_its_last_day(
    requirement_of: Maker, judgement_of: Maker
) -> None:
    requirement = requirement_of("RFC6749-5.1/no-store")
    declared = judgement_of(
        requirement,
        Violated("x"),
        counts=False,
        deviation=Deviation(requirement.id, "known", TODAY),
    )

    (on_the_day,) = by_requirement([declared], TODAY)
    (a_day_later,) = by_requirement([declared], date(2026, 11, 25))

    assert not on_the_day.is_open
    assert a_day_later.is_open


def test_an_undeclared_violation_outweighs_a_declared_one_of_the_same_rule(
    requirement_of: Maker, judgement_of: Maker
) -> None:
    requirement = requirement_of("RFC6749-5.1/no-store")
    known = Deviation(requirement.id, "known", None)
    judgements = [
        judgement_of(requirement, Violated("declared"), counts=False, deviation=known, check="a"),
        judgement_of(requirement, Violated("new"), check="b"),
    ]

    (finding,) = by_requirement(judgements, TODAY)

    assert finding.is_open
    assert finding.because == "new"


def test_of_judgements_that_are_as_bad_the_one_that_counts_decides(
    requirement_of: Maker, judgement_of: Maker
) -> None:
    requirement = requirement_of("RFC6749-5.1/no-store")
    judgements = [
        judgement_of(requirement, Inconclusive("why"), check="a", counts=False),
        judgement_of(requirement, Inconclusive("why"), check="b", counts=True),
    ]

    (finding,) = by_requirement(judgements, TODAY)

    assert finding.deciding.check == "b"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"level": Level.MUST}, {"level": Level.SHOULD}),
        ({"level": Level.MUST_NOT}, {"level": Level.MAY}),
        ({"severity": "high"}, {"severity": "medium"}),
        ({"severity": "medium"}, {"severity": "low"}),
        ({"area": "keys"}, {"area": "code"}),
        ({"area": "logout"}, {"area": "a-new-area"}),
        ({"area": "a-new-area"}, {"area": "b-new-area"}),
    ],
)
def test_what_weighs_more_is_read_first(
    first: dict[str, Any], second: dict[str, Any], requirement_of: Maker, judgement_of: Maker
) -> None:
    judged = [
        judgement_of(requirement_of("RFC6749-5.1/a", **second), Violated("why")),
        judgement_of(requirement_of("RFC6749-5.1/b", **first), Violated("why")),
    ]

    found = by_requirement(judged, TODAY)

    assert [one.requirement.id for one in found] == ["RFC6749-5.1/b", "RFC6749-5.1/a"]


def test_what_counts_is_read_first(run: Run) -> None:
    findings = run.by_requirement()

    assert [finding.requirement.id for finding in findings[:3]] == [
        "RFC6749-5.1/cache-control-no-store",
        "RFC6749-3.1/a-should",
        "RFC6749-6/declared-one",
    ]


def test_counts_agree_with_the_areas_they_are_split_into(run: Run) -> None:
    findings = run.by_requirement()

    counts = counts_of(findings)
    areas = by_area(findings)

    assert (counts.violated, counts.declared, counts.inconclusive) == (3, 1, 3)
    assert (counts.harness_fault, counts.satisfied, counts.not_applicable) == (1, 2, 1)
    assert sum(area.total for area in areas.values()) == counts.total == len(findings)


def test_areas_follow_the_way_of_a_login(run: Run) -> None:
    areas = list(by_area(run.by_requirement()))

    assert areas.index("authorization-request") < areas.index("token-response")
    assert areas.index("token-response") < areas.index("id-token")


def test_one_cause_makes_one_group(run: Run) -> None:
    undecided = [finding for finding in run.by_requirement() if finding.name == "inconclusive"]

    groups = grouped_by_cause(undecided)

    assert [len(group) for group in groups.values()] == [3]


def test_the_cause_of_most_is_told_first_and_others_by_name(
    requirement_of: Maker, judgement_of: Maker
) -> None:
    causes = ["b", "c", "a", "c"]
    judged = [
        judgement_of(requirement_of(f"RFC6749-6/{number}"), Inconclusive(because))
        for number, because in enumerate(causes)
    ]

    groups = grouped_by_cause(by_requirement(judged, TODAY))

    assert [(cause, len(group)) for cause, group in groups.items()] == [
        ("c", 2),
        ("a", 1),
        ("b", 1),
    ]
    assert [one.requirement.id for one in groups["c"]] == ["RFC6749-6/1", "RFC6749-6/3"]


def test_each_area_is_counted_for_each_family_that_speaks_of_it(
    requirement_of: Maker, judgement_of: Maker
) -> None:
    told = [
        ("RFC6749-6/a", "refresh", Family.OAUTH20, Satisfied()),
        ("RFC6749-6/b", "refresh", Family.BCP, Satisfied()),
        ("RFC6749-6/c", "refresh", Family.OAUTH20, Violated("why")),
        ("RFC6749-3/d", "code", Family.OIDC, Satisfied()),
    ]
    judged = [
        judgement_of(requirement_of(name, area, family=family), verdict)
        for name, area, family, verdict in told
    ]

    found = by_area_and_family(by_requirement(judged, TODAY))

    assert [(area, list(families)) for area, families in found.items()] == [
        ("code", ["oidc"]),
        ("refresh", ["bcp", "oauth2.0"]),
    ]
    assert found["refresh"]["oauth2.0"] == Counts(violated=1, satisfied=1)
    assert found["refresh"]["bcp"] == Counts(satisfied=1)


def test_each_specification_has_its_findings_by_name(
    requirement_of: Maker, judgement_of: Maker
) -> None:
    names = ["RFC6749-6/b", "OIDC-2/z", "RFC6749-6/a"]
    verdicts = [Violated("why"), Satisfied(), Satisfied()]
    judged = [
        judgement_of(requirement_of(name), verdict)
        for name, verdict in zip(names, verdicts, strict=True)
    ]

    found = by_spec(by_requirement(judged, TODAY))

    assert {spec: [one.requirement.id for one in part] for spec, part in found.items()} == {
        "OIDC": ["OIDC-2/z"],
        "RFC 6749": ["RFC6749-6/a", "RFC6749-6/b"],
    }
    assert list(found) == sorted(found)


def test_the_deciding_exit_code_follows_the_order_of_gravity(run_of: Maker) -> None:
    assert run_of(exit_codes=(1, 3)).exit_code == 3
    assert run_of(exit_codes=(1, 4, 3)).exit_code == 4
    assert run_of(exit_codes=(5, 1)).exit_code == 1
    assert run_of(exit_codes=(0,)).exit_code == 0


def test_logins_are_the_passwords_that_a_browser_sent(run: Run) -> None:
    def posted(agent: Agent, **form: str) -> Exchange:
        request = Request.post_form("http://127.0.0.1:9000/login", list(form.items()))
        return Exchange(replace(request, agent=agent), None, run.started_at, 1, "login/2")

    login = posted(Agent.USER, username="alice", password="\u2039password-1\u203a")
    grant = posted(Agent.CLIENT, grant_type="password", password="\u2039password-1\u203a")
    other = posted(Agent.USER, username="alice")
    made = replace(run, traces={"p": Trace("p", (login, grant, other, login), redacted=True)})

    assert made.logins == 2


def test_a_check_that_reads_what_a_person_helped_with_is_counted_once(
    run: Run, requirement_of: Maker, judgement_of: Maker
) -> None:
    judgements = [
        judgement_of(requirement_of(f"RFC6749-6/{number}"), Satisfied(), check=check, traces=traces)
        for number, (check, traces) in enumerate(
            [("a", ("helped",)), ("a", ("helped",)), ("b", ("alone",)), ("c", ("alone", "helped"))]
        )
    ]
    probes = {
        "helped": ProbeOutcome("helped", "done", by_hand=2),
        "alone": ProbeOutcome("alone", "done"),
    }

    assert replace(run, judgements=tuple(judgements), probes=probes).checks_by_hand == 2
