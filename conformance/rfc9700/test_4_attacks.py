"""RFC 9700 section 4: what the pages and redirects of the authorization endpoint guard against."""

from urllib.parse import urljoin

from idprobe.checks import (
    EvidenceError,
    Response,
    Trace,
    Unsuited,
    access_token_stopped_working,
    authorization_response,
    frame_ancestors,
    framed_by_nobody,
    is_user_page,
    page_of,
    page_response,
    pages_shown,
    password_posts,
    refused,
    requirement,
    url_parts,
    user_pages_of,
)

KEEPING_POLICIES = {
    "no-referrer",
    "origin",
    "origin-when-cross-origin",
    "same-origin",
    "strict-origin",
    "strict-origin-when-cross-origin",
}
"""Referrer policies under which another site learns no path and no query."""
LOADING = "script[src], img[src], iframe[src], link[rel=stylesheet][href], form[action]"


@requirement("RFC9700-4.16/clickjacking-prevented")
def test_pages_cannot_be_framed(user_pages: Trace) -> None:
    """Login and consent pages are shown in no frame of another site."""
    for exchange in user_pages_of(user_pages.steps("journey")):
        user_pages.decide(exchange)
        assert framed_by_nobody(exchange.answered), f"{exchange.request.path} can be framed"


@requirement("RFC9700-4.16/clickjacking-prevented")
def test_logout_cannot_be_framed(logout_by_get: Trace) -> None:
    """The page that asks whether to log out is shown in no frame of another site."""
    pages = [exchange for exchange in logout_by_get.steps("logout") if is_user_page(exchange)]
    if not pages:
        raise Unsuited("nobody is asked whether to log out")
    for exchange in pages:
        logout_by_get.decide(exchange)
        assert framed_by_nobody(exchange.answered), f"{exchange.request.path} can be framed"


@requirement("RFC9700-4.16/csp-used")
def test_pages_have_frame_ancestors(user_pages: Trace) -> None:
    """Content Security Policy says who may frame login, consent and error pages."""
    for exchange in pages_shown(user_pages):
        user_pages.decide(exchange)
        assert frame_ancestors(exchange.answered) is not None, "a page has no frame-ancestors"


@requirement("RFC9700-4.16/csp-combined")
def test_pages_have_both_headers(user_pages: Trace) -> None:
    """Old browsers, which do not know frame-ancestors, are told by X-Frame-Options."""
    for exchange in user_pages_of(user_pages.steps("journey")):
        user_pages.decide(exchange)
        response = exchange.answered
        assert frame_ancestors(response) is not None, "a page has no frame-ancestors"
        assert response.header("x-frame-options"), "a page has no X-Frame-Options"


@requirement("RFC9700-4.2.4/referrer-suppressed")
def test_pages_suppress_the_referrer(user_pages: Trace) -> None:
    """Pages have a policy by which other sites do not learn their URLs."""
    for exchange in pages_shown(user_pages):
        user_pages.decide(exchange)
        policies = exchange.answered.directives("referrer-policy") | in_page(exchange.answered)
        assert policies & KEEPING_POLICIES, "a page has no Referrer-Policy that keeps its URL"


def in_page(response: Response) -> set[str]:
    """Return the referrer policies of a page's meta elements."""
    page = page_of(response)
    metas = page.css('meta[name="referrer" i]') if page is not None else []
    return {(meta.attributes.get("content") or "").strip().lower() for meta in metas}


@requirement("RFC9700-4.2.4/no-third-party-content")
def test_pages_load_nothing_from_others(user_pages: Trace) -> None:
    """Login and consent pages load and send nothing beyond the server's own origin."""
    for exchange in user_pages_of(user_pages.steps("journey")):
        user_pages.decide(exchange)
        page = page_of(exchange.answered)
        elements = page.css(LOADING) if page is not None else []
        named = [e.attributes.get(name) for e in elements for name in ("src", "href", "action")]
        urls = [url_parts(urljoin(exchange.request.url, url)) for url in named if url]
        own = url_parts(exchange.request.origin).netloc
        foreign = sorted({url.netloc for url in urls if url.netloc not in {own, ""}})
        assert not foreign, f"a page uses {', '.join(foreign)}"


@requirement("RFC9700-4.2.4/code-invalid-after-first-use")
def test_code_is_dead_after_use(code_replayed: Trace) -> None:
    """A code that was redeemed brings no tokens again."""
    assert refused(code_replayed["replay"]), "the same code brought tokens twice"


@requirement("RFC9700-4.2.4/replay-revokes-tokens")
def test_replay_revokes_tokens(code_replayed: Trace) -> None:
    """A second redemption kills what the first one brought."""
    assert access_token_stopped_working(code_replayed), (
        "the access token still works after the replay"
    )


@requirement("RFC9700-4.4.2.1/issuer-identification")
def test_response_names_its_issuer(code_redeemed: Trace) -> None:
    """The authorization response says which server it is from."""
    landing = authorization_response(code_redeemed["authorize"])
    named = [name for name in ("iss", "id_token", "response") if landing.get(name)]
    assert named, "neither iss nor an ID Token nor a JWT response is there"


@requirement("RFC9700-4.11.2/user-authenticated-before-redirect")
def test_nobody_is_redirected_unseen(user_pages: Trace) -> None:
    """A browser without a session is not sent on with an error before somebody did something."""
    page_response(user_pages["nobody"])
    page_response(user_pages["journey"])
    for step in ("nobody-error", "nobody-scope"):
        landing = user_pages[step].landing
        assert landing is None, f"an error was redirected although nobody has logged in: {step}"


@requirement("RFC9700-4.12/no-307", "RFC9110-9.3.3/see-other-after-post")
def test_login_is_not_redirected_by_307(user_pages: Trace) -> None:
    """The answer to a login does not make the browser send the password once more."""
    statuses = {exchange.answered.status for exchange in password_posts(user_pages)}
    assert not statuses & {307, 308}, f"the login is answered with {statuses}"


@requirement("RFC9700-4.12/use-303")
def test_forms_are_redirected_by_303(user_pages: Trace) -> None:
    """A redirect that answers a form is a 303."""
    posts = [e for e in user_pages.steps("journey") if e.request.method == "POST"]
    redirects = [e.answered.status for e in posts if e.answered.is_redirect]
    if not redirects:
        raise EvidenceError("no form was answered by a redirect")
    assert set(redirects) == {303}, f"forms are answered with {sorted(set(redirects))}"


@requirement("RFC9700-2.6/no-cors-at-authorization-endpoint")
def test_authorization_endpoint_has_no_cors(cross_origin_requests: Trace) -> None:
    """No script of another site may read what the authorization endpoint answers."""
    for step in ("plain", "again"):
        page_response(cross_origin_requests[step])
    for step in ("preflight", "script"):
        allowed = cross_origin_requests[step].answered.header("access-control-allow-origin")
        assert allowed is None, f"{step} is answered with Access-Control-Allow-Origin"
