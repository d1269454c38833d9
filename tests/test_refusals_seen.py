"""What a refusal, a body and a key are taken for when they come in an unusual form."""

from datetime import UTC, datetime
from typing import Any

import pytest

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Exchange, Request, Response
from idprobe.reading.answers import is_error_page, refused
from idprobe.reading.tokens.issued import verifier_of

CHALLENGE = 'Bearer realm="x", error="invalid_token"'


def exchange(status: int, *headers: tuple[str, str], body: bytes = b"") -> Exchange:
    request = Request.get("http://127.0.0.1/userinfo")
    return Exchange(request, Response(status, headers, body), datetime(2026, 1, 1, tzinfo=UTC), 5)


def test_a_challenge_with_an_error_is_a_refusal_without_a_body() -> None:
    assert refused(exchange(401, ("WWW-Authenticate", CHALLENGE)))


@pytest.mark.parametrize(
    ("status", "challenge"), [(403, "Bearer"), (403, 'Basic error="x"'), (503, CHALLENGE)]
)
def test_another_challenge_is_no_refusal(status: int, challenge: str) -> None:
    with pytest.raises(EvidenceError, match="neither"):
        refused(exchange(status, ("WWW-Authenticate", challenge)))


def test_what_was_cut_is_not_read_as_json() -> None:
    with pytest.raises(EvidenceError, match="was cut"):
        _ = Response(200, (), b"{}", truncated=True).json


def test_what_is_encoded_is_not_read_as_json() -> None:
    with pytest.raises(EvidenceError, match="encoded as gzip"):
        _ = Response(200, (("Content-Encoding", "GZIP"),), b"{}").json


def test_a_number_of_any_length_is_a_number() -> None:
    assert Response(200, (), b'{"n": ' + b"9" * 5000 + b"}").json == {"n": float("inf")}


def test_a_page_that_nests_too_deep_is_not_parsed() -> None:
    response = Response(400, (("Content-Type", "text/html"),), b"<div><b>" * 20_000)

    with pytest.raises(EvidenceError, match="too deep"):
        is_error_page(response)


@pytest.mark.parametrize("url", ["http://[::1", "http://x:99999/", "//x", "nothing"])
def test_an_address_that_cannot_be_read_is_no_request(url: str) -> None:
    with pytest.raises(EvidenceError, match="URL"):
        Request.get(url)


@pytest.mark.parametrize("found", [None, {"kid": "a"}])
def test_a_key_verifies_or_none_does(found: dict[str, Any] | None) -> None:
    assert verifier_of({"jwt": {}, "verified_by": found}) == found


def test_nobody_is_accused_where_keys_could_not_be_read() -> None:
    with pytest.raises(EvidenceError, match="keys could not be read"):
        verifier_of({"jwt": {}})
