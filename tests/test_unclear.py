"""What evidence cannot tell is said, and judged neither way."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from idprobe.errors import EvidenceError, Unsuited
from idprobe.model.exchange import (
    Connection,
    Exchange,
    Landing,
    LandingMode,
    Request,
    Response,
    Sender,
)
from idprobe.model.trace import Trace
from idprobe.reading.authorization.consents import consent_pages
from idprobe.reading.authorization.guesses import slowed_down
from idprobe.reading.authorization.landings import all_landings, open_redirects
from idprobe.reading.channels import (
    is_secure,
    requested_endpoints,
    served_without_tls,
    tls_hosts,
    tls_versions,
    without_tls,
)
from idprobe.reading.logout.logout_calls import logout_jwt, logout_token_header
from idprobe.reading.logout.logouts import asks_the_user, has_session, needs_session
from idprobe.reading.races import counted, smallest_window
from idprobe.reading.registered import (
    opens_configuration,
    refused_on_own_page,
    refused_registrations,
)
from idprobe.reading.tokens.issued import access_token_scope, tokens_of
from idprobe.reading.tokens.keys import integer_member
from idprobe.reading.tokens.protected import id_token_fact, opened_by, steps_below, userinfo_fact
from idprobe.reading.tokens.targets import scope_of_token
from idprobe.reading.tokens.token_responses import granted_scope

AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
CALLBACK: Final = "https://client.example/cb"
NOTHING: Final = Trace("probe", ())
EMPTY: Final = Response(204)


def told(status: int, **members: Any) -> Response:
    return Response(status, (("Content-Type", "application/json"),), json.dumps(members).encode())


def page(status: int, body: bytes) -> Response:
    return Response(status, (("Content-Type", "text/html"),), body)


def exchange(
    response: Response | None, step: str = "step", url: str = "https://id.example/x", **more: Any
) -> Exchange:
    request = Request.get(url, (("redirect_uri", CALLBACK),))
    failure = "timed out" if response is None else None
    return Exchange(request, response, AT, 1, step, failure=failure, **more)


def trace(*exchanges: Exchange, facts: Mapping[str, Mapping[str, Any]] | None = None) -> Trace:
    return Trace("probe", exchanges, facts or {})


def seen(response: Response | None, step: str = "step", **more: Any) -> Trace:
    return trace(exchange(response, step, **more))


def landing(*pairs: tuple[str, str]) -> Landing:
    return Landing(CALLBACK, LandingMode.QUERY, pairs)


def called(token: str, facts: Mapping[str, Mapping[str, Any]]) -> Trace:
    """Return the call of a server that tells one of our addresses of a logout."""
    request = Request.post_form("https://rp.example/out", (("logout_token", token),))
    call = Exchange(request, Response(200), AT, 1, "call", sender=Sender.SERVER)
    return trace(call, facts=facts)


TOKENS: Final = told(200, access_token="a", token_type="Bearer")


UNCLEAR: Final[Mapping[str, tuple[Callable[[], object], str]]] = {
    "no endpoint": (lambda: requested_endpoints(NOTHING), "no endpoint was asked"),
    "no endpoint of these": (
        lambda: without_tls(NOTHING, "token"),
        "none of these endpoints was asked",
    ),
    "an endpoint in silence": (lambda: is_secure(exchange(None)), "the endpoint does not answer"),
    "no hello": (lambda: tls_hosts(NOTHING), "no hello was said"),
    "a host in silence": (
        lambda: list(tls_versions(seen(None, "tls-1.2 id.example"))),
        "id.example answers no hello that we write ourselves",
    ),
    "a journey that ends early": (
        lambda: consent_pages(seen(EMPTY), "step"),
        "ends without a code",
    ),
    "a refusal in place of tokens": (
        lambda: tokens_of(seen(told(400)), "step"),
        "the step step brought no tokens",
    ),
    "a response without tokens": (
        lambda: tokens_of(seen(told(200)), "step"),
        "the step step brought no tokens",
    ),
    "a scope of a number": (
        lambda: access_token_scope(seen(told(200, access_token="a", scope=5)), "step", "api"),
        "the scope of the token is no text",
    ),
    "no scope told nor asked for": (
        lambda: granted_scope(exchange(TOKENS), None),
        "nobody said which scope the token has",
    ),
    "a key in base64": (
        lambda: integer_member({"n": "a+b"}, "n"),
        "n of a key is no base64url text",
    ),
    "a number in a key": (
        lambda: integer_member({"e": 65537}, "e"),
        "e of a key is no base64url text",
    ),
    "a key of a wrong length": (
        lambda: integer_member({"n": "abcde"}, "n"),
        "n of a key is no base64url text",
    ),
    "no landing": (
        lambda: all_landings(seen(EMPTY)),
        "no authorization response reached a redirect_uri",
    ),
    "a crash in place of a redirect": (
        lambda: open_redirects(seen(Response(500), "wrong")),
        "neither a grant nor a refusal",
    ),
    "no Logout Token": (
        lambda: logout_jwt(NOTHING, "call"),
        "the server sent no Logout Token to call",
    ),
    "no encrypted Logout Token": (
        lambda: logout_token_header(NOTHING, "call"),
        "the server sent no Logout Token to call",
    ),
    "a Logout Token that is no JWT": (
        lambda: logout_jwt(called("x", {"x": {"kind": "token"}}), "call"),
        "the logout_token is no JWT that can be read",
    ),
    "an error of the moment": (
        lambda: has_session(seen(EMPTY, landing=landing(("error", "server_error"))), "step"),
        "does not tell whether somebody is logged in",
    ),
    "no answer to prompt=none": (
        lambda: has_session(seen(EMPTY), "step"),
        "does not tell whether somebody is logged in",
    ),
    "no session before": (
        lambda: needs_session(seen(EMPTY, landing=landing(("error", "login_required"))), "step"),
        "no session can be seen before the logout",
    ),
    "no step": (lambda: asks_the_user(NOTHING, "leave"), "the trace of probe has no step 'leave'"),
    "no ID Token": (lambda: id_token_fact(seen(TOKENS), "step"), "the answer has no id_token"),
    "no userinfo": (lambda: userinfo_fact(seen(told(401)), "step"), "userinfo gave nothing"),
    "a token in the clear": (lambda: opened_by({"jwt": {}}), "the token is not encrypted"),
    "a crash at a registration": (
        lambda: opens_configuration(exchange(told(500))),
        "neither entry nor a refusal",
    ),
    "no refusal": (
        lambda: refused_registrations(seen(told(201, client_id="new"), "fault")),
        "no registration was refused",
    ),
    "no request alone": (
        lambda: smallest_window((), (exchange(None),), counted),
        "no request was answered that was sent alone",
    ),
    "a token that nobody knows": (
        lambda: scope_of_token(
            trace(exchange(TOKENS), exchange(told(200, active=False), "introspected-step")),
            "step",
        ),
        "introspection does not know the token of step",
    ),
    "a token whose scope nobody tells": (
        lambda: scope_of_token(
            trace(exchange(TOKENS), exchange(told(200, active=True), "introspected-step")),
            "step",
        ),
        "nothing tells the scope of the token of step",
    ),
}


@pytest.mark.parametrize(("read", "why"), UNCLEAR.values(), ids=UNCLEAR)
def test_what_cannot_be_told_is_no_verdict(read: Callable[[], object], why: str) -> None:
    with pytest.raises(EvidenceError, match=why):
        read()


def test_algorithms_that_are_not_offered_are_nothing_to_judge() -> None:
    with pytest.raises(Unsuited, match="none of the algorithms"):
        steps_below(seen(EMPTY, "tokens/plain"), "tokens")


def test_a_scope_may_be_told_as_a_list() -> None:
    said = told(200, active=True, scope=["api", "files"])
    found = trace(exchange(TOKENS), exchange(said, "introspected-step"))

    assert scope_of_token(found, "step") == {"api", "files"}


def test_a_userinfo_response_of_plain_json_has_no_facts() -> None:
    assert userinfo_fact(seen(told(200, sub="alice")), "step") == {}


@pytest.mark.parametrize(
    ("response", "is_slow"),
    [(Response(429), True), (Response(400, (("Retry-After", "5"),)), True), (told(400), False)],
)
def test_a_limit_for_guesses_is_seen_by_status_or_header(response: Response, is_slow: bool) -> None:
    assert slowed_down(seen(response, "guess/1")) is is_slow


@pytest.mark.parametrize(
    ("location", "is_plain"),
    [("https://id.example/x", False), ("http://id.example/y", True), ("/login", True)],
)
def test_a_redirect_to_https_serves_nobody_in_the_clear(location: str, is_plain: bool) -> None:
    led = exchange(Response(301, (("Location", location),)), url="http://id.example/x")

    assert served_without_tls(led) is is_plain


def test_the_version_that_a_host_chooses_is_told() -> None:
    hello = exchange(None, "tls-1.2 id.example", connection=Connection(tls_version="TLSv1.2"))

    assert list(tls_versions(trace(hello))) == [("id.example", "tls-1.2", "TLSv1.2")]


def test_a_stray_redirect_outweighs_what_is_unclear() -> None:
    led = exchange(Response(302, (("Location", "https://attacker.example"),)), "stray")

    assert open_redirects(trace(exchange(Response(500), "crash"), led)) == ["stray"]


@pytest.mark.parametrize(
    ("response", "landed", "is_turned"),
    [
        (EMPTY, landing(("error", "invalid_request")), False),
        (page(400, b"<p>Who asks?"), None, True),
        (page(200, b"<form><input type=password></form>"), None, False),
    ],
)
def test_an_error_that_reaches_the_client_turns_nobody_away(
    response: Response, landed: Landing | None, is_turned: bool
) -> None:
    assert refused_on_own_page(exchange(response, landing=landed)) is is_turned
