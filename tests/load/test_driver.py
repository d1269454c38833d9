"""Driving a flow with a sender that blocks."""

import pytest

from idprobe.errors import EvidenceError, UsageError
from idprobe.exchange import Request, Response
from idprobe.flows import Flow, HumanStep, Stopped, answer, client_credentials, ending
from idprobe.load.driver import drive
from idprobe.profile import Client, Profile, Provider

PROVIDER = Provider(
    Profile("t", "t.toml", "http://127.0.0.1", endpoints={"token_endpoint": "http://127.0.0.1/t"}),
    {},
    Client("service", "service", "secret"),
)
STEP = HumanStep(Request.get("http://127.0.0.1/a"), ("https://rp.example/cb",))


def two_gets() -> Flow[bytes]:
    first = yield from answer(Request.get("http://127.0.0.1/1"))
    second = yield from answer(Request.get("http://127.0.0.1/2"))
    return first.body + second.body


def test_a_flow_is_sent_each_answer_and_its_value_returned() -> None:
    assert drive(two_gets(), lambda request: Response(200, body=request.target)) == b"/1/2"


def test_the_flow_of_the_probes_runs_as_it_is() -> None:
    tokens = drive(
        client_credentials(PROVIDER), lambda _: Response(200, body=b'{"access_token":"a"}')
    )

    assert tokens.access_token == "a"


@pytest.mark.parametrize(
    "response", [Response(200, body=b"{}"), Response(401, body=b'{"error":"invalid_client"}')]
)
def test_a_wrong_answer_is_an_error_whatever_its_status(response: Response) -> None:
    with pytest.raises(EvidenceError):
        drive(client_credentials(PROVIDER), lambda _: response)


def test_what_the_sender_raises_ends_the_flow() -> None:
    flow = two_gets()

    with pytest.raises(EvidenceError, match="nothing is sent"):
        drive(flow, _unused)
    assert list(flow) == []


def test_a_login_needs_somebody_who_visits() -> None:
    def login() -> Flow[str]:
        ended = yield from ending(STEP)
        return ended.why if isinstance(ended, Stopped) else "landed"

    assert drive(login(), _unused, lambda s: Stopped(Response(200), s.request, "end")) == "end"
    with pytest.raises(UsageError, match="no user agent"):
        drive(login(), _unused)


def _unused(_request: Request) -> Response:
    raise EvidenceError("nothing is sent here")
