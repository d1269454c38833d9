"""Nothing is believed of experiments that an outage of the server went through."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from idprobe.evidence.store import UNDER_LOAD, ProbeOutcome
from idprobe.model.exchange import Exchange, Request, Response
from idprobe.model.trace import Trace
from idprobe.observe.outage import without_interrupted

BEGUN: Final = datetime(2026, 11, 24, 20, 11, 5, tzinfo=UTC)
AWAY: Final = "no connection: All connection attempts failed"


def at(second: float, failure: str | None = None, origin: str = "http://127.0.0.1:9") -> Exchange:
    response = None if failure else Response(200)
    moment = BEGUN + timedelta(seconds=second)
    request = Request.get(f"{origin}/token")
    return Exchange(request, response, moment, 10**9, failure=failure)


def outcomes(**traces: list[Exchange]) -> dict[str, str]:
    made = {name: Trace(name, tuple(exchanges)) for name, exchanges in traces.items()}
    ended = {name: ProbeOutcome(name, "done") for name in made}
    return {name: one.outcome for name, one in without_interrupted(made, ended).items()}


def test_what_went_on_beyond_an_outage_is_not_believed() -> None:
    found = outcomes(across=[at(0), at(8)], before=[at(0), at(1)], hit=[at(5, AWAY)], none=[])

    assert found == {
        "across": "no_response",
        "before": "done",
        "hit": "no_response",
        "none": "done",
    }


def test_the_reason_says_when_the_server_was_away() -> None:
    traces = {"across": Trace("across", (at(0), at(5, AWAY), at(8)))}

    ended = without_interrupted(traces, {"across": ProbeOutcome("across", "done")})

    assert "took no connection at 20:11:10" in ended["across"].because


@pytest.mark.parametrize(
    "failed",
    [
        at(5, "the exchange broke off: reset"),
        at(5, "no complete response within 5 s"),
        at(5, AWAY, "http://127.0.0.1:10"),
    ],
)
def test_other_failures_and_places_that_never_answer_are_no_outage(failed: Exchange) -> None:
    assert outcomes(across=[at(0), at(8)], hit=[failed])["across"] == "done"


def test_what_fails_under_load_is_no_outage() -> None:
    found = outcomes(across=[at(0), at(8)], **{UNDER_LOAD: [at(5, AWAY)]})

    assert found == {"across": "done", UNDER_LOAD: "done"}
