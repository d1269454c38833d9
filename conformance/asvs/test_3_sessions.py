"""OWASP ASVS sections 3 and 4: the session that a login begins."""

from collections.abc import Iterator

from idprobe.checks import (
    EvidenceError,
    Exchange,
    Trace,
    carries_password,
    gives_tokens,
    has_session,
    is_login_page,
    is_user_page,
    requirement,
)


def since_password(trace: Trace) -> list[Exchange]:
    """Return the journey from the password on; raises EvidenceError if none was given."""
    journey = trace.steps("journey")
    places = [place for place, e in enumerate(journey) if carries_password(e.request)]
    if not places:
        raise EvidenceError("no request with a password was seen on the way")
    return list(journey[places[0] :])


def cookies_of(exchanges: list[Exchange]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield NAME=VALUE and the attributes of each cookie that is set; EvidenceError without."""
    lines = [line for e in exchanges for line in e.answered.all_headers("set-cookie")]
    if not lines:
        raise EvidenceError("the login sets no cookie")
    for line in lines:
        pair, *attributes = line.split(";")
        yield pair.strip(), frozenset(one.strip().lower() for one in attributes)


SECRETS = {"access_token", "refresh_token", "id_token", "password"}


@requirement("ASVS-3.1.1/no-tokens-in-addresses")
def test_addresses_of_pages_carry_no_tokens(user_pages: Trace) -> None:
    """On the way through login and consent no address has a token, a password or the code."""
    landing = user_pages["journey"].landing
    code = landing.get("code") if landing is not None else None
    if code is None:
        raise EvidenceError("the journey ends without a code")
    for exchange in user_pages.steps("journey"):
        user_pages.decide(exchange)
        found = [n for n, value in exchange.request.query if n in SECRETS or value == code]
        assert not found, f"{exchange.request.path} has {', '.join(found)} in its query"


@requirement("ASVS-3.2.1/session-renewed-at-login")
def test_login_begins_a_new_session(user_pages: Trace) -> None:
    """A browser that had a cookie before the login has another one after it."""
    exchanges = since_password(user_pages)
    had = set((exchanges[0].request.header("cookie") or "").split("; ")) - {""}
    if not had:
        return
    lines = [line for e in exchanges for line in e.answered.all_headers("set-cookie")]
    new = {line.partition(";")[0].strip() for line in lines} - had
    assert new, "the login goes on with the cookies of before"


@requirement("ASVS-3.3.1/session-ends-at-logout")
def test_cookies_of_before_the_logout_are_nobodys(logout_by_get: Trace) -> None:
    """Who kept the cookies of a session is not logged in by them after the logout."""
    if not has_session(logout_by_get, "before") or has_session(logout_by_get, "after"):
        raise EvidenceError("the logout ended no session")
    assert not has_session(logout_by_get, "replayed"), "the old cookies still are a session"


@requirement("ASVS-3.4.1/cookies-secure")
def test_cookies_of_a_login_are_secure(user_pages: Trace) -> None:
    """Every cookie that a login sets is for TLS alone."""
    for pair, attributes in cookies_of(since_password(user_pages)):
        assert "secure" in attributes, f"{pair.partition('=')[0]} is not Secure"


@requirement("ASVS-3.4.2/session-cookie-http-only")
def test_scripts_cannot_read_the_session(user_pages: Trace) -> None:
    """A login sets a cookie that no script can read."""
    found = list(cookies_of(since_password(user_pages)))
    assert any("httponly" in attributes for _, attributes in found), "no cookie is HttpOnly"


@requirement("ASVS-3.4.3/session-cookie-same-site")
def test_session_says_when_it_goes_along(user_pages: Trace) -> None:
    """A login sets a cookie that says whether other sites send it."""
    found = [one for _, attributes in cookies_of(since_password(user_pages)) for one in attributes]
    assert any(one.startswith("samesite=") for one in found), "no cookie has SameSite"


@requirement("ASVS-4.2.2/login-form-csrf")
def test_nobody_is_logged_in_by_another_site(login_forged: Trace) -> None:
    """A login form that another site's page submits begins no session."""
    exchange = login_forged["forged"]
    assert not gives_tokens(exchange), "a code left"
    if exchange.answered.status >= 500:
        raise EvidenceError(f"the server fails at the forged form: {exchange}")
    assert not is_user_page(exchange) or is_login_page(exchange), "the login is done"


@requirement("ASVS-3.2.1/session-renewed-at-login")
def test_session_of_before_the_login_is_nobodys(session_fixed: Trace) -> None:
    """Who knows the cookies of before a login is not logged in by it."""
    if not gives_tokens(session_fixed["known"]):
        raise EvidenceError("nobody is served silently after a login")
    assert not gives_tokens(session_fixed["fixed"]), "a code left for the cookies of before"


@requirement("ASVS-4.2.2/login-form-csrf")
def test_login_is_for_the_browser_that_it_is_made_in(login_finished_elsewhere: Trace) -> None:
    """A login that another browser finishes leaves the one that began it as it was."""
    steps = [step for step in ("reload", "silent") if step in login_finished_elsewhere]
    served = [step for step in steps if gives_tokens(login_finished_elsewhere[step])]
    login_finished_elsewhere.decide_by(served)
    assert not served, "a code left in a browser in which nobody logged in"
