"""Variants of redirects: status, spelling of Location, stops between, order of parameters."""

# ruff: noqa: D102 - the class of a variant says what its one method does

import html
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.core import fresh_secret
from idprobe_reference.endpoints.authorization import Transaction
from idprobe_reference.endpoints.replies import redirect_reply
from idprobe_reference.faults import PageFault
from idprobe_reference.guard import Handler
from idprobe_reference.requests.authorization_request import Wish
from idprobe_reference.server import ReferenceServer
from idprobe_reference.stores import Store
from idprobe_reference.variants.layers import Answer, Rewriting
from idprobe_reference.variants.registry import variant

_LIFETIME_S: Final = 600


class _Redirecting(Rewriting):
    """A server with a last look at its redirects."""

    def rewritten(self, answer: Answer) -> Answer:
        return self.redirected(answer) if answer.header("location") else answer

    def redirected(self, answer: Answer) -> Answer:
        """Return a redirect as it goes out."""
        return answer

    def own_path(self, location: str) -> str:
        """Return the path and query of an address of the server's own; empty for another."""
        base = self.url("/")
        return location[len(base) - 1 :] if location.startswith(base) else ""


@variant("RFC 9110 section 15.4.3: RFC 9700 section 4.12 wants 303 of answers to forms alone")
class RedirectsAreFound(_Redirecting):
    """What is asked for by GET is redirected by 302."""

    def redirected(self, answer: Answer) -> Answer:
        return replace(answer, status=302) if answer.method == "GET" else answer


@variant("RFC 9110 section 15.4.8: a GET is repeated as a GET, with no body", shape="speakup")
class RedirectsOfGetAreTemporary(_Redirecting):
    """What is asked for by GET is redirected by 307."""

    def redirected(self, answer: Answer) -> Answer:
        return replace(answer, status=307) if answer.method == "GET" else answer


class _LoginElsewhere(_Redirecting):
    """A server whose authorization endpoint redirects to the login page, as most do."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._sent_on: Store[bool] = Store(self.clock)

    def login_page(self, transaction: Transaction, *given: Any, **named: Any) -> Response:
        if self._sent_on.get(transaction.key):
            return super().login_page(transaction, *given, **named)
        self._sent_on.put(transaction.key, value=True, until=self.clock() + _LIFETIME_S)
        location = self.url(f"/continue?transaction={transaction.key}")
        return redirect_reply(location, self.redirect_headers())


@variant("RFC 6749 section 3.1: how the person is authenticated is left open")
class LoginIsElsewhere(_LoginElsewhere):
    """The authorization endpoint redirects to the login page."""


@variant("RFC 9110 section 10.2.2: Location is a URI reference")
class RedirectsArePaths(_LoginElsewhere):
    """The server's own redirects name a path alone."""

    def redirected(self, answer: Answer) -> Answer:
        path = self.own_path(answer.header("location"))
        return answer.with_header("location", self.path + path) if path else answer


@variant("RFC 9110 section 10.2.2: Location is a URI reference", shape="speakup")
class RedirectsAreRelative(_LoginElsewhere):
    """The server's own redirects are relative to the page, with dots, by 302, with a fragment."""

    def redirected(self, answer: Answer) -> Answer:
        path = self.own_path(answer.header("location"))
        if not path:
            return answer
        status = 302 if answer.method == "GET" else answer.status
        return replace(answer.with_header("location", f".{path}#top"), status=status)


@variant("RFC 9110 section 10.2.2, RFC 3986 section 4.2")
class RedirectsHaveNoScheme(_LoginElsewhere):
    """The server's own redirects leave the scheme out."""

    def redirected(self, answer: Answer) -> Answer:
        location = answer.header("location")
        if not self.own_path(location):
            return answer
        return answer.with_header("location", location.partition(":")[2])


@variant("RFC 9110 section 15.4: a redirect may have a note with a link", shape="speakup")
class RedirectsHaveBodies(_Redirecting):
    """Redirects have a page that says where they lead."""

    def redirected(self, answer: Answer) -> Answer:
        target = html.escape(answer.header("location"))
        page = f'<p>See Other. Redirecting to <a href="{target}">{target}</a></p>'
        typed = answer.with_header("content-type", "text/html; charset=utf-8")
        return typed.with_body(page.encode())


@variant("RFC 6749 section 4.1.2: parameters have no order")
class ParametersAreReversed(ReferenceServer):
    """The parameters of authorization responses come in the opposite order."""

    def deliver(self, wish: Wish, parameters: Mapping[str, str]) -> Response:
        is_error = "error" in parameters
        first = {
            **self.iss_parameter(is_error=is_error),
            **self.state_parameter(wish, is_error=is_error),
        }
        return super().deliver(wish, first | dict(reversed([*parameters.items()])))


@variant("RFC 6749 sections 4.1.2 and 4.2.2: clients ignore parameters that they do not know")
class AnswersSayMore(ReferenceServer):
    """Successful authorization responses have parameters of the server's own."""

    def deliver(self, wish: Wish, parameters: Mapping[str, str]) -> Response:
        more = {"x_idprobe": "a b&c=ü", "hd": "idprobe.example"}
        return super().deliver(
            wish, parameters if "error" in parameters else {**more, **parameters}
        )


@variant("RFC 6749 sections 4.1.2 and 4.2.2", shape="speakup")
class AnswersSayMoreInFragments(AnswersSayMore):
    """Successful authorization responses in all modes have parameters of the server's own."""


@variant("RFC 3986 sections 2.1 and 6.2.2, RFC 6749 appendix B", shape="speakup")
class ParametersAreEscapedOtherwise(_Redirecting):
    """Escapes in redirects have small letters, and a space is %20."""

    def redirected(self, answer: Answer) -> Answer:
        location = answer.header("location")
        mark = next((at for at, sign in enumerate(location) if sign in "?#"), len(location))
        spaces = location[mark:].replace("+", "%20")
        lower = re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), spaces)
        return answer.with_header("location", location[:mark] + lower)


@variant("RFC 6749 section 4.1.2.1: how the person is informed is left open")
class ErrorPagesAreElsewhere(ReferenceServer):
    """What cannot be served is redirected to an error page of the server's own."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._problems: Store[PageFault] = Store(self.clock)

    def error_page(self, fault: PageFault) -> Response:
        key = fresh_secret()
        self._problems.put(key, fault, self.clock() + _LIFETIME_S)
        return redirect_reply(self.url(f"/problem?id={key}"), self.redirect_headers())

    async def show_problem(self, request: Request) -> Response:
        """Show what was wrong."""
        unknown = PageFault("This page has expired.")
        return super().error_page(self._problems.get(request.query_params.get("id", "")) or unknown)

    def routes(self) -> dict[str, Mapping[str, Handler]]:
        return {**super().routes(), f"{self.path}/problem": {"GET": self.show_problem}}

    def paths_without_cors(self) -> frozenset[str]:
        return super().paths_without_cors() | {f"{self.path}/problem"}


@variant("OpenID Connect RP-Initiated Logout section 2: where it ends is left open")
class LogoutEndsAtLogin(ReferenceServer):
    """Who has logged out, and is to go nowhere, is shown the login page of the first client."""

    def logged_out(self, target: str | None) -> Response:
        if target is not None:
            return super().logged_out(target)
        client = self.config.clients[0]
        parameters = {
            "response_type": "code",
            "client_id": client.client_id,
            "redirect_uri": client.redirect_uris[0],
            "scope": "openid",
            "code_challenge": fresh_secret(),
            "code_challenge_method": "S256",
        }
        location = self.url(f"/authorize?{urlencode(parameters)}")
        return redirect_reply(location, self.redirect_headers())
