"""Registering a client and looking after its registration (RFC 7591, RFC 7592)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Self
from urllib.parse import quote

from idprobe.errors import EvidenceError
from idprobe.flows.moves import Flow, answer, outcome
from idprobe.flows.resource import bearer, registration_request
from idprobe.model.exchange import Request, Response
from idprobe.model.profile import Client, Provider

__all__ = ["Registration", "configuration_request", "register", "registration_of"]

URI_CHARACTERS: Final = "!#$%&'()*+,/:;=?@[]~"
CREATED: Final = frozenset({200, 201})
JSON: Final = ("Accept", "application/json")


@dataclass(frozen=True, slots=True)
class Registration:
    """A client as the server says that it registered it (RFC 7591 section 3.2.1)."""

    client_id: str
    members: Mapping[str, Any] = field(repr=False)

    @classmethod
    def from_response(cls, response: Response) -> Self:
        """Return what a client information response tells; raises EvidenceError if it is none."""
        if response.status not in CREATED:
            raise EvidenceError(f"wanted a client registered, got {outcome(response)}")
        members = response.json_object
        client_id = members.get("client_id")
        if not isinstance(client_id, str) or not client_id:
            raise EvidenceError("the client information response has no client_id")
        return cls(client_id, members)

    def text(self, name: str) -> str | None:
        """Return a member that is a text, None for any other."""
        value = self.members.get(name)
        return value if isinstance(value, str) and value else None

    @property
    def uri(self) -> str | None:
        """Where the registration is looked after, None if the server does not offer that."""
        return self.text("registration_client_uri")

    @property
    def token(self) -> str | None:
        """The registration access token, None without one."""
        return self.text("registration_access_token")

    def client(self, name: str, asked: Mapping[str, Any]) -> Client:
        """Return the client as it can be used; what the server does not say is as it was asked."""
        said = {**asked, **{key: value for key, value in self.members.items() if value is not None}}
        return Client(
            name=name,
            client_id=self.client_id,
            client_secret=self.text("client_secret"),
            token_endpoint_auth_method=str(
                said.get("token_endpoint_auth_method", "client_secret_basic")
            ),
            grant_types=_texts(said.get("grant_types", ["authorization_code"])),
            response_types=_texts(said.get("response_types", ["code"])),
            redirect_uris=_texts(said.get("redirect_uris", [])),
            scope=str(said.get("scope", "")),
            post_logout_redirect_uris=_texts(said.get("post_logout_redirect_uris", [])),
            application_type=str(said.get("application_type", "web")),
        )


def registration_of(response: Response) -> Registration | None:
    """Return the client that a response says is there now, None if there is none in it."""
    try:
        return Registration.from_response(response)
    except EvidenceError:
        return None


def register(provider: Provider, metadata: Mapping[str, Any]) -> Flow[Registration]:
    """Register a client (RFC 7591 section 3.1), with the profile's initial access token."""
    token = provider.profile.initial_access_token
    request = registration_request(provider, metadata, initial_access_token=token)
    return Registration.from_response((yield from answer(request)))


def configuration_request(
    method: Literal["GET", "PUT", "DELETE", "PATCH", "POST"],
    uri: str,
    token: str | None,
    metadata: Mapping[str, Any] | None = None,
) -> Request:
    """Return a request to the client configuration endpoint (RFC 7592 section 2)."""
    place = Request.get(quote(uri, safe=URI_CHARACTERS, errors="surrogatepass"))
    headers = (JSON,) if token is None else (JSON, bearer(token))
    if metadata is None:
        return Request(method, place.origin, place.target, headers)
    body = json.dumps(metadata, separators=(",", ":")).encode("utf-8")
    return Request(
        method, place.origin, place.target, (("Content-Type", "application/json"), *headers), body
    )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()
