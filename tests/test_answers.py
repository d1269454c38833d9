"""What an answer means: given, refused, or neither, which accuses and excuses nobody."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Exchange, Landing, LandingMode, Request, Response
from idprobe.model.trace import Trace
from idprobe.reading.answers import (
    error_code,
    gives_tokens,
    is_error_page,
    is_token_accepted,
    refused,
    refused_by_challenge,
    token_error,
)
from idprobe.reading.refusals import flaw_in_refusals, flaw_not_refused, refused_as

JSON: Final = ("Content-Type", "application/json")
INVALID_TOKEN: Final = ("WWW-Authenticate", 'Bearer error="invalid_token"')
GRANT: Final = {"code", "access_token", "id_token", "refresh_token"}


def exchange(
    response: Response | None, landing: dict[str, str] | None = None, step: str = "try"
) -> Exchange:
    went = landing and Landing("https://c/cb", LandingMode.QUERY, tuple(landing.items()))
    failure = None if response else "timed out"
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    request = Request.get("http://127.0.0.1:9/token")
    return Exchange(request, response, begun, 1, step, failure, landing=went or None)


def said(
    status: int, members: Any = None, *headers: tuple[str, str], step: str = "try"
) -> Exchange:
    body = b"" if members is None else json.dumps(members).encode()
    return exchange(Response(status, headers or (JSON,), body), step=step)


def landed(**parameters: str) -> Exchange:
    return exchange(Response(302, (("Location", "https://c/cb"),)), parameters)


def page(status: int, body: str = "<p>no", kind: str = "text/html; charset=utf-8") -> Exchange:
    return exchange(Response(status, (("Content-Type", kind),), body.encode()))


SILENCE: Final = exchange(None)
READERS: Final[list[Callable[[Exchange], object]]] = [
    *(error_code, gives_tokens, token_error, refused, refused_by_challenge, is_token_accepted),
]


@pytest.mark.parametrize("read", READERS)
def test_silence_means_nothing(read: Callable[[Exchange], object]) -> None:
    with pytest.raises(EvidenceError, match="timed out"):
        read(SILENCE)


@pytest.mark.parametrize("name", sorted(GRANT))
def test_a_code_or_a_token_is_given_by_body_or_by_redirect(name: str) -> None:
    assert gives_tokens(said(200, {name: "x"}))
    assert gives_tokens(landed(state="s", **{name: "x"}))


@pytest.mark.parametrize(
    "answer",
    [
        said(400, {"access_token": "x"}),
        said(200, {"expires_in": 1}),
        said(200, ["access_token"]),
        said(200),
        landed(state="s"),
        landed(access_token=""),
        landed(error="access_denied"),
    ],
)
def test_nothing_is_given_by_anything_else(answer: Exchange) -> None:
    assert not gives_tokens(answer)


def test_the_error_of_a_landing_comes_before_that_of_a_body() -> None:
    both = exchange(Response(302, (JSON,), b'{"error": "of-body"}'), {"error": "of-landing"})

    assert error_code(both) == "of-landing"
    assert error_code(said(400, {"error": "of-body"})) == "of-body"
    assert error_code(said(400)) is None


@pytest.mark.parametrize("status", [400, 401, 403, 405, 413, 414, 415, 422, 431])
def test_an_oauth_error_with_a_status_for_it_is_a_refusal(status: int) -> None:
    assert refused(said(status, {"error": "invalid_request"}))


@pytest.mark.parametrize("status", [200, 201, 202])
def test_an_oauth_error_with_the_status_of_a_success_is_a_refusal(status: int) -> None:
    answer = said(status, {"error": "invalid_grant"})

    assert refused(answer)
    assert token_error(answer) == "invalid_grant"
    assert not is_token_accepted(answer)


@pytest.mark.parametrize("status", [402, 404, 408, 409, 418, 429, 500, 503])
def test_an_oauth_error_with_another_status_is_none(status: int) -> None:
    answer = said(status, {"error": "invalid_request"})

    with pytest.raises(EvidenceError, match="neither a grant nor a refusal") as doubt:
        refused(answer)

    assert str(answer) in str(doubt.value)


@pytest.mark.parametrize(
    "answer", [said(400), said(401, {"message": "no"}), said(302), said(403), said(404), said(429)]
)
def test_a_status_alone_is_no_refusal(answer: Exchange) -> None:
    with pytest.raises(EvidenceError, match="neither a grant nor a refusal"):
        refused(answer)


def test_a_bare_401_is_a_refusal_without_an_oauth_error() -> None:
    assert refused(said(401))
    with pytest.raises(EvidenceError, match="no OAuth error"):
        token_error(said(401))


@pytest.mark.parametrize(
    "answer", [said(200, {"access_token": "x"}), said(204), said(200, {}), landed(code="x")]
)
def test_what_was_given_was_not_refused(answer: Exchange) -> None:
    assert not refused(answer)


def test_a_grant_beside_an_error_is_a_grant() -> None:
    assert not refused(landed(code="x", error="access_denied"))
    assert not refused(said(200, {"access_token": "x", "error": "invalid_grant"}))


def test_a_redirect_is_a_refusal_if_it_brings_an_error() -> None:
    assert refused(landed(error="access_denied"))


def test_a_redirect_that_brings_nothing_is_neither() -> None:
    answer = landed(state="s")

    with pytest.raises(EvidenceError, match="neither a grant nor an error") as doubt:
        refused(answer)

    assert str(answer) in str(doubt.value)


def test_a_redirect_is_judged_by_what_it_brings_and_not_by_its_body() -> None:
    body = exchange(Response(400, (JSON,), b'{"error": "access_denied"}'), {"state": "s"})

    with pytest.raises(EvidenceError, match="neither a grant nor an error"):
        refused(body)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_bearer_challenge_with_an_error_is_a_refusal(status: int) -> None:
    answer = said(status, None, ("WWW-Authenticate", "Basic, Bearer error=invalid_token"))

    assert refused_by_challenge(answer)
    assert refused(answer)


@pytest.mark.parametrize(
    "answer",
    [
        said(404, None, INVALID_TOKEN),
        said(200, None, INVALID_TOKEN),
        said(401, None, ("WWW-Authenticate", 'Bearer realm="x"')),
        said(401, None, ("WWW-Authenticate", 'Bearer error=""')),
        said(401, None, ("WWW-Authenticate", "DPoP error=invalid_token")),
        said(401),
    ],
)
def test_another_challenge_is_none(answer: Exchange) -> None:
    assert not refused_by_challenge(answer)


def is_page(answer: Exchange) -> bool:
    return is_error_page(answer.answered)


@pytest.mark.parametrize("kind", ["text/html", "application/xhtml+xml", "text/plain"])
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 405, 414, 422, 431])
def test_a_page_that_tells_of_an_error_is_a_refusal(status: int, kind: str) -> None:
    assert is_page(page(status, kind=kind))
    assert refused(page(status, kind=kind))


@pytest.mark.parametrize(
    "answer",
    [
        *(page(status) for status in (201, 402, 409, 429, 500, 502, 503)),
        *(page(400, kind=kind) for kind in ("application/json", "text/css", "image/png")),
        *(
            page(200, f"<form><input type={kind}></form>")
            for kind in ("password", "PASSWORD", "text", "email", "tel", '""')
        ),
        page(200, "<form><input name=username></form>"),
        exchange(Response(400)),
    ],
)
def test_other_pages_are_no_refusals(answer: Exchange) -> None:
    assert not is_page(answer)


def test_a_page_may_have_buttons() -> None:
    assert is_page(page(400, "<form><input type=submit><input type=hidden></form>"))


def test_a_page_that_sends_elsewhere_is_no_error_page() -> None:
    headers = (("Content-Type", "text/html"), ("Location", "https://id.example/login"))

    assert not is_error_page(Response(302, headers, b"<p>no"))


def test_a_long_page_is_read_as_far_as_our_bound_is() -> None:
    bound = 262_144

    assert is_page(page(400, "no " * bound))
    assert not is_page(page(400, "<input type=text>" + "no " * bound))
    assert is_page(page(400, "no " * bound + "<input type=text>"))


def test_a_page_in_another_encoding_is_read_as_far_as_it_can_be() -> None:
    response = Response(400, (("Content-Type", "text/html"),), b"\xff<p>\xe4<input type=password>")

    assert not is_error_page(response)


def test_a_refusal_at_the_token_endpoint_has_an_oauth_error() -> None:
    assert token_error(said(400, {"error": "invalid_grant"})) == "invalid_grant"
    assert token_error(said(200, {"access_token": "x"})) is None


def test_a_page_at_the_token_endpoint_is_no_oauth_error() -> None:
    answer = page(400)

    with pytest.raises(EvidenceError, match="the refusal has no OAuth error") as doubt:
        token_error(answer)

    assert str(answer) in str(doubt.value)


@pytest.mark.parametrize(
    "answer",
    [
        said(200, {"sub": "alice"}),
        said(200, {"active": True}),
        said(204, None, ("Content-Type", "text/plain")),
        page(200, '{"active": false}'),
    ],
)
def test_a_token_that_was_served_is_active(answer: Exchange) -> None:
    assert is_token_accepted(answer)


@pytest.mark.parametrize(
    "answer",
    [
        said(200, {"active": False}),
        said(200, {"active": "true"}),
        *(said(status, {"active": True}) for status in (400, 401, 403)),
    ],
)
def test_a_token_that_was_denied_is_not(answer: Exchange) -> None:
    assert not is_token_accepted(answer)


@pytest.mark.parametrize("status", [302, 402, 404, 429, 500])
def test_another_answer_does_not_tell_whether_a_token_is_active(status: int) -> None:
    answer = said(status)

    with pytest.raises(EvidenceError, match="neither service nor refusal") as doubt:
        is_token_accepted(answer)

    assert str(answer) in str(doubt.value)


def test_a_refusal_has_one_of_the_codes_that_are_wanted() -> None:
    assert refused_as(said(400, {"error": "invalid_grant"}), "invalid_grant", "invalid_request")
    assert refused_as(landed(error="access_denied"), "access_denied")
    assert not refused_as(said(200, {"access_token": "x"}), "invalid_grant")


@pytest.mark.parametrize("answer", [said(400, {"error": "invalid_client"}), page(400)])
def test_a_refusal_with_another_code_is_about_something_else(answer: Exchange) -> None:
    with pytest.raises(EvidenceError, match="about something else") as doubt:
        refused_as(answer, "invalid_grant")

    assert str(answer) in str(doubt.value)


def trace(**answers: tuple[int, dict[str, str]]) -> Trace:
    return Trace("probe", tuple(said(*answer, step=step) for step, answer in answers.items()))


GIVEN: Final = (200, {"access_token": "x"})
DENIED: Final = (401, {"error": "invalid_client"})


def test_what_was_taken_of_several_is_told() -> None:
    found = trace(one=GIVEN, two=DENIED, three=GIVEN)

    assert flaw_not_refused(found, "one", "two", "three") == "one, three"
    assert flaw_not_refused(found, "two") is None


def test_what_is_wrong_with_refusals_of_clients_is_told() -> None:
    odd = (403, {"error": "invalid_grant"})
    found = trace(one=GIVEN, two=DENIED, three=odd, four=(400, {"error": "invalid_client"}))

    assert flaw_in_refusals(found, "two", "four") is None
    assert flaw_in_refusals(found, "one", "three", "two") == (
        "one is taken; three: the error is invalid_grant; three: the status is 403"
    )
    assert flaw_in_refusals(found, "three", codes=("invalid_grant",)) == "three: the status is 403"


def test_a_refusal_of_a_client_without_a_code_is_no_evidence() -> None:
    answer = page(400)

    with pytest.raises(EvidenceError, match="has no OAuth error") as doubt:
        flaw_in_refusals(Trace("probe", (answer,)), "try")

    assert str(answer) in str(doubt.value)
