"""The race for a code is run with `--safety intrusive` alone, so no mutant of the list shows it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from idprobe.audit import Audit, Options, resolve
from idprobe.observe import Selection
from idprobe.probes import Safety
from idprobe.profile import with_issuer
from idprobe.reference.config import reference_config
from idprobe.reference.resource_indicators import Target
from idprobe.reference.running import serve
from idprobe.reference.server import ReferenceServer
from idprobe.reference.settings import ClientConfig
from idprobe.reference.stores import Code
from idprobe.suite import all_checks, judged
from idprobe.verdict import Satisfied, Verdict, Violated

REQUIREMENT = "RFC6749-10.5/code-single-use-under-concurrency"


class CodesCanBeRaced(ReferenceServer):
    """Between the look at a code and its use there is time for others."""

    async def tokens_for_code(
        self, client: ClientConfig, code: Code, target: Target
    ) -> dict[str, Any]:
        code.used = False
        await asyncio.sleep(0.2)
        code.used = True
        return await super().tokens_for_code(client, code, target)


def verdicts(server_class: type[ReferenceServer], folder: Path) -> list[Verdict]:
    checks = [check for check in all_checks() if REQUIREMENT in check.requirements]
    options = Options(folder, Selection(safety=Safety.INTRUSIVE), keeps_evidence=False)
    with serve(reference_config(), server_class=server_class) as running:
        profile = with_issuer(resolve("reference"), running.issuer, running.ca_file)
        judgements = judged(Audit(profile, options), checks)
    return [one.verdict for one in judgements if one.requirement.id == REQUIREMENT]


@pytest.mark.parametrize(
    ("server_class", "verdict"), [(ReferenceServer, Satisfied), (CodesCanBeRaced, Violated)]
)
def test_a_race_for_a_code_is_seen(
    server_class: type[ReferenceServer], verdict: type[Verdict], tmp_path: Path
) -> None:
    found = verdicts(server_class, tmp_path)

    assert {type(one) for one in found} == {verdict}
