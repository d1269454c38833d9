"""What is wrong with the answer to a generated request, and what tells nothing of it."""

import json
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Exchange, Landing, LandingMode, Request, Response
from idprobe.model.trace import Trace
from idprobe.reading.properties.encodings import (
    UNKNOWN_GRANT,
    answered_well,
    described_well,
    grants_nothing_garbled,
    same_outcome,
)
from idprobe.reading.properties.examples import Claim, Example
from idprobe.reading.properties.redirected import landed_there, not_followed
from idprobe.reading.properties.returned import nonce_echoed, nonce_unchanged, state_unchanged
from idprobe.reading.properties.tampered import inactive

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
        (UNKNOWN_GRANT, told(400, error="invalid_grant"), ""),
        (UNKNOWN_GRANT, told(400, error="invalid_client"), "the error is invalid_client"),
        (UNKNOWN_GRANT, told(400), "the answer is 400 and no OAuth error"),
        (UNKNOWN_GRANT, told(200, **TOKENS), "granted"),
        (answered_well, text(500, b"Traceback (most recent call last)"), "the answer is 500"),
        (
            answered_well,
            text(400, b"Traceback (most recent call last)"),
            "the answer shows a stack trace",
        ),
        (answered_well, SILENCE, "there is no answer: timed out"),
        (described_well, SILENCE, "there is no answer: timed out"),
        (described_well, told(400, error_description=["x"]), "error_description is no string"),
        (described_well, told(400, error_description='say "x"'), "error_description has U+0022"),
        (described_well, told(400, error_description="well"), ""),
        (grants_nothing_garbled, told(200, **TOKENS), "granted, and no other scope is told"),
        (grants_nothing_garbled, told(200, **TOKENS, scope="api"), ""),
        (grants_nothing_garbled, told(200, **TOKENS, scope="api bd"), "granted"),
        (inactive, told(200, active=True), "a token that was never issued is active"),
        (inactive, told(200, active=False), ""),
        (inactive, told(401, error="invalid_token"), ""),
        (inactive, text(500, b"oops"), "the answer is 500"),
        (not_followed, Response(302, (("Location", "/login"),)), "the browser is sent on"),
        (not_followed, text(400, b"<p>No such redirect_uri", HTML), ""),
        (landed_there, text(400, b"<p>No such redirect_uri", HTML), "the redirect_uri is refused"),
        (landed_there, SILENCE, "there is no answer: timed out"),
    ],
)
def test_a_flaw_of_an_answer_is_told_in_words(
    claim: Claim, answer: Response | str, flaw: str
) -> None:
    assert claim(example(answer)) == flaw


@pytest.mark.parametrize(
    ("claim", "landing", "flaw"),
    [
        (landed_there, landed(("code", "c")), ""),
        (landed_there, landed(("error", "server_error")), "it is refused: server_error"),
        (state_unchanged, landed(("code", "c"), ("state", "s")), ""),
        (state_unchanged, landed(("code", "c"), ("state", "S")), "the state comes back changed"),
        (state_unchanged, landed(("code", "c")), "the state comes back changed"),
        (nonce_unchanged, landed(("error", "bad")), "the nonce is refused: bad"),
        (nonce_echoed, landed(("error", "bad")), ""),
    ],
)
def test_a_flaw_of_what_lands_is_told_in_words(claim: Claim, landing: Landing, flaw: str) -> None:
    step = "asked" if claim is landed_there else "landing"

    assert claim(example(Response(303), landing, step)) == flaw


@pytest.mark.parametrize("claim", [state_unchanged, nonce_unchanged])
def test_a_login_that_ends_in_silence_is_a_flaw(claim: Claim) -> None:
    assert claim(example(SILENCE, step="landing")) == "there is no answer: timed out"


def test_an_answer_and_none_do_not_come_out_alike() -> None:
    request = Request.get("https://id.example/token")
    one = Exchange(request, told(200, **TOKENS, scope="b a"), AT, 1, "0/one")
    other = Exchange(request, None, AT, 1, "0/other", failure=SILENCE)

    flaw = same_outcome(Example(Trace("properties", (one, other)), 0))

    assert flaw == "one way: granted a b, the other way: there is no answer: timed out"


@pytest.mark.parametrize(
    ("claim", "answer", "why"),
    [
        (answered_well, UNREACHED, "the server was not reached"),
        (answered_well, text(429, b"slow down"), "neither a grant nor a refusal"),
        (UNKNOWN_GRANT, text(503, b"busy"), "neither a grant nor a refusal"),
        (landed_there, told(404), "neither a grant nor a refusal"),
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
        (state_unchanged, None, "no authorization response reached the redirect_uri"),
        (nonce_unchanged, None, "no step '0/tokens'"),
        (
            nonce_unchanged,
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
