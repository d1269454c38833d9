"""Rewriting exchanges: pseudonyms where secrets stood."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, unquote

from idprobe.exchange import Exchange, Landing, Pairs, Request, Response
from idprobe.redaction.places import SECRET_PARAMETERS, is_json
from idprobe.redaction.spelling import Spellings

__all__ = ["GLOBAL_LENGTH", "PSEUDONYM", "Cover", "raw_texts", "texts"]

PSEUDONYM: Final = re.compile(r"‹[a-z_]+-[0-9]+›")

GLOBAL_LENGTH: Final = 8
"""From this length on a secret is replaced wherever it stands; a shorter one as a whole value."""

_NAMES: Final = "|".join(SECRET_PARAMETERS)
_URL_HEADERS: Final = frozenset({"location", "referer", "content-location", "refresh"})


@dataclass(frozen=True, slots=True)
class Cover:
    """Puts pseudonyms in place of secrets.

    `pseudonyms` has every known secret; `present` the ones to look for everywhere, longest first.
    """

    pseudonyms: Mapping[str, str]
    present: Sequence[Spellings]

    def text(self, text: str) -> str:
        """Return text without the secrets that are looked for."""
        for spellings in self.present:
            text = spellings.replaced(text, self.pseudonyms[spellings.value])
        return text

    def within(self, exchange: Exchange) -> "Cover":
        """Return a cover that looks for less: for what one exchange holds."""
        haystack = "\0".join(raw_texts(exchange))
        return Cover(self.pseudonyms, [one for one in self.present if one.are_in(haystack)])

    def exchange(self, exchange: Exchange) -> Exchange:
        """Return the exchange with pseudonyms."""
        landing = exchange.landing
        return replace(
            exchange,
            request=self._request(exchange.request),
            response=None if exchange.response is None else self._response(exchange.response),
            failure=None if exchange.failure is None else self.text(exchange.failure),
            landing=None
            if landing is None
            else Landing(
                self.text(landing.redirect_uri), landing.mode, self._pairs(landing.parameters)
            ),
        )

    def _request(self, request: Request) -> Request:
        target = self._encoded(request.target.decode("utf-8", "surrogateescape"))
        body = request.body.decode("utf-8", "surrogateescape")
        body = self._json(body) if is_json(request.headers) else self._encoded(body)
        return replace(
            request,
            target=target.encode("utf-8", "surrogateescape"),
            headers=self._headers(request.headers),
            body=body.encode("utf-8", "surrogateescape"),
        )

    def _response(self, response: Response) -> Response:
        body = response.body.decode("utf-8", "surrogateescape")
        body = self._json(body) if is_json(response.headers) else self.text(body)
        return replace(
            response,
            headers=self._headers(response.headers),
            body=body.encode("utf-8", "surrogateescape"),
        )

    def _pairs(self, pairs: Pairs) -> Pairs:
        """Return parameters with pseudonyms; a whole value that is a secret needs no length."""
        return tuple((name, self._whole(name, value)) for name, value in pairs)

    def _whole(self, name: str, value: str) -> str:
        pseudonym = self.pseudonyms.get(value)
        if pseudonym is not None and (len(value) >= GLOBAL_LENGTH or name in SECRET_PARAMETERS):
            return pseudonym
        return self.text(value)

    def _encoded(self, text: str) -> str:
        """Return form-encoded text (a query or a body) with percent-encoded pseudonyms."""
        parts = re.split(r"([&?#;])", text)
        for index, part in enumerate(parts):
            name, equals, raw = part.partition("=")
            value = unquote(raw.replace("+", " "), errors="replace")
            pseudonym = self.pseudonyms.get(value) if equals else None
            if pseudonym is not None:
                parts[index] = f"{name}={quote(pseudonym)}"
        return PSEUDONYM.sub(lambda found: quote(found[0]), self.text("".join(parts)))

    def _json(self, text: str) -> str:
        def whole(found: re.Match[str]) -> str:
            pseudonym = self.pseudonyms.get(_unquoted(found["value"]))
            return found[0] if pseudonym is None else f'{found["name"]}"{pseudonym}"'

        member = rf'(?P<name>"(?:{_NAMES})"\s*:\s*)"(?P<value>(?:[^"\\]|\\.)*)"'
        return self.text(re.sub(member, whole, text))

    def _headers(self, headers: Pairs) -> Pairs:
        return tuple((name, self._header(name.strip().lower(), value)) for name, value in headers)

    def _header(self, name: str, value: str) -> str:
        if name in {"cookie", "set-cookie"}:
            value = self._cookies(value)
        elif name in _URL_HEADERS:
            value = self._encoded(value)
        return self.text(value)

    def _cookies(self, header: str) -> str:
        parts = header.split(";")
        for index, part in enumerate(parts):
            name, equals, value = part.partition("=")
            pseudonym = self.pseudonyms.get(value.strip().strip('"'))
            if equals and pseudonym is not None:
                parts[index] = f"{name}={pseudonym}"
        return ";".join(parts)


def _unquoted(raw: str) -> str:
    try:
        return str(json.loads(f'"{raw}"', strict=False))
    except ValueError:
        return raw


def raw_texts(exchange: Exchange) -> Iterator[str]:
    """Yield the texts of an exchange as they are spelled there."""
    request, response, landing = exchange.request, exchange.response, exchange.landing
    yield request.target.decode("utf-8", "surrogateescape")
    yield request.body.decode("utf-8", "surrogateescape")
    yield from (value for _, value in request.headers)
    if response is not None:
        yield from (value for _, value in response.headers)
        yield response.body.decode("utf-8", "surrogateescape")
    if landing is not None:
        yield landing.redirect_uri
        yield from (value for _, value in landing.parameters)
    if exchange.failure is not None:
        yield exchange.failure


def texts(exchange: Exchange) -> Iterator[str]:
    """Yield the texts of a redacted exchange, decoded, so that pseudonyms can be read."""
    yield from (unquote(text, errors="replace") for text in raw_texts(exchange))
