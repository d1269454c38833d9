"""The pages that a user saw on the way to an authorization response, read for checks."""

import re
from collections.abc import Iterable
from typing import Final

from selectolax.lexbor import LexborHTMLParser

from idprobe.errors import EvidenceError
from idprobe.login.forms.pages import parsed, read_page
from idprobe.login.forms.recognition import choice, login_fields
from idprobe.model.exchange import Exchange, Request, Response
from idprobe.model.trace import Trace
from idprobe.reading.answers import ASKING

__all__ = [
    "carries_password",
    "frame_ancestors",
    "framed_by_nobody",
    "is_login_page",
    "is_user_page",
    "page_of",
    "page_response",
    "pages_shown",
    "password_posts",
    "user_pages_of",
]

PASSWORD: Final = re.compile(r"‹password-[0-9]+›")
HTML: Final = frozenset({"text/html", "application/xhtml+xml"})
PAGE_BYTES: Final = 262_144
SAFE_OPTIONS: Final = frozenset({"DENY", "SAMEORIGIN"})
OPEN_SOURCES: Final = frozenset({"*", "http:", "https:"})


def page_of(response: Response) -> LexborHTMLParser | None:
    """Return an HTML page to look into, None for any other response.

    Raises EvidenceError for one that nests too deep.
    """
    if response.media_type not in HTML or response.is_redirect:
        return None
    return parsed(response.body[:PAGE_BYTES].decode("utf-8", "replace"))


def is_user_page(exchange: Exchange) -> bool:
    """Return whether a person has to do something on a page before it goes on."""
    page = page_of(exchange.answered)
    if page is None or exchange.landing is not None or not exchange.answered.is_success:
        return False
    wanted = 'input:not([type="hidden"]), button, select, textarea'
    forms = page.css("form")
    if not forms and not page.css('meta[http-equiv="refresh" i]'):
        return bool(page.css("a[href]"))
    shown = [element for form in forms for element in form.css(wanted)]
    shown += page.css('button[form], input[form]:not([type="hidden"])')  # a form's, outside of it
    unseen = {element.mem_id for element in page.css("noscript *")}
    return any(element.mem_id not in unseen for element in shown)


def page_response(exchange: Exchange) -> Response:
    """Return what a user's request was answered; raises EvidenceError if it was refused or lost."""
    response = exchange.answered
    if exchange.landing is None and not response.is_redirect and not is_user_page(exchange):
        raise EvidenceError(f"the authorization endpoint serves no user: {exchange}")
    return response


def is_login_page(exchange: Exchange) -> bool:
    """Return whether a page asks for a password or a name to log in with.

    A field beside a question of consent, on the same page, is for something else.
    """
    page = page_of(exchange.answered)
    if page is None or not any(form.css(ASKING) for form in page.css("form")):
        return False
    seen = read_page(exchange.answered, exchange.request.url, {})
    has_password = bool(page.css('form input[type="password"]'))
    return has_password or login_fields(seen) is not None or choice(seen, deny=False) is None


def user_pages_of(exchanges: Iterable[Exchange]) -> list[Exchange]:
    """Return the pages on which a person had to act; raises EvidenceError without one."""
    pages = [exchange for exchange in exchanges if is_user_page(exchange)]
    if not pages:
        raise EvidenceError("no page of the server was seen on the way")
    return pages


def pages_shown(trace: Trace) -> list[Exchange]:
    """Return the pages of `user_pages`: of the journey, and of the error if one was shown."""
    error = trace["error-page"]
    is_shown = bool(error.answered.body) and not error.answered.is_redirect
    return [*user_pages_of(trace.steps("journey")), *([error] if is_shown else [])]


def carries_password(request: Request) -> bool:
    """Return whether a request brings the user's password."""
    return any(PASSWORD.fullmatch(value) for _, value in request.form)


def password_posts(trace: Trace) -> list[Exchange]:
    """Return the requests of a journey with the password; raises EvidenceError without one."""
    found = [e for e in trace.steps("journey") if carries_password(e.request)]
    if not found:
        raise EvidenceError("no request with a password was seen on the way")
    return found


def frame_ancestors(response: Response) -> str | None:
    """Return the value of frame-ancestors in an enforced policy, None without it."""
    for policy in response.all_headers("content-security-policy"):
        for directive in re.split("[;,]", policy):
            name, _, value = directive.strip().partition(" ")
            if name.lower() == "frame-ancestors":
                return value.strip()
    return None


def framed_by_nobody(response: Response) -> bool:
    """Return whether no page of any other site may frame a response.

    frame-ancestors outranks X-Frame-Options (CSP level 3, section 6.4.2).
    """
    ancestors = frame_ancestors(response)
    if ancestors is not None:
        return not OPEN_SOURCES & set(ancestors.split())
    options = {value.strip().upper() for value in response.all_headers("x-frame-options")}
    return bool(options) and options <= SAFE_OPTIONS
