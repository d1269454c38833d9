"""RFC 6749 section 3.1.2: to which redirection URI an answer may go."""

from idprobe.checks import (
    Trace,
    accepted_redirect_uris,
    accepts_redirect_uri,
    authorization_response,
    experiments_ended,
    is_error_page,
    is_login_page,
    page_of,
    refused,
    requirement,
    sends_to_redirect_uri,
    sent_value,
    url_parts,
)

PARTS = {"scheme", "longer-host", "sibling-host", "other-port", "extra-segment", "path-case"}


@requirement("RFC6749-3.1.2/redirect-uri-query-kept")
def test_query_of_redirect_uri_is_kept(redirect_uri_with_query: Trace) -> None:
    """What the registered redirect_uri has in its query is there besides the response."""
    for step in ("success", "error"):
        query = url_parts(sent_value(redirect_uri_with_query, step, "redirect_uri")).query
        location = redirect_uri_with_query[step].answered.header("location") or ""
        authorization_response(redirect_uri_with_query[step])
        assert f"?{query}&" in f"{location}&", f"the query is not there as registered after {step}"


@requirement("RFC6749-3.1.2.2/partial-registration-fixes-scheme-authority-path")
def test_scheme_authority_and_path_are_fixed(redirect_uri_near_misses: Trace) -> None:
    """A redirect_uri with another scheme, host, port or path is not followed."""
    wrong = [step for step in accepted_redirect_uris(redirect_uri_near_misses) if step in PARTS]
    redirect_uri_near_misses.decide_by(wrong)
    assert not wrong, f"it made no difference: {', '.join(wrong)}"


@requirement("RFC6749-3.1.2.2/every-client-registers-redirect")
def test_client_without_redirect_uri_is_not_served(client_without_redirect_uri: Trace) -> None:
    """A client that registered no redirect_uri cannot name one in the request."""
    wrong = accepts_redirect_uri(client_without_redirect_uri, "any")
    assert not wrong, "the answer went to a redirect_uri that nobody registered"


@requirement("RFC6749-3.1.2.3/redirect-uri-required-if-ambiguous")
def test_ambiguous_redirect_uri_is_not_guessed(redirect_uri_ambiguous: Trace) -> None:
    """Without redirect_uri nothing is sent to one of several registered ones."""
    assert refused(redirect_uri_ambiguous["omitted"]), "one of several redirect URIs was chosen"


@requirement("RFC6749-3.1.2.3/redirect-uri-matches-registration")
def test_foreign_redirect_uri_is_refused(redirect_uri_foreign: Trace) -> None:
    """A redirect_uri of somebody else is not followed, though the user is logged in."""
    assert not accepts_redirect_uri(redirect_uri_foreign, "logged-in"), (
        "the answer went to a foreign host"
    )


@requirement("RFC6749-3.1.2.3/simple-string-comparison")
def test_redirect_uri_is_compared_exactly(redirect_uri_near_misses: Trace) -> None:
    """A redirect_uri that differs in one character from the registered one is not followed."""
    wrong = accepted_redirect_uris(redirect_uri_near_misses)
    assert not wrong, f"it made no difference: {', '.join(wrong)}"


@requirement("RFC6749-3.1.2.4/resource-owner-told-of-bad-redirect")
def test_user_is_told_of_a_bad_redirect_uri(redirect_uri_foreign: Trace) -> None:
    """A bad redirect_uri is explained on a page."""
    response = redirect_uri_foreign["logged-in"].answered
    assert is_error_page(response), f"there is no error page, but {response}"
    page = page_of(response)
    said = page.body.text(strip=True) if page is not None and page.body else response.text.strip()
    assert said, "the page says nothing"


@requirement("RFC6749-3.1.2.4/no-redirect-to-invalid-uri")
def test_browser_is_never_sent_to_a_bad_redirect_uri(redirect_uri_foreign: Trace) -> None:
    """Whatever else is wrong with a request, its bad redirect_uri is not followed.

    Who is asked to log in has not been sent anywhere: the request may be judged afterwards.
    """
    wrong = []
    for step, exchange in experiments_ended(redirect_uri_foreign):
        went = sends_to_redirect_uri if is_login_page(exchange) else accepts_redirect_uri
        wrong += [step] if went(redirect_uri_foreign, step) else []
    assert not wrong, f"the answer went there: {', '.join(wrong)}"
