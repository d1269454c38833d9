"""What is judged only where OpenID Connect is not among the standards, as in no shipped profile."""

from dataclasses import replace
from pathlib import Path

import pytest

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.judge.collect import InProcess, all_checks, judged
from idprobe.model.profile import with_issuer
from idprobe.model.verdict import Satisfied, Verdict, Violated
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config
from idprobe_reference.mutants import MUTANTS
from idprobe_reference.server import ReferenceServer

ISSUER = "http://127.0.0.1:8081"
REQUIREMENT = "RFC7591-5/redirect-uri-kinds"
LAX = MUTANTS["any-redirect-uri-is-registered"].server_class


@pytest.mark.parametrize(
    ("server_class", "verdict"), [(ReferenceServer, Satisfied), (LAX, Violated)]
)
def test_redirect_uris_of_unsafe_kinds_are_seen_without_openid(
    server_class: type[ReferenceServer], verdict: type[Verdict], tmp_path: Path
) -> None:
    profile = with_issuer(resolve("reference"), ISSUER)
    server = server_class(replace(reference_config(), issuer=ISSUER))
    options = Options(tmp_path, standards=("oauth2.0",), keeps_evidence=False)
    audit = Audit(replace(profile, standards=("oauth2.0",)), options, InProcess(server.app))
    checks = [check for check in all_checks() if REQUIREMENT in check.requirements]

    (judgement,) = (one for one in judged(audit, checks) if one.requirement.id == REQUIREMENT)

    assert isinstance(judgement.verdict, verdict), judgement.verdict
