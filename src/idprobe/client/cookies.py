"""The cookies of a user's browser."""

import contextlib
import copy
import re
import warnings
from collections.abc import Iterable
from functools import lru_cache
from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy
from typing import Final

import httpx

from idprobe.model.exchange import Headers, Request, Response

__all__ = ["Cookies", "parsed"]

MOST_COOKIES: Final = 180
"""So many one answer may set; no browser keeps more of a site."""
NUMBER: Final = re.compile(r"-?[0-9]{1,18}")


class Cookies:
    """The cookies of one user agent; a loopback host counts as secure over plain http too."""

    def __init__(self) -> None:
        policy = DefaultCookiePolicy(secure_protocols=("https", "wss"))
        loopback = DefaultCookiePolicy(secure_protocols=("https", "wss", "http"))
        self._jar = httpx.Cookies(CookieJar(policy))
        self._loopback = httpx.Cookies(CookieJar(loopback))
        self.were_given = False
        """Whether a session of the profile was put here."""

    def _jar_for(self, origin: str) -> httpx.Cookies:
        return self._loopback if _is_loopback(parsed(origin).host) else self._jar

    def all(self) -> tuple[Cookie, ...]:
        """Return every cookie."""
        return (*self._jar.jar, *self._loopback.jar)

    def become(self, cookies: Iterable[Cookie]) -> None:
        """Have these cookies and no others."""
        self._jar.jar.clear()
        self._loopback.jar.clear()
        for cookie in cookies:
            jar = self._loopback if _is_loopback(cookie.domain.lstrip(".")) else self._jar
            jar.jar.set_cookie(cookie)

    def header_for(self, request: Request) -> Headers:
        """Return the Cookie header that belongs to a request; empty without a cookie for it."""
        try:
            carrier = _carrier(request)
            self._jar_for(request.origin).set_cookie_header(carrier)
        except (httpx.InvalidURL, ValueError):  # nor is a URL sent that cannot be parsed
            return ()
        value = carrier.headers.get("cookie")
        return () if value is None else (("Cookie", value),)

    def keep(self, request: Request, response: Response) -> None:
        """Keep what the response sets; a cookie that cannot be read costs no other."""
        jar = self._jar_for(request.origin)
        # one by one: of a cookie that is set twice, the last counts, and it may take it away
        for value in response.all_headers("set-cookie")[:MOST_COOKIES]:
            _extract(jar, request, _readable(value))

    def give(self, url: str, header: str) -> None:
        """Have the cookies of a Cookie header at a URL, once: what becomes of them stays so."""
        if self.were_given:
            return
        self.were_given = True
        secure = "; Secure" if parsed(url).scheme == "https" else ""
        for part in header.split(";"):
            pair = part.strip()
            if "=" in pair:
                told = (("Set-Cookie", f"{pair}; Path=/; HttpOnly{secure}"),)
                self.keep(Request.get(url), Response(200, told))

    def twin(self) -> "Cookies":
        """Return another user agent that has the same cookies now, and keeps its own from here."""
        other = Cookies()
        other.were_given = self.were_given
        for mine, its in ((self._jar, other._jar), (self._loopback, other._loopback)):
            for cookie in mine.jar:
                its.jar.set_cookie(copy.copy(cookie))
        return other


def _extract(jar: httpx.Cookies, request: Request, set_cookie: str) -> None:
    """Put what a Set-Cookie header sets into a jar; nothing if it cannot be read."""
    headers = [(b"Set-Cookie", set_cookie.encode("latin-1"))]
    answer = httpx.Response(200, headers=headers, request=_carrier(request))
    answer.headers.encoding = "latin-1"
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        with contextlib.suppress(UserWarning):  # http.cookiejar warns of its own faults
            jar.extract_cookies(answer)


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "localhost.local", "::1"} or host.startswith("127.")


@lru_cache(1024)
def parsed(text: str) -> httpx.URL:
    """Return a parsed URL; parsing it anew for every request would cost more than sending it."""
    return httpx.URL(text)


def _carrier(request: Request) -> httpx.Request:
    """Return what the cookie jar needs to know of a request: its method, host and path."""
    carrier = httpx.Request(request.method, parsed(request.origin + request.path))
    carrier.headers.encoding = "latin-1"  # a cookie goes back as it came, octet by octet
    return carrier


def _readable(set_cookie: str) -> str:
    """Return a Set-Cookie header without a Max-Age that is no number.

    Browsers leave that out (RFC 6265 section 5.2.2); http.cookiejar leaves out the cookie, or
    reports a bug of its own.
    """
    pair, *attributes = set_cookie.split(";")
    return ";".join([pair, *(one for one in attributes if not _is_odd_age(one))])


def _is_odd_age(attribute: str) -> bool:
    name, _, value = attribute.partition("=")
    return name.strip().lower() == "max-age" and NUMBER.fullmatch(value.strip()) is None
