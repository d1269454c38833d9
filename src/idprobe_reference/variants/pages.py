"""Variants of pages: other markup, other words, more or fewer questions."""

# ruff: noqa: D102 - the class of a variant says what its one method does

import html
import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.endpoints.authorization import Transaction
from idprobe_reference.endpoints.replies import page_reply
from idprobe_reference.faults import PageFault
from idprobe_reference.requests.authorization_request import Wish
from idprobe_reference.server import ReferenceServer
from idprobe_reference.stores import Session
from idprobe_reference.variants.registry import variant

_WORDS: Final = {
    "Log in": "Anmelden",
    "Log out": "Abmelden",
    "Logged out": "Abgemeldet",
    "You are logged out.": "Sie sind abgemeldet.",
    "Stay logged in": "Angemeldet bleiben",
    "User name": "Benutzername",
    "Password": "Kennwort",
    "Cancel": "Abbrechen",
    "Allow": "Zulassen",
    "Deny": "Ablehnen",
    'lang="en"': 'lang="de"',
}


_SEARCH: Final = (
    '<form action="/search"><input type="search" name="q"><button>Search</button></form>'
)
_LANGUAGE: Final = (
    '<form method="post" action="/language"><select name="lang"><option selected>en<option>de'
    "</select><button>Change</button></form>"
)
_NEWSLETTER: Final = (
    '<form method="post" action="/newsletter"><input type="email" name="address">'
    "<button>Subscribe</button></form>"
)
_DECIDED: Final = '<input type="hidden" name="decision" value='
Change: TypeAlias = tuple[str, str | Callable[[re.Match[str]], str]]
"""A pattern, and what stands in its place."""


def _rewritten(response: Response, *changes: Change) -> Response:
    text = bytes(response.body).decode()
    for pattern, new in changes:
        text = re.sub(pattern, new, text)
    headers = {
        n: v for n, v in response.headers.items() if n not in {"content-length", "content-type"}
    }
    return page_reply(text, response.status_code, headers)


class _OtherPages(ReferenceServer):
    """A server whose login and consent pages are written otherwise."""

    changes: tuple[Change, ...] = ()

    def login_page(
        self,
        transaction: Transaction,
        message: str = "",
        status: int = 200,
        username: str | None = None,
    ) -> Response:
        page = super().login_page(transaction, message, status, username)
        return _rewritten(page, *self.changes)

    def consent_page(self, transaction: Transaction, session: Session) -> Response:
        return _rewritten(super().consent_page(transaction, session), *self.changes)


@variant("HTML: the words of a page are left open")
class PagesSpeakGerman(_OtherPages):
    """Login and consent pages are in German."""

    changes = tuple((rf"(?<=>){a}(?=<)|(?<= ){a}(?=>)", b) for a, b in _WORDS.items())


@variant("HTML: a checkbox may be there")
class LoginPageRemembers(_OtherPages):
    """The login page has a box to be remembered, an e-mail field for the name, and no value."""

    changes = (
        (r'<input id="username" name="username"', '<input type="email" id="u-1" name="username"'),
        (
            r"(<button type=\"submit\" name=\"action\" value=\"login\")",
            r'<input type="checkbox" name="remember" value="on">\1',
        ),
    )


@variant("HTML: the order, the quotes and the case of attributes are left open", shape="speakup")
class MarkupIsOld(_OtherPages):
    """Login and consent pages have capitals, no quotes, attributes the other way round."""

    changes = (
        (
            r'<input type="hidden" name="(\w+)" value="([\w-]+)">',
            r"<INPUT VALUE=\2 NAME='\1' TYPE=Hidden />",
        ),
        (r'<form method="post" action="([^"]*)">', r"<FORM ACTION='\1' ID=f METHOD=POST NAME=f>"),
        (r"</form>", "</FORM>"),
        (
            r'<button type="submit" name="(\w+)" value="(\w+)"( formnovalidate)?>([^<]*)</button>',
            r"<BUTTON VALUE=\2 NAME=\1\3 TYPE=SUBMIT><B>\4</B>&nbsp;</BUTTON>",
        ),
        (r'<label for="(\w+)">([^<]*)</label>', r"<LABEL FOR=\1>\2:</LABEL><BR>"),
    )


@variant("HTML: a page may have further forms")
class PagesHaveFurtherForms(_OtherPages):
    """Login and consent pages have a search, a choice of language, and a way to the newsletter."""

    changes = (
        (
            r"<h1>",
            f"{_SEARCH}{_LANGUAGE}<h1>",
        ),
        (
            r"</main>",
            f"{_NEWSLETTER}</main>",
        ),
    )


@variant("HTML: an action may be relative, a submit button may be an input")
class FormsAreRelative(_OtherPages):
    """The forms of login and consent pages have relative actions, and inputs as buttons."""

    changes = (
        (r'action="https?://[^/"]*/(?:[^"]*/)?(\w+)"', r'action="./\1?from=page#form"'),
        (r'<button [^>]*value="login">([^<]*)</button>', r'<input type="submit" value="\1">'),
        (r"<button ([^>]*)>[^<]*</button>", r"<input \1>"),
    )


@variant("HTML: what is decided may be said by which form is sent")
class ConsentHasTwoForms(_OtherPages):
    """Who allows sends one form, and who denies another; the buttons have no names."""

    changes = (
        (
            r'(?s)(<form .*?)<button [^>]*value="approve">(.*?</button>)\n<button [^>]*"deny">',
            rf'\1{_DECIDED}"approve"><button>\2</form>\1{_DECIDED}"deny"><button>',
        ),
    )


@variant("OAuth 2.0 Form Post Response Mode section 2: the page is an example")
class PostedFormsAreSpeltOtherwise(ReferenceServer):
    """The page of form_post has attributes in another order, escapes, and a button to press."""

    def form_post(self, wish: Wish, parameters: Mapping[str, str]) -> Response:
        page = super().form_post(wish, parameters)
        return _rewritten(
            page,
            (r'<form method="post" action="([^"]*)">', r"<FORM name=f action='\1' method=POST >"),
            (
                r'<input type="hidden" name="(\w+)" value="([^"]*)">',
                lambda found: f"<INPUT value='{_escaped(found[2])}' name={found[1]} type=HIDDEN>",
            ),
            (r"<noscript>(.*?)</noscript>", r"\1"),
        )


def _escaped(value: str) -> str:
    return "".join(f"&#{ord(sign)};" for sign in html.unescape(value))


@variant(
    "OpenID Connect Core section 3.1.2.3: how the person is authenticated is left open",
    differs=dict.fromkeys(
        (
            "ASVS-4.2.2/login-form-csrf",
            "ASVS-5.1.2/forms-not-trusted",
            "RFC9700-2.1/no-open-redirector",
        ),
        "user name and password are not asked for in one form",
    ),
)
class LoginHasTwoSteps(ReferenceServer):
    """One page asks for the user name, the next for the password."""

    async def log_in(self, request: Request) -> Response:
        body = await request.body()
        if b"password=" in body or b"action=login" not in body:
            return await super().log_in(request)
        try:
            form, transaction, _ = await self.submitted(request)
        except PageFault as fault:
            return self.error_page(fault)
        page = super().login_page(transaction, username=form.get("username", ""))
        named = r'<label for="username">.*\n<input id="username"'
        return _rewritten(page, (named, '<input type="hidden"'))

    def login_page(
        self,
        transaction: Transaction,
        message: str = "",
        status: int = 200,
        username: str | None = None,
    ) -> Response:
        page = super().login_page(transaction, message, status, username)
        return _rewritten(page, (r'<label for="password">Password.*\n.*current-password.*\n', ""))
