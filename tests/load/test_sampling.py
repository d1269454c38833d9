"""What is kept of a run as evidence."""

import pytest

from idprobe.load.engine import responses
from idprobe.load.engine.encoded_requests import EncodedRequest
from idprobe.load.engine.responses import HeadCache, RawResponse, ResponseHead
from idprobe.load.engine.transport import Transport
from idprobe.load.measure.counters import Counters
from idprobe.load.measure.sampling import Samples, request_of, samples_text
from idprobe.model.exchange import Request
from idprobe.model.profile import Profile

PROFILE = Profile("t", "t.toml", "http://127.0.0.1")
TRANSPORT = Transport(PROFILE)
REQUEST = Request.post_form(
    "http://127.0.0.1/token?x=1", (("a", "b&c"),), headers=(("Accept", "application/json"),)
)
PACKET = EncodedRequest.of(REQUEST, TRANSPORT)
OK = RawResponse(ResponseHead.of(200, (("Content-Type", "text/plain"),), keep=True), b"ok")


def test_a_packet_is_the_request_that_it_was_made_of() -> None:
    again = request_of(PACKET)

    assert (again.method, again.url, again.body) == ("POST", REQUEST.url, REQUEST.body)
    assert set(REQUEST.headers) < set(again.headers)
    assert again.header("host") is again.header("content-length") is None


def test_a_few_of_each_kind_of_failure_are_kept() -> None:
    samples = Samples()

    for number in range(1000):
        samples.failed(PACKET, None if number % 2 else OK, 5, f"kind {number % 4}")

    steps = [exchange.step for exchange in samples.trace]
    assert len(steps) == 3 * 4
    assert {(one.response is None) == (one.failure is not None) for one in samples.trace} == {True}


def test_the_slowest_are_kept_slowest_first() -> None:
    samples = Samples()

    for elapsed in [*range(100, 200), *range(50, 100)]:
        if elapsed > samples.slow_ns:
            samples.slow(PACKET, OK, elapsed)

    assert [exchange.elapsed_ns for exchange in samples.trace] == list(range(199, 189, -1))


def test_what_came_before_the_run_is_forgotten() -> None:
    samples = Samples()
    samples.failed(PACKET, None, 5, "refused")
    samples.slow(PACKET, OK, 7)

    samples.forget()

    assert len(samples.trace) == 0


def test_a_run_without_samples_leaves_no_evidence() -> None:
    assert samples_text(Samples(), PROFILE) == ""


def test_names_that_a_server_makes_up_share_one_tally_beyond_a_bound() -> None:
    counters = Counters()

    names = [counters.of(f"GET /{number}").name for number in range(100)]

    assert len(set(names)) == 65
    assert names[64:] == ["further requests"] * 36


def test_heads_that_never_come_again_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "KNOWN_HEADS", 4)
    heads = HeadCache(100)

    for number in range(50):
        found = heads.whole(b"HTTP/1.1 200 OK\r\nX: %d\r\nContent-Length: 2\r\n\r\nok" % number)
        assert found is not None
        assert found.response().header("x") == str(number)

    assert len(heads._known) <= 4
