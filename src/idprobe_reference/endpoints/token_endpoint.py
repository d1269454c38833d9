"""The token endpoint (RFC 6749 section 3.2): codes, refresh tokens, client credentials."""

import base64
import hashlib
import hmac
import re
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.endpoints.replies import json_reply
from idprobe_reference.faults import OAuthFault
from idprobe_reference.requests.assertion_grants import AssertionGrants
from idprobe_reference.requests.forms import Form
from idprobe_reference.requests.resource_indicators import Target
from idprobe_reference.requests.scopes import scope_values
from idprobe_reference.settings import ASSERTION_GRANT, ClientConfig
from idprobe_reference.stores import Code, Grant, RefreshToken
from idprobe_reference.tokens.issuing import IdTokenContext

__all__ = ["TokenEndpoint"]

_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_PERSONAL_SCOPES: Final = frozenset(
    {"openid", "profile", "email", "address", "phone", "offline_access"}
)


class TokenEndpoint(AssertionGrants):
    """The decisions of the token endpoint."""

    async def token(self, request: Request) -> Response:
        """Answer a token request."""
        try:
            client, form = await self.client_request(request)
            members = await self.grant_tokens(client, form)
        except OAuthFault as fault:
            return self.oauth_error(fault)
        return json_reply(members, headers=self.token_response_headers())

    async def grant_tokens(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        """Return the token response for the grant that `form` brings; raises OAuthFault."""
        grant_type = form.get("grant_type")
        if grant_type is None:
            raise OAuthFault("invalid_request", "grant_type is missing")
        grants = {
            "authorization_code": self.redeem_code,
            "refresh_token": self.refresh,
            "client_credentials": self.grant_client_credentials,
            ASSERTION_GRANT: self.grant_by_assertion,
        }
        if grant_type not in grants or grant_type not in self.config.grant_types:
            raise OAuthFault("unsupported_grant_type", "this grant type is not supported")
        if not self.grant_type_is_allowed(client, grant_type):
            raise OAuthFault("unauthorized_client", "the client may not use this grant type")
        return await grants[grant_type](client, form)

    def grant_type_is_allowed(self, client: ClientConfig, grant_type: str) -> bool:
        """Return whether `client` is registered for the grant type."""
        return grant_type in client.grant_types

    # authorization_code

    async def redeem_code(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        """Trade a code for tokens, once (RFC 6749 section 4.1.3)."""
        if "code" not in form:
            raise OAuthFault("invalid_request", "code is missing")
        code = self.codes.get(form["code"])
        if code is None or not self.code_belongs_to(code, client) or not self.code_is_fresh(code):
            raise OAuthFault("invalid_grant", "the code is not good, or not good any more")
        if not self.redemption_uri_matches(code, form.get("redirect_uri")):
            raise OAuthFault("invalid_grant", "redirect_uri differs from the authorization request")
        if not self.verify_pkce(code, form.get("code_verifier")):
            raise OAuthFault("invalid_grant", "code_verifier does not match the code_challenge")
        if not self.code_is_usable(code):
            self.code_was_replayed(code)
            raise OAuthFault("invalid_grant", "the code was used before")
        target = self.target_for_code(code, form)
        code.used = True
        return await self.tokens_for_code(client, code, target)

    def code_belongs_to(self, code: Code, client: ClientConfig) -> bool:
        """Return whether the code was issued to `client`."""
        return code.grant.client_id == client.client_id

    def code_is_fresh(self, code: Code) -> bool:
        """Return whether the code has not expired."""
        return self.clock() < code.expires_at

    def code_is_usable(self, code: Code) -> bool:
        """Return whether the code was not used before, and its grant still stands."""
        return not code.used and self.grant_is_active(code.grant)

    def code_was_replayed(self, code: Code) -> None:
        """Revoke what was issued for a code that comes twice (RFC 6749 section 4.1.2)."""
        self.revoke_family(code.grant)

    def redemption_uri_matches(self, code: Code, given: str | None) -> bool:
        """Return whether redirect_uri is that of the authorization request (section 4.1.3)."""
        if given is None:
            return not code.redirect_uri_was_sent
        return given == code.redirect_uri

    def verify_pkce(self, code: Code, verifier: str | None) -> bool:
        """Return whether the verifier fits the challenge, both absent included (RFC 7636)."""
        if code.challenge is None or verifier is None:
            return code.challenge is None and verifier is None
        if not self.verifier_is_well_formed(verifier):
            return False
        expected = self.challenge_of(verifier, code.challenge_method)
        return hmac.compare_digest(expected, code.challenge)

    def verifier_is_well_formed(self, verifier: str) -> bool:
        """Return whether the verifier has 43 to 128 unreserved characters (section 4.1)."""
        return _VERIFIER.fullmatch(verifier) is not None

    def challenge_of(self, verifier: str, method: str) -> str:
        """Return the challenge that belongs to `verifier` (section 4.2)."""
        if method == "plain":
            return verifier
        digest = hashlib.sha256(verifier.encode("ascii")).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def target_for_code(self, code: Code, form: Form) -> Target:
        """Return what the access token is for: all of the grant, or less (RFC 8707 section 2.2)."""
        asked = self.requested_resources(form)
        return self.target_of(asked, code.grant.resources, code.grant.scope)

    async def tokens_for_code(
        self, client: ClientConfig, code: Code, target: Target
    ) -> dict[str, Any]:
        """Return the token response for a code that was found good."""
        grant = code.grant
        access_token = await self.issue_access_token(grant, target)
        refresh_token = (
            self.issue_refresh_token(grant, grant.scope)
            if self.refresh_token_is_due(client, code)
            else None
        )
        id_token = None
        if "openid" in grant.scope:
            context = IdTokenContext(nonce=code.nonce, access_token=access_token.value)
            id_token = await self.issue_id_token(client, grant, context)
        return self.token_response(access_token, refresh_token, id_token)

    def refresh_token_is_due(self, client: ClientConfig, code: Code) -> bool:
        """Return whether the code yields a refresh token (OpenID Connect Core section 11).

        An OpenID request has to ask for offline_access, a plain OAuth request does not.
        """
        if "refresh_token" not in client.grant_types:
            return False
        return code.offline or "openid" not in code.grant.scope

    # refresh_token

    async def refresh(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        """Trade a refresh token for fresh tokens (RFC 6749 section 6)."""
        if "refresh_token" not in form:
            raise OAuthFault("invalid_request", "refresh_token is missing")
        old = self.find_refresh_token(form["refresh_token"])
        if old is None or not self.refresh_token_belongs_to(old, client):
            raise OAuthFault("invalid_grant", "the refresh token is not good")
        if not self.refresh_token_is_usable(old):
            if old.used:
                self.refresh_token_was_reused(old)
            raise OAuthFault("invalid_grant", "the refresh token is not good any more")
        scope = self.scope_for_refresh(form.get("scope"), old.scope)
        target = self.target_for_refresh(old, scope, form)
        new = self.rotate_refresh_token(old)
        access_token = await self.issue_access_token(old.grant, target)
        id_token = None
        if "openid" in scope and old.grant.user is not None:
            context = self.id_token_context_for_refresh(access_token.value)
            id_token = await self.issue_id_token(client, old.grant, context)
        return self.token_response(access_token, new, id_token)

    def target_for_refresh(self, old: RefreshToken, scope: frozenset[str], form: Form) -> Target:
        """Return what the new access token is for, within the grant (RFC 8707 section 2.2)."""
        asked = self.requested_resources(form)
        return self.target_of(asked, old.grant.resources, scope)

    def find_refresh_token(self, value: str) -> RefreshToken | None:
        """Return the refresh token that has this value, octet for octet."""
        return self.refresh_tokens.get(value)

    def refresh_token_belongs_to(self, token: RefreshToken, client: ClientConfig) -> bool:
        """Return whether the refresh token was issued to `client`."""
        return token.grant.client_id == client.client_id

    def refresh_token_is_usable(self, token: RefreshToken) -> bool:
        """Return whether the refresh token is fresh, unused, and not revoked."""
        if token.used or not self.grant_is_active(token.grant):
            return False
        return self.clock() < token.expires_at

    def refresh_token_was_reused(self, token: RefreshToken) -> None:
        """Revoke the family of a refresh token that comes twice (RFC 9700 section 4.14.2)."""
        self.revoke_family(token.grant)

    def scope_for_refresh(self, requested: str | None, granted: frozenset[str]) -> frozenset[str]:
        """Return the scope of the new access token: never more than was granted (section 6)."""
        if requested is None:
            return granted
        scope = scope_values(requested)
        if not scope <= granted:
            raise OAuthFault("invalid_scope", "the scope is wider than what was granted")
        return scope

    def rotate_refresh_token(self, old: RefreshToken) -> RefreshToken:
        """Return the successor of a refresh token, with its scope, and spend the old one."""
        old.used = True
        return self.issue_refresh_token(old.grant, old.scope)

    def id_token_context_for_refresh(self, access_token: str) -> IdTokenContext:
        """Return what a refreshed ID token binds; no nonce (OpenID Connect Core section 12.2)."""
        return IdTokenContext(access_token=access_token)

    # client_credentials

    async def grant_client_credentials(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        """Give a client tokens for itself (RFC 6749 section 4.4)."""
        scope = self.scope_for_client_credentials(client, form.get("scope"))
        resources = self.requested_resources(form)
        target = self.target_of(resources, (), scope)
        grant = Grant(client.client_id, scope, resources=resources)
        access_token = await self.issue_access_token(grant, target)
        refresh_token = None
        if (
            self.issue_refresh_token_for_client_credentials()
            and "refresh_token" in client.grant_types
        ):
            refresh_token = self.issue_refresh_token(grant, scope)
        return self.token_response(access_token, refresh_token, None)

    def issue_refresh_token_for_client_credentials(self) -> bool:
        """Return whether client credentials bring a refresh token: only if documented so."""
        return self.config.client_credentials_refresh_token

    def scope_for_client_credentials(
        self, client: ClientConfig, requested: str | None
    ) -> frozenset[str]:
        """Return the scope that a client gets for itself; what is about people is not in it."""
        allowed = client.scopes - _PERSONAL_SCOPES
        wanted = (
            frozenset(self.config.default_scope.split()) & allowed
            if requested is None
            else scope_values(requested)
        )
        if not wanted or not wanted <= allowed:
            raise OAuthFault("invalid_scope", "the client may not have this scope")
        return wanted
