"""What is wrong with the answer to a generated request, and what tells nothing of it."""

import json
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Exchange, Landing, LandingMode, Request, Response
from idprobe.model.trace import Trace
from idprobe.reading.properties.encodings import (
    flaw_garbled_scope_granted,
    flaw_in_answer,
    flaw_in_error_description,
    flaw_other_outcome,
    flaw_unknown_grant,
)
from idprobe.reading.properties.examples import Claim, Example
from idprobe.reading.properties.redirected import (
    flaw_redirect_uri_accepted,
    flaw_redirect_uri_refused,
)
from idprobe.reading.properties.returned import (
    flaw_nonce_changed,
    flaw_nonce_refused_or_changed,
    flaw_state_changed,
)
from idprobe.reading.properties.tampered import flaw_forged_token_active

AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
CALLBACK: Final = "https://client.example/cb"
TOKENS: Final = {"access_token": "a", "token_type": "Bearer"}
ASKED: Final = (
    ("redirect_uri", CALLBACK),
    ("scope", "api b\u00e4d"),
    ("state", "s"),
    ("nonce", "n"),
)
SILENCE: Final = "timed out"
UNREACHED: Final = "no connection: refused"
HTML: Final = "text/html"


def example(answer: Response | str, landing: Landing | None = None, step: str = "asked") -> Example:
    """Return an example of one request; a text is why it has no answer."""
    request = Request.get("https://id.example/authorize", ASKED)
    failed = isinstance(answer, str)
    asked = Exchange(
        request,
        None if isinstance(answer, str) else answer,
        AT,
        1,
        f"0/{step}",
        failure=str(answer) if failed else None,
        landing=landing,
    )
    return Example(Trace("properties", (asked,)), 0)


def told(status: int, **members: Any) -> Response:
    return Response(status, (("Content-Type", "application/json"),), json.dumps(members).encode())


def text(status: int, body: bytes, media_type: str = "text/plain") -> Response:
    return Response(status, (("Content-Type", media_type),), body)


def landed(*pairs: tuple[str, str]) -> Landing:
    return Landing(CALLBACK, LandingMode.QUERY, pairs)


@pytest.mark.parametrize(
    ("claim", "answer", "flaw"),
    [
        (flaw_unknown_grant, told(400, error="invalid_grant"), None),
        (
            flaw_unknown_grant,
            told(400, error="invalid_client"),
            "the error is invalid_client",
        ),
        (flaw_unknown_grant, told(400), "the answer is 400 and no OAuth error"),
        (flaw_unknown_grant, told(200, **TOKENS), "granted"),
        (flaw_in_answer, text(500, b"Traceback (most recent call last)"), "the answer is 500"),
        (
            flaw_in_answer,
            text(400, b"Traceback (most recent call last)"),
            "the answer shows a stack trace",
        ),
        (flaw_in_answer, SILENCE, "there is no answer: timed out"),
        (flaw_in_error_description, SILENCE, "there is no answer: timed out"),
        (
            flaw_in_error_description,
            told(400, error_description=["x"]),
            "error_description is no string",
        ),
        (
            flaw_in_error_description,
            told(400, error_description='say "x"'),
            "error_description has U+0022",
        ),
        (flaw_in_error_description, told(400, error_description="well"), None),
        (flaw_garbled_scope_granted, told(200, **TOKENS), "granted, and no other scope is told"),
        (flaw_garbled_scope_granted, told(200, **TOKENS, scope="api"), None),
        (flaw_garbled_scope_granted, told(200, **TOKENS, scope="api bd"), "granted"),
        (
            flaw_forged_token_active,
            told(200, active=True),
            "a token that was never issued is active",
        ),
        (flaw_forged_token_active, told(200, active=False), None),
        (flaw_forged_token_active, told(401, error="invalid_token"), None),
        (flaw_forged_token_active, text(500, b"oops"), "the answer is 500"),
        (
            flaw_redirect_uri_accepted,
            Response(302, (("Location", "/login"),)),
            "the browser is sent on",
        ),
        (flaw_redirect_uri_accepted, text(400, b"<p>No such redirect_uri", HTML), None),
        (
            flaw_redirect_uri_refused,
            text(400, b"<p>No such redirect_uri", HTML),
            "the redirect_uri is refused",
        ),
        (flaw_redirect_uri_refused, SILENCE, "there is no answer: timed out"),
    ],
)
def test_a_flaw_of_an_answer_is_told_in_words(
    claim: Claim, answer: Response | str, flaw: str | None
) -> None:
    assert claim(example(answer)) == flaw


@pytest.mark.parametrize(
    ("claim", "landing", "flaw"),
    [
        (flaw_redirect_uri_refused, landed(("code", "c")), None),
        (
            flaw_redirect_uri_refused,
            landed(("error", "server_error")),
            "it is refused: server_error",
        ),
        (flaw_state_changed, landed(("code", "c"), ("state", "s")), None),
        (flaw_state_changed, landed(("code", "c"), ("state", "S")), "the state comes back changed"),
        (flaw_state_changed, landed(("code", "c")), "the state comes back changed"),
        (flaw_nonce_refused_or_changed, landed(("error", "bad")), "the nonce is refused: bad"),
        (flaw_nonce_changed, landed(("error", "bad")), None),
    ],
)
def test_a_flaw_of_what_lands_is_told_in_words(claim: Claim, landing: Landing, flaw: str) -> None:
    step = "asked" if claim is flaw_redirect_uri_refused else "landing"

    assert claim(example(Response(303), landing, step)) == flaw


@pytest.mark.parametrize("claim", [flaw_state_changed, flaw_nonce_refused_or_changed])
def test_a_login_that_ends_in_silence_is_a_flaw(claim: Claim) -> None:
    assert claim(example(SILENCE, step="landing")) == "there is no answer: timed out"


def test_an_answer_and_none_do_not_come_out_alike() -> None:
    request = Request.get("https://id.example/token")
    one = Exchange(request, told(200, **TOKENS, scope="b a"), AT, 1, "0/one")
    other = Exchange(request, None, AT, 1, "0/other", failure=SILENCE)

    flaw = flaw_other_outcome(Example(Trace("properties", (one, other)), 0))

    assert flaw == "one way: granted a b, the other way: there is no answer: timed out"


@pytest.mark.parametrize(
    ("claim", "answer", "why"),
    [
        (flaw_in_answer, UNREACHED, "the server was not reached"),
        (flaw_in_answer, text(429, b"slow down"), "neither a grant nor a refusal"),
        (flaw_unknown_grant, text(503, b"busy"), "neither a grant nor a refusal"),
        (flaw_redirect_uri_refused, told(404), "neither a grant nor a refusal"),
    ],
)
def test_trouble_on_the_way_tells_nothing_of_an_answer(
    claim: Claim, answer: Response | str, why: str
) -> None:
    with pytest.raises(EvidenceError, match=why):
        claim(example(answer))


@pytest.mark.parametrize(
    ("claim", "landing", "why"),
    [
        (flaw_state_changed, None, "no authorization response reached the redirect_uri"),
        (flaw_nonce_refused_or_changed, None, "no step '0/tokens'"),
        (
            flaw_nonce_refused_or_changed,
            landed(("error", "temporarily_unavailable")),
            "temporarily unavailable",
        ),
    ],
)
def test_a_login_that_ends_elsewhere_tells_nothing(
    claim: Claim, landing: Landing | None, why: str
) -> None:
    with pytest.raises(EvidenceError, match=why):
        claim(example(text(200, b"<p>Who are you?", HTML), landing, "landing"))
