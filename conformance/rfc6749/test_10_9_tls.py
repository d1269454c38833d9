"""RFC 6749 sections 1.6, 2.3.1, 3 and 10, RFC 6750 section 5.2: nothing goes without TLS."""

from urllib.parse import urljoin

from idprobe.checks import (
    Trace,
    is_secure,
    page_of,
    requested_endpoints,
    requirement,
    url_parts,
    user_pages_of,
    without_tls,
)


@requirement("RFC6749-3.1/tls-required")
def test_authorization_endpoint_serves_no_plain_http(plain_twins: Trace) -> None:
    """The authorization endpoint is announced under https, and shows nobody a page under http."""
    clear = without_tls(plain_twins, "authorization")
    assert not clear, "the authorization endpoint serves plain http"


@requirement("RFC6749-3.2/tls-required", "RFC6749-2.3.1/tls-for-password-authentication")
def test_token_endpoint_serves_no_plain_http(plain_twins: Trace) -> None:
    """The token endpoint is announced under https, and gives no OAuth answer under http."""
    assert not without_tls(plain_twins, "token"), "the token endpoint serves plain http"


@requirement("OIDCC-5.3/tls")
def test_userinfo_serves_no_plain_http(plain_twins: Trace) -> None:
    """The UserInfo endpoint is announced under https, and gives no answer under http."""
    assert not without_tls(plain_twins, "userinfo"), "userinfo serves plain http"


@requirement("RFC6749-10.4/refresh-token-over-tls-only")
def test_refresh_tokens_are_taken_over_tls_alone(plain_twins: Trace) -> None:
    """No endpoint that takes refresh tokens takes them under http."""
    clear = without_tls(plain_twins, "token", "revocation", "introspection")
    assert not clear, f"plain http is served: {', '.join(clear)}"


@requirement("RFC6750-5.2/confidentiality-on-the-wire")
def test_no_endpoint_serves_plain_http(plain_twins: Trace) -> None:
    """All that the server says it says over TLS."""
    clear = without_tls(plain_twins, *requested_endpoints(plain_twins))
    assert not clear, f"plain http is served: {', '.join(clear)}"


@requirement("RFC6749-10.9/tls-server-authentication", "RFC6750-5.2/tls-implemented")
def test_endpoints_prove_who_they_are(plain_twins: Trace) -> None:
    """Each endpoint answers over TLS, with a certificate that was verified."""
    for name in requested_endpoints(plain_twins):
        assert is_secure(plain_twins[name]), f"the {name} endpoint is not reached over TLS"


@requirement("RFC6749-10.11/tls-on-user-facing-endpoints")
def test_users_never_leave_tls(user_pages: Trace) -> None:
    """Every page on the way is under https, and so is all that its forms and links lead to."""
    for exchange in user_pages.steps("journey"):
        user_pages.decide(exchange)
        assert exchange.request.origin.startswith("https:"), "a page is under http"
    for exchange in user_pages_of(user_pages.steps("journey")):
        user_pages.decide(exchange)
        page = page_of(exchange.answered)
        forms = page.css("form") if page is not None else []
        targets = [form.attributes.get("action") or "" for form in forms]
        urls = [url_parts(urljoin(exchange.request.url, target)) for target in targets]
        clear = [url.netloc for url in urls if url.scheme == "http"]
        assert not clear, f"a form leads to {clear[0]} without TLS"
