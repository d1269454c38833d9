"""A property from the audit to the report: found, recorded, judged again, tried again."""

from dataclasses import replace
from pathlib import Path

import pytest

from idprobe.audit.audit import Audit, recorded_profile
from idprobe.audit.options import Options
from idprobe.evidence.store import read_evidence
from idprobe.judge.collect import InProcess, all_checks, judged
from idprobe.model.effort import Replay
from idprobe.model.profile import with_issuer
from idprobe.model.verdict import Judgement, Satisfied, Violated
from idprobe.observe.selection import Selection
from idprobe.report.record import results_json
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config
from idprobe_reference.mutants import mutant_named
from idprobe_reference.server import ReferenceServer

ISSUER = "http://127.0.0.1:8081"
PROPERTY = "unreserved_characters_encoded"
CHECKS = [check for check in all_checks() if check.probes == (PROPERTY,)]


def audit_of(
    server_class: type[ReferenceServer], out: Path, selection: Selection | None = None
) -> Audit:
    server = server_class(replace(reference_config(), issuer=ISSUER))
    profile = with_issuer(resolve("reference"), ISSUER)
    return Audit(profile, Options(out, selection or Selection()), InProcess(server.app))


@pytest.fixture
def found(tmp_path: Path) -> tuple[Audit, Judgement]:
    mutant = mutant_named("hex-in-lower-case-is-kept").server_class
    audit = audit_of(mutant, tmp_path / "first")
    return audit, judged(audit, CHECKS)[0]


def test_a_violation_shows_one_request_and_how_to_try_it_again(
    found: tuple[Audit, Judgement],
) -> None:
    audit, judgement = found

    assert isinstance(judgement.verdict, Violated)
    assert judgement.curl.count("%") == 1
    assert judgement.exchange == f"{PROPERTY}#1"
    record = results_json(audit.conclude())["judgements"][0]
    assert record["replay"] == judgement.replay
    assert judgement.replay.startswith(f"{PROPERTY}:")


def test_evidence_of_a_search_is_judged_alike_offline(found: tuple[Audit, Judgement]) -> None:
    audit, judgement = found
    recorded = read_evidence(audit.options.out / "evidence")

    again = Audit(recorded_profile(recorded), Options(audit.options.out), recorded=recorded)

    assert judged(again, CHECKS) == [judgement]


def test_the_example_fails_again_until_the_server_is_mended(
    found: tuple[Audit, Judgement], tmp_path: Path
) -> None:
    replay = Selection(replay=Replay.parse(found[1].replay))
    mutant = mutant_named("hex-in-lower-case-is-kept").server_class

    again = judged(audit_of(mutant, tmp_path / "again", replay), CHECKS)[0]
    mended = judged(audit_of(ReferenceServer, tmp_path / "mended", replay), CHECKS)[0]

    assert (again.verdict, again.replay) == (found[1].verdict, found[1].replay)
    assert mended.verdict == Satisfied()


def test_a_run_for_one_example_reads_no_other_probe(tmp_path: Path) -> None:
    audit = audit_of(ReferenceServer, tmp_path, Selection(replay=Replay(PROPERTY, "1", "x")))

    assert audit.scope.reads([PROPERTY])
    assert not audit.scope.reads(["refresh_answer"])
