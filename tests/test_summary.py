"""What surrounds the judgements of a run: exit codes, notes, and what was not judged at all."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from idprobe.findings.summary import (
    digest_of,
    endpoints_of,
    exit_codes,
    not_tested,
    notes_of,
    profile_place,
    quarantine_notes,
    stale_notes,
)
from idprobe.judge.untested import load_untested
from idprobe.judge.weigh import Stale
from idprobe.model.catalogue import load_catalogue
from idprobe.model.profile import Client, Deviation, Target, Tls, bare_profile
from idprobe.model.verdict import (
    HarnessFault,
    Inconclusive,
    Judgement,
    NotApplicable,
    Satisfied,
    Verdict,
    Violated,
)

CATALOGUE: Final = load_catalogue()
ISSUER: Final = "https://id.example"
NO_STORE: Final = "RFC6749-5.1/cache-control-no-store"
STATUS: Final = "RFC7009-2.2/status-200"
ALIKE: Final = next(r for r in CATALOGUE if r.same_as is not None)
TODAY: Final = date(2026, 11, 26)
SATISFIED: Final = Satisfied()
VIOLATED: Final = Violated("why")
UNFIT: Final = NotApplicable("why")
UNKNOWN: Final = Inconclusive("why")
OURS: Final = HarnessFault("why")


def judgement(verdict: Verdict, identifier: str = NO_STORE, *, counts: bool = True) -> Judgement:
    return Judgement("check", "claim", CATALOGUE[identifier], verdict, counts=counts)


def codes(
    *judgements: Judgement, allowed: int = 0, unusable: bool = False, failed: bool = False
) -> tuple[int, ...]:
    return exit_codes(
        judgements, CATALOGUE, allow_inconclusive=allowed, unusable=unusable, failed=failed
    )


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([SATISFIED], (0,)),
        ([SATISFIED, UNFIT], (0,)),
        ([VIOLATED, UNFIT], (1,)),
        ([UNKNOWN], (3,)),
        ([OURS], (4,)),
        ([UNFIT, UNFIT], (5,)),
        ([], (5,)),
        ([VIOLATED, UNKNOWN], (3, 1)),
        ([VIOLATED, UNKNOWN, OURS], (4, 3, 1)),
    ],
)
def test_the_exit_codes_tell_all_that_came_out(
    verdicts: Sequence[Verdict], expected: tuple[int, ...]
) -> None:
    assert codes(*map(judgement, verdicts)) == expected


@pytest.mark.parametrize("verdict", [SATISFIED, VIOLATED, UNKNOWN])
def test_what_the_gate_does_not_count_ends_well(verdict: Verdict) -> None:
    assert codes(judgement(verdict, counts=False)) == (0,)


def test_a_fault_of_ours_is_told_whether_it_counts_or_not() -> None:
    assert codes(judgement(OURS, counts=False), judgement(SATISFIED)) == (4,)


def test_a_target_without_an_answer_and_a_gate_that_fails_have_their_codes() -> None:
    assert codes(unusable=True) == (3, 5)
    assert codes(judgement(SATISFIED), unusable=True) == (3,)
    assert codes(judgement(SATISFIED), failed=True) == (1,)


def test_as_many_requirements_may_be_inconclusive_as_are_allowed() -> None:
    one, two = judgement(UNKNOWN), judgement(UNKNOWN, STATUS)

    assert codes(one, two, allowed=2) == (0,)
    assert codes(one, two, allowed=1) == (3,)


def test_a_requirement_is_inconclusive_once_however_many_checks_and_names_it_has() -> None:
    same = [judgement(UNKNOWN, ALIKE.id), judgement(UNKNOWN, str(ALIKE.same_as))]

    assert codes(*same, *same, allowed=1) == (0,)


def test_the_notes_say_how_the_server_was_reached() -> None:
    profile = bare_profile(ISSUER)
    special = replace(
        profile,
        issuer="http://id.example",
        target=Target(authorized_by="the owner"),
        tls=Tls(insecure=True),
    )

    assert list(notes_of(profile, [])) == []
    assert list(notes_of(special, ["b.example", "a.example"])) == [
        "test authorised by the owner",
        "test of a.example allowed by --i-may-test",
        "test of b.example allowed by --i-may-test",
        "TLS certificates were not verified ([tls] insecure = true)",
        "reached over plain http: rules about the secure channel were not judged",
    ]


def test_the_notes_say_what_to_do_about_deviations_that_are_not_true_any_more() -> None:
    gone, expired = Deviation("X-1/a", "known"), Deviation("X-1/b", "known", TODAY)

    assert list(stale_notes(Stale((gone,), (expired,)))) == [
        (
            "deviation X-1/a is gone: the requirement is satisfied now, remove it "
            "(or let --update-deviations do so)"
        ),
        "deviation X-1/b expired on 2026-11-26 and counts again",
    ]


def held(*verdicts: Judgement, until: date = TODAY, identifier: str = NO_STORE) -> list[str]:
    quarantine = [Deviation(identifier, "luck", until)]
    return list(quarantine_notes(quarantine, verdicts, CATALOGUE, TODAY))


@pytest.mark.parametrize(
    ("verdicts", "told"),
    [
        ([], "not judged"),
        ([VIOLATED], "violated"),
        ([SATISFIED, VIOLATED], "violated"),
        ([UNFIT], "not applicable"),
    ],
)
def test_the_notes_say_how_what_is_in_quarantine_came_out(
    verdicts: Sequence[Verdict], told: str
) -> None:
    another = judgement(OURS, STATUS)

    assert held(*map(judgement, verdicts), another) == [
        f"in quarantine until 2026-11-26, not counted: {NO_STORE}, this time {told} (luck)"
    ]


def test_the_verdict_of_what_says_the_same_is_told_of_what_is_in_quarantine() -> None:
    found = held(judgement(VIOLATED, ALIKE.id), identifier=str(ALIKE.same_as))

    assert "this time violated" in found[0]


def test_a_quarantine_whose_day_has_passed_is_over_and_others_go_on() -> None:
    passed, going = Deviation(STATUS, "luck", date(2026, 11, 25)), Deviation(NO_STORE, "luck")

    found = list(quarantine_notes([passed, going], iter([judgement(VIOLATED)]), CATALOGUE, TODAY))

    assert found[0] == f"the quarantine of {STATUS} ended on 2026-11-25: it counts again"
    assert f"{NO_STORE}, this time violated" in found[1]


def test_the_judgements_are_asked_for_each_that_is_in_quarantine() -> None:
    both = [Deviation(NO_STORE, "luck"), Deviation(STATUS, "luck")]
    judged = iter([judgement(VIOLATED), judgement(SATISFIED, STATUS)])

    found = list(quarantine_notes(both, judged, CATALOGUE, TODAY))

    assert "this time violated" in found[0]
    assert "this time satisfied" in found[1]


def test_the_endpoints_of_the_profile_come_before_those_of_the_metadata() -> None:
    profile = replace(bare_profile(ISSUER), endpoints={"token_endpoint": f"{ISSUER}/mine"})
    metadata = {
        "issuer": ISSUER,
        "token_endpoint": f"{ISSUER}/token",
        "userinfo_endpoint": f"{ISSUER}/userinfo",
        "revocation_endpoint": ["no text"],
        "jwks_uri": f"{ISSUER}/keys",
        "policy_uri": f"{ISSUER}/policy",
    }

    assert endpoints_of(profile, metadata) == {
        "token_endpoint": f"{ISSUER}/mine",
        "userinfo_endpoint": f"{ISSUER}/userinfo",
        "jwks_uri": f"{ISSUER}/keys",
    }


def unjudged(*selected: str, judged: Sequence[str] = (), keyword: str = "") -> dict[str, str]:
    found = not_tested(CATALOGUE, selected, judged, keyword)
    return {one.requirement.id: one.because for one in found}


def test_what_was_judged_is_not_told_as_untested_whatever_its_name() -> None:
    assert unjudged(NO_STORE, ALIKE.id, judged=[NO_STORE, str(ALIKE.same_as)]) == {}
    assert unjudged(str(ALIKE.same_as), judged=[ALIKE.id]) == {}


def test_a_run_that_was_narrowed_says_so_of_all_the_rest() -> None:
    because = "the checks of this run were narrowed to -k cache"

    assert unjudged(NO_STORE, STATUS, judged=[NO_STORE], keyword="cache") == {STATUS: because}


def test_what_no_check_judges_is_told_with_the_reason_by_its_name() -> None:
    by_id = next(iter(next(u for u in load_untested().values() if u.because).because.items()))
    later, untested = next((stem, u) for stem, u in load_untested().items() if u.later)
    out_of_scope = next(r.id for r in CATALOGUE if r.document == later)
    unseen = next(
        r
        for r in CATALOGUE
        if r.testable == "not-observable" and not load_untested().get(r.document)
    )

    found = unjudged(STATUS, by_id[0], out_of_scope, unseen.id, NO_STORE)

    assert found == {
        STATUS: "no check judges it yet",
        NO_STORE: "no check judges it yet",
        by_id[0]: by_id[1],
        out_of_scope: untested.later,
        unseen.id: "nothing outside the server shows whether it is kept",
    }
    assert list(found) == sorted(found)


PROFILE: Final = f"""\
# issuer = "https://no.example"
issuer = '{ISSUER}'
  metadata_url="{ISSUER}/metadata"
embedded = "reference"
[[deviations]]
requirement = "{NO_STORE}"
because = "issuer"
[[deviations]]
requirement = '{STATUS}'
[[quarantine]]
requirement = "{NO_STORE}"
"""


def test_a_profile_is_told_by_its_path_below_the_working_folder_and_by_its_name_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here" / "profiles").mkdir(parents=True)
    below = tmp_path / "here" / "profiles" / "acme.toml"
    elsewhere = tmp_path / "acme.toml"
    for path in (below, elsewhere):
        path.write_text("\ufeff" + PROFILE, encoding="utf-8")
    monkeypatch.chdir(tmp_path / "here")
    profile = bare_profile(ISSUER)

    place, lines = profile_place(replace(profile, where=str(below)))

    assert place == "profiles/acme.toml"
    assert lines == {"issuer": 2, "metadata_url": 3, "embedded": 4, NO_STORE: 6, STATUS: 9}
    assert profile_place(replace(profile, where=str(elsewhere))) == ("acme.toml", lines)
    assert profile_place(replace(profile, where=str(tmp_path))) == ("", {})
    assert profile_place(replace(profile, where="nowhere.toml")) == ("", {})


def test_a_first_line_with_a_byte_order_mark_is_read_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "acme.toml"
    path.write_text(f'issuer = "{ISSUER}"\n', encoding="utf-8-sig")

    assert profile_place(replace(bare_profile(ISSUER), where=str(path)))[1] == {"issuer": 1}


def test_a_profile_has_a_digest_that_no_secret_changes() -> None:
    client = Client("web", "web", client_secret="one")
    profile = replace(bare_profile(ISSUER), clients={"web": client})
    renewed = replace(profile, clients={"web": replace(client, client_secret="another")})

    assert digest_of(profile) == digest_of(renewed)
    assert digest_of(profile) != digest_of(replace(profile, name="another"))
    assert len(bytes.fromhex(digest_of(profile))) == 32
