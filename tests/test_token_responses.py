"""Reading the two answers of a token endpoint."""

from datetime import UTC, datetime

import pytest

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Exchange, Request, Response
from idprobe.model.trace import Trace
from idprobe.reading.tokens.token_responses import (
    error_response,
    exchanges_with_errors,
    granted_scope,
    is_granted,
    texts_without_secrets,
    token_response,
)

TOKENS = b'{"access_token":"a","token_type":"Bearer","scope":"one two"}'
JSON = ("Content-Type", "application/json")


def answered(status: int, body: bytes = b"", *headers: tuple[str, str]) -> Exchange:
    request = Request.post_form("https://server.example/token", ())
    response = Response(status, (JSON, *headers), body)
    return Exchange(request, response, datetime(2026, 1, 1, tzinfo=UTC), 1, "step")


def test_a_response_with_tokens_is_granted_whatever_its_status() -> None:
    assert token_response(answered(201, TOKENS)).status == 201


@pytest.mark.parametrize("body", [b"{}", b'{"error":"invalid_grant"}', b""])
def test_a_response_without_tokens_is_not_granted(body: bytes) -> None:
    with pytest.raises(EvidenceError):
        token_response(answered(200, body))


@pytest.mark.parametrize("status", [400, 401, 404, 405])
def test_a_4xx_is_denied_in_whatever_form(status: int) -> None:
    assert error_response(answered(status, b"no JSON")).status == status


@pytest.mark.parametrize("status", [200, 302, 408, 429, 500, 503])
def test_an_overload_or_an_empty_success_is_not_denied(status: int) -> None:
    with pytest.raises(EvidenceError):
        error_response(answered(status, b"{}"))


def test_tokens_are_not_denied() -> None:
    with pytest.raises(EvidenceError):
        error_response(answered(200, TOKENS))


def test_served_tells_a_grant_from_a_refusal_and_from_neither() -> None:
    assert is_granted(answered(200, TOKENS))
    assert not is_granted(answered(400, b'{"error":"invalid_grant"}'))
    with pytest.raises(EvidenceError):
        is_granted(answered(200, b"{}"))


def test_the_scope_told_counts_before_the_scope_asked_for() -> None:
    assert granted_scope(answered(200, TOKENS), "three") == {"one", "two"}
    assert granted_scope(answered(200, b'{"access_token":"a"}'), "three") == {"three"}


def test_errors_are_found_only_where_an_error_answered() -> None:
    refusal = answered(400, b'{"error":"invalid_grant"}')
    trace = Trace("probe", (answered(200, TOKENS), refusal))

    assert exchanges_with_errors(trace) == [refusal]
    with pytest.raises(EvidenceError):
        exchanges_with_errors(Trace("probe", (answered(200, TOKENS),)))


def test_a_pseudonym_in_a_text_counts_as_what_its_secret_was() -> None:
    facts = {"\u2039code-1\u203a": {"vschar": True}, "\u2039code-2\u203a": {"vschar": False}}
    trace = Trace("probe", (), facts)

    assert texts_without_secrets(trace, "bad \u2039code-1\u203a") == "bad x"
    assert texts_without_secrets(trace, "bad \u2039code-2\u203a") == "bad \x00"
