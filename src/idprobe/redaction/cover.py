"""Rewriting exchanges: pseudonyms where secrets stood."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import quote, unquote

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Exchange, Headers, Landing, Request, Response, parse_json
from idprobe.redaction.finding import Finder, Span, octets_of, text_of
from idprobe.redaction.places import (
    MEMBER,
    SECRET_PARAMETERS,
    fields_of,
    is_json,
    member_value,
)

__all__ = ["PSEUDONYM", "Cover", "readable_texts"]

PSEUDONYM: Final = re.compile(r"‹[a-z_]{1,64}-[0-9]{1,9}›")

_URL_HEADERS: Final = frozenset({"location", "referer", "content-location", "refresh"})
_CREDENTIALS: Final = frozenset({"authorization", "proxy-authorization"})
_DELIMITER: Final = re.compile(r"([&?#;])")
_BETWEEN: Final = b"\0\0"
"""What stands between the texts of an exchange when all are searched at once."""


@dataclass(frozen=True, slots=True)
class Cover:
    """Puts pseudonyms in place of secrets.

    `pseudonyms` has every known secret, for whole values in the places of secrets; `finder` looks
    for those that are covered wherever they stand.
    """

    pseudonyms: Mapping[str, str]
    finder: Finder

    def text(self, text: str) -> str:
        """Return text without the secrets that are looked for everywhere."""
        octets = octets_of(text)
        spans = self.finder.spans(octets) if octets else ()
        return text_of(self.covered(octets, spans)) if spans else text

    def values(self, value: Any) -> Any:
        """Return a value of JSON without secrets, its members' names included."""
        match value:
            case str():
                return self.text(value)
            case int() | float() if not isinstance(value, bool) and str(value) in self.pseudonyms:
                return self.text(str(value))
            case list() | tuple():
                return [self.values(one) for one in value]
            case Mapping():
                return {self.text(str(name)): self.values(one) for name, one in value.items()}
            case _:
                return value

    def exchange(self, exchange: Exchange) -> Exchange:
        """Return the exchange with pseudonyms; all its texts are searched at once."""
        return _Rewriting(self, exchange).exchange(exchange)

    def covered(
        self, octets: bytes, spans: Sequence[Span], spell: Callable[[str], str] = str
    ) -> bytes:
        """Return octets with pseudonyms, spelled as they have to be there, in place of spans."""
        parts: list[bytes] = []
        done = 0
        for span in spans:
            parts += (octets[done : span.start], spell(self.pseudonyms[span.value]).encode())
            done = span.end
        return b"".join((*parts, octets[done:])) if parts else octets


class _Rewriting:
    """One exchange on its way: its texts are taken in the order in which `_texts` yields them."""

    def __init__(self, cover: Cover, exchange: Exchange) -> None:
        self._cover: Final = cover
        self._pseudonyms: Final = cover.pseudonyms
        found = [octets_of(text) for text in _texts(exchange)]
        spans = cover.finder.spans(_BETWEEN.join(found))
        self._pieces: Final = _pieces(found, spans)

    def exchange(self, exchange: Exchange) -> Exchange:
        """Return the exchange with pseudonyms."""
        response, landing = exchange.response, exchange.landing
        return replace(
            exchange,
            request=self._request(exchange.request),
            response=None if response is None else self._response(response),
            landing=None if landing is None else self._landing(landing),
            failure=None if exchange.failure is None else self._text(),
        )

    def _octets(self, spell: Callable[[str], str] = str) -> bytes:
        """Return the next text without what is looked for everywhere."""
        octets, spans = next(self._pieces)
        return self._cover.covered(octets, spans, spell)

    def _text(self) -> str:
        return text_of(self._octets())

    def _request(self, request: Request) -> Request:
        return replace(
            request,
            target=self._encoded(),
            body=self._request_body(request),
            headers=self._headers(request.headers),
        )

    def _request_body(self, request: Request) -> bytes:
        if is_json(request.headers):
            return self._json()
        fields = fields_of(request.headers, request.body)
        if fields is None:
            return self._encoded()
        body = self._octets()
        for name, value in fields:
            pseudonym = self._pseudonyms.get(value) if name in SECRET_PARAMETERS else None
            if pseudonym is not None:
                whole = re.compile(rb"(?<=\n)" + re.escape(octets_of(value)) + rb"(?=\r\n--)")
                body = whole.sub(pseudonym.encode(), body)
        return body

    def _response(self, response: Response) -> Response:
        return replace(
            response,
            headers=self._headers(response.headers),
            reason=self._text(),
            body=self._json() if is_json(response.headers) else self._octets(),
        )

    def _landing(self, landing: Landing) -> Landing:
        redirect_uri = self._text()
        parameters = []
        for name, value in landing.parameters:
            shown_name, shown = self._text(), self._text()
            whole = self._pseudonyms.get(value) if name in SECRET_PARAMETERS else None
            parameters.append((shown_name, whole or shown))
        return Landing(redirect_uri, landing.mode, tuple(parameters))

    def _encoded(self) -> bytes:
        """Return form-encoded octets (a query or a body) with percent-encoded pseudonyms."""
        octets = self._octets(quote)
        parts = _DELIMITER.split(octets.decode("utf-8", "surrogateescape"))
        for index, part in enumerate(parts):
            name, equals, raw = part.partition("=")
            if equals and name in SECRET_PARAMETERS:
                value = unquote(raw.replace("+", " "), errors="replace")
                pseudonym = self._pseudonyms.get(value)
                parts[index] = part if pseudonym is None else f"{name}={quote(pseudonym)}"
        return "".join(parts).encode("utf-8", "surrogateescape")

    def _json(self) -> bytes:
        """Return JSON with pseudonyms; what could be read before can be read afterwards."""
        octets, spans = next(self._pieces)
        covered = self._named(self._cover.covered(octets, spans))
        if spans and _is_readable(octets) and not _is_readable(covered):
            # a secret stood there as a number
            covered = self._named(self._cover.covered(octets, spans, '"{}"'.format))
        return covered

    def _named(self, octets: bytes) -> bytes:
        """Return JSON with pseudonyms for whole values of the members that are secret."""

        def whole(found: re.Match[str]) -> str:
            pseudonym = self._pseudonyms.get(member_value(found["value"]))
            return found[0] if pseudonym is None else f'{found["name"]}"{pseudonym}"'

        text = octets.decode("utf-8", "surrogateescape")
        return MEMBER.sub(whole, text).encode("utf-8", "surrogateescape")

    def _headers(self, headers: Headers) -> Headers:
        return tuple((self._text(), self._header(name.strip().lower())) for name, _ in headers)

    def _header(self, name: str) -> str:
        if name in _URL_HEADERS:
            return text_of(self._encoded())
        value = self._text()
        if name in {"cookie", "set-cookie"}:
            return self._cookies(value)
        if name in _CREDENTIALS:
            scheme, space, credentials = value.partition(" ")
            return f"{scheme}{space}{self._pseudonyms.get(credentials.strip(), credentials)}"
        return value

    def _cookies(self, header: str) -> str:
        parts = header.split(";")
        for index, part in enumerate(parts):
            name, equals, value = part.partition("=")
            pseudonym = self._pseudonyms.get(value.strip().strip('"'))
            if equals and pseudonym is not None:
                parts[index] = f"{name}={pseudonym}"
        return ";".join(parts)


def _pieces(
    found: Sequence[bytes], spans: Sequence[Span]
) -> Iterator[tuple[bytes, Sequence[Span]]]:
    """Yield each text with the spans in it, which were found in all of them joined.

    Only the two ends of a long secret are compared, and they can stand in two texts: then each
    text has its part of the span.
    """
    start = number = 0
    for octets in found:
        end = start + len(octets)
        here = []
        while number < len(spans) and spans[number].start < end:
            one = spans[number]
            if one.end > start:
                first, last = max(one.start, start), min(one.end, end)
                here.append(Span(first - start, last - start, one.value))
            if one.end > end:  # the next text has the rest of it
                break
            number += 1
        yield octets, here
        start = end + len(_BETWEEN)


def _is_readable(octets: bytes) -> bool:
    try:
        parse_json(octets)
    except EvidenceError:
        return False
    return True


def _texts(exchange: Exchange) -> Iterator[str]:
    """Yield the texts of an exchange as they are spelled there, in the order of their rewriting."""
    request, response, landing = exchange.request, exchange.response, exchange.landing
    yield request.target.decode("utf-8", "surrogateescape")
    yield request.body.decode("utf-8", "surrogateescape")
    for pair in request.headers:
        yield from pair
    if response is not None:
        for pair in response.headers:
            yield from pair
        yield response.reason
        yield response.body.decode("utf-8", "surrogateescape")
    if landing is not None:
        yield landing.redirect_uri
        for pair in landing.parameters:
            yield from pair
    if exchange.failure is not None:
        yield exchange.failure


def readable_texts(exchange: Exchange) -> Iterator[str]:
    """Yield the texts of a redacted exchange, decoded: pseudonyms can be read."""
    return (unquote(text, errors="replace") for text in _texts(exchange))
