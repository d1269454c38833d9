"""Clients that register themselves, and look after their registration (RFC 7591, RFC 7592)."""

import hmac
import json
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.core import fresh_secret
from idprobe_reference.endpoints.replies import json_reply
from idprobe_reference.endpoints.userinfo import UserInfo
from idprobe_reference.faults import BearerFault, OAuthFault
from idprobe_reference.requests.registration_rules import client_of_metadata, metadata_of_client
from idprobe_reference.settings import ClientConfig
from idprobe_reference.tokens.subjects import Subjects

__all__ = ["Registrations"]

_MAX_CLIENTS: Final = 5_000
_SERVER_MEMBERS: Final = (
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
)


@dataclass(frozen=True, slots=True)
class Record:
    """What the server knows of a registration besides the client itself."""

    token: str = field(repr=False)
    issued_at: int


class Registrations(UserInfo, Subjects):
    """The decisions about dynamic registration."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.records: dict[str, Record] = {}

    async def register(self, request: Request) -> Response:
        """Answer a registration request."""
        try:
            self.check_initial_access(request)
            body = await self.posted_json(request)
            client = self.client_of_metadata(body, fresh_secret(), fresh_secret())
            await self.check_sector(client)
        except BearerFault as fault:
            return self.bearer_error(fault)
        except OAuthFault as fault:
            return self.oauth_error(fault)
        self._keep(client, Record(self.registration_token(), self.now()))
        return self.client_information(client, 201)

    async def configuration(self, request: Request) -> Response:
        """Answer at the client configuration endpoint: read, update, delete."""
        try:
            client, record = self.registered(request)
            if request.method == "DELETE":
                return self.unregister(client)
            if request.method == "PUT":
                body = await self.posted_json(request)
                client = self.updated(client, body)
                await self.check_sector(client)
                self._keep(client, record)
        except BearerFault as fault:
            return self.bearer_error(fault)
        except OAuthFault as fault:
            return self.oauth_error(fault)
        return self.client_information(client, 200)

    def check_initial_access(self, request: Request) -> None:
        """Refuse a registration whose access token is missing where needed, or wrong."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if not scheme:
            if self.config.registration == "open":
                return
            raise BearerFault("", "an initial access token is needed", status=401)
        expected = self.config.initial_access_token
        if (
            scheme.lower() != "bearer"
            or expected is None
            or not hmac.compare_digest(expected.encode(), given.strip().encode())
        ):
            raise BearerFault("invalid_token", "the initial access token is not good", status=401)

    async def posted_json(self, request: Request) -> dict[str, Any]:
        """Return the JSON object of a body, repeated names refused; raises OAuthFault."""
        if self.media_type(request) != "application/json":
            raise OAuthFault("invalid_client_metadata", "the body has to be application/json")
        try:
            body = json.loads(await self.body(request), object_pairs_hook=_without_repetition)
        except (ValueError, RecursionError) as error:
            raise OAuthFault("invalid_client_metadata", "the body is no clean JSON") from error
        if not isinstance(body, dict):
            raise OAuthFault("invalid_client_metadata", "the body has to be a JSON object")
        return body

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        """Return the client that `body` describes; raises OAuthFault."""
        return client_of_metadata(body, client_id, secret, self.config)

    def registered(self, request: Request) -> tuple[ClientConfig, Record]:
        """Return the registration whose own token the request carries; raises BearerFault."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not given.strip():
            raise BearerFault("", "the registration access token is needed", status=401)
        client_id = request.path_params["client_id"]
        record = self.records.get(client_id)
        client = self.clients.get(client_id)
        if record is None or client is None or not self.registration_token_fits(record, given):
            raise BearerFault("invalid_token", "the access token is not good here", status=401)
        return client, record

    def registration_token(self) -> str:
        """Return a fresh registration access token (RFC 7592 section 5)."""
        return fresh_secret()

    def registration_token_fits(self, record: Record, given: str) -> bool:
        """Return whether `given` is the registration access token of this very client."""
        return hmac.compare_digest(record.token.encode(), given.strip().encode())

    def updated(self, client: ClientConfig, body: dict[str, Any]) -> ClientConfig:
        """Return the client as `body` replaces it (RFC 7592 section 2.2); raises OAuthFault."""
        if body.get("client_id") != client.client_id:
            raise OAuthFault("invalid_client_metadata", "client_id is not the client's")
        if body.get("client_secret", client.client_secret) != client.client_secret:
            raise OAuthFault("invalid_client_metadata", "client_secret is not the client's")
        if any(name in body for name in _SERVER_MEMBERS):
            raise OAuthFault("invalid_client_metadata", "a member is the server's to set")
        return self.client_of_metadata(
            body, client.client_id, client.client_secret or fresh_secret()
        )

    def unregister(self, client: ClientConfig) -> Response:
        """Forget the client; its tokens die with it (RFC 7592 section 2.3)."""
        self.clients.pop(client.client_id, None)
        self.records.pop(client.client_id, None)
        return Response(status_code=204, headers=self.token_response_headers())

    def client_information(self, client: ClientConfig, status: int) -> Response:
        """Return the client information response (RFC 7591 section 3.2.1, RFC 7592 section 3)."""
        return json_reply(self.client_members(client), status, self.token_response_headers())

    def client_members(self, client: ClientConfig) -> dict[str, Any]:
        """Return what a client is told of its registration."""
        record = self.records[client.client_id]
        members: dict[str, Any] = {
            "client_id": client.client_id,
            "client_id_issued_at": record.issued_at,
            **metadata_of_client(client),
            "registration_client_uri": self.url(f"/register/{client.client_id}"),
            "registration_access_token": record.token,
        }
        if client.client_secret is not None:
            members["client_secret"] = client.client_secret
            members["client_secret_expires_at"] = 0
        return members

    def _keep(self, client: ClientConfig, record: Record) -> None:
        if client.client_id not in self.records and len(self.records) >= _MAX_CLIENTS:
            oldest = next(iter(self.records))
            self.records.pop(oldest)
            self.clients.pop(oldest, None)
        self.clients[client.client_id] = client
        self.records[client.client_id] = record


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name is repeated")
    return members
