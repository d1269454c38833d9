"""The authorization endpoint: from its parameters to what lands at the redirect_uri."""

import hashlib
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Literal
from urllib.parse import urlsplit

from idprobe.errors import EvidenceError, ProfileError
from idprobe.flows.moves import Ending, Flow, HumanStep, Landed, Stopped, ending, shown_code
from idprobe.formats.jose import encode
from idprobe.model.exchange import Agent, Headers, Landing, Pairs, Request
from idprobe.model.profile import Provider

__all__ = [
    "BROWSER_HEADERS",
    "FRESH",
    "Authorized",
    "Fresh",
    "Pkce",
    "authorization_parameters",
    "authorization_request",
    "authorize",
    "fresh_pkce",
    "human_step",
    "visit",
    "with_parameter",
    "without",
]

BROWSER_HEADERS: Final[Headers] = (
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Accept-Language", "en"),
)


class Fresh(Enum):
    """The type of FRESH."""

    FRESH = "fresh"


FRESH: Final = Fresh.FRESH
"""Stands for a value made anew for each request."""

_TWO_MARKS: Final = re.compile("[-_]{2}")


@dataclass(frozen=True, slots=True)
class Pkce:
    """A code verifier with its challenge (RFC 7636 section 4)."""

    verifier: str = field(repr=False)
    challenge: str = field(repr=False)
    method: Literal["S256", "plain"]

    @classmethod
    def of(cls, verifier: str, method: Literal["S256", "plain"] = "S256") -> "Pkce":
        """Return the pair that belongs to a verifier."""
        digest = encode(hashlib.sha256(verifier.encode("utf-8")).digest())
        return cls(verifier, digest if method == "S256" else verifier, method)

    @property
    def parameters(self) -> Pairs:
        """What the authorization request says of it."""
        return (("code_challenge", self.challenge), ("code_challenge_method", self.method))


def fresh_pkce(method: Literal["S256", "plain"] = "S256") -> Pkce:
    """Return a random verifier of 43 characters with its challenge, both innocuous."""
    pkce = Pkce.of(_innocuous(32), method)
    while _TWO_MARKS.search(pkce.challenge):
        pkce = Pkce.of(_innocuous(32), method)
    return pkce


def _innocuous(octets: int) -> str:
    """Return so much randomness as base64url without two marks in a row.

    Two dashes begin a comment to somebody who guards a database. Who refuses them is found by
    searches; what is about something else must not meet it now and then, by chance.
    """
    text = secrets.token_urlsafe(octets)
    while _TWO_MARKS.search(text):
        text = secrets.token_urlsafe(octets)
    return text


@dataclass(frozen=True, slots=True)
class Authorized:
    """What an authorization request that went well led to."""

    landing: Landing
    parameters: Pairs = field(repr=False)
    """The parameters of the request."""
    pkce: Pkce | None = None

    @property
    def code(self) -> str | None:
        """The authorization code, None if none was asked for."""
        return self.landing.get("code")

    @property
    def access_token(self) -> str | None:
        """The access token that landed, None if none was asked for."""
        return self.landing.get("access_token")

    @property
    def id_token(self) -> str | None:
        """The ID Token that landed, None if none was asked for."""
        return self.landing.get("id_token")

    def sent(self, name: str) -> str | None:
        """Return the first value of a parameter of the request, None without it."""
        return next((value for key, value in self.parameters if key == name), None)


def without(pairs: Sequence[tuple[str, str]], *names: str) -> Pairs:
    """Return the pairs without those of the names."""
    return tuple(pair for pair in pairs if pair[0] not in names)


def with_parameter(pairs: Sequence[tuple[str, str]], name: str, value: str) -> Pairs:
    """Return the pairs with just one of that name, at the place of the first or at the end."""
    names = [key for key, _ in pairs]
    place = names.index(name) if name in names else len(names)
    rest = without(pairs[place:], name)
    return (*pairs[:place], (name, value), *rest)


def authorization_parameters(  # noqa: PLR0913 -- one for each parameter of the protocol, all named
    provider: Provider,
    *,
    response_type: str = "code",
    scope: str | None = None,
    state: str | Fresh | None = FRESH,
    nonce: str | Fresh | None = FRESH,
    pkce: Pkce | None = None,
    redirect_uri: str | None = None,
    extra: Sequence[tuple[str, str]] = (),
) -> Pairs:
    """Return the parameters of an authorization request of the provider's client.

    Without a scope it is the client's; an empty one is left out. A state or nonce of None is left
    out. A nonce goes only where an ID Token is to be had. Offline access asks for consent
    (OpenID Connect Core 1.0, section 11). `extra` replaces what is there by the same name.
    """
    client = provider.client
    scope = client.scope if scope is None else scope
    types, scopes = response_type.split(), scope.split()
    pairs: list[tuple[str, str]] = [
        ("response_type", response_type),
        ("client_id", client.client_id),
        ("redirect_uri", _redirect_uri(provider) if redirect_uri is None else redirect_uri),
    ]
    if scope:
        pairs.append(("scope", scope))
    if state is not None:
        pairs.append(("state", _innocuous(16) if state is FRESH else state))
    if nonce is not None and ("openid" in scopes or "id_token" in types):
        pairs.append(("nonce", _innocuous(16) if nonce is FRESH else nonce))
    if {"openid", "offline_access"} <= set(scopes) and "code" in types:
        pairs.append(("prompt", "consent"))
    if pkce is not None:
        pairs.extend(pkce.parameters)
    return (*without(pairs, *(name for name, _ in extra)), *extra)


def authorization_request(
    provider: Provider,
    parameters: Sequence[tuple[str, str]],
    method: Literal["GET", "POST"] = "GET",
) -> Request:
    """Return the browser's request to the authorization endpoint (RFC 6749 section 3.1)."""
    build = Request.get if method == "GET" else Request.post_form
    url = provider.endpoint("authorization_endpoint")
    return build(url, parameters, headers=BROWSER_HEADERS, agent=Agent.USER)


def human_step(
    provider: Provider, request: Request, *, user: bool = True, deny: bool = False
) -> HumanStep:
    """Return the journey that starts with the request and ends at a redirect_uri.

    Those of the client count, and whatever the request itself names as one: a server that follows
    a forged one has led the browser there.
    """
    named = (value for name, value in (*request.query, *request.form) if name == "redirect_uri")
    uris = dict.fromkeys(
        (*provider.client.redirect_uris, *(uri for uri in named if _absolute(uri)))
    )
    return HumanStep(request, tuple(uris), provider.user if user else None, deny)


def visit(
    provider: Provider,
    parameters: Sequence[tuple[str, str]],
    *,
    user: bool = True,
    deny: bool = False,
    method: Literal["GET", "POST"] = "GET",
) -> Flow[Ending]:
    """Return how an authorization request ended, whatever that is."""
    request = authorization_request(provider, parameters, method)
    return (yield from ending(human_step(provider, request, user=user, deny=deny)))


def authorize(  # noqa: PLR0913 -- as authorization_parameters
    provider: Provider,
    *,
    response_type: str = "code",
    scope: str | None = None,
    state: str | Fresh | None = FRESH,
    nonce: str | Fresh | None = FRESH,
    pkce: Pkce | Fresh | None = FRESH,
    redirect_uri: str | None = None,
    extra: Sequence[tuple[str, str]] = (),
    omit: Collection[str] = (),
    method: Literal["GET", "POST"] = "GET",
) -> Flow[Authorized]:
    """Ask for authorization, with login and consent, and return what landed.

    By default each request for a code carries a fresh code challenge. Raises EvidenceError unless
    it lands without an error and with all that the response type promises.
    """
    types = response_type.split()
    if pkce is FRESH:
        pkce = fresh_pkce() if "code" in types else None
    parameters = authorization_parameters(
        provider,
        response_type=response_type,
        scope=scope,
        state=state,
        nonce=nonce,
        pkce=pkce,
        redirect_uri=redirect_uri,
        extra=extra,
    )
    parameters = without(parameters, *omit)
    ended = yield from visit(provider, parameters, method=method)
    return Authorized(_landing_with(ended, types), parameters, pkce)


def _landing_with(ended: Ending, types: Sequence[str]) -> Landing:
    """Return the landing of an ending that went well."""
    match ended:
        case Stopped(response=response, why=why):
            raise EvidenceError(
                f"wanted a redirect to the client, but the browser stopped at a page with status "
                f"{response.status}: {why}"
            )
        case Landed(landing=landing):
            if landing.error is not None:
                error = shown_code(landing.error)
                raise EvidenceError(f"wanted authorization, got the error {error}")
            promised = [
                {"token": "access_token"}.get(name, name) for name in types if name != "none"
            ]
            missing = [name for name in promised if not landing.get(name)]
            if missing:
                raise EvidenceError(f"the authorization response lacks {', '.join(missing)}")
            return landing


def _redirect_uri(provider: Provider) -> str:
    client = provider.client
    if not client.redirect_uris:
        where = f"clients.{client.name}.redirect_uris"
        raise ProfileError(provider.profile.where, where, "this flow needs a redirect_uri")
    return client.redirect_uris[0]


def _absolute(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return bool(parts.scheme and (parts.netloc or parts.path))
