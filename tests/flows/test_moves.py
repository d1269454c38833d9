import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idprobe.errors import EvidenceError, UsageError
from idprobe.flows import HumanStep, Landed, Tokens, answer, ending
from idprobe.model.exchange import Landing, LandingMode, Request, Response

JSON = (("Content-Type", "application/json"),)


def reply(members: Any, status: int = 200) -> Response:
    return Response(status, JSON, json.dumps(members).encode())


def test_tokens_have_what_the_response_says() -> None:
    members = {
        "access_token": "at",
        "token_type": "Bearer",
        "expires_in": 60,
        "refresh_token": "rt",
        "id_token": "it",
        "scope": "api",
    }

    tokens = Tokens.from_response(reply(members))

    assert tokens == Tokens("at", "Bearer", 60, "rt", "it", "api")


def test_the_repr_of_tokens_shows_none_of_them() -> None:
    shown = repr(Tokens("secret-at", "Bearer", 60, "secret-rt", "secret-it", "api"))

    assert "secret" not in shown


def test_members_of_a_wrong_type_count_as_absent() -> None:
    tokens = Tokens.from_response(
        reply({"access_token": "at", "expires_in": "60", "refresh_token": 1, "scope": ["a"]})
    )

    assert tokens == Tokens("at")


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (reply({"error": "invalid_grant"}, 400), "status 400 and error invalid_grant"),
        (reply({"error": "<script>"}, 400), "error of an unusual form"),
        (reply({}, 500), "status 500"),
        (reply({"access_token": "at"}, 201), "status 201"),
        (reply({"token_type": "Bearer"}), "no access_token"),
        (reply({"access_token": ""}), "no access_token"),
        (reply({"access_token": 7}), "no access_token"),
        (reply([]), "not an object"),
        (Response(200, JSON, b"<html>"), "not JSON"),
    ],
)
def test_a_response_without_tokens_is_an_evidence_error_that_says_why(
    response: Response, words: str
) -> None:
    with pytest.raises(EvidenceError, match=words):
        Tokens.from_response(response)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode), st.integers(100, 599))
def test_no_error_shows_the_body(body: bytes, status: int) -> None:
    marked = b'{"error_description": "SECRET' + body

    with pytest.raises(EvidenceError) as caught:
        Tokens.from_response(Response(status, JSON, marked))

    assert "SECRET" not in str(caught.value)


def test_a_driver_that_mixes_up_answers_is_told() -> None:
    request = Request.get("https://op.test/")
    landed = Landed(Landing("https://rp.test/cb", LandingMode.QUERY, ()))
    asking, stepping = answer(request), ending(HumanStep(request, ()))
    next(asking)
    next(stepping)

    with pytest.raises(UsageError):
        asking.send(landed)
    with pytest.raises(UsageError):
        stepping.send(Response(200))
