"""Where secrets stand in an exchange, by RFC 6749, 6750, 7617 and OpenID Connect Core."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from email.message import Message
from itertools import islice
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Exchange, Pairs, Sender, form_pairs, media_type_of, parse_json
from idprobe.redaction.decoding import ESCAPE_MARKS
from idprobe.redaction.finding import octets_of

__all__ = [
    "MEMBER",
    "SECRET_PARAMETERS",
    "bounded",
    "fields_of",
    "is_json",
    "member_value",
    "secret_members",
    "secrets_of",
]

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


MEMBER: Final = re.compile(
    rf'(?P<name>"(?:{"|".join(SECRET_PARAMETERS)})"\s*+:\s*+)"(?P<value>(?:[^"\\]|\\.)*+)"'
)
"""A member of JSON whose value is secret, found in JSON that need not be whole or valid."""

MOST_SECRETS: Final = 500
"""So many secrets a body may hold; one with more of them is not kept."""

MOST_ESCAPES: Final = 100_000
"""So many escapes a body may hold; one with more of them is not kept."""

COMPACT: Final = re.compile(rb"ey[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){2,4}")
"""A body that is one JWS or JWE."""


def is_json(headers: Pairs) -> bool:
    """Return whether the headers announce JSON."""
    media_type = media_type_of(headers) or ""
    return media_type.endswith(("/json", "+json"))


def secrets_of(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """Yield (kind, value) of every secret that stands where RFC 6749, 6750 and 7617 put one."""
    request, response, landing = exchange.request, exchange.response, exchange.landing
    yield from _secrets_of_form(request.target.partition(b"?")[2])
    fields = fields_of(request.headers, request.body)
    if is_json(request.headers):
        yield from _secret_members(request.body)
    elif fields is None:
        yield from _secrets_of_form(request.body)
    else:
        yield from _secret_pairs(fields)
    for name, value in request.headers:
        yield from _secret_header(name, value)
    if response is not None:
        for name, value in response.headers:
            yield from _secret_header(name, value)
        yield from _secret_members(response.body)
        if COMPACT.fullmatch(response.body.strip()):
            yield "jwt", response.body.decode("ascii").strip()
    if landing is not None:
        yield from _secret_pairs(landing.parameters)


def bounded(exchange: Exchange) -> Exchange:
    """Return the exchange; without a body in which more secrets could hide than are looked for.

    Such a body counts as cut, as one that is longer than the bound.
    """
    request, response = exchange.request, exchange.response
    if exchange.sender is Sender.SERVER and _is_crowded(request.body):
        exchange = replace(exchange, request=replace(request, body=b""))
    if response is not None and _is_crowded(response.body):
        exchange = replace(exchange, response=replace(response, body=b"", truncated=True))
    return exchange


def _is_crowded(body: bytes) -> bool:
    if len(body) < MOST_SECRETS:
        return False
    secrets = sum(1 for _ in islice(_secret_members(body), MOST_SECRETS + 1))
    escapes = sum(map(body.count, ESCAPE_MARKS)) if len(body) > MOST_ESCAPES else 0
    return secrets > MOST_SECRETS or escapes > MOST_ESCAPES


def _secret_pairs(pairs: Pairs) -> Iterator[tuple[str, str]]:
    for name, value in pairs:
        kind = SECRET_PARAMETERS.get(name)
        if kind is not None:
            yield kind, value


def _secrets_of_form(text: str | bytes) -> Iterator[tuple[str, str]]:
    """Yield the secrets of a query or form; one that is not UTF-8 also by the octets it is."""
    pairs = form_pairs(text)
    yield from _secret_pairs(pairs)
    if any("\ufffd" in value for _, value in pairs):
        octets = text if isinstance(text, bytes) else octets_of(text)
        exact = parse_qsl(octets.decode("utf-8", "surrogateescape"), errors="surrogateescape")
        yield from _secret_pairs(tuple(exact))


def _secret_members(body: bytes) -> Iterator[tuple[str, str]]:
    """Yield the secret members of a JSON body, however deep; nothing of any other body."""
    if body.lstrip()[:1] not in (b"{", b"["):
        return
    try:
        value = parse_json(body)
    except EvidenceError:
        yield from _secret_members_of_broken_json(body)
        return
    yield from secret_members(value)


def secret_members(whole: Any) -> Iterator[tuple[str, str]]:
    """Yield (kind, value) of the secret members of what JSON says, however deep."""
    values = [whole]
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
    for found in MEMBER.finditer(body.decode("utf-8", "replace")):
        name = found["name"].partition('"')[2].partition('"')[0]
        yield SECRET_PARAMETERS[name], member_value(found["value"])


def member_value(raw: str) -> str:
    """Return the text that a string of JSON spells; as it is spelled if it is none."""
    try:
        return str(json.loads(f'"{raw}"', strict=False))
    except ValueError:
        return raw


def fields_of(headers: Pairs, body: bytes) -> Pairs | None:
    """Return the text fields of a multipart form (RFC 7578), None for any other body."""
    if media_type_of(headers) != "multipart/form-data":
        return None
    content_type = next(value for name, value in headers if name.lower() == "content-type")
    boundary = Message()
    boundary["Content-Type"] = content_type
    delimiter = b"--" + str(boundary.get_boundary("")).encode("latin-1", "replace")
    found = []
    for part in body.split(delimiter)[1:MOST_SECRETS]:
        head, separator, value = part.partition(b"\r\n\r\n")
        name = head.partition(b'; name="')[2].partition(b'"')[0]
        if separator:
            text = value.removesuffix(b"\r\n").decode("utf-8", "surrogateescape")
            found.append((name.decode("utf-8", "surrogateescape"), text))
    return tuple(found)


def _secret_header(name: str, value: str) -> Iterator[tuple[str, str]]:
    match name.strip().lower():  # a raw header line may have white space before its colon
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
    yield from _secrets_of_form(parts.query)
    yield from _secrets_of_form(parts.fragment)


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
    except ValueError:
        return
    raw = decoded.partition(":")[2]
    yield "client_secret", unquote(raw.replace("+", " "))
    yield "client_secret", raw
