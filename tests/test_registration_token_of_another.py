"""The token of another client is tried with `--safety intrusive` alone, so no mutant shows it."""

from pathlib import Path

import pytest

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.judge.collect import all_checks, judged
from idprobe.model.profile import with_issuer
from idprobe.model.verdict import Satisfied, Verdict, Violated
from idprobe.observe.selection import Selection
from idprobe.probes import Depth, Safety
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config
from idprobe_reference.endpoints.registration import Record
from idprobe_reference.running import serve
from idprobe_reference.server import ReferenceServer

REQUIREMENT = "OIDCR-4.1/token-matched-to-client"


class TokensOpenEveryRegistration(ReferenceServer):
    """The registration access token of one client opens those of all others."""

    def registration_token_fits(self, record: Record, given: str) -> bool:
        del record
        return any(one.token == given.strip() for one in self.records.values())


def verdicts(server_class: type[ReferenceServer], folder: Path) -> list[Verdict]:
    checks = [check for check in all_checks() if REQUIREMENT in check.requirements]
    options = Options(folder, Selection(Depth.FULL, Safety.INTRUSIVE), keeps_evidence=False)
    with serve(reference_config(), server_class=server_class) as running:
        profile = with_issuer(resolve("reference"), running.issuer, running.ca_file)
        return [judgement.verdict for judgement in judged(Audit(profile, options), checks)]


@pytest.mark.parametrize(
    ("server_class", "verdict"),
    [(ReferenceServer, Satisfied), (TokensOpenEveryRegistration, Violated)],
)
def test_a_token_that_opens_the_registration_of_another_is_seen(
    server_class: type[ReferenceServer], verdict: type[Verdict], tmp_path: Path
) -> None:
    (only,) = verdicts(server_class, tmp_path)

    assert isinstance(only, verdict)
