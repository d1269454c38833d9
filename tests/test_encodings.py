"""How scopes that were granted are read, and credentials are written."""

from datetime import UTC, datetime

import pytest

from idprobe.model.exchange import Exchange, Request, Response
from idprobe.model.trace import Trace
from idprobe.probes.clients.client_authentication import with_colons
from idprobe.reading.properties.encodings import flaw_wider_scope
from idprobe.reading.properties.examples import Example

TOKEN = "https://id.example/token"
JSON = (("Content-Type", "application/json"),)


def exchange(step: str, request: Request, body: bytes = b"") -> Exchange:
    response = Response(200, JSON if body else (), body)
    return Exchange(request, response, datetime(2026, 1, 1, tzinfo=UTC), 1, step)


@pytest.mark.parametrize(("asked", "flaw"), [("api", None), ("api openid", "granted openid too")])
def test_what_was_granted_without_a_word_is_what_the_login_began_with(
    asked: str, flaw: str | None
) -> None:
    begun = Request.get("https://id.example/authorize", (("scope", "api api.read"),))
    refreshing = Request.post_form(TOKEN, (("grant_type", "refresh_token"), ("scope", asked)))
    exchanges = (
        exchange("0/login/1", begun),
        exchange("0/login", Request.post_form("https://id.example/consent", (("go", "1"),))),
        exchange("0/tokens", Request.post_form(TOKEN, ()), b'{"access_token": "a"}'),
        exchange("0/refreshed", refreshing, b'{"access_token": "b"}'),
    )

    assert flaw_wider_scope(Example(Trace("scopes_refreshed", exchanges), 0)) == flaw


def test_a_client_id_keeps_its_colon_escaped_beside_a_password_with_colons() -> None:
    octets = with_colons(b"https%3A%2F%2Fclient.example:a%3Ab%25")

    assert octets == b"https%3A%2F%2Fclient.example:a:b%25"
