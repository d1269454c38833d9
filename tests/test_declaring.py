"""What the gate compares beyond one run, and how it edits a profile, without a server."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest

from idprobe.errors import UsageError
from idprobe.evidence.store import UNDER_LOAD
from idprobe.findings.differences import Difference
from idprobe.findings.gate import (
    check_comparable,
    coverage_regressions,
    declare,
    judged_in,
    quarantine,
)
from idprobe.findings.run import Finding, by_requirement
from idprobe.judge.weigh import FailOn
from idprobe.model.catalogue import load_catalogue
from idprobe.model.profile import Deviation
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
NO_STORE: Final = "RFC6749-5.1/cache-control-no-store"
STATUS: Final = "RFC7009-2.2/status-200"
SHOULD: Final = "RFC6749-5.1/expires-in-present"
ALIKE: Final = next(r for r in CATALOGUE if r.same_as is not None)
TODAY: Final = date(2026, 11, 26)


def finding(judgement: Judgement) -> Finding:
    (found,) = by_requirement([judgement], TODAY)
    return found


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def declaring(text: str, gone: str, folder: Path, because: str = "no", depth: str = "quick") -> str:
    found = finding(Judgement("x::y", "", CATALOGUE[NO_STORE], Violated(because), counts=True))
    path = written(folder / "acme.toml", text)
    declare(path, [found], [Deviation(gone, "x", None)] if gone else [], TODAY, depth)
    return path.read_text(encoding="utf-8")


def test_what_is_declared_keeps_its_reason_and_comments_stay(tmp_path: Path) -> None:
    text = (
        '# mine\nissuer = "https://a"\n\n[[deviations]]\nrequirement = "X-1/a"\n'
        'because = "A, \\"quoted\\""  # why\n\n[[deviations]]\nrequirement = "X-1/b"\n'
        'because = "B"\n\n  # the clients\n[clients.web]\nclient_id = "web"\n'
    )

    after = declaring(text, "X-1/b", tmp_path)

    assert after.startswith(text[: text.index('[[deviations]]\nrequirement = "X-1/b"')])
    assert '# the clients\n[clients.web]\nclient_id = "web"\n\n[[deviations]]' in after
    found = tomllib.loads(after)["deviations"]
    assert [one["requirement"] for one in found] == ["X-1/a", NO_STORE]
    assert found[1]["until"] == date(2027, 2, 24)


def test_what_a_server_said_cannot_leave_its_string(tmp_path: Path) -> None:
    said = 'x"\n[[deviations]]\nrequirement = "Y"\x7f\x00\ud800 \\u0041'

    after = declaring('issuer = "https://a"\n', "", tmp_path, because=said)

    (only,) = tomllib.loads(after)["deviations"]
    assert only["requirement"] == NO_STORE


def test_what_a_deeper_run_found_is_declared_with_its_depth(tmp_path: Path) -> None:
    after = declaring('issuer = "https://a"\n', "", tmp_path, depth="full")

    (only,) = tomllib.loads(after)["deviations"]
    assert only["depth"] == "full"
    assert "depth" not in declaring('issuer = "https://a"\n', "", tmp_path)


def test_a_deviation_that_is_there_is_not_written_twice(tmp_path: Path) -> None:
    text = f'issuer = "https://a"\n\n[[deviations]]\nrequirement = "{NO_STORE}"\nbecause = "A"\n'

    assert declaring(text, "", tmp_path) == text


@pytest.mark.parametrize(
    "text",
    [
        'deviations = [{ requirement = "X-1/b", because = "B" }]\n',
        '[[deviations]]\nrequirement = "X-1/b"\nbecause = """\n[x]\n"""\n',
    ],
    ids=["inline", "several-lines"],
)
def test_a_profile_that_cannot_be_edited_stays_as_it_was(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot edit"):
        declaring(text, "X-1/b", tmp_path)

    assert (tmp_path / "acme.toml").read_text(encoding="utf-8") == text


def test_what_comes_and_goes_is_counted_and_written_in_full(tmp_path: Path) -> None:
    gone = '[[deviations]]\nrequirement = "X-1/b"\nbecause = "B"\n'
    path = written(tmp_path / "acme.toml", f'issuer = "https://ä"\n\n{gone}')
    found = [
        finding(Judgement("x::y", "", CATALOGUE[one], Violated(f"itäs \x1b {one}"), counts=True))
        for one in (NO_STORE, STATUS)
    ]

    counted = declare(path, found, [Deviation("X-1/b", "B")], TODAY, "quick")

    assert counted == (2, 1)
    assert path.read_text(encoding="utf-8") == 'issuer = "https://ä"\n' + "".join(
        f'\n[[deviations]]\nrequirement = "{one}"\n'
        f'because = "not explained yet; seen on 2026-11-26: itäs ␛ {one}"\n'
        "until = 2027-02-24\n"
        for one in (NO_STORE, STATUS)
    )


def test_a_long_reason_is_cut(tmp_path: Path) -> None:
    after = declaring('issuer = "https://a"\n', "", tmp_path, because="x" * 500)

    (only,) = tomllib.loads(after)["deviations"]
    assert only["because"] == f"not explained yet; seen on 2026-11-26: {'x' * 300}…"


def test_only_the_deviation_that_is_gone_is_taken_out(tmp_path: Path) -> None:
    table = "[[deviations]]\nrequirement = '{}'\nbecause = \"requirement = 'X-1/b'\"\n\n"
    long = '[[deviations]]\nrequirement = "X-1/c"\nbecause = """\n[x]\n"""\n\n'
    node = '[[nodes]]\nname = "X-1/b"\nurl = "https://b"\n\n'
    before = f'issuer = "https://a"\n\n{long}{node}{table.format("X-1/bc")}# of b\n'
    text = before + "  " + table.format("X-1/b") + "[tls]\ninsecure = true\n"

    after = declaring(text, "X-1/b", tmp_path)

    assert after.startswith(before + "\n[tls]\ninsecure = true\n\n[[deviations]]\n")
    assert [one["requirement"] for one in tomllib.loads(after)["deviations"]] == [
        *("X-1/c", "X-1/bc", NO_STORE)
    ]


def test_a_profile_that_begins_with_a_byte_order_mark_can_be_edited(tmp_path: Path) -> None:
    path = tmp_path / "acme.toml"
    path.write_text('issuer = "https://a"\n', encoding="utf-8-sig")

    assert declare(path, [], [], TODAY, "quick") == (0, 0)
    assert quarantine(path, [flickering()], TODAY) == 1
    assert path.read_bytes().startswith(b'issuer = "https://a"\n')


def flickering(identifier: str = NO_STORE, **changes: Any) -> Difference:
    told = ("MUST", "flickers", "not_applicable", "violated", "why")
    return replace(Difference(identifier, *told, regressed=False), **changes)


def test_what_flickers_is_held_once_with_what_was_seen(tmp_path: Path) -> None:
    text = 'issuer = "https://ä"\n\n[[quarantine]]\nrequirement = "X-1/a"\nbecause = "A"\n'
    path = written(tmp_path / "acme.toml", f"{text}\n\n")
    found = [
        flickering(because="\x1b" * 3),
        flickering(STATUS, because=""),
        flickering("X-1/a"),
        flickering("X-1/b", kind="new"),
    ]

    counted = quarantine(path, found, TODAY)
    once_more = quarantine(path, found, TODAY)

    assert (counted, once_more) == (2, 0)
    seen = "not applicable and violated in two runs of one build, seen on 2026-11-26"
    assert path.read_text(encoding="utf-8") == (
        f'{text}\n[[quarantine]]\nrequirement = "{NO_STORE}"\n'
        f'because = "{seen}: ␛␛␛"\nuntil = 2026-12-10\n'
        f'\n[[quarantine]]\nrequirement = "{STATUS}"\n'
        f'because = "{seen}"\nuntil = 2026-12-10\n'
    )


@pytest.mark.parametrize("end", ["# by X", "# by me  ", "\t", ""])
def test_what_stands_in_a_profile_stays_letter_by_letter(end: str, tmp_path: Path) -> None:
    path = written(tmp_path / "acme.toml", f'issuer = "https://a"\n{end}')

    quarantine(path, [flickering()], TODAY)

    kept = f'issuer = "https://a"\n{end}'.rstrip("\n")
    assert path.read_text(encoding="utf-8").startswith(f"{kept}\n\n[[quarantine]]\n")


def test_a_long_reason_of_what_flickers_is_cut(tmp_path: Path) -> None:
    path = written(tmp_path / "acme.toml", 'issuer = "https://a"\n')

    quarantine(path, [flickering(because="x" * 500)], TODAY)

    (only,) = tomllib.loads(path.read_text(encoding="utf-8"))["quarantine"]
    assert len(only["because"]) == 301
    assert only["because"].endswith("x…")


@pytest.mark.parametrize(
    "text",
    ['quarantine = [{ requirement = "X-1/b", because = "B" }]\n', "quarantine = []\n"],
    ids=["inline", "empty"],
)
def test_a_profile_that_nothing_can_be_added_to_stays_as_it_was(text: str, tmp_path: Path) -> None:
    path = written(tmp_path / "acme.toml", text)

    with pytest.raises(UsageError, match=f"^{path} is written in a way that --quarantine cannot"):
        quarantine(path, [flickering()], TODAY)

    assert path.read_text(encoding="utf-8") == text


def test_a_profile_to_which_nothing_is_added_is_not_written_anew(tmp_path: Path) -> None:
    path = written(tmp_path / "acme.toml", 'issuer = "https://a"\n\n\n')

    assert quarantine(path, [flickering(kind="fixed")], TODAY) == 0
    assert path.read_text(encoding="utf-8") == 'issuer = "https://a"\n\n\n'


@pytest.mark.parametrize(
    ("depth", "safety", "said"),
    [
        (
            "quick",
            "intrusive",
            (
                "the baseline was made with --depth full, this run has --depth quick: "
                "give both the same"
            ),
        ),
        (
            "deep",
            "passive",
            (
                "the baseline was made with --safety normal, this run has --safety passive: "
                "give both the same"
            ),
        ),
    ],
)
def test_a_baseline_that_tried_more_is_refused(depth: str, safety: str, said: str) -> None:
    with pytest.raises(UsageError) as refusal:
        check_comparable(BASELINE, depth, safety)

    assert str(refusal.value) == said


@pytest.mark.parametrize("depth", ["full", "deep"])
@pytest.mark.parametrize("safety", ["normal", "intrusive"])
def test_a_baseline_that_tried_no_more_is_taken(depth: str, safety: str) -> None:
    check_comparable(BASELINE, depth, safety)


BASELINE: Final = {"selection": {"depth": "full", "safety": "normal"}}


def record(*verdicts: str, identifier: str = NO_STORE, same_as: str | None = None) -> Any:
    return {
        "judgements": [
            {"requirement": identifier, "same_as": same_as, "verdict": verdict}
            for verdict in verdicts
        ]
    }


@pytest.mark.parametrize(
    ("verdicts", "judged"),
    [
        (["satisfied"], True),
        (["violated"], True),
        (["satisfied", "not_applicable"], True),
        (["violated", "inconclusive"], True),
        (["violated", "harness_fault"], True),
        (["satisfied", "inconclusive"], False),
        (["satisfied", "harness_fault"], False),
        (["not_applicable"], False),
        (["inconclusive"], False),
        ([], False),
    ],
)
def test_a_requirement_was_judged_if_its_verdict_was_decided(
    verdicts: Sequence[str], judged: bool
) -> None:
    assert judged_in(record(*verdicts)) == (frozenset({NO_STORE}) if judged else frozenset())


def test_what_a_load_run_showed_is_not_missed_by_an_audit_without_one() -> None:
    (under_load,) = record("violated")["judgements"]
    (audited,) = record("satisfied", identifier=STATUS)["judgements"]
    judgements = [under_load | {"traces": ["one", UNDER_LOAD]}, audited | {"traces": ["one"]}]

    assert judged_in({"judgements": judgements}) == {STATUS}


def test_requirements_that_say_the_same_were_judged_as_one() -> None:
    alike = record("satisfied", identifier=ALIKE.id, same_as=ALIKE.same_as)["judgements"]
    other = record("inconclusive", identifier=str(ALIKE.same_as))["judgements"]

    assert judged_in({"judgements": alike}) == {ALIKE.same_as}
    assert judged_in({"judgements": [*alike, *other]}) == frozenset()


def lost(
    baseline: Mapping[str, Any],
    *now: Verdict,
    selected: Sequence[str] = (NO_STORE, STATUS, SHOULD),
    identifier: str = NO_STORE,
    fail_on: FailOn = FailOn.MUST,
) -> tuple[str, ...]:
    judgements = [Judgement("check", "", CATALOGUE[identifier], verdict) for verdict in now]
    return coverage_regressions(baseline, judgements, CATALOGUE, selected, fail_on)


@pytest.mark.parametrize(
    ("now", "is_lost"),
    [
        ([], True),
        ([Inconclusive("why")], True),
        ([HarnessFault("why")], True),
        ([NotApplicable("why")], True),
        ([Satisfied(), Inconclusive("why")], True),
        ([Satisfied()], False),
        ([Violated("why")], False),
        ([Satisfied(), NotApplicable("why")], False),
    ],
)
def test_what_was_judged_and_is_not_any_more_is_a_regression(
    now: Sequence[Verdict], is_lost: bool
) -> None:
    assert lost(record("satisfied"), *now) == ((NO_STORE,) if is_lost else ())


def test_only_what_is_selected_and_counts_is_a_regression() -> None:
    should = record("satisfied", identifier=SHOULD)

    assert lost(record("satisfied"), selected=[STATUS]) == ()
    assert lost(record("satisfied", identifier="X-1/of-an-older-catalogue")) == ()
    assert lost(should) == ()
    assert lost(should, fail_on=FailOn.SHOULD) == (SHOULD,)


def test_regressions_come_in_the_order_of_their_names() -> None:
    both = record("satisfied", identifier=STATUS)["judgements"] + record("satisfied")["judgements"]

    assert lost({"judgements": both}) == (NO_STORE, STATUS)


def test_what_says_the_same_may_take_the_place_of_what_was_judged() -> None:
    original = str(ALIKE.same_as)
    baseline = record("satisfied", identifier=original)

    assert lost(baseline, Satisfied(), identifier=ALIKE.id, selected=[original]) == ()
    assert lost(baseline, selected=[ALIKE.id], fail_on=FailOn.SHOULD) == (original,)
