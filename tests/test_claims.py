"""What the claim of a check comes to, and which exchange is shown with it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import pytest

from idprobe.errors import EvidenceError, Unsuited
from idprobe.evidence.store import UNDER_LOAD
from idprobe.judge.evaluate import Decision, decided
from idprobe.model.exchange import Exchange, Request, Response
from idprobe.model.trace import Trace
from idprobe.model.verdict import (
    HarnessFault,
    Inconclusive,
    NotApplicable,
    Satisfied,
    Verdict,
    Violated,
)

STARTED: Final = datetime(2026, 11, 24, 20, 11, 5, tzinfo=UTC)


def exchange(step: str, status: int = 200) -> Exchange:
    return Exchange(Request.get(f"http://127.0.0.1:9/{step}"), Response(status), STARTED, 1, step)


FIRST, SECOND, THIRD = exchange("first"), exchange("second"), exchange("third")
TRACES: Final = {"seen": Trace("seen", (FIRST, SECOND, THIRD))}


def test_what_holds_is_shown_with_the_exchange_taken_last() -> None:
    def claim(seen: Trace) -> None:
        assert seen["second"].answered.status == 200

    decision = decided(claim, TRACES)

    assert decision.verdict == Satisfied()
    assert decision.exchange is SECOND
    assert not decision.remark


def test_a_claim_that_takes_nothing_is_shown_with_the_last_that_was_sent() -> None:
    assert decided(lambda **_: None, TRACES).exchange is THIRD


def test_a_claim_without_any_exchange_is_shown_with_none() -> None:
    assert decided(lambda **_: None, {"seen": Trace("seen", ())}).exchange is None


def test_remarks_are_told_where_the_claim_was_decided() -> None:
    def claim(seen: Trace) -> None:
        seen.remark("one")
        seen.remark("two")

    assert decided(claim, TRACES).remark == "one\ntwo"


def test_what_fails_is_shown_with_the_exchange_that_was_taken_last() -> None:
    def claim(seen: Trace) -> None:
        assert seen["first"].answered.is_success
        assert seen["second"].answered.status == 400, "it is no refusal"

    decision = decided(claim, TRACES)

    assert decision.verdict == Violated("it is no refusal")
    assert decision.exchange is SECOND


def test_the_exchange_that_a_check_names_decides_whatever_is_taken_after_it() -> None:
    def claim(seen: Trace) -> None:
        wrong = seen["first"]
        seen.decide(wrong)
        assert wrong.answered.status > seen["third"].answered.status, "they are alike"

    assert decided(claim, TRACES).exchange is FIRST


def test_the_first_of_the_steps_that_are_wrong_decides() -> None:
    def claim(seen: Trace) -> None:
        wrong = [one.step for one in seen if one.step != "first"]
        seen.decide_by(wrong)
        assert not wrong, f"they are wrong: {wrong}"

    assert decided(claim, TRACES).exchange is SECOND


def test_no_step_that_is_wrong_decides_nothing() -> None:
    def claim(seen: Trace) -> None:
        assert seen["first"].answered.is_success
        seen.decide_by([])

    assert decided(claim, TRACES) == Decision(Satisfied(), FIRST)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("a reason", "a reason"),
        ("a reason\nassert 1 == 2", "a reason"),
        ("assert 1 == 2\n  where 1 is one", "assert 1 == 2 where 1 is one"),
        ("", "the claim does not hold"),
        ("x" * 601, "x" * 600),
    ],
    ids=["message", "message-first", "rewritten", "bare", "long"],
)
def test_what_an_assertion_says_is_told(said: str, told: str) -> None:
    def claim(**_: Trace) -> None:
        raise AssertionError(said)

    assert decided(claim, TRACES).verdict == Violated(told)


def raising(error: Exception) -> Callable[..., None]:
    def claim(**_: Trace) -> None:
        raise error

    return claim


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (Unsuited("not here"), NotApplicable("not here")),
        (EvidenceError("no code"), Inconclusive("the evidence cannot tell: no code")),
        (KeyError("code"), HarnessFault("KeyError in the check: 'code'")),
    ],
    ids=["unsuited", "evidence", "ours"],
)
def test_what_is_no_assertion_accuses_nobody(error: Exception, verdict: Verdict) -> None:
    assert decided(raising(error), TRACES) == Decision(verdict, THIRD, remark="")


def test_nothing_is_decided_by_a_server_in_distress() -> None:
    last = exchange("last", 503)

    def claim(seen: Trace) -> None:
        seen.remark("a remark")
        assert seen["last"].answered.status == 400, "it is no refusal"

    decision = decided(claim, {"seen": Trace("seen", (FIRST, last))})

    assert isinstance(decision.verdict, Inconclusive)
    assert "not in order" in decision.verdict.because
    assert decision.exchange is last
    assert not decision.remark


def test_the_exchange_that_decides_counts_although_nobody_looked_it_up() -> None:
    last = exchange("last", 503)

    def claim(seen: Trace) -> None:
        assert seen["first"].answered.is_success
        wrong = seen.exchanges[-1]
        seen.decide(wrong)
        assert wrong.answered.is_success

    assert isinstance(decided(claim, {"seen": Trace("seen", (FIRST, last))}).verdict, Inconclusive)


@pytest.mark.parametrize(("status", "kind"), [(503, Inconclusive), (429, Satisfied)])
def test_a_claim_that_looks_at_nothing_rests_on_all_that_was_sent(
    status: int, kind: type[Verdict]
) -> None:
    trace = Trace("seen", (FIRST, exchange("last", status)))

    assert isinstance(decided(lambda **_: None, {"seen": trace}).verdict, kind)


def test_a_load_run_is_in_no_distress_and_shows_only_what_was_asked_for() -> None:
    loaded = {UNDER_LOAD: Trace(UNDER_LOAD, (FIRST, exchange("shed", 503)))}

    def claim(**traces: Trace) -> None:
        assert traces[UNDER_LOAD]["shed"].answered.status == 503

    assert decided(lambda **_: None, loaded).exchange is None
    assert decided(claim, loaded).verdict == Satisfied()
