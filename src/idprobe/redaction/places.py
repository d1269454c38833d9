"""Where secrets stand in an exchange, by RFC 6749, 6750, 7617 and OpenID Connect Core."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from idprobe.errors import EvidenceError
from idprobe.exchange import Exchange, Pairs, form_pairs, media_type_of, parse_json

__all__ = ["SECRET_PARAMETERS", "is_json", "secret_members", "secrets_of"]

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


COMPACT: Final = re.compile(rb"ey[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){2,4}")
"""A body that is one JWS or JWE."""


def is_json(headers: Pairs) -> bool:
    """Return whether the headers announce JSON."""
    media_type = media_type_of(headers) or ""
    return media_type.endswith(("/json", "+json"))


def secrets_of(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """Yield (kind, value) of every secret that stands where RFC 6749, 6750 and 7617 put one."""
    request, response, landing = exchange.request, exchange.response, exchange.landing
    yield from _secret_pairs(request.query)
    if is_json(request.headers):
        yield from _secret_members(request.body)
    else:
        yield from _secret_pairs(form_pairs(request.body))
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
    names = "|".join(SECRET_PARAMETERS)
    text = body.decode("utf-8", "replace")
    for name, raw in re.findall(rf'"({names})"\s*:\s*"((?:[^"\\]|\\.)*)"', text):
        try:
            yield SECRET_PARAMETERS[name], str(json.loads(f'"{raw}"'))
        except ValueError:
            yield SECRET_PARAMETERS[name], raw


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
    except ValueError:
        return
    raw = decoded.partition(":")[2]
    yield "client_secret", unquote(raw.replace("+", " "))
    yield "client_secret", raw
