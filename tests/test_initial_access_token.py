"""No shipped profile has an initial access token, so no mutant of the list shows these checks."""

from dataclasses import replace
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.judge.collect import all_checks, judged
from idprobe.model.profile import with_issuer
from idprobe.model.verdict import Satisfied, Verdict, Violated
from idprobe.observe.selection import Selection
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config
from idprobe_reference.faults import BearerFault
from idprobe_reference.running import serve
from idprobe_reference.server import ReferenceServer

REQUIREMENT = "OIDCR-3/initial-access-token-bearer"
TOKEN = "initial-access-token-not-secret"


class TheTokenIsNoBearerToken(ReferenceServer):
    """The initial access token is not taken by the scheme Bearer."""

    def check_initial_access(self, request: Request) -> None:
        del request
        raise BearerFault("invalid_token", "try another scheme", status=401)


class TheTokenIsAskedForInSilence(ReferenceServer):
    """Who has no token is refused without a challenge."""

    def bearer_error(self, fault: BearerFault) -> Response:
        response = super().bearer_error(fault)
        del response.headers["WWW-Authenticate"]
        return response


@pytest.mark.parametrize(
    ("server_class", "verdict"),
    [
        (ReferenceServer, Satisfied),
        (TheTokenIsNoBearerToken, Violated),
        (TheTokenIsAskedForInSilence, Violated),
    ],
)
def test_an_initial_access_token_is_judged(
    server_class: type[ReferenceServer], verdict: type[Verdict], tmp_path: Path
) -> None:
    checks = [check for check in all_checks() if REQUIREMENT in check.requirements]
    config = replace(reference_config(), registration="token", initial_access_token=TOKEN)
    options = Options(tmp_path, Selection(), keeps_evidence=False)

    with serve(config, server_class=server_class) as running:
        profile = with_issuer(resolve("reference"), running.issuer, running.ca_file)
        audit = Audit(replace(profile, initial_access_token=TOKEN), options)
        (judgement,) = judged(audit, checks)

    assert isinstance(judgement.verdict, verdict), judgement.verdict
