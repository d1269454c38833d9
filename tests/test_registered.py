"""Whether a client registered without redirect URIs is served at any, as answers show it."""

from datetime import UTC, datetime
from typing import Final

import pytest

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Exchange, Request, Response
from idprobe.model.trace import Trace
from idprobe.reading.registered import usable_without_redirect_uri

AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
HTML: Final = (("Content-Type", "text/html"),)
LOGIN: Final = Response(200, HTML, b"<form><input name=user><input type=password></form>")
ERROR: Final = Response(400, HTML, b"<h1>This request is not valid")
REGISTERED: Final = Response(201, (("Content-Type", "application/json"),), b'{"client_id": "new"}')


def seen(**answers: Response) -> Trace:
    """Return what a client without a redirect URI saw; the answers are of what it asked for."""
    request = Request.get("https://id.example/authorize", (("redirect_uri", "https://x.example"),))
    asked = [Exchange(request, answer, AT, 1, f"asked/{step}") for step, answer in answers.items()]
    return Trace("probe", (Exchange(request, REGISTERED, AT, 1, "code"), *asked))


def test_who_may_log_in_where_others_may_not_is_served() -> None:
    assert usable_without_redirect_uri(seen(control=LOGIN, stray=ERROR, code=LOGIN), "code")


def test_who_may_not_log_in_is_not_served() -> None:
    assert not usable_without_redirect_uri(seen(control=LOGIN, stray=ERROR, code=ERROR), "code")


def test_a_login_that_begins_at_any_redirect_uri_shows_nothing() -> None:
    with pytest.raises(EvidenceError, match="at any redirect URI"):
        usable_without_redirect_uri(seen(control=LOGIN, stray=LOGIN, code=LOGIN), "code")


def test_a_login_that_never_begins_shows_nothing() -> None:
    with pytest.raises(EvidenceError, match="cannot begin a login either"):
        usable_without_redirect_uri(seen(control=ERROR, stray=ERROR, code=ERROR), "code")
