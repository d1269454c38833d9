"""The races for a code are run with `--safety intrusive` alone, and no sound server loses them."""

from pathlib import Path

import pytest

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.judge.collect import all_checks, judged
from idprobe.model.profile import with_issuer
from idprobe.model.verdict import Satisfied, Verdict, Violated
from idprobe.observe.selection import Selection
from idprobe.probes import Safety
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config
from idprobe_reference.mutants.state.races import CodesCanBeRaced
from idprobe_reference.running import serve
from idprobe_reference.server import ReferenceServer

REQUIREMENT = "RFC6749-10.5/code-single-use-under-concurrency"
PROBES = {"code_raced", "code_released"}


def verdicts(server_class: type[ReferenceServer], folder: Path) -> list[Verdict]:
    checks = [check for check in all_checks() if PROBES & {*check.probes}]
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
