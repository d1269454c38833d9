"""RFC 6749 sections 3.1.2 and 10.6, RFC 9700 section 2.1: redirect URIs made to confuse."""

from idprobe.checks import (
    ATTACKER,
    Trace,
    accepts_redirect_uri,
    gives_tokens,
    open_redirects,
    page_of,
    requirement,
    steps_leading_to,
)

RUN = ("javascript:", "data:text/html", "vbscript:")


@requirement(
    "RFC9700-2.1/exact-redirect-matching",
    "RFC9700-4.1.3/redirect-uris-equal",
    "RFC6749-3.1.2.3/simple-string-comparison",
)
def test_nothing_that_parsers_disagree_about_matches(redirect_uri_confusions: Trace) -> None:
    """A redirect_uri that only some parser takes for the registered one is not followed."""
    wrong = open_redirects(redirect_uri_confusions)
    assert not wrong, f"it made no difference: {', '.join(wrong)}"


@requirement("RFC6749-3.1.2.4/no-redirect-to-invalid-uri", "RFC6749-10.6/redirect-uri-validated")
def test_no_spelling_of_a_foreign_host_is_followed(redirect_uri_confusions: Trace) -> None:
    """No browser is sent to a host that is hidden in a redirect_uri."""
    wrong = steps_leading_to(redirect_uri_confusions, ATTACKER)
    assert not wrong, f"the browser is sent there: {', '.join(wrong)}"


@requirement("RFC6749-10.14/input-sanitised")
def test_redirect_uri_begins_no_header(redirect_uri_confusions: Trace) -> None:
    """A line break in a redirect_uri begins no header."""
    for exchange in redirect_uri_confusions:
        redirect_uri_confusions.decide(exchange)
        header = exchange.answered.header("x-idprobe")
        assert header is None, f"a header was injected: {exchange.step}"


@requirement("RFC6749-10.6/redirect-uri-validated")
def test_of_two_redirect_uris_the_foreign_one_never_counts(
    redirect_uris_in_conflict: Trace,
) -> None:
    """A foreign redirect_uri beside the registered one gets no answer, wherever it stands."""
    wrong = steps_leading_to(redirect_uris_in_conflict, ATTACKER)
    assert not wrong, f"the foreign one is followed: {', '.join(wrong)}"


@requirement("RFC6749-3.1/repeated-parameter-rejected")
def test_two_redirect_uris_are_one_too_many(redirect_uris_in_conflict: Trace) -> None:
    """A request with two redirect URIs is refused, whichever comes first."""
    for step in ("foreign-last", "foreign-first"):
        assert not gives_tokens(redirect_uris_in_conflict[step]), f"it is served: {step}"


@requirement("RFC6749-3.1.2.3/redirect-uri-matches-registration")
def test_redirect_uri_of_another_client_is_not_followed(
    redirect_uri_of_another_client: Trace,
) -> None:
    """A redirect URI is good for the client that registered it."""
    went = accepts_redirect_uri(redirect_uri_of_another_client, "of-another")
    assert not went, "the answer went to another client"


@requirement("RFC6749-10.2/redirect-registration-without-authentication")
def test_public_client_is_answered_at_registered_uris_only(public_redirects: Trace) -> None:
    """A client that cannot authenticate is answered nowhere but where it has registered."""
    wrong = open_redirects(public_redirects)
    assert not wrong, f"the redirect_uri is not registered, and is followed: {', '.join(wrong)}"


@requirement("RFC6749-10.14/input-sanitised")
def test_no_script_becomes_a_link(redirect_uri_confusions: Trace) -> None:
    """A script in the place of a redirect_uri is no link on the page that refuses it."""
    for step in ("script", "data", "visual-basic"):
        page = page_of(redirect_uri_confusions[step].answered)
        links = page.css("[href], [action], [src]") if page is not None else []
        targets = [v or "" for one in links for v in one.attributes.values()]
        wrong = [one for one in targets if one.strip().lower().startswith(RUN)]
        assert not wrong, f"the page links to it: {step}"
