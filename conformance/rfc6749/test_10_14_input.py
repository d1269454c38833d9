"""RFC 6749 section 10.14: what comes in is made harmless before it goes out."""

from idprobe.checks import (
    Trace,
    page_of,
    requirement,
)

MARK = "idprobe-markup"


@requirement("RFC6749-10.14/input-sanitised")
def test_no_markup_comes_through(markup_in_requests: Trace) -> None:
    """Markup in a parameter is no markup on a page."""
    for exchange in markup_in_requests:
        markup_in_requests.decide(exchange)
        page = page_of(exchange.answered)
        found = page.css(MARK) if page is not None else []
        assert not found, f"markup of the request is on the page: {exchange.step}"


@requirement("RFC6749-10.14/input-sanitised")
def test_no_header_is_made_of_input(markup_in_requests: Trace) -> None:
    """A line break in a parameter begins no header."""
    for exchange in markup_in_requests:
        markup_in_requests.decide(exchange)
        header = exchange.answered.header("x-idprobe")
        assert header is None, f"a header was injected: {exchange.step}"


@requirement("RFC6749-10.14/input-sanitised")
def test_state_of_a_logout_is_harmless(logout_by_post: Trace) -> None:
    """Markup and a line break in the state of a logout are neither markup nor a header."""
    for exchange in logout_by_post.steps("markup"):
        logout_by_post.decide(exchange)
        assert exchange.answered.header("x-idprobe") is None, "a header was injected"
        page = page_of(exchange.answered)
        assert page is None or not page.css(MARK), "markup of the request is on the page"
