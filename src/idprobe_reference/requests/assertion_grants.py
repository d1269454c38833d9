"""Assertions as grants (RFC 7521 section 4.1, RFC 7523 2.1): a client vouches for somebody."""

from typing import Any

from idprobe_reference.faults import OAuthFault
from idprobe_reference.requests.client_authentication import ClientAuthentication
from idprobe_reference.requests.forms import Form
from idprobe_reference.requests.scopes import scope_values
from idprobe_reference.settings import ClientConfig, UserConfig
from idprobe_reference.stores import Grant
from idprobe_reference.tokens.issuing import Issuing

__all__ = ["AssertionGrants"]


class AssertionGrants(ClientAuthentication, Issuing):
    """The decisions about a JWT that a client trades for an access token.

    Only clients that are configured for the grant are believed; none can register for it.
    """

    async def grant_by_assertion(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        """Trade an assertion for an access token; no refresh token comes (RFC 7521 4.1)."""
        if "assertion" not in form:
            raise OAuthFault("invalid_request", "assertion is missing")
        claims = self.verified_assertion(client, form["assertion"])
        if claims is None or not self.grant_assertion_is_acceptable(client, claims):
            raise OAuthFault("invalid_grant", "the assertion is not acceptable")
        user = self.subject_of(claims.get("sub"))
        if user is None:
            raise OAuthFault("invalid_grant", "the assertion is about nobody whom we know")
        scope = self.scope_for_assertion(client, form.get("scope"))
        resources = self.requested_resources(form)
        target = self.target_of(resources, (), scope)
        subject = self.subject_for(client, user)
        grant = Grant(
            client.client_id, scope, user, self.now(), resources=resources, subject=subject
        )
        until = self.token_ends_with(claims)
        return self.token_response(await self.issue_access_token(grant, target, until), None, None)

    def grant_assertion_is_acceptable(self, client: ClientConfig, claims: dict[str, Any]) -> bool:
        """Return whether issuer, audience, time and jti are right (RFC 7523 section 3).

        A jti may be absent; one that is there is spent.
        """
        if not self.assertion_issuer_fits(client, claims.get("iss")):
            return False
        if not self.assertion_audience_fits(claims.get("aud")):
            return False
        if not self.assertion_is_timely(claims):
            return False
        return "jti" not in claims or self.assertion_id_is_spent(client, claims)

    def subject_of(self, sub: object) -> UserConfig | None:
        """Return the person whom an assertion is about."""
        return next((user for user in self.users.values() if user.sub == sub), None)

    def scope_for_assertion(self, client: ClientConfig, requested: str | None) -> frozenset[str]:
        """Return the scope of the token: never more than the client may have (RFC 7521 4.1)."""
        wanted = scope_values(self.config.default_scope if requested is None else requested)
        if not wanted <= client.scopes - {"offline_access"}:
            raise OAuthFault("invalid_scope", "the client may not have this scope")
        return wanted

    def token_ends_with(self, claims: dict[str, Any]) -> int | None:
        """Return when the assertion ends, which the token does not outlive (RFC 7521 4.1)."""
        return int(claims["exp"])
