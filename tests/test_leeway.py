"""A server that takes a refresh token twice for a second, as its contract declares, or for ever."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.judge.collect import InProcess, all_checks, judged
from idprobe.model.catalogue import load_catalogue
from idprobe.model.profile import with_issuer
from idprobe.model.verdict import NotApplicable, Satisfied, Verdict, Violated
from idprobe.observe.selection import Selection
from idprobe.probes import Depth
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config
from idprobe_reference.server import ReferenceServer
from idprobe_reference.stores import RefreshToken

ISSUER: Final = "http://127.0.0.1:8081"
REQUIREMENT: Final = "RFC9700-2.2.2/public-refresh-token-protected"
LEEWAY_S: Final = 1


class TakesTokensTwice(ReferenceServer):
    """A traded refresh token works for a leeway that starts with its first use."""

    def refresh_token_is_usable(self, token: RefreshToken) -> bool:
        traded: dict[str, float] = self.__dict__.setdefault("traded", {})
        first = traded.setdefault(token.value, self.clock())
        return self.clock() - first < self.leeway_s()

    def leeway_s(self) -> float:
        return LEEWAY_S


class TakesTokensForever(TakesTokensTwice):
    """The leeway never ends."""

    def leeway_s(self) -> float:
        return 3600


def verdicts(
    server_class: type[ReferenceServer], contract: Mapping[str, Any], folder: Path
) -> dict[str, Verdict]:
    app = server_class(replace(reference_config(), issuer=ISSUER)).app
    profile = replace(with_issuer(resolve("reference"), ISSUER), contract=contract)
    options = Options(folder, Selection(depth=Depth.FULL), keeps_evidence=False)
    same = load_catalogue().alike(REQUIREMENT)
    checks = [
        one for one in all_checks() if same & {*one.requirements} and "replicas" not in one.name
    ]
    found = judged(Audit(profile, options, InProcess(app)), checks)
    return {
        j.check.rpartition("::")[2]: j.verdict for j in found if j.requirement.id == REQUIREMENT
    }


@pytest.mark.parametrize(
    ("server_class", "verdict"),
    [(TakesTokensTwice, Satisfied), (TakesTokensForever, Violated)],
)
def test_a_declared_leeway_is_no_violation_unless_it_never_ends(
    server_class: type[ReferenceServer], verdict: type[Verdict], tmp_path: Path
) -> None:
    found = verdicts(server_class, {"refresh_reuse_leeway_s": LEEWAY_S}, tmp_path)

    assert isinstance(found["test_the_leeway_for_refresh_tokens_ends"], verdict)
    assert isinstance(found["test_public_refresh_tokens_are_rotated"], NotApplicable)


def test_a_leeway_that_nobody_declared_is_a_violation(tmp_path: Path) -> None:
    found = verdicts(TakesTokensTwice, {}, tmp_path)

    assert isinstance(found["test_public_refresh_tokens_are_rotated"], Violated)
    assert isinstance(found["test_the_leeway_for_refresh_tokens_ends"], NotApplicable)
