"""Tokens are made here: access tokens, refresh tokens, ID tokens."""

import base64
import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from idprobe_reference.core import fresh_secret
from idprobe_reference.requests.requested_claims import ClaimRequest
from idprobe_reference.requests.resource_indicators import ResourceIndicators, Target
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import AccessToken, Grant, RefreshToken
from idprobe_reference.tokens.claim_sources import ClaimSources
from idprobe_reference.tokens.languages import Languages
from idprobe_reference.tokens.protection import Protection
from idprobe_reference.tokens.subjects import Subjects

__all__ = ["SCOPE_CLAIMS", "Issuing", "half_hash", "scope_text"]

SCOPE_CLAIMS: Final = {
    "profile": (
        "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username",
        "profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
    ),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class IdTokenContext:
    """What an ID token is issued with: what it has to bind, and what it has to repeat."""

    nonce: str | None = None
    access_token: str | None = None
    code: str | None = None
    with_user_claims: bool = False


class Issuing(Languages, ClaimSources, Protection, Subjects, ResourceIndicators):
    """The decisions about what a token holds."""

    async def issue_access_token(
        self, grant: Grant, target: Target, until: int | None = None
    ) -> AccessToken:
        """Return a fresh access token for `target`, remembered; it ends by `until`."""
        issued_at = self.now()
        ends_at = issued_at + self.lifetime_s("access_token", grant.client_id)
        token = AccessToken(
            value="",
            grant=grant,
            scope=target.scope,
            audience=self.audience(target),
            issued_at=issued_at,
            expires_at=ends_at if until is None else min(ends_at, until),
        )
        token.value = await self.access_token_value(token)
        self.remember_access_token(token)
        return token

    async def access_token_value(self, token: AccessToken) -> str:
        """Return what the client gets: a random text or a JWT (RFC 9068)."""
        if self.config.access_token_format == "opaque":  # noqa: S105 - the name of a format
            return fresh_secret()
        alg, typ = self.config.access_token_signing_alg, self.access_token_typ()
        return await self.sign(alg, typ, self.access_token_claims(token))

    def access_token_typ(self) -> str:
        """Return the media type in the header of a JWT access token (RFC 9068 section 2.1)."""
        return "at+jwt"

    def access_token_claims(self, token: AccessToken) -> dict[str, Any]:
        """Return the claims of a JWT access token (RFC 9068 section 2.2)."""
        audience = token.audience
        return {
            "iss": self.issuer(),
            "sub": token.grant.sub,
            "aud": audience[0] if len(audience) == 1 else list(audience),
            "client_id": token.grant.client_id,
            "scope": scope_text(token.scope),
            "iat": token.issued_at,
            "exp": token.expires_at,
            "jti": secrets.token_urlsafe(16),
        }

    def issue_refresh_token(self, grant: Grant, scope: Iterable[str]) -> RefreshToken:
        """Return a fresh refresh token with the whole granted scope, remembered."""
        issued_at = self.now()
        token = RefreshToken(
            value=self.refresh_token_value(),
            grant=grant,
            scope=frozenset(scope),
            issued_at=issued_at,
            expires_at=issued_at + self.lifetime_s("refresh_token", grant.client_id),
        )
        self.remember_refresh_token(token)
        return token

    def refresh_token_value(self) -> str:
        """Return what a refresh token looks like: 256 random bits."""
        return fresh_secret()

    def token_response(
        self, access_token: AccessToken, refresh_token: RefreshToken | None, id_token: str | None
    ) -> dict[str, Any]:
        """Return the members of a successful token response (RFC 6749 section 5.1)."""
        members: dict[str, Any] = {
            "access_token": access_token.value,
            "token_type": "Bearer",
            "expires_in": self.expires_in(access_token),
        }
        if access_token.scope:
            members["scope"] = scope_text(access_token.scope)
        if refresh_token is not None:
            members["refresh_token"] = refresh_token.value
        if id_token is not None:
            members["id_token"] = id_token
        return members

    def expires_in(self, token: AccessToken) -> int:
        """Return for how many seconds `token` is still good."""
        return token.expires_at - self.now()

    async def issue_id_token(
        self, client: ClientConfig, grant: Grant, context: IdTokenContext
    ) -> str:
        """Return an ID token, signed and encrypted as the client registered it."""
        chosen = replace(client, id_token_signed_response_alg=self.id_token_alg(client))
        claims = self.id_token_claims(client, grant, context)
        return await self.protected(chosen, claims, "id_token", "JWT")

    def id_token_alg(self, client: ClientConfig) -> str:
        """Return the algorithm of the client's ID tokens."""
        return client.id_token_signed_response_alg

    def id_token_claims(
        self, client: ClientConfig, grant: Grant, context: IdTokenContext
    ) -> dict[str, Any]:
        """Return the claims of an ID token (OpenID Connect Core section 2)."""
        issued_at = self.now()
        claims: dict[str, Any] = {
            "iss": self.issuer(),
            "sub": grant.sub,
            "aud": client.client_id,
            "iat": issued_at,
            "exp": issued_at + self.lifetime_s("id_token", client.client_id),
            "auth_time": grant.auth_time,
            "acr": self.config.acr,
            "amr": ["pwd"],
            "sid": grant.sid,
        }
        if context.nonce is not None:
            claims["nonce"] = context.nonce
        if context.access_token is not None:
            claims["at_hash"] = half_hash(context.access_token)
        if context.code is not None:
            claims["c_hash"] = half_hash(context.code)
        if context.with_user_claims:
            claims.update(self.user_claims(grant, grant.scope))
        return {**self.requested_user_claims(grant, grant.claims.id_token), **claims}

    def requested_user_claims(
        self, grant: Grant, asked: Mapping[str, ClaimRequest]
    ) -> dict[str, Any]:
        """Return what was asked for by name, where it is known and as wanted (section 5.5.1)."""
        known = grant.user.claims if grant.user is not None else {}
        found = {name: self.named_claim(known, name) for name in asked}
        return {
            name: value
            for wanted, (name, value) in found.items()
            if value not in (None, "") and asked[wanted].takes(value)
        }

    def user_claims(self, grant: Grant, scope: frozenset[str]) -> dict[str, Any]:
        """Return what `scope` tells about the person (section 5.4); empty claims are left out."""
        known = grant.user.claims if grant.user is not None else {}
        wanted = [name for value in sorted(scope) for name in SCOPE_CLAIMS.get(value, ())]
        told: dict[str, Any] = {}
        for name in wanted:
            told |= self.in_language(known, name, grant.claims.locales)
        return told


def half_hash(text: str) -> str:
    """Return the left half of the SHA-256 of `text` in base64url (OIDC Core section 3.1.3.6)."""
    left = hashlib.sha256(text.encode("ascii")).digest()[:16]
    return base64.urlsafe_b64encode(left).rstrip(b"=").decode()


def scope_text(scope: Iterable[str]) -> str:
    """Return scope values in the form of RFC 6749 section 3.3, in a stable order."""
    return " ".join(sorted(scope))
