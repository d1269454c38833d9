"""No refusal is believed of a server that answers everything alike from some request on.

The embedded servers break down in the midst of each experiment: after some of its requests they
refuse everything, fail, ask for patience, are silent, or are gone. Whatever a check then makes of
an answer that has nothing to do with the question is neither a pass nor a violation. Where each
experiment meets the fault is drawn; `nox -s controls` lets it meet each fault at every request.
"""

import asyncio
from dataclasses import replace
from typing import Any, Final

import pytest
from tests.faults import (
    CHECKS,
    FAULTS,
    ISSUER,
    MADE,
    Asgi,
    Breaking,
    at_random,
    at_request,
    observed,
    wrong,
)

from idprobe.evidence.store import ProbeOutcome
from idprobe.judge.collect import InProcess
from idprobe.model.profile import with_issuer
from idprobe.observe.observer import Observer
from idprobe.observe.selection import Selection
from idprobe.probes import Safety
from idprobe.redaction import Vault
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config
from idprobe_reference.server import ReferenceServer
from idprobe_reference.stores import Code

DRAWS: Final = [
    *(("reference", fault, "one") for fault in FAULTS),
    *(("speakup", fault, "two") for fault in FAULTS),
    ("reference", "refuses", "three"),
    ("speakup", "refuses", "four"),
]
PATIENCE_S: Final = 1.0


@pytest.mark.parametrize(("target", "fault", "seed"), DRAWS)
def test_nothing_is_judged_by_a_fault(target: str, fault: str, seed: str) -> None:
    start = at_random(f"{target} {fault} {seed}")

    seen = observed(target, FAULTS[fault], start, MADE)

    assert list(wrong(seen, CHECKS)) == []


async def late(_scope: Any, _receive: Any, _send: Any) -> None:
    """Answer after everybody has gone."""
    await asyncio.sleep(2 * PATIENCE_S)


def outcome_of(probe: str, fault: Asgi, start: int) -> ProbeOutcome:
    """Return how a probe ends whose server is at fault from some request on."""
    server = ReferenceServer(replace(reference_config(), issuer=ISSUER))
    return outcome_at(Breaking(server.app, fault, at_request(start)), probe)


def outcome_at(app: Asgi, probe: str) -> ProbeOutcome:
    """Return how a probe ends at a server."""
    profile = with_issuer(resolve("reference"), ISSUER)
    profile = replace(profile, limits=replace(profile.limits, exchange_s=PATIENCE_S))
    selection = Selection(safety=Safety.INTRUSIVE)
    observer = Observer(profile, Vault(profile.secrets()), None, selection, InProcess(app))
    return asyncio.run(observer.observe([probe])).outcomes[probe]


class Unredeemable(ReferenceServer):
    """Redeems no code, whatever comes with it."""

    def code_is_fresh(self, _code: Code) -> bool:
        return False


def test_a_server_that_redeems_nothing_is_not_accused_of_its_pkce() -> None:
    server = Unredeemable(replace(reference_config(), issuer=ISSUER, require_pkce=False))

    ended = outcome_at(server.app, "pkce_verifiers_accepted")

    assert ended.outcome == "control_failed"


def test_an_answer_that_comes_too_late_is_none() -> None:
    ended = outcome_of("code_altered", late, 5)

    assert ended.outcome == "no_response"
    assert f"within {PATIENCE_S:g} s" in ended.because


def test_a_race_that_nobody_answers_is_no_fault_of_ours() -> None:
    ended = outcome_of("code_raced", FAULTS["is gone"], 4)

    assert ended.outcome == "no_response"
    assert "connection refused" in ended.because
