"""RFC 6749 section 4.2: the implicit grant."""

import re

from idprobe.checks import (
    LandingMode,
    Trace,
    accepts_redirect_uri,
    authorization_response,
    error_landings,
    gives_tokens,
    refused,
    requirement,
    sent_value,
)

NQSCHAR = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")
OTHER_MODES = ("code", "by-query")
BAD_URIS = ("foreign", "added-query", "trailing-slash")


@requirement("RFC6749-4.2.1/redirect-uri-verified")
def test_token_goes_to_registered_uris_only(implicit_requests: Trace) -> None:
    """No access token is sent to a redirect_uri that is not registered."""
    for step in BAD_URIS:
        assert not accepts_redirect_uri(implicit_requests, step), (
            f"the answer went to one that is {step}"
        )


@requirement("RFC6749-4.2.2/token-in-fragment")
def test_token_is_in_the_fragment(implicit_requests: Trace) -> None:
    """The access token travels in the fragment, with nothing of it in the query."""
    landing = authorization_response(implicit_requests["authorize"])
    assert landing.get("access_token"), "there is no access token"
    assert landing.mode is LandingMode.FRAGMENT, f"the token is in the {landing.mode}"
    location = implicit_requests["authorize"].answered.header("location") or ""
    assert "access_token" not in location.partition("#")[0], "the query has the token too"


@requirement("RFC6749-4.2.2/token-type-present")
def test_token_type_is_told(implicit_requests: Trace) -> None:
    """The response says what type the token has."""
    assert authorization_response(implicit_requests["authorize"]).get("token_type"), (
        "there is no token_type"
    )


@requirement("RFC6749-4.2.2/expires-in-present")
def test_lifetime_is_told(implicit_requests: Trace) -> None:
    """The response says for how many seconds the token is good."""
    value = authorization_response(implicit_requests["authorize"]).get("expires_in")
    assert value is not None, "there is no expires_in"
    assert re.fullmatch(r"[0-9]+", value), "expires_in is no whole number"


@requirement("RFC6749-4.2.2/scope-told-if-different")
def test_narrowed_scope_is_told(implicit_requests: Trace) -> None:
    """If a scope is left out, the fragment says which are granted."""
    exchange = implicit_requests["unknown-scope"]
    if not refused(exchange):
        told = authorization_response(exchange).get("scope")
        assert told is not None, "the response does not tell that a scope was left out"


@requirement("RFC6749-4.2.2/state-returned")
def test_state_comes_back(implicit_requests: Trace) -> None:
    """The state comes back as it was sent, in the fragment."""
    back = authorization_response(implicit_requests["authorize"]).values("state")
    assert back == (sent_value(implicit_requests, "authorize", "state"),), "the state is changed"


@requirement("RFC6749-4.2.2/no-refresh-token")
def test_no_refresh_token_is_issued(implicit_requests: Trace) -> None:
    """The implicit grant brings no refresh token, not for offline_access either."""
    for step in ("authorize", "offline"):
        exchange = implicit_requests[step]
        got = (
            not refused(exchange)
            and authorization_response(exchange).get("refresh_token") is not None
        )
        assert not got, "a refresh token came by the front channel"


@requirement("RFC6749-4.2.2.1/error-in-fragment")
def test_error_is_in_the_fragment(implicit_requests: Trace) -> None:
    """A fault in an implicit request is reported in the fragment."""
    exchange = implicit_requests["malformed-scope"]
    landing = authorization_response(exchange)
    assert not gives_tokens(exchange) or landing.mode is LandingMode.FRAGMENT, "it is in the query"
    errors = [found for step, found in error_landings(implicit_requests) if step not in OTHER_MODES]
    modes = {found.mode for found in errors}
    assert modes == {LandingMode.FRAGMENT}, "an error is not in the fragment"


@requirement("RFC6749-4.2.2.1/no-redirect-on-bad-client-or-uri")
def test_bad_client_or_uri_is_not_followed(implicit_requests: Trace) -> None:
    """An unknown client or a bad redirect_uri is not answered by a redirect to it."""
    for step in ("unknown-client", "foreign"):
        assert not accepts_redirect_uri(implicit_requests, step), (
            f"the redirect_uri was followed: {step}"
        )


@requirement("RFC6749-4.2.2.1/state-returned-on-error")
def test_state_comes_back_with_errors(implicit_requests: Trace) -> None:
    """An error brings back the state of the request."""
    for step, landing in error_landings(implicit_requests):
        wanted = (sent_value(implicit_requests, step, "state"),)
        assert landing.values("state") == wanted, f"the state is changed after {step}"


@requirement("RFC6749-4.2.2.1/error-values-charset")
def test_error_values_have_allowed_characters(implicit_requests: Trace) -> None:
    """Neither error nor error_description has a quote, a backslash or non-ASCII."""
    for step, landing in error_landings(implicit_requests):
        for value in (*landing.values("error"), *landing.values("error_description")):
            assert NQSCHAR.fullmatch(value), f"other characters after {step}"
