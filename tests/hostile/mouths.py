"""What hostile servers do to their answers on the wire."""

import asyncio
import gzip
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from email.utils import formatdate
from typing import Any, Final
from urllib.parse import quote

from tests.hostile.wire import Asked, Honest, Mouth, Writer

MEBIBYTE: Final = 2**20
TOO_LONG: Final = 64 * MEBIBYTE
MARK: Final = "idprobe-was-here"
NO_TEXT: Final = "\ud800\x00\uffff\udc00\ufeff"
"""Lone surrogates, a NUL, a non-character and a byte order mark."""
NO_DATE: Final = "Sun, 06 Nov 1994 08:49:37 +999999999999999999999"
INJECTION: Final = (
    f"<script>alert('{MARK}')</script>\"'><img src=x onerror=alert(1)>"
    "\x1b[2J\x1b]0;owned\x07\u202e\r\n::error file=x::owned\n[red]![x](javascript:alert(1))|`"
)


async def plainly(_asked: Asked, honest: Honest, writer: Writer) -> None:
    """Answer as the reference server does."""
    await writer.write(honest.octets())


def at(*paths: str, how: Mouth) -> Mouth:
    """Return a mouth that is hostile at paths that end so, and answers plainly elsewhere."""

    async def mouth(asked: Asked, honest: Honest, writer: Writer) -> None:
        is_hostile = asked.path.endswith(paths)
        await (how if is_hostile else plainly)(asked, honest, writer)

    return mouth


def saying(change: Callable[[Honest], Honest]) -> Mouth:
    """Return a mouth that says something else in good HTTP."""

    async def mouth(_asked: Asked, honest: Honest, writer: Writer) -> None:
        await writer.write(change(honest).octets())

    return mouth


def with_json(change: Callable[[Any], Any]) -> Mouth:
    """Return a mouth that changes JSON; `change` may return the text itself."""

    def changed(honest: Honest) -> Honest:
        try:
            found = change(json.loads(honest.body))
        except ValueError:
            return honest
        text = found if isinstance(found, str) else json.dumps(found)
        return honest.saying(text.encode("utf-8", "surrogateescape"))

    return saying(changed)


def with_members(**members: Any) -> Mouth:
    """Return a mouth whose JSON objects have these members."""
    return with_json(lambda value: {**value, **members})


def raw(*parts: bytes) -> Mouth:
    """Return a mouth that says these octets, whatever was asked."""

    async def mouth(_asked: Asked, _honest: Honest, writer: Writer) -> None:
        for part in parts:
            await writer.write(part)

    return mouth


def head(*lines: str, status: str = "200 OK", json_type: bool = True) -> bytes:
    """Return the head of an answer."""
    kind = ("Content-Type: application/json",) if json_type else ()
    return "\r\n".join([f"HTTP/1.1 {status}", *kind, *lines, "", ""]).encode("latin-1")


async def endless_chunks(_asked: Asked, _honest: Honest, writer: Writer) -> None:
    """Send chunks for as long as anybody listens."""
    await writer.write(head("Transfer-Encoding: chunked"))
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    for _ in range(TOO_LONG // 65_536):
        await writer.write(chunk)


async def endless_until_close(_asked: Asked, _honest: Honest, writer: Writer) -> None:
    """Send a body without a length for as long as anybody listens."""
    await writer.write(head("Connection: close"))
    for _ in range(TOO_LONG // 65_536):
        await writer.write(b'{"a":' * 13_107)


async def slow_body(_asked: Asked, honest: Honest, writer: Writer) -> None:
    """Send an octet of the body now and then."""
    await writer.write(head(f"Content-Length: {len(honest.body) + 1000}"))
    for octet in honest.body:
        await writer.write(bytes([octet]))
        await asyncio.sleep(0.05)


async def slow_head(_asked: Asked, _honest: Honest, writer: Writer) -> None:
    """Send an octet of the header now and then."""
    await writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        await writer.write(b"x")
        await asyncio.sleep(0.05)


async def silence(_asked: Asked, _honest: Honest, _writer: Writer) -> None:
    """Say nothing and keep the connection."""
    await asyncio.sleep(60)


async def interim_flood(_asked: Asked, _honest: Honest, writer: Writer) -> None:
    """Send interim responses for as long as anybody listens."""
    for _ in range(1_000_000):
        await writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 100)


async def long_header(_asked: Asked, honest: Honest, writer: Writer) -> None:
    """Send a header line of many mebibytes."""
    await writer.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    for _ in range(TOO_LONG // 65_536):
        await writer.write(b"x" * 65_536)
    await writer.write(b"\r\nContent-Length: 2\r\n\r\n{}" + honest.body)


async def many_headers(_asked: Asked, honest: Honest, writer: Writer) -> None:
    """Send a hundred thousand header lines."""
    await writer.write(b"HTTP/1.1 200 OK\r\n" + b"X-Many: 1\r\n" * 100_000)
    await writer.write(b"Content-Length: 2\r\n\r\n{}" + honest.body)


async def reset_in_body(_asked: Asked, honest: Honest, writer: Writer) -> None:
    """Reset the connection in the middle of the body."""
    await writer.write(honest.octets()[: -max(1, len(honest.body) // 2)])
    await writer.reset()


async def reset_at_once(_asked: Asked, _honest: Honest, writer: Writer) -> None:
    """Reset the connection instead of an answer."""
    await writer.reset()


async def too_short(_asked: Asked, honest: Honest, writer: Writer) -> None:
    """Announce more than is sent."""
    length = f"Content-Length: {len(honest.body)}".encode()
    more = f"Content-Length: {len(honest.body) + 100}".encode()
    await writer.write(honest.octets().replace(length, more))


async def too_long(_asked: Asked, honest: Honest, writer: Writer) -> None:
    """Send more than is announced."""
    length = f"Content-Length: {len(honest.body)}".encode()
    less = f"Content-Length: {len(honest.body) // 2}".encode()
    await writer.write(honest.octets().replace(length, less))


def bomb(kind: str) -> Mouth:
    """Return a mouth whose body is small, and immense once decoded."""
    packed = gzip.compress(b"[" * 256 * MEBIBYTE, 1)
    lines = (f"Content-Encoding: {kind}", f"Content-Length: {len(packed)}")
    return raw(head(*lines), packed)


def cookies(count: int) -> Mouth:
    """Return a mouth that sets so many cookies with each answer."""
    more = [("Set-Cookie", f"c{i}={'x' * 40}; Path=/") for i in range(count)]
    return saying(lambda honest: honest.adding(*more))


def duplicated(*names: str) -> Mouth:
    """Return a mouth that says members of JSON twice, the second time otherwise."""

    def twice(value: Any) -> str:
        text = json.dumps(value)
        again = ",".join(f'"{name}":"another"' for name in names if name in value)
        return f"{text[:-1]},{again}}}" if again else text

    return with_json(twice)


def replaced(pattern: str, new: str) -> Mouth:
    """Return a mouth that replaces something in its bodies."""

    def changed(honest: Honest) -> Honest:
        return honest.saying(re.sub(pattern.encode(), new.encode(), honest.body))

    return saying(changed)


def redirecting(to: Callable[[Asked], str], status: int = 302) -> Mouth:
    """Return a mouth that redirects everything."""

    async def mouth(asked: Asked, honest: Honest, writer: Writer) -> None:
        moved = replace(honest, status=status, body=b"", headers=(("Location", to(asked)),))
        await writer.write(moved.octets())

    return mouth


def refusing(status: int, **headers: str) -> Mouth:
    """Return a mouth that answers with a status and an empty object."""
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    kind = (("Content-Type", "application/json"), *pairs)
    return saying(lambda honest: replace(honest, status=status, headers=kind, body=b"{}"))


def injected(value: Any) -> Any:
    """Return a JSON value with markup and terminal escapes in each text of it."""
    if isinstance(value, Mapping):
        more = {name: injected(one) for name, one in value.items()}
        return {**more, INJECTION: INJECTION}
    if isinstance(value, list):
        return [injected(one) for one in value]
    return f"{value}{INJECTION}" if isinstance(value, str) else value


def on_pages(honest: Honest) -> Honest:
    """Return a page with markup in its title and its text."""
    words = INJECTION.encode()
    body = honest.body.replace(b"<title>", b"<title>" + words).replace(b"<main>", b"<main>" + words)
    return honest.saying(body)


def in_headers(honest: Honest) -> Honest:
    """Return an answer with markup in headers, as far as HTTP lets it through."""
    words = "".join(c for c in INJECTION if " " <= c <= "~")
    kept = tuple((n, v) for n, v in honest.headers if n.lower() != "www-authenticate")
    challenges = (("WWW-Authenticate", f"Bearer error={words}"),) if honest.status == 401 else ()
    return replace(honest, headers=(*kept, ("Server", words), (f"X-{MARK}", words), *challenges))


def in_redirects(honest: Honest) -> Honest:
    """Return a redirect with markup in one more parameter."""
    more = f"&more={quote(INJECTION, safe='')}"
    moved = (
        (n, v + more if n.lower() == "location" and "?" in v else v) for n, v in honest.headers
    )
    return replace(honest, headers=tuple(moved))


def strange(value: Any) -> Any:
    """Return a JSON value with one more member at each object, of what is hardly text or number."""
    if isinstance(value, Mapping):
        more = {name: strange(one) for name, one in value.items()}
        return {**more, f"x_unrelated{NO_TEXT}": [NO_TEXT, {NO_TEXT: 10**250}]}
    return [strange(one) for one in value] if isinstance(value, list) else value


def in_each_text(value: Any) -> Any:
    """Return a JSON value with what is hardly text at the end of each text."""
    if isinstance(value, Mapping):
        return {name: in_each_text(one) for name, one in value.items()}
    if isinstance(value, list):
        return [in_each_text(one) for one in value]
    return f"{value}{NO_TEXT}" if isinstance(value, str) else value


def on_strange_pages(honest: Honest) -> Honest:
    """Return a page with references to what is no character, and a form that is made of them."""
    words = b"&#xD800;&#0;&#xFFFF;&#x110000;&#99999999999999999999;\x00\xff"
    form = b'<form action="%s"><input name="%s" value="%s"></form></main>' % (words, words, words)
    titled = honest.body.replace(b"<title>", b"<title>" + words)
    body = titled.replace(b"</main>", form)
    return honest.saying(body)


def with_strange_dates(honest: Honest) -> Honest:
    """Return an answer whose dates and ages are beyond what can be computed with."""
    return honest.adding(
        ("Date", NO_DATE),
        ("Expires", "Fri, 31 Dec 9999 23:59:59 -2359"),
        ("Last-Modified", "Mon, 01 Jan 0001 00:00:00 +2359"),
        ("Age", "9" * 400),
        ("Retry-After", "9" * 400),
        ("Cache-Control", f"max-age={'9' * 400}"),
        ("Set-Cookie", f"c1=x; Path=/; Expires={NO_DATE}; Max-Age={'9' * 400}"),
        ("Set-Cookie", "c2=x; Path=/; Expires=Mon, 01 Jan 0001 00:00:00 GMT; Max-Age=-9e9"),
        ("Set-Cookie", "=; ;;=,\xff"),
    )


async def strange_reason(_asked: Asked, honest: Honest, writer: Writer) -> None:
    """Answer with a reason phrase that is no ASCII."""
    await writer.write(honest.octets().replace(b" X\r\n", b" \xff\xed\xa0\x80 \xc2\x9b2J\r\n", 1))


async def half_head(_asked: Asked, honest: Honest, writer: Writer) -> None:
    """Send half a header and nothing more, and keep the connection."""
    await writer.write(honest.octets()[:20])
    await asyncio.sleep(60)


class Finishing:
    """Ends its side of the connection as soon as it is there, while the request is written."""

    def greet(self, stream: asyncio.StreamWriter) -> None:
        """Send a FIN."""
        stream.write_eof()

    async def __call__(self, _asked: Asked, _honest: Honest, _writer: Writer) -> None:
        """Say nothing."""


class Jumping:
    """Tells the time in Date by a clock that jumps by hours between answers."""

    JUMPS_H: Final = (0, 7, -5, 30, -48)

    def __init__(self) -> None:
        self.answers = 0

    async def __call__(self, _asked: Asked, honest: Honest, writer: Writer) -> None:
        """Answer with a Date."""
        self.answers += 1
        moment = time.time() + 3600 * self.JUMPS_H[self.answers % len(self.JUMPS_H)]
        await writer.write(honest.adding(("Date", formatdate(moment, usegmt=True))).octets())


class Once:
    """Answers one request of those to some paths otherwise, and all others honestly."""

    def __init__(self, number: int, *paths: str, how: Mouth) -> None:
        self.left = number
        self.paths = paths
        self.how = how

    async def __call__(self, asked: Asked, honest: Honest, writer: Writer) -> None:
        """Answer, once wrongly."""
        self.left -= asked.path.endswith(self.paths)
        is_wrong = self.left == 0 and asked.path.endswith(self.paths)
        await (self.how if is_wrong else plainly)(asked, honest, writer)


class Storm:
    """Is overloaded for so many requests after so many, and then well again."""

    def __init__(self, first: int, last: int) -> None:
        self.first = first
        self.last = last
        self.asked = 0

    async def __call__(self, asked: Asked, honest: Honest, writer: Writer) -> None:
        """Answer, or say 503."""
        self.asked += 1
        is_over = self.first <= self.asked <= self.last
        await (refusing(503, Retry_After="1") if is_over else plainly)(asked, honest, writer)


class Dying:
    """Answers so many requests, then says nothing more to anybody."""

    def __init__(self, requests: int) -> None:
        self.left = requests

    async def __call__(self, asked: Asked, honest: Honest, writer: Writer) -> None:
        """Answer, or reset."""
        self.left -= 1
        await (plainly if self.left >= 0 else reset_at_once)(asked, honest, writer)
