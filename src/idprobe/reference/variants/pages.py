"""Variants of pages: other markup, other words, more or fewer questions."""

import re
from typing import Final

from starlette.responses import Response

from idprobe.reference.authorization import Transaction
from idprobe.reference.replies import page_reply
from idprobe.reference.server import ReferenceServer
from idprobe.reference.stores import Session
from idprobe.reference.variants.registry import variant

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


def _rewritten(response: Response, *changes: tuple[str, str]) -> Response:
    text = bytes(response.body).decode()
    for pattern, new in changes:
        text = re.sub(pattern, new, text)
    headers = {
        n: v for n, v in response.headers.items() if n not in {"content-length", "content-type"}
    }
    return page_reply(text, response.status_code, headers)


class _OtherPages(ReferenceServer):
    """A server whose login and consent pages are written otherwise."""

    changes: tuple[tuple[str, str], ...] = ()

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
