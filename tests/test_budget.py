"""How many requests a run sends is said before it, and kept to whatever the experiments want."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.cli.main import commands
from idprobe.judge.collect import InProcess, all_checks, judged
from idprobe.model.profile import Limits, Profile, with_issuer
from idprobe.model.verdict import Inconclusive, Violated
from idprobe.observe.selection import Selection, most_requests
from idprobe.probes import Depth, Safety, all_probes
from idprobe.setup.targets import resolve
from idprobe_reference.config import speakup_config
from idprobe_reference.server import ReferenceServer

ISSUER: Final = "http://127.0.0.1:8081"


class Counting:
    """An ASGI layer that counts what comes."""

    def __init__(self) -> None:
        self.app = ReferenceServer(replace(speakup_config(), issuer=ISSUER)).app
        self.requests = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.requests += 1
        await self.app(scope, receive, send)


def limited(most: int | None) -> Profile:
    profile = with_issuer(resolve("speakup"), ISSUER)
    return replace(profile, limits=replace(profile.limits, max_requests=most))


@pytest.mark.parametrize("most", [1, 60])
def test_no_more_is_sent_and_the_rest_is_inconclusive(most: int, tmp_path: Path) -> None:
    counting = Counting()
    options = Options(tmp_path, keeps_evidence=False)
    audit = Audit(limited(most), options, InProcess(counting))

    found = judged(audit, all_checks())
    run = audit.conclude()

    accused = [one for one in found if isinstance(one.verdict, Violated) and one.deviation is None]
    reasons = [one.verdict.because for one in found if isinstance(one.verdict, Inconclusive)]
    assert counting.requests == audit.observed.exchanges == most
    assert [one.check for one in accused if one.counts] == []
    assert f"all {most} requests that the run may send were sent (--max-requests)" in reasons
    assert any(f"all {most} requests" in note for note in run.notes)
    assert run.exit_codes[0] == 3


def test_a_run_that_needs_less_says_nothing_of_it(tmp_path: Path) -> None:
    checks = [check for check in all_checks() if check.probes == ("metadata_documents",)]
    audit = Audit(limited(60), Options(tmp_path, keeps_evidence=False), InProcess(Counting()))

    judged(audit, checks)

    assert not audit.observed.is_spent
    assert not any("requests that the run may send" in note for note in audit.conclude().notes)


def test_without_a_word_it_is_the_depth_that_says_how_many() -> None:
    profile = replace(limited(None), limits=Limits())
    allowed = [most_requests(profile, Selection(depth)) for depth in Depth]

    assert allowed == sorted(set(allowed))
    assert most_requests(limited(7), Selection(Depth.DEEP)) == 7


def test_it_is_said_before_the_run(tmp_path: Path) -> None:
    arguments = ["audit", "--max-requests", "5", "-k", "cache-control-no-store"]
    result = CliRunner().invoke(commands, [*arguments, "-o", str(tmp_path / "out"), "--json"])

    first = result.stderr.splitlines()[0]
    assert first.startswith("idprobe: http://127.0.0.1:")
    assert first.endswith(" gets at most 5 requests (--depth quick, --safety normal)")
    assert '"exchanges": 5,' in result.stdout


def test_passwords_are_guessed_at_intrusively_alone() -> None:
    guessing = [probe for probe in all_probes().values() if "guessed" in probe.name]

    assert len(guessing) >= 2
    assert {probe.safety for probe in guessing} == {Safety.INTRUSIVE}
