from datetime import UTC, datetime

import pytest

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Exchange, Landing, LandingMode, Request, Response
from idprobe.model.trace import Trace
from idprobe.reading.authorization.landings import (
    accepts_redirect_uri,
    access_token_stopped_working,
    error_landings,
    experiments_ended,
    repeated_names,
    sends_to_redirect_uri,
    sent_value,
    steps_leading_to,
)

REGISTERED = "https://client.example/cb"
AT = datetime(2026, 1, 1, tzinfo=UTC)


def asked(redirect_uri: str, response: Response, landing: Landing | None = None) -> Trace:
    request = Request.get("https://id.example/authorize", (("redirect_uri", redirect_uri),))
    return Trace("probe", (Exchange(request, response, AT, 1, "step", landing=landing),))


def redirected(redirect_uri: str, location: str, *pairs: tuple[str, str]) -> Trace:
    landing = Landing(location, LandingMode.QUERY, pairs)
    query = "&".join(f"{name}={value}" for name, value in pairs)
    return asked(redirect_uri, Response(303, (("Location", f"{location}?{query}"),)), landing)


def test_a_code_means_that_the_redirect_uri_was_followed() -> None:
    assert accepts_redirect_uri(redirected(f"{REGISTERED}/", REGISTERED, ("code", "c")), "step")


def test_an_error_at_the_wrong_redirect_uri_means_that_it_was_followed() -> None:
    wrong = f"{REGISTERED}/"

    assert accepts_redirect_uri(redirected(wrong, wrong, ("error", "invalid_request")), "step")


def test_a_redirect_uri_is_followed_with_escapes_too() -> None:
    wrong, location = "https://a b<é>.example/cb", "https://a b<%C3%A9>.example/cb?code=c"

    assert accepts_redirect_uri(asked(wrong, Response(303, (("Location", location),))), "step")


def test_an_error_at_a_registered_redirect_uri_does_not_follow_the_wrong_one() -> None:
    trace = redirected(f"{REGISTERED}?x=1", REGISTERED, ("error", "invalid_request"))

    assert not accepts_redirect_uri(trace, "step")


def test_an_error_page_follows_nothing() -> None:
    page = Response(400, (("Content-Type", "text/html"),), b"<p>No such redirect_uri")

    assert not accepts_redirect_uri(asked("https://attacker.example/cb", page), "step")


def test_a_page_that_asks_who_somebody_is_does_not_tell_whether_it_was_followed() -> None:
    page = Response(200, (("Content-Type", "text/html"),), b"<form><input type=password></form>")
    trace = asked("https://attacker.example/cb", page)

    assert not sends_to_redirect_uri(trace, "step")
    with pytest.raises(EvidenceError, match="before the redirect_uri was judged"):
        accepts_redirect_uri(trace, "step")


@pytest.mark.parametrize(
    "body",
    [
        b'<form method="post" action="https://attacker.example/cb"><input name=code></form>',
        b'<meta http-equiv="refresh" content="0; url=https://attacker.example/cb?code=c">',
        b'<script>window.location.href = "https:\\/\\/attacker.example\\x2fcb?code=c"</script>',
        b"<script>location.replace('https://attacker.example/cb\\u0023code=c');</script>",
    ],
    ids=["form", "refresh", "script", "script that replaces"],
)
def test_a_page_that_leads_there_sends_the_browser_there(body: bytes) -> None:
    page = Response(200, (("Content-Type", "text/html"),), body)
    trace = asked("https://attacker.example/cb", page)

    assert sends_to_redirect_uri(trace, "step")
    assert accepts_redirect_uri(trace, "step")


HTML = ("Content-Type", "text/html")
ELSEWHERE = "https://attacker.example/cb"


@pytest.mark.parametrize(
    "response",
    [
        Response(302, (("Location", "https:/\\ATTACKER.example./cb"),)),
        Response(200, (("Refresh", f"1; url={ELSEWHERE}"),)),
        Response(200, (HTML,), f'<meta http-equiv=Refresh content="0;{ELSEWHERE}">'.encode()),
        Response(200, (HTML,), f'<form action="{ELSEWHERE}" method=post></form>'.encode()),
        Response(200, (HTML,), f'<script>location="{ELSEWHERE}"</script>'.encode()),
    ],
    ids=["redirect", "refresh-header", "refresh-of-a-page", "form", "script"],
)
def test_a_browser_is_sent_on_by_redirects_and_by_pages(response: Response) -> None:
    assert steps_leading_to(asked(ELSEWHERE, response), "attacker.example") == ["step"]


@pytest.mark.parametrize(
    "response",
    [
        Response(302, (("Location", f"/login?return_to={ELSEWHERE}"),)),
        Response(200, (("Refresh", f"1; url=/login?return_to={ELSEWHERE}"),)),
        Response(200, (HTML,), f'<form action="/login?return_to={ELSEWHERE}"></form>'.encode()),
        Response(200, (HTML,), f'<input type=hidden name=return_to value="{ELSEWHERE}">'.encode()),
        Response(200, (HTML,), f'<script>asked = {{location: "{ELSEWHERE}"}}</script>'.encode()),
    ],
    ids=["redirect", "refresh", "form", "field", "script"],
)
def test_an_address_that_is_passed_along_sends_nobody_there(response: Response) -> None:
    assert not steps_leading_to(asked(ELSEWHERE, response), "attacker.example")


def test_a_crash_does_not_tell_whether_the_redirect_uri_was_followed() -> None:
    with pytest.raises(EvidenceError):
        accepts_redirect_uri(asked("https://attacker.example/cb", Response(500)), "step")


def test_a_location_that_cannot_be_read_is_followed_nonetheless() -> None:
    uri = "https://attacker.example\\@client.example/cb"
    response = Response(303, (("Location", f"{uri}?code=c"),))

    assert accepts_redirect_uri(asked(uri, response), "step")


def test_sent_is_what_the_first_request_of_a_step_had() -> None:
    assert sent_value(asked(REGISTERED, Response(200)), "step", "redirect_uri") == REGISTERED


def test_a_parameter_that_was_not_sent_is_no_evidence() -> None:
    with pytest.raises(EvidenceError, match="has no state"):
        sent_value(asked(REGISTERED, Response(200)), "step", "state")


def test_controls_are_no_experiments() -> None:
    request = Request.get("https://id.example/authorize")
    steps = ("authorize", "wrong/1", "wrong", "control")
    trace = Trace("probe", tuple(Exchange(request, Response(400), AT, 1, s) for s in steps))

    assert [name for name, _ in experiments_ended(trace)] == ["wrong"]


def test_no_error_landing_is_no_evidence() -> None:
    with pytest.raises(EvidenceError):
        error_landings(redirected(REGISTERED, REGISTERED, ("code", "c")))


def test_repeated_names_are_told_once() -> None:
    pairs = (("error", "a"), ("state", "s"), ("error", "b"))

    assert repeated_names(Landing(REGISTERED, LandingMode.QUERY, pairs)) == ["error"]


def used(before: bytes, after: bytes) -> Trace:
    request = Request.post_form("https://id.example/introspect", (("token", "t"),))
    bodies = {"introspect-before": before, "introspect-after": after}
    return Trace(
        "probe",
        tuple(Exchange(request, Response(200, (), b), AT, 1, s) for s, b in bodies.items()),
    )


@pytest.mark.parametrize(
    ("after", "died"), [(b'{"active":false}', True), (b'{"active":true}', False)]
)
def test_introspection_tells_whether_a_token_died(after: bytes, died: bool) -> None:
    assert access_token_stopped_working(used(b'{"active":true}', after)) is died


def test_a_token_that_never_worked_did_not_die() -> None:
    with pytest.raises(EvidenceError):
        access_token_stopped_working(used(b'{"active":false}', b'{"active":false}'))
