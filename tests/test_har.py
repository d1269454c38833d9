from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idprobe.errors import EvidenceError
from idprobe.evidence.har import from_har, to_har
from idprobe.model.exchange import (
    Agent,
    Connection,
    Exchange,
    Landing,
    LandingMode,
    Request,
    Response,
    Sender,
)
from idprobe.model.trace import Trace

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
headers = st.lists(st.tuples(texts, texts), max_size=4).map(tuple)
requests = st.builds(
    Request,
    method=st.sampled_from(["GET", "POST", "PUT", "BREW"]),
    origin=st.sampled_from(["http://127.0.0.1:8080", "https://id.example"]),
    target=st.binary(max_size=60).map(lambda rest: b"/" + rest),
    headers=headers,
    body=st.binary(max_size=60),
    agent=st.sampled_from(Agent),
)
responses = st.builds(
    Response,
    status=st.integers(100, 599),
    headers=headers,
    body=st.binary(max_size=60),
    http_version=st.sampled_from(["HTTP/1.1", "HTTP/2"]),
    reason=texts,
    truncated=st.booleans(),
)
landings = st.builds(
    Landing, redirect_uri=texts, mode=st.sampled_from(LandingMode), parameters=headers
)
connections = st.builds(
    Connection,
    peer=st.none() | texts,
    tls_version=st.none() | texts,
    tls_cipher=st.none() | texts,
    certificate_sha256=st.none() | texts,
    tls_offer=st.none() | texts,
    tls_end=st.none() | texts,
    closed=st.none() | st.booleans(),
)
moments = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 -- the strategy adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


printable = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)


@st.composite
def exchanges(draw: st.DrawFn) -> Exchange:
    failure = draw(st.none() | printable)
    return Exchange(
        request=draw(requests),
        response=draw(responses) if failure is None else None,
        started_at=draw(moments),
        elapsed_ns=draw(st.integers(0, 10**12)),
        step=draw(texts),
        failure=failure,
        sender=draw(st.sampled_from(Sender)),
        connection=draw(connections),
        landing=draw(st.none() | landings),
        retried=draw(st.integers(0, 3)),
    )


traces = st.builds(
    Trace,
    probe=st.from_regex(r"[a-z_]{1,20}", fullmatch=True),
    exchanges=st.lists(exchanges(), max_size=3).map(tuple),
    facts=st.dictionaries(texts, st.dictionaries(texts, st.integers(0, 9), max_size=2), max_size=2),
    redacted=st.booleans(),
)


@given(traces)
def test_a_trace_survives_har(trace: Trace) -> None:
    assert from_har(to_har(trace)) == trace


def foreign_entry() -> dict[str, Any]:
    return {
        "startedDateTime": "2026-01-02T03:04:05.000Z",
        "time": 12.5,
        "request": {
            "method": "GET",
            "url": "https://id.example/.well-known/openid-configuration?x=1",
            "headers": [{"name": "Accept", "value": "*/*"}],
        },
        "response": {
            "status": 200,
            "statusText": "OK",
            "httpVersion": "HTTP/1.1",
            "headers": [{"name": "Content-Type", "value": "application/json"}],
            "content": {"text": "{}"},
        },
    }


def test_somebody_elses_har_is_read_as_foreign() -> None:
    trace = from_har({"log": {"entries": [foreign_entry()]}}, "discovery")

    (exchange,) = trace.exchanges
    assert trace.probe == "discovery"
    assert not trace.redacted
    assert exchange.sender is Sender.FOREIGN
    assert exchange.request.target == b"/.well-known/openid-configuration?x=1"
    assert exchange.answered.json == {}
    assert exchange.elapsed_ns == 12_500_000


@pytest.mark.parametrize(
    "document",
    [None, [], {}, {"log": []}, {"log": {"entries": [{}]}}, {"log": {"entries": 3}}],
    ids=["null", "list", "empty", "log-is-a-list", "empty-entry", "entries-is-a-number"],
)
def test_a_har_that_is_none_is_an_evidence_error(document: object) -> None:
    with pytest.raises(EvidenceError):
        from_har(document)


def test_a_har_without_a_time_zone_is_an_evidence_error() -> None:
    entry = foreign_entry() | {"startedDateTime": "2026-01-02T03:04:05"}

    with pytest.raises(EvidenceError, match="time zone"):
        from_har({"log": {"entries": [entry]}})
