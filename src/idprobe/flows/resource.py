"""What is done with tokens once they are there, and the endpoints beside the main ones."""

import json
from collections.abc import Mapping
from typing import Any, Final, Literal

from idprobe.errors import EvidenceError
from idprobe.flows.authorization import BROWSER_HEADERS
from idprobe.flows.moves import Flow, answer, outcome, successful_object
from idprobe.flows.token import authenticated
from idprobe.formats.jose import read_jwt
from idprobe.model.exchange import Agent, Pairs, Request
from idprobe.model.profile import Provider

__all__ = [
    "bearer",
    "end_session_request",
    "introspect",
    "introspection_request",
    "registration_request",
    "revocation_request",
    "revoke",
    "userinfo",
    "userinfo_request",
]

JSON: Final = ("Accept", "application/json")


def bearer(token: str) -> tuple[str, str]:
    """Return the Authorization header that carries a token (RFC 6750 section 2.1)."""
    return ("Authorization", f"Bearer {token}")


def userinfo_request(
    provider: Provider,
    access_token: str,
    method: Literal["GET", "POST"] = "GET",
    *,
    place: Literal["header", "body"] = "header",
) -> Request:
    """Return a request for the user's claims (OpenID Connect Core 1.0, section 5.3.1).

    A token in the body makes it a POST (RFC 6750 section 2.2).
    """
    url = provider.endpoint("userinfo_endpoint")
    if place == "body":
        return Request.post_form(url, (("access_token", access_token),), headers=(JSON,))
    headers = (JSON, bearer(access_token))
    if method == "POST":
        return Request.post_form(url, (), headers=headers)
    return Request.get(url, headers=headers)


def userinfo(provider: Provider, access_token: str) -> Flow[Mapping[str, Any]]:
    """Return the user's claims; those of a signed answer are not verified here."""
    response = yield from answer(userinfo_request(provider, access_token))
    if response.status == 200 and response.media_type == "application/jwt":  # noqa: PLR2004 -- as specified
        return read_jwt(response.text.strip()).claims
    return successful_object(response, "the user's claims")


def introspection_request(
    provider: Provider, token: str, *, hint: str | None = None, method: str | None = None
) -> Request:
    """Return a question about a token (RFC 7662 section 2.1)."""
    return authenticated(
        provider, "introspection_endpoint", _token_form(token, hint), method=method
    )


def introspect(provider: Provider, token: str) -> Flow[Mapping[str, Any]]:
    """Return what the server says of a token (RFC 7662 section 2.2)."""
    response = yield from answer(introspection_request(provider, token))
    said = successful_object(response, "an introspection response")
    if not isinstance(said.get("active"), bool):
        raise EvidenceError("the introspection response has no boolean named active")
    return said


def revocation_request(
    provider: Provider, token: str, *, hint: str | None = None, method: str | None = None
) -> Request:
    """Return a request to revoke a token (RFC 7009 section 2.1)."""
    return authenticated(provider, "revocation_endpoint", _token_form(token, hint), method=method)


def revoke(provider: Provider, token: str) -> Flow[None]:
    """Revoke a token (RFC 7009 section 2.2)."""
    response = yield from answer(revocation_request(provider, token))
    if response.status != 200:  # noqa: PLR2004 -- the one status that RFC 7009 gives success
        raise EvidenceError(f"wanted the token revoked, got {outcome(response)}")


def registration_request(
    provider: Provider, metadata: Mapping[str, Any], *, initial_access_token: str | None = None
) -> Request:
    """Return a request to register a client (RFC 7591 section 3.1)."""
    request = Request.get(provider.endpoint("registration_endpoint"))
    authorization = () if initial_access_token is None else (bearer(initial_access_token),)
    headers = (("Content-Type", "application/json"), *authorization, JSON)
    body = json.dumps(metadata, separators=(",", ":")).encode("utf-8")
    return Request("POST", request.origin, request.target, headers, body)


def end_session_request(
    provider: Provider,
    *,
    id_token_hint: str | None = None,
    post_logout_redirect_uri: str | None = None,
    state: str | None = None,
    extra: Pairs = (),
) -> Request:
    """Return the browser's request to end the session (OpenID Connect RP-Initiated Logout 1.0)."""
    members = (
        ("id_token_hint", id_token_hint),
        ("post_logout_redirect_uri", post_logout_redirect_uri),
        ("state", state),
    )
    given = [(name, value) for name, value in members if value is not None]
    url = provider.endpoint("end_session_endpoint")
    return Request.get(url, (*given, *extra), headers=BROWSER_HEADERS, agent=Agent.USER)


def _token_form(token: str, hint: str | None) -> Pairs:
    return (("token", token), *((("token_type_hint", hint),) if hint else ()))
