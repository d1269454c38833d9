"""RFC 6749 sections 10.5 and 10.6: what protects codes and the way they take."""

from idprobe.checks import (
    Trace,
    accepts_redirect_uri,
    access_token_stopped_working,
    refused,
    requirement,
    token_error,
)


@requirement("RFC6749-10.5/code-reuse-revokes-access-tokens")
def test_code_reuse_revokes_access_tokens(code_replayed: Trace) -> None:
    """Tokens of a code that was tried twice are dead."""
    assert access_token_stopped_working(code_replayed), (
        "the access token still works after the replay"
    )


@requirement("RFC6749-10.5/code-client-match")
def test_code_belongs_to_the_authenticated_client(code_of_another_client: Trace) -> None:
    """Credentials of one client do not redeem the code of another."""
    exchange = code_of_another_client["stolen"]
    assert refused(exchange), "a client redeemed the code of another"
    code = token_error(exchange)
    assert code in {"invalid_grant", "invalid_request"}, f"the error is {code}"


@requirement("RFC6749-10.5/code-single-use-under-concurrency")
def test_code_works_once_in_a_race(code_raced: Trace) -> None:
    """Of many simultaneous redemptions of one code at most one brings tokens."""
    granted = [e for e in code_raced if e.step == "race" and not refused(e)]
    assert len(granted) <= 1, f"{len(granted)} of the simultaneous redemptions brought tokens"


@requirement("RFC6749-10.6/redirect-uri-identical-at-token-endpoint")
def test_code_is_bound_to_its_redirect_uri(code_redirect_uri_differs: Trace) -> None:
    """A code is not redeemed with a redirect_uri that it was not sent to."""
    for step in ("foreign", "second"):
        known = step in code_redirect_uri_differs
        bad = known and not refused(code_redirect_uri_differs[step])
        assert not bad, "the code was redeemed with another redirect_uri"


@requirement("RFC6749-10.6/redirect-uri-validated")
def test_redirect_uri_is_validated(redirect_uri_foreign: Trace) -> None:
    """A redirect_uri in the request is checked against the registered ones."""
    assert not accepts_redirect_uri(redirect_uri_foreign, "logged-in"), (
        "the answer went to a foreign host"
    )


@requirement("RFC6749-A.6/redirect-uri-syntax")
def test_redirect_uri_has_to_be_a_uri(redirect_uri_foreign: Trace) -> None:
    """A redirect_uri that is no URI at all is not followed."""
    assert not accepts_redirect_uri(redirect_uri_foreign, "malformed"), "it was followed"
