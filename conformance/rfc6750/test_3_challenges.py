"""RFC 6750 section 3: how a resource refuses."""

import re

from idprobe.checks import (
    EvidenceError,
    Exchange,
    Trace,
    bearer_challenge,
    challenges,
    jwt_access_token,
    requirement,
)

FAILED = ("bogus", "marks", "odd")
ERROR_TEXT = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*\Z")
SCOPE_TEXT = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*\Z")
URI_TEXT = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+\Z")


def _refusals(trace: Trace) -> list[Exchange]:
    """Return the exchanges that were refused with a Bearer challenge; raises without any."""
    steps = ("nothing", *FAILED)
    found = [trace[step] for step in steps if trace[step].answered.header("www-authenticate")]
    if not found:
        raise EvidenceError("no refusal has a challenge")
    return found


def _at_most_once(trace: Trace, *names: str) -> None:
    for exchange in _refusals(trace):
        trace.decide(exchange)
        for name in names:
            times = len(bearer_challenge(exchange).values(name))
            assert times <= 1, f"{name} occurs {times} times"


@requirement("RFC6750-3/www-authenticate-present")
def test_refusals_have_a_challenge(userinfo_refused: Trace) -> None:
    """Whoever lacks a good token is told how to bring one."""
    for step in ("nothing", *FAILED):
        response = userinfo_refused[step].answered
        assert not response.is_success, f"the request is served (token: {step})"
        header = response.header("www-authenticate")
        assert header, f"WWW-Authenticate is missing (token: {step})"


@requirement("RFC6750-3/challenge-scheme-bearer")
def test_challenges_are_of_the_scheme_bearer(userinfo_refused: Trace) -> None:
    """One of the challenges is Bearer; what has no such word in it needs not be readable."""
    for exchange in _refusals(userinfo_refused):
        userinfo_refused.decide(exchange)
        said = " ".join(exchange.answered.all_headers("www-authenticate"))
        assert "bearer" in said.lower(), "nothing in the challenge says Bearer"
        schemes = {challenge.scheme for challenge in challenges(exchange)}
        assert "bearer" in schemes, "no challenge is of the scheme Bearer"


@requirement("RFC6750-3/challenge-has-auth-param")
def test_challenges_have_parameters(userinfo_refused: Trace) -> None:
    """The scheme is followed by a parameter at least."""
    for exchange in _refusals(userinfo_refused):
        userinfo_refused.decide(exchange)
        assert bearer_challenge(exchange).parameters, "the challenge has no parameters"


@requirement("RFC6750-3/realm-once")
def test_realm_occurs_once(userinfo_refused: Trace) -> None:
    """A challenge has one realm at most."""
    _at_most_once(userinfo_refused, "realm")


@requirement("RFC6750-3/scope-once")
def test_scope_occurs_once(userinfo_refused: Trace) -> None:
    """A challenge has one scope at most."""
    _at_most_once(userinfo_refused, "scope")


@requirement("RFC6750-3/error-attributes-once")
def test_error_parameters_occur_once(userinfo_refused: Trace) -> None:
    """A challenge tells one error at most."""
    _at_most_once(userinfo_refused, "error", "error_description", "error_uri")


@requirement("RFC6750-3/error-told-after-failed-token", "RFC6749-7.2/resource-error-told")
def test_failed_token_is_told_as_an_error(userinfo_refused: Trace) -> None:
    """Whoever brought a bad token learns that it was the token."""
    error = bearer_challenge(userinfo_refused["bogus"]).get("error")
    assert error == "invalid_token", f"error is {error or 'missing'}"


@requirement("RFC6750-3/scope-charset")
def test_scope_of_challenges_keeps_its_syntax(
    userinfo_refused: Trace, userinfo_without_openid: Trace
) -> None:
    """The scope has scope values between single spaces."""
    for exchange in (*_refusals(userinfo_refused), userinfo_without_openid["poor"]):
        userinfo_without_openid.decide(exchange)
        for challenge in challenges(exchange):
            for value in challenge.values("scope"):
                assert SCOPE_TEXT.match(value), "scope has characters that it may not have"


@requirement("RFC6750-3/error-charset")
def test_errors_of_challenges_keep_their_syntax(userinfo_refused: Trace) -> None:
    """The error and error_description are printable, without quotes and backslashes."""
    for exchange in _refusals(userinfo_refused):
        userinfo_refused.decide(exchange)
        challenge = bearer_challenge(exchange)
        for name in ("error", "error_description"):
            for value in challenge.values(name):
                assert ERROR_TEXT.match(value), f"{name} has characters that it may not have"


@requirement("RFC6750-3/error-uri-syntax")
def test_error_uri_of_challenges_keeps_its_syntax(userinfo_refused: Trace) -> None:
    """error_uri is a URI reference."""
    for exchange in _refusals(userinfo_refused):
        userinfo_refused.decide(exchange)
        for value in bearer_challenge(exchange).values("error_uri"):
            assert URI_TEXT.match(value), "error_uri has characters that it may not have"


@requirement("RFC6750-3.1/invalid-token-401")
def test_bad_token_is_401(userinfo_refused: Trace) -> None:
    """A token that is not good means 401."""
    for step in ("bogus", "marks"):
        status = userinfo_refused[step].answered.status
        assert status == 401, f"status is {status}"


@requirement("RFC6750-3.1/insufficient-scope-403", "RFC9110-11.4/insufficient-credentials-403")
def test_poor_token_is_403(userinfo_without_openid: Trace) -> None:
    """A token without the needed scope means 403."""
    status = userinfo_without_openid["poor"].answered.status
    assert status == 403, f"status is {status}"


@requirement("RFC6750-3.1/no-error-without-authentication")
def test_no_error_where_nothing_was_sent(userinfo_refused: Trace) -> None:
    """Whoever brought nothing made no mistake yet."""
    challenge = bearer_challenge(userinfo_refused["nothing"])
    told = [n for n in ("error", "error_description", "error_uri") if challenge.get(n) is not None]
    assert not told, f"the challenge has {', '.join(told)}"


@requirement("OIDCC-5.3.3/bearer-error-form")
def test_userinfo_errors_have_the_form_of_bearer_errors(userinfo_refused: Trace) -> None:
    """A bad token means 401 and invalid_token, no token a challenge without an error."""
    bogus, nothing = userinfo_refused["bogus"], userinfo_refused["nothing"]
    assert bogus.answered.status == 401, f"status is {bogus.answered.status}"
    assert bearer_challenge(bogus).get("error") == "invalid_token", "error is not invalid_token"
    status = nothing.answered.status
    assert status in {400, 401}, f"status without a token is {status}"
    assert bearer_challenge(nothing).get("error") is None, "an error is told without a token"


@requirement("RFC9068-4/invalid-token-error")
def test_forged_jwts_are_invalid_tokens(userinfo_forged: Trace) -> None:
    """An access token of the JWT profile that does not validate is an invalid_token."""
    jwt_access_token(userinfo_forged, "tokens")
    for exchange in userinfo_forged:
        userinfo_forged.decide(exchange)
        if exchange.step.startswith("forged-"):
            status = exchange.answered.status
            assert status == 401, f"status is {status} ({exchange.step})"
            error = bearer_challenge(exchange).get("error")
            assert error == "invalid_token", f"error is {error or 'missing'} ({exchange.step})"
