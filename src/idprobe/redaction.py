"""Secrets out, facts in: what makes evidence shareable and still judgeable.

A `Vault` lives as long as a run. It knows the profile's secrets, learns every code, token, cookie
and assertion that passes by, and gives each a pseudonym such as `‹code-1›`: equal values have equal
pseudonyms all through the run. Checks read what they need of a secret from `Trace.facts`.
"""

import base64
import binascii
import html
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from idprobe.errors import EvidenceError
from idprobe.exchange import (
    Exchange,
    Landing,
    Pairs,
    Request,
    Response,
    Trace,
    form_pairs,
    media_type_of,
    parse_json,
)
from idprobe.jose import half_hash, looks_like_jwt, read_jwt

__all__ = ["PSEUDONYM", "Vault", "facts_of"]

PSEUDONYM: Final = re.compile(r"‹[a-z_]+-[0-9]+›")

SECRET_PARAMETERS: Final[Mapping[str, str]] = {
    "access_token": "access_token",
    "actor_token": "token",
    "assertion": "assertion",
    "authenticity_token": "csrf",
    "client_assertion": "client_assertion",
    "client_secret": "client_secret",
    "code": "code",
    "code_verifier": "code_verifier",
    "_csrf": "csrf",
    "csrf": "csrf",
    "csrf_token": "csrf",
    "csrfmiddlewaretoken": "csrf",
    "device_code": "device_code",
    "id_token": "id_token",
    "id_token_hint": "id_token",
    "logout_token": "logout_token",
    "password": "password",
    "refresh_token": "refresh_token",
    "registration_access_token": "registration_access_token",
    "response": "response_object",
    "subject_token": "token",
    "token": "token",
    "xsrf": "csrf",
}
"""Parameters and JSON members whose values are secret, and the word used in the pseudonym."""

GLOBAL_LENGTH: Final = 8
"""From this length on a secret is replaced wherever it stands; a shorter one as a whole value."""

Verifier = Callable[[str], Mapping[str, Any] | None]


def _nobody(_token: str) -> None:
    return None


class Vault:
    """The secrets of one run and their pseudonyms."""

    def __init__(self, secrets: Iterable[tuple[str, str]] = ()) -> None:
        """Start with the secrets of a profile as (kind, value) pairs."""
        self.verifier: Verifier = _nobody
        self._pseudonyms: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._facts: dict[str, Mapping[str, Any]] = {}
        self._replacements: dict[str, re.Pattern[str] | None] = {}
        for kind, value in secrets:
            self.learn(kind, value)

    def learn(self, kind: str, value: str) -> None:
        """Give a secret its pseudonym, unless it has one; an empty value is no secret."""
        if not value or value in self._pseudonyms:
            return
        self._counts[kind] = number = self._counts.get(kind, 0) + 1
        pseudonym = f"‹{kind}-{number}›"
        self._pseudonyms[value] = pseudonym
        if len(value) >= GLOBAL_LENGTH:
            self._replacements[value] = _spellings(value)
        self._facts[pseudonym] = facts_of(kind, value, self.verifier)
        if looks_like_jwt(value):
            self.learn("signature", value.rpartition(".")[2])

    def known(self) -> frozenset[str]:
        """Return the secrets themselves, for a test that searches what was written."""
        return frozenset(self._pseudonyms)

    def scrub(self, text: str) -> str:
        """Return text without any known secret, in whatever spelling it stands there."""
        for value in sorted(self._present(text), key=len, reverse=True):
            text = self._replace(text, value, self._pseudonyms[value])
        return text

    def redact(self, trace: Trace) -> Trace:
        """Return the trace with pseudonyms for secrets, and the facts of each; idempotent."""
        if trace.redacted:
            return trace
        for exchange in trace.exchanges:
            for kind, value in _secrets_of(exchange):
                self.learn(kind, value)
        exchanges = tuple(self._redact_exchange(exchange) for exchange in trace.exchanges)
        return replace(trace, exchanges=exchanges, facts=self._facts_in(exchanges), redacted=True)

    def _present(self, text: str) -> Iterator[str]:
        """Yield the known secrets that a text may hold."""
        for value, spellings in self._replacements.items():
            if value in text or (spellings is not None and spellings.search(text)):
                yield value

    def _replace(self, text: str, value: str, pseudonym: str) -> str:
        text = text.replace(value, pseudonym)
        spellings = self._replacements[value]
        return text if spellings is None else spellings.sub(lambda _: pseudonym, text)

    def _short(self) -> Iterator[tuple[str, str]]:
        for value, pseudonym in self._pseudonyms.items():
            if len(value) < GLOBAL_LENGTH:
                yield value, pseudonym

    def _pairs(self, pairs: Pairs) -> Pairs:
        """Return parameters with pseudonyms; a whole value that is a secret needs no length."""
        return tuple((name, self._whole(name, value)) for name, value in pairs)

    def _whole(self, name: str, value: str) -> str:
        pseudonym = self._pseudonyms.get(value)
        if pseudonym is not None and (len(value) >= GLOBAL_LENGTH or _is_secret_name(name)):
            return pseudonym
        return self.scrub(value)

    def _encoded(self, text: str) -> str:
        """Return form-encoded text (a query or a body) with percent-encoded pseudonyms."""
        parts = re.split(r"([&?#;])", text)
        for index, part in enumerate(parts):
            name, equals, raw = part.partition("=")
            value = unquote(raw.replace("+", " "), errors="replace")
            pseudonym = self._pseudonyms.get(value) if equals else None
            if pseudonym is not None:
                parts[index] = f"{name}={quote(pseudonym)}"
        return _quote_pseudonyms(self.scrub("".join(parts)))

    def _redact_exchange(self, exchange: Exchange) -> Exchange:
        landing = exchange.landing
        return replace(
            exchange,
            request=self._redact_request(exchange.request),
            response=None
            if exchange.response is None
            else self._redact_response(exchange.response),
            failure=None if exchange.failure is None else self.scrub(exchange.failure),
            landing=None
            if landing is None
            else Landing(
                self.scrub(landing.redirect_uri), landing.mode, self._pairs(landing.parameters)
            ),
        )

    def _redact_request(self, request: Request) -> Request:
        target = self._encoded(request.target.decode("utf-8", "surrogateescape"))
        body = request.body.decode("utf-8", "surrogateescape")
        body = self._encoded(body) if not _is_json(request.headers) else self._json_text(body)
        return replace(
            request,
            target=target.encode("utf-8", "surrogateescape"),
            headers=tuple((name, self._header(name, value)) for name, value in request.headers),
            body=body.encode("utf-8", "surrogateescape"),
        )

    def _redact_response(self, response: Response) -> Response:
        body = response.body.decode("utf-8", "surrogateescape")
        body = self._json_text(body) if _is_json(response.headers) else self.scrub(body)
        return replace(
            response,
            headers=tuple((name, self._header(name, value)) for name, value in response.headers),
            body=body.encode("utf-8", "surrogateescape"),
        )

    def _json_text(self, text: str) -> str:
        for value, pseudonym in self._short():
            quoted = re.escape(json.dumps(value))
            names = "|".join(SECRET_PARAMETERS)
            text = re.sub(rf'("(?:{names})"\s*:\s*){quoted}', rf'\g<1>"{pseudonym}"', text)
        return self.scrub(text)

    def _header(self, name: str, value: str) -> str:
        lowered = name.lower()
        if lowered in {"cookie", "set-cookie"}:
            value = self._cookies(value)
        elif lowered in {"location", "referer", "content-location", "refresh"}:
            value = self._encoded(value)
        return self.scrub(value)

    def _cookies(self, header: str) -> str:
        parts = header.split(";")
        for index, part in enumerate(parts):
            name, equals, value = part.partition("=")
            pseudonym = self._pseudonyms.get(value.strip().strip('"'))
            if equals and pseudonym is not None:
                parts[index] = f"{name}={pseudonym}"
        return ";".join(parts)

    def _facts_in(self, exchanges: Iterable[Exchange]) -> dict[str, Mapping[str, Any]]:
        """Return the facts of the pseudonyms that occur, themselves free of secrets."""
        found: dict[str, None] = {}
        for exchange in exchanges:
            for text in _texts(exchange):
                found.update(dict.fromkeys(PSEUDONYM.findall(text)))
        return {
            name: json.loads(self.scrub(json.dumps(self._facts[name], ensure_ascii=False)))
            for name in found
            if name in self._facts
        }


def facts_of(kind: str, value: str, verifier: Verifier = _nobody) -> dict[str, Any]:
    """Return what may be known of a secret: JSON-ready, nothing it could be rebuilt from.

    `max_entropy_bits` is length × log2 of the size of the alphabet seen: an upper bound, never an
    estimate of how well it was drawn. `half_hash` maps S256, S384 and S512 to the left half of the
    hash (at_hash, c_hash: OpenID Connect Core section 3.1.3.6).
    """
    classes = {
        "digit": re.search(r"[0-9]", value),
        "lower": re.search(r"[a-z]", value),
        "upper": re.search(r"[A-Z]", value),
        "unreserved_mark": re.search(r"[-._~]", value),
        "base64_mark": re.search(r"[+/=]", value),
        "other": re.search(r"[^A-Za-z0-9\-._~+/=]", value),
    }
    alphabet = [name for name, found in classes.items() if found]
    facts: dict[str, Any] = {
        "kind": kind,
        "length": len(value),
        "segments": value.count(".") + 1,
        "alphabet": alphabet,
        "vschar": re.fullmatch(r"[\x20-\x7e]+", value) is not None,
        "b64token": re.fullmatch(r"[A-Za-z0-9\-._~+/]+=*", value) is not None,
        "max_entropy_bits": round(len(value) * math.log2(max(2, _alphabet_size(value))), 1),
    }
    if kind in {"access_token", "code"} and value.isascii():
        facts["half_hash"] = {name: half_hash(value, f"RS{name[1:]}") for name in HASHES}
    if looks_like_jwt(value):
        try:
            token = read_jwt(value)
        except EvidenceError as error:
            facts["not_a_jwt"] = str(error)
        else:
            facts["jwt"] = {"header": dict(token.header), "claims": dict(token.claims)}
            found = verifier(value)
            facts["verified_by"] = None if found is None else dict(found)
    return facts


HASHES: Final = ("S256", "S384", "S512")


def _alphabet_size(value: str) -> int:
    """Return the size of the smallest usual alphabet that holds the value."""
    for pattern, size in (
        (r"[0-9]+", 10),
        (r"[0-9a-f\-]+|[0-9A-F\-]+", 16),
        (r"[a-z0-9]+|[A-Z0-9]+", 36),
        (r"[A-Za-z0-9]+", 62),
        (r"[A-Za-z0-9\-_.~]+", 64),
    ):
        if re.fullmatch(pattern, value):
            return size
    return 94


def _is_secret_name(name: str) -> bool:
    return name in SECRET_PARAMETERS


def _is_json(headers: tuple[tuple[str, str], ...]) -> bool:
    media_type = media_type_of(headers) or ""
    return media_type.endswith(("/json", "+json"))


def _quote_pseudonyms(text: str) -> str:
    return PSEUDONYM.sub(lambda found: quote(found[0]), text)


def _spellings(value: str) -> re.Pattern[str] | None:
    """Return a pattern for every usual spelling of a value; None if it has but one.

    Letters, digits and the unreserved marks are the same in percent-, form-, JSON- and
    HTML-encoding; each other character may stand there in any of them.
    """
    if re.fullmatch(r"[A-Za-z0-9\-._~]+", value):
        return None
    return re.compile("".join(_spelling(character) for character in value))


def _spelling(character: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9\-._~]", character):
        return character if character != "." else r"\."
    point = ord(character)
    octets = character.encode("utf-8", "surrogatepass")
    ways = {
        re.escape(character),
        "".join(f"%(?i:{octet:02x})" for octet in octets),
        rf"&\#0*{point};",
        rf"&\#[xX]0*(?i:{point:x});",
        re.escape(html.escape(character)),
        re.escape(json.dumps(character)[1:-1]),
        rf"\\u(?i:{point:04x})",
    }
    if character == " ":
        ways.add(r"\+")
    if character == "/":
        ways.add(r"\\/")
    return f"(?:{'|'.join(sorted(ways, key=len, reverse=True))})"


def _texts(exchange: Exchange) -> Iterator[str]:
    """Yield the texts of an exchange in which a pseudonym may stand, decoded."""
    request, response, landing = exchange.request, exchange.response, exchange.landing
    yield unquote(request.target.decode("utf-8", "replace"))
    yield unquote(request.body.decode("utf-8", "replace"))
    yield from (value for _, value in request.headers)
    if response is not None:
        yield from (unquote(value) for _, value in response.headers)
        yield response.text
    if landing is not None:
        yield from (value for _, value in landing.parameters)


def _secrets_of(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """Yield (kind, value) of every secret that stands where RFC 6749, 6750 and 7617 put one."""
    request, response, landing = exchange.request, exchange.response, exchange.landing
    yield from _secret_pairs(request.query)
    if _is_json(request.headers):
        yield from _secret_members(request.body)
    else:
        yield from _secret_pairs(form_pairs(request.body))
    for name, value in request.headers:
        yield from _secret_header(name, value)
    if response is not None:
        for name, value in response.headers:
            yield from _secret_header(name, value)
        yield from _secret_members(response.body)
    if landing is not None:
        yield from _secret_pairs(landing.parameters)


def _secret_pairs(pairs: Pairs) -> Iterator[tuple[str, str]]:
    for name, value in pairs:
        kind = SECRET_PARAMETERS.get(name)
        if kind is not None:
            yield kind, value


def _secret_members(body: bytes) -> Iterator[tuple[str, str]]:
    """Yield the secret members of a JSON body, however deep; nothing of any other body."""
    if body.lstrip()[:1] not in (b"{", b"["):
        return
    try:
        values = [parse_json(body)]
    except EvidenceError:
        yield from _secret_members_of_broken_json(body)
        return
    while values:
        value = values.pop()
        if isinstance(value, list):
            values.extend(value)
        elif isinstance(value, dict):
            values.extend(value.values())
            yield from (
                (SECRET_PARAMETERS[name], member)
                for name, member in value.items()
                if name in SECRET_PARAMETERS and isinstance(member, str)
            )


def _secret_members_of_broken_json(body: bytes) -> Iterator[tuple[str, str]]:
    names = "|".join(SECRET_PARAMETERS)
    text = body.decode("utf-8", "replace")
    for name, raw in re.findall(rf'"({names})"\s*:\s*"((?:[^"\\]|\\.)*)"', text):
        try:
            yield SECRET_PARAMETERS[name], str(json.loads(f'"{raw}"'))
        except ValueError:
            yield SECRET_PARAMETERS[name], raw


def _secret_header(name: str, value: str) -> Iterator[tuple[str, str]]:
    match name.lower():
        case "authorization" | "proxy-authorization":
            yield from _secret_authorization(value)
        case "cookie":
            for part in value.split(";"):
                yield "cookie", part.partition("=")[2].strip().strip('"')
        case "set-cookie":
            cookie = value.partition(";")[0]
            yield "cookie", cookie.partition("=")[2].strip().strip('"')
        case "dpop":
            yield "dpop_proof", value
        case "location" | "content-location" | "refresh":
            yield from _secret_url(value)
        case _:
            pass


def _secret_url(value: str) -> Iterator[tuple[str, str]]:
    try:
        parts = urlsplit(value)
    except ValueError:
        return
    yield from _secret_pairs(form_pairs(parts.query))
    yield from _secret_pairs(form_pairs(parts.fragment))


def _secret_authorization(value: str) -> Iterator[tuple[str, str]]:
    scheme, _, credentials = value.partition(" ")
    credentials = credentials.strip()
    if not credentials:
        return
    if scheme.lower() != "basic":
        yield "access_token", credentials
        return
    yield "basic", credentials
    try:
        decoded = base64.b64decode(credentials, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return
    raw = decoded.partition(":")[2]
    yield "client_secret", unquote(raw.replace("+", " "))
    yield "client_secret", raw
