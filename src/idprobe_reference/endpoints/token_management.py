"""Revocation (RFC 7009) and introspection (RFC 7662)."""

from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.endpoints.replies import json_reply
from idprobe_reference.endpoints.token_endpoint import TokenEndpoint
from idprobe_reference.faults import OAuthFault
from idprobe_reference.requests.forms import Form
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import AccessToken, RefreshToken
from idprobe_reference.tokens.issuing import scope_text

__all__ = ["TokenManagement"]

Token: TypeAlias = AccessToken | RefreshToken


class TokenManagement(TokenEndpoint):
    """The decisions about tokens that were issued before."""

    async def revoke(self, request: Request) -> Response:
        """Answer a revocation request: 200, also for a token that nobody knows."""
        try:
            client, form = await self.client_request(request)
            token = self.token_to_revoke(form)
            if token is not None:
                self.check_revoker(client, token)
                self.revoke_token(token)
        except OAuthFault as fault:
            return self.oauth_error(fault)
        return json_reply({}, headers=self.token_response_headers())

    def token_to_revoke(self, form: Form) -> Token | None:
        """Return which token a request is about, None if nobody knows it; raises OAuthFault."""
        return self.find_token(self.token_parameter(form))

    def token_parameter(self, form: Form) -> str:
        """Return the token that a request is about; raises OAuthFault."""
        if "token" not in form:
            raise OAuthFault("invalid_request", "token is missing")
        return form["token"]

    def find_token(self, value: str) -> Token | None:
        """Return the token of this value, whatever the hint says (RFC 7009 section 2.1)."""
        return self.access_tokens.get(value) or self.refresh_tokens.get(value)

    def check_revoker(self, client: ClientConfig, token: Token) -> None:
        """Refuse to revoke a token of another client (RFC 7009 section 2.1)."""
        if token.grant.client_id != client.client_id:
            raise OAuthFault("invalid_grant", "the token was not issued to this client")

    def revoke_token(self, token: Token) -> None:
        """Revoke an access token, or with a refresh token all that hangs on its grant."""
        if isinstance(token, AccessToken):
            self.revoke_access_token(token)
        else:
            self.revoke_refresh_token(token)

    def revoke_access_token(self, token: AccessToken) -> None:
        """Make this one access token useless."""
        token.revoked = True

    def revoke_refresh_token(self, token: RefreshToken) -> None:
        """Make the refresh token and the access tokens of its grant useless."""
        self.revoke_family(token.grant)

    async def introspect(self, request: Request) -> Response:
        """Answer an introspection request."""
        try:
            client, form = await self.introspection_request(request)
            token = self.find_token(self.token_parameter(form))
        except OAuthFault as fault:
            return self.oauth_error(fault)
        return json_reply(self.introspection(client, token), headers=self.token_response_headers())

    async def introspection_request(self, request: Request) -> tuple[ClientConfig, Form]:
        """Return who asks and what; a client without credentials may not (RFC 7662 2.1)."""
        client, form = await self.client_request(request)
        if client.is_public:
            raise OAuthFault("invalid_client", "introspection needs client authentication")
        return client, form

    def introspection(self, client: ClientConfig, token: Token | None) -> dict[str, Any]:
        """Return what `client` is told about a token."""
        if token is None or not self.may_introspect(client, token) or not self.is_active(token):
            return self.inactive(token)
        members: dict[str, Any] = {
            "active": True,
            "scope": scope_text(token.scope),
            "client_id": token.grant.client_id,
            "sub": token.grant.sub,
            "iss": self.issuer(),
            "iat": token.issued_at,
            "exp": token.expires_at,
        }
        if isinstance(token, AccessToken):
            members["token_type"] = "Bearer"  # noqa: S105 - the name of a type
            members["aud"] = list(token.audience)
        return members

    def inactive(self, _token: Token | None) -> dict[str, Any]:
        """Return what is told about a token that is not active: nothing (RFC 7662 2.2)."""
        return {"active": False}

    def may_introspect(self, client: ClientConfig, token: Token) -> bool:
        """Return whether the token is the client's own (RFC 7662 section 4)."""
        return token.grant.client_id == client.client_id

    def is_active(self, token: Token) -> bool:
        """Return whether the token is good now."""
        if isinstance(token, AccessToken):
            return self.access_token_is_active(token)
        return self.refresh_token_is_usable(token)
