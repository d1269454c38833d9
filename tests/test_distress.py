"""A server in distress proves nothing: what distress is, and what shows that it is over."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import pytest

from idprobe.judge.weigh import distress_of
from idprobe.model.exchange import Exchange, Request, Response, Sender
from idprobe.model.trace import Trace
from idprobe.model.verdict import Satisfied, Violated

STARTED: Final = datetime(2026, 11, 24, 20, 11, 5, tzinfo=UTC)
VIOLATED: Final = Violated("why")


def answer(status: int | None, path: str = "/token", sender: Sender = Sender.HTTPX) -> Exchange:
    response = None if status is None else Response(status)
    failure = "timed out" if status is None else None
    request = Request.get(f"http://127.0.0.1:9{path}")
    return Exchange(request, response, STARTED, 1, failure=failure, sender=sender)


def distress(
    verdict: Satisfied | Violated, rests_on: Sequence[Exchange], *exchanges: Exchange
) -> str | None:
    return distress_of(verdict, rests_on, [Trace("probe", exchanges)])


@pytest.mark.parametrize("verdict", [Satisfied(), VIOLATED], ids=["satisfied", "violated"])
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_nothing_is_shown_by_a_server_that_ends_in_distress(
    verdict: Satisfied | Violated, status: int
) -> None:
    last = answer(status)

    assert distress(verdict, [last], answer(200), last) == (
        f"the server was not in order to the end of the experiment: {last}"
    )


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 428, 430, 501, 505])
def test_what_refuses_or_grants_is_an_answer(status: int) -> None:
    last = answer(status)

    assert distress(VIOLATED, [last], last) is None
    assert distress(Satisfied(), [last], last) is None


def test_being_asked_to_wait_may_satisfy_but_accuses_nobody() -> None:
    last = answer(429)

    assert distress(Satisfied(), [last], last) is None
    assert distress(VIOLATED, [last], last) is not None


def test_a_server_that_works_again_has_answered() -> None:
    error = answer(500)

    assert distress(VIOLATED, [error], error, answer(200)) is None


def test_distress_after_what_a_claim_rests_on_leaves_it_standing() -> None:
    granted = answer(200)

    assert distress(VIOLATED, [granted], granted, answer(503)) is None


def test_a_call_of_the_server_to_us_does_not_show_that_it_works() -> None:
    error = answer(500)
    call = answer(200, sender=Sender.SERVER)

    assert distress(VIOLATED, [error], error, call) is not None


def test_what_we_answer_to_the_server_is_no_distress_of_its_own() -> None:
    call = answer(500, sender=Sender.SERVER)

    assert distress(VIOLATED, [call], call) is None


def test_silence_ends_what_the_distress_reaches_back_to() -> None:
    error = answer(500)

    assert distress(VIOLATED, [error], error, answer(None)) is None


def test_the_first_exchange_that_proves_nothing_is_named() -> None:
    first, second = answer(503, "/first"), answer(503, "/second")

    found = distress(VIOLATED, [second, first], answer(200), first, second) or ""

    assert "/first" in found
    assert "/second" not in found


def test_an_exchange_before_the_distress_is_not_named_for_it() -> None:
    other, seen = answer(503, "/other"), answer(503, "/seen")

    assert "/seen" in (distress(VIOLATED, [seen], other, seen, answer(503, "/later")) or "")


def test_the_experiment_in_distress_is_found_among_several() -> None:
    error = answer(500)
    traces = [Trace("calm", (answer(200),)), Trace("empty", ()), Trace("hard", (error,))]

    assert str(error) in (distress_of(VIOLATED, [error], traces) or "")
    assert distress_of(VIOLATED, [error], reversed(traces)) is not None


def test_each_experiment_has_its_own_end() -> None:
    error = answer(500)
    over = Trace("over", (error, answer(200)))

    assert distress_of(VIOLATED, [error], [Trace("hard", (answer(500),)), over]) is None
