"""Mutants that read a redirect URI in another way than they compare it."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import functools
from collections.abc import Mapping
from dataclasses import replace
from html import escape
from urllib.parse import unquote, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.mutants.registry import mutant
from idprobe_reference.mutants.tokens.token_form import with_body
from idprobe_reference.requests.authorization_request import Wish
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig

_EXACT = (
    "RFC6749-3.1.2.3/simple-string-comparison",
    "RFC9700-2.1/exact-redirect-matching",
    "RFC9700-4.1.3/redirect-uris-equal",
)


@mutant(
    breaks=[
        *_EXACT,
        "RFC6749-3.1.2.4/no-redirect-to-invalid-uri",
        "RFC6749-10.6/redirect-uri-validated",
    ],
    also={"OIDCC-3.1.2.1/redirect-uri-exact-match": "it is compared so too"},
)
class RedirectUriIsSearched(ReferenceServer):
    """A redirect_uri is good if it has the registered host in it, however it is escaped."""

    def redirect_uri_matches(self, registered: str, given: str, client: ClientConfig) -> bool:
        if super().redirect_uri_matches(registered, given, client):
            return True
        return "attacker" in given and urlsplit(registered).netloc in unquote(given)


@mutant(breaks=_EXACT)
class RedirectUriIsUnescaped(ReferenceServer):
    """Dot segments behind the registered path do not count, whatever their spelling."""

    def redirect_uri_matches(self, registered: str, given: str, client: ClientConfig) -> bool:
        if super().redirect_uri_matches(registered, given, client):
            return True
        return given.startswith(registered) and ".." in unquote(given)


@mutant(
    breaks="RFC6749-10.14/input-sanitised",
    also=dict.fromkeys(_EXACT, "what follows a line break does not count"),
)
class RedirectUriEndsAtLine(ReferenceServer):
    """What follows a line break in a redirect_uri goes into the header as it is."""

    def redirect_uri_matches(self, registered: str, given: str, client: ClientConfig) -> bool:
        return super().redirect_uri_matches(registered, given.partition("\r\n")[0], client)

    def deliver(self, wish: Wish, parameters: Mapping[str, str]) -> Response:
        uri, _, line = wish.redirect_uri.partition("\r\n")
        response = super().deliver(replace(wish, redirect_uri=uri), parameters)
        name, _, value = line.partition(": ")
        if value:
            response.headers[name] = value
        return response


@mutant(breaks=["RFC6749-10.6/redirect-uri-validated"])
class RedirectUriOfTheQueryCounts(ReferenceServer):
    """A redirect_uri in the query of a POST is where the answer goes, and nobody checks it."""

    async def authorization_form(self, request: Request) -> Form:
        form = await super().authorization_form(request)
        other = request.query_params.get("redirect_uri")
        if request.method == "POST" and other is not None:
            self.elsewhere[form.get("state", "")] = other
        return form

    @functools.cached_property
    def elsewhere(self) -> dict[str, str]:
        """The redirect URIs of queries, by the state of their requests."""
        return {}

    def wish_of(self, form: Form) -> Wish:
        wish = super().wish_of(form)
        other = self.elsewhere.get(wish.state or "")
        return wish if other is None else replace(wish, redirect_uri=other)


@mutant(
    breaks="RFC6749-3.1.2.3/redirect-uri-matches-registration",
    also=dict.fromkeys(_EXACT, "it is another's"),
)
class RedirectUrisAreEverybodys(ReferenceServer):
    """A redirect URI that any client has registered is good for all."""

    def redirect_uri_matches(self, registered: str, given: str, client: ClientConfig) -> bool:
        known = (uri for one in self.clients.values() for uri in one.redirect_uris)
        return given in known or super().redirect_uri_matches(registered, given, client)


@mutant(breaks="RFC6749-10.2/redirect-registration-without-authentication")
class PublicRedirectsAreFree(ReferenceServer):
    """A public client is answered wherever it says."""

    def redirect_uri_matches(self, registered: str, given: str, client: ClientConfig) -> bool:
        return client.is_public or super().redirect_uri_matches(registered, given, client)


@mutant(breaks="RFC9700-2.1/exact-redirect-matching")
class AnythingOnLoopbackMatches(ReferenceServer):
    """Of a loopback redirect URI nothing but the host is compared."""

    def redirect_uri_matches(self, registered: str, given: str, client: ClientConfig) -> bool:
        hosts = {urlsplit(registered).hostname, urlsplit(given).hostname}
        return hosts == {"127.0.0.1"} or super().redirect_uri_matches(registered, given, client)


@mutant(breaks="RFC6749-10.14/input-sanitised")
class RefusedUrisAreLinks(ReferenceServer):
    """The page that refuses a redirect URI links to it."""

    async def authorize(self, request: Request) -> Response:
        page = await super().authorize(request)
        uri = request.query_params.get("redirect_uri", "")
        if not uri.startswith("javascript:"):
            return page
        link = f'<a href="{uri}">back</a></body>'.encode()
        return with_body(page, bytes(page.body).replace(b"</body>", link))


class _RefusesAndLeadsOn(ReferenceServer):
    """A server whose page that refuses a redirect URI has more on it."""

    way_there = ""
    """What takes a browser there, with {uri} for the address."""

    async def authorize(self, request: Request) -> Response:
        page = await super().authorize(request)
        uri = request.query_params.get("redirect_uri", "")
        if b"redirect_uri is not registered" not in page.body:
            return page
        more = self.way_there.format(uri=escape(uri)) + "</body>"
        return with_body(page, bytes(page.body).replace(b"</body>", more.encode()))


_LED_ON = (
    *_EXACT,
    "OIDCC-3.1.2.1/redirect-uri-exact-match",
    "OIDCC-3.1.2.6/invalid-redirect-uri-not-followed",
    "RFC6749-3.1.2.2/every-client-registers-redirect",
    "RFC6749-3.1.2.2/partial-registration-fixes-scheme-authority-path",
    "RFC6749-3.1.2.3/redirect-uri-matches-registration",
    "RFC6749-3.1.2.4/no-redirect-to-invalid-uri",
    "RFC6749-4.1.2.1/no-redirect-on-bad-client-or-uri",
    "RFC6749-10.2/redirect-registration-without-authentication",
    "RFC6749-10.6/redirect-uri-validated",
    "RFC8252-8.4/exact-match-except-loopback-port",
)
_WRITTEN_DOWN = {
    "RFC6749-A.6/redirect-uri-syntax": "what is no URI is led to as well",
    "RFC7592-2.2/update-replaces": "a URI that is not registered any more is led to as well",
}


@mutant(
    breaks=_LED_ON,
    also={**_WRITTEN_DOWN, "RFC6749-10.14/input-sanitised": "the form leads to a script too"},
)
class RefusedUrisAreForms(_RefusesAndLeadsOn):
    """The page that refuses a redirect URI has a form that takes the error there."""

    way_there = '<form method="post" action="{uri}"><button>Go on</button></form>'


@mutant(breaks=_LED_ON, also=_WRITTEN_DOWN)
class RefusedUrisAreRefreshed(_RefusesAndLeadsOn):
    """The page that refuses a redirect URI goes there after a while."""

    way_there = '<meta http-equiv="refresh" content="5; url={uri}">'


@mutant(breaks=_LED_ON)
class RefusedUrisAreScripted(_RefusesAndLeadsOn):
    """The page that refuses a redirect URI has a script that goes there."""

    way_there = "<script>location.replace('{uri}')</script>"
