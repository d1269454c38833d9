"""The kill matrix says what is wrong with the mutants, and with what they declare."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner, Result
from starlette.requests import Request

from idprobe.evidence.store import ProbeEnd, ProbeOutcome
from idprobe.observe.observer import Observer
from idprobe.probes import all_probes
from idprobe.redaction import Vault
from idprobe_reference.faults import OAuthFault
from idprobe_reference.mutants import MUTANTS, MutantInfo
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from tools.proving import __main__ as command
from tools.proving import choosing, matrix, running, trial
from tools.proving.__main__ import prove
from tools.proving.choosing import Chooser
from tools.proving.matrix import AIMED, EVERYTHING, Matrix, faults_of
from tools.proving.reach import Reach
from tools.proving.trial import Trial, aimed_checks, tried
from tools.traceability.wanted import load_wanted

NAME: Final = "token-response-may-be-stored"
SOUND: Final = Trial(NAME, 0, 1, (), (), (), (), ())


def aimed_probes(mutant: MutantInfo) -> set[str]:
    return {probe for check in aimed_checks(mutant) for probe in check.probes}


def retried(monkeypatch: pytest.MonkeyPatch, mutant: MutantInfo) -> Trial:
    """Put a mutant to the test under the name of one that there is."""
    monkeypatch.setattr(trial, "MUTANTS", {NAME: mutant})
    return tried(NAME, aimed_probes(MUTANTS[NAME]))


def test_a_mutant_whose_breach_no_check_judges_is_not_killed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unjudged = "RFC6749-4.1.2/code-lifetime-ten-minutes"
    mutant = replace(MUTANTS[NAME], breaks=MUTANTS[NAME].breaks | {unjudged})

    done = retried(monkeypatch, mutant)

    assert done.silent == (unjudged,)
    assert not done.killed


def test_a_consequence_that_does_not_come_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = "RFC6749-5.1/access-token-present"

    done = retried(monkeypatch, replace(MUTANTS[NAME], also={kept: "it is not so"}))

    assert done.unused == (kept,)


def test_what_is_declared_in_vain_counts_only_where_everything_was_run() -> None:
    vain = replace(SOUND, unused=("RFC6749-5.1/status-200",))

    written = Matrix(EVERYTHING, 1, 0, (vain,)).as_json()

    assert list(faults_of(vain, AIMED)) == []
    assert list(faults_of(vain, EVERYTHING)) == [
        f"{NAME}: declared in vain: RFC6749-5.1/status-200"
    ]
    assert json.loads(written)["mutants"][NAME]["unused"] == list(vain.unused)


@pytest.mark.parametrize(
    ("name", "probes"),
    [
        ("absent-client-is-guessed", {"user_pages"}),  # an answer without a page has no page's flaw
        ("error-pages-are-empty", {"user_pages", "registration_updated", "registration_deleted"}),
        ("user-info-without-sub", {"userinfo_of_two_users"}),  # nobody's claims are no other's
        ("any-secret-will-do", {"native_code_redeemed"}),
        ("families-are-never-revoked", {"hints_of_revocation", "refresh_token_revoked"}),
        (
            "expiry-has-leading-zero",
            {"pkce_verifiers_accepted", "basic_scheme_respelled", "basic_credentials_respelled"},
        ),  # an answer that nobody can read is no refusal
        (
            "token-errors-are-200",
            {"code_redeemed", "pkce_verifiers", "pkce_public_verifiers", "passwords_beyond_ascii"}
            | {"refresh_stolen", "code_of_another_client", "userinfo_forged"},
        ),
        ("introspection-is-text", {"introspected_tokens_tampered"}),
        ("hybrid-brings-no-id-token", {"id_token_hints"}),  # nothing to give a hint with
        ("narrowed-scope-is-not-told", {"form_encodings"}),  # what was read is not told either
    ],
)
def test_checks_do_not_accuse_a_mutant_of_what_it_keeps(name: str, probes: set[str]) -> None:
    assert tried(name, probes).undeclared == ()


@pytest.mark.parametrize(
    ("name", "probes"),
    [
        ("acr-is-array", {"acr_requested"}),
        ("user-info-without-sub", {"claims_from_elsewhere"}),
        ("keys-without-type", {"userinfo_forged"}),
    ],
)
def test_no_check_breaks_down_at_what_nobody_expects(name: str, probes: set[str]) -> None:
    assert tried(name, probes).faults == ()


def test_who_has_to_be_alone_gets_no_sample_of_other_experiments() -> None:
    chooser = Chooser.watching(7009, 6, watches=False)
    alone = [mutant for mutant in MUTANTS.values() if mutant.alone]

    assert {"basic-is-not-form-decoded"} <= {mutant.name for mutant in alone}
    for mutant in alone:
        assert chooser.few(mutant) == chooser.all(mutant) == choosing.aimed_probes(mutant)
    assert len(chooser.few(MUTANTS[NAME]) - choosing.aimed_probes(MUTANTS[NAME])) == 6


def test_a_429_is_no_secret_that_was_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    class SaysWaitLikeAnyRefusal(ReferenceServer):
        def authenticate_client(self, request: Request, form: Form) -> ClientConfig:
            try:
                return super().authenticate_client(request, form)
            except OAuthFault as fault:
                code = "invalid_grant" if fault.status == 429 else fault.code
                raise OAuthFault(code, fault.description, status=fault.status) from fault

    mutant = replace(MUTANTS["throttle-fails-open"], server_class=SaysWaitLikeAnyRefusal)
    monkeypatch.setattr(trial, "MUTANTS", {mutant.name: mutant})

    assert tried("throttle-fails-open", {"secret_guessed"}).fired == ()


def test_a_mutant_at_which_the_harness_fails_is_told_and_not_killed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def failing(*_: object, **__: object) -> Trial:
        raise ValueError("an accident")

    monkeypatch.setattr(running, "tried", failing)

    trial = running._one("jwks-uri-is-no-url", ["keys_document"])

    assert not trial.killed
    assert trial.faults == ("no trial: ValueError: an accident",)


def chooser_for(mutant: MutantInfo, reach: Reach, **outcomes: ProbeEnd) -> Chooser:
    """Return a chooser for one mutant, without a sample, that found this out."""
    with trial.reachable(replace(MUTANTS[NAME], profile=mutant.profile)) as (sound, way):
        observer = Observer(sound, Vault(), None, choosing.PLAIN, way)
        seen = asyncio.run(observer.observe([]))
    ended = {name: ProbeOutcome(name, outcome) for name, outcome in outcomes.items()}
    return Chooser(1, 0, {mutant.profile: (reach, replace(seen, outcomes=ended))})


def test_whatever_sees_a_difference_is_run_with_all_that_its_checks_need() -> None:
    mutant = MUTANTS[NAME]
    reach = Reach()
    reach.changed[NAME].add("refresh_stolen")

    chosen = chooser_for(mutant, reach).all(mutant)

    assert chosen >= choosing.aimed_probes(mutant) | {"refresh_stolen"}
    assert len(chosen) < len(all_probes())


def test_who_changes_keys_or_metadata_meets_whoever_depends_on_them() -> None:
    mutant = MUTANTS["issuer-of-metadata-is-empty"]
    reach = Reach()
    reach.changed[mutant.name] |= {choosing.METADATA, choosing.KEYS}
    reach.verifying.add("refresh_stolen")
    reach.readers["issuer"].add("introspected_tokens_tampered")
    reach.readers["jwks_uri"].add("secret_guessed")

    chosen = chooser_for(mutant, reach).all(mutant)

    assert chosen >= {"refresh_stolen", "introspected_tokens_tampered"}
    assert "secret_guessed" not in chosen


def test_who_is_on_a_socket_meets_whoever_needs_one() -> None:
    on_sockets = (one for one in MUTANTS.values() if one.medium == "tls" and not one.alone)
    mutant = next(one for one in on_sockets if not one.features and not one.path)

    chosen = chooser_for(mutant, Reach(), refresh_stolen="not_applicable").all(mutant)

    assert "refresh_stolen" in chosen


def test_who_is_made_otherwise_meets_everybody() -> None:
    mutant = next(one for one in MUTANTS.values() if one.path and not one.alone)

    assert chooser_for(mutant, Reach()).all(mutant) == set(all_probes())


def test_the_page_has_a_row_for_each_mutant_and_a_line_for_each_fault(tmp_path: Path) -> None:
    fired = (
        ("a.py::a", "RFC6749-5.1/cache-control-no-store", "it is stored"),
        ("a.py::b", "RFC6749-5.1/status-200", "it is a 500"),
    )
    faulty = replace(SOUND, judged=8, fired=fired, undeclared=fired[1:], faults=("no trial",))

    Matrix(AIMED, 1, 6, (faulty,)).write(tmp_path / "matrix.json", tmp_path / "docs" / "page.md")

    page = (tmp_path / "docs" / "page.md").read_text(encoding="utf-8")
    (row,) = (line for line in page.splitlines() if line.startswith(f"| `{NAME}`"))
    assert "| `RFC6749-5.1/cache-control-no-store` | `RFC6749-5.1/status-200` |" in row
    assert "| checks that fired undeclared | 1 | 7 | 14.2857% |" in page
    assert list(faults_of(faulty, AIMED)) == [
        f"{NAME}: undeclared: RFC6749-5.1/status-200 by a.py::b: it is a 500",
        f"{NAME}: no trial",
    ]


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(0, 0, 0.0, 1.0), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634)],
)
def test_the_interval_of_a_rate_is_that_of_wilson(
    count: int, total: int, low: float, high: float
) -> None:
    assert matrix.interval(count, total) == pytest.approx((low, high), abs=1e-4)


def proved(*options: str) -> Result:
    return CliRunner().invoke(prove, options)


def test_only_what_was_blamed_is_tried_again_and_the_rest_is_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = "issuer-of-metadata-is-empty"
    fired = (("a_check", "RFC6749-5.1/cache-control-no-store", ""),)
    before = (
        replace(SOUND, fired=fired, probes=8),
        replace(SOUND, mutant=other, silent=("OIDCD-3/issuer-present",)),
        replace(SOUND, mutant="issuer-of-metadata-has-query"),
    )
    written = tmp_path / "matrix.json"
    Matrix(AIMED, 7009, 6, before).write(written, None)
    tries: list[str] = []

    def tried_again(plan: dict[str, list[str]], *how: object) -> list[Trial]:
        assert how == (None, {}, 6)
        tries.extend(plan)
        return [replace(SOUND, mutant=name) for name in plan]

    monkeypatch.setattr(command, "all_tried", tried_again)
    for module in (command, matrix):  # one of the three is no mutant any more
        monkeypatch.setattr(module, "MUTANTS", {name: MUTANTS[name] for name in (NAME, other)})
    monkeypatch.setattr(command, "misfits", lambda *_: ())

    result = proved("--faulty", "--json", str(written))

    assert result.exit_code == 0, result.output
    assert "2 of 2 mutants killed" in result.output
    assert tries == [other]
    after = Matrix.from_json(written.read_text(encoding="utf-8"))
    assert after.trials == (replace(SOUND, mutant=other), before[0])


def test_what_was_run_in_another_way_is_not_taken_up_again(tmp_path: Path) -> None:
    written = tmp_path / "matrix.json"

    assert f"there is no {written}" in proved("--faulty", "--json", str(written)).output

    Matrix(EVERYTHING, 7009, 6, (SOUND,)).write(written, None)
    result = proved("--faulty", "--json", str(written))

    assert result.exit_code == 2
    assert "to have been like this" in result.output


def test_a_fault_makes_the_run_fail_and_the_list_of_mutants_grows_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def faulty(plan: dict[str, list[str]], *_how: object) -> list[Trial]:
        return [replace(SOUND, mutant=name, faults=("no trial",)) for name in plan]

    monkeypatch.setattr(command, "all_tried", faulty)
    listed, written = tmp_path / "wanted.tsv", tmp_path / "matrix.json"

    result = proved("--wanted", str(listed), "--json", str(written), "-k", NAME)

    assert result.exit_code == 1
    assert f"{NAME}: no trial" in result.output
    assert load_wanted(listed).items() >= load_wanted().items()
    assert Matrix.from_json(written.read_text(encoding="utf-8")).trials[0].faults == ("no trial",)
