"""Mutants of revocation, introspection and logout."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.endpoints.replies import json_reply
from idprobe_reference.faults import OAuthFault
from idprobe_reference.guard import Handler
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import AccessToken, RefreshToken


@mutant(
    breaks=[
        "RFC7009-2/refresh-token-revocation",
        "RFC7009-2/access-token-revocation",
        "RFC7009-2.1/immediate",
        "RFC7009-2.1/cascade-from-refresh-token",
        "RFC7009-2.2.1/unsupported-token-type",
        "RFC7662-4/revocation-checked",
    ]
)
class RevocationDoesNothing(ReferenceServer):
    """Revoked tokens live on."""

    def revoke_token(self, token: AccessToken | RefreshToken) -> None:
        pass


@mutant(breaks="RFC7009-2.1/search-past-wrong-hint")
class RevocationBelievesHints(ReferenceServer):
    """Revocation looks where the hint says, and nowhere else."""

    def token_to_revoke(self, form: Form) -> AccessToken | RefreshToken | None:
        found, hint = super().token_to_revoke(form), form.get("token_type_hint")
        return None if hint == "access_token" and isinstance(found, RefreshToken) else found


@mutant(breaks="RFC7009-2.2/bad-hint-ignored")
class UnknownHintsHideTokens(ReferenceServer):
    """Revocation with a hint that nobody knows finds nothing."""

    def token_to_revoke(self, form: Form) -> AccessToken | RefreshToken | None:
        hint = form.get("token_type_hint", "access_token")
        is_known = hint in {"access_token", "refresh_token"}
        return super().token_to_revoke(form) if is_known else None


@mutant(breaks="RFC7009-2.1/cascade-from-refresh-token")
class RevocationLeavesAccessTokens(ReferenceServer):
    """A revoked refresh token leaves the access tokens of its grant alive."""

    def revoke_refresh_token(self, token: RefreshToken) -> None:
        token.expires_at = 0


@mutant(
    breaks="RFC7009-2.2.1/unsupported-token-type",
    also={
        "RFC7009-2/access-token-revocation": "no access token is revoked",
        "RFC7009-2.1/immediate": "no access token is revoked",
        "RFC7009-2.2/status-200": "no access token is revoked",
        "RFC7009-2.1/cascade-from-access-token": "no access token is revoked",
    },
)
class AccessTokensAreBadRequests(ReferenceServer):
    """Access tokens cannot be revoked, and the error does not say so."""

    def revoke_access_token(self, token: AccessToken) -> None:
        del token
        raise OAuthFault("invalid_request", "access tokens cannot be revoked")


@mutant(breaks="RFC7009-2.1/cascade-from-access-token")
class RefreshTokensOfRevokedAccessTokensAreMalformed(ReferenceServer):
    """The refresh token of a revoked access token ends, with an error that means another thing."""

    def revoke_access_token(self, token: AccessToken) -> None:
        super().revoke_access_token(token)
        self.ended = token.grant

    def refresh_token_is_usable(self, token: RefreshToken) -> bool:
        if token.grant is getattr(self, "ended", None):
            raise OAuthFault("invalid_request", "the access token was revoked")
        return super().refresh_token_is_usable(token)


@mutant(breaks="RFC7009-2.1/token-belongs-to-client")
class AnybodyCanRevoke(ReferenceServer):
    """A client can revoke the tokens of others."""

    def check_revoker(self, client: ClientConfig, token: AccessToken | RefreshToken) -> None:
        pass


@mutant(
    breaks=["RFC7009-2.2/unknown-token-200", "RFC7662-2.2/unknown-token-inactive"],
    also={"RFC7662-2.3/inactive-is-no-error": "an unknown token is an error"},
)
class UnknownTokenIsAnError(ReferenceServer):
    """A token that nobody knows is an error."""

    def find_token(self, value: str) -> AccessToken | RefreshToken | None:
        token = super().find_token(value)
        if token is None:
            raise OAuthFault("invalid_request", "the token is not known")
        return token


@mutant(
    breaks=["RFC7662-2.2/inactive-without-details", "RFC7662-4/inactive-without-claims"],
)
class InactiveTellsDetails(ReferenceServer):
    """The answer about an inactive token says more than that."""

    def inactive(self, token: AccessToken | RefreshToken | None) -> dict[str, Any]:
        return {**super().inactive(token), "iss": self.issuer()}


@mutant(breaks=["RFC7662-4/revocation-checked", "RFC7662-2.2/expired-or-revoked-token-inactive"])
class RevokedTokensAreActive(ReferenceServer):
    """Introspection does not see that a token was revoked."""

    def is_active(self, token: AccessToken | RefreshToken) -> bool:
        return self.clock() < token.expires_at


@mutant(breaks=["RFC7662-4/expiry-checked", "RFC7662-2.2/expired-or-revoked-token-inactive"])
class ExpiredTokensAreActive(ReferenceServer):
    """Introspection does not see that an access token has expired."""

    def remember_access_token(self, token: AccessToken) -> None:
        self.access_tokens.put(token.value, token, token.expires_at + 3600)

    def is_active(self, token: AccessToken | RefreshToken) -> bool:
        if not isinstance(token, AccessToken):
            return super().is_active(token)
        return not token.revoked and self.grant_is_active(token.grant)


@mutant(breaks="RFC7662-4/specific-authorization")
class AnybodyCanIntrospect(ReferenceServer):
    """A client can introspect the tokens of others."""

    def may_introspect(self, client: ClientConfig, token: AccessToken | RefreshToken) -> bool:
        del client, token
        return True


@mutant(breaks="RFC7662-2.2/not-allowed-to-ask-inactive")
class ForeignTokensAreForbidden(ReferenceServer):
    """Who asks about the token of another is refused, and so knows that it is one."""

    def may_introspect(self, client: ClientConfig, token: AccessToken | RefreshToken) -> bool:
        if super().may_introspect(client, token):
            return True
        raise OAuthFault("access_denied", "this token is not yours", status=403)

    async def introspect(self, request: Request) -> Response:
        try:
            return await super().introspect(request)
        except OAuthFault as fault:
            return self.oauth_error(fault)


@mutant(breaks="RFC7662-2.2/not-allowed-to-ask-inactive")
class ForeignTokensAreToldApart(ReferenceServer):
    """Of the token of another it is said that it is another's."""

    def introspection(
        self, client: ClientConfig, token: AccessToken | RefreshToken | None
    ) -> dict[str, Any]:
        members = super().introspection(client, token)
        foreign = token is not None and not self.may_introspect(client, token)
        return {**members, "reason": "not yours"} if foreign else members


@mutant(breaks="RFC7662-2.3/bad-bearer-401")
class BadBearerTokensAreForbidden(ReferenceServer):
    """A bearer token that does not open introspection is 403."""

    async def introspect(self, request: Request) -> Response:
        if request.headers.get("authorization", "").startswith("Bearer "):
            headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            return json_reply({"error": "invalid_token"}, 403, headers)
        return await super().introspect(request)


@mutant(breaks="RFC7009-2.3/cors")
class RevocationIsOpenToASecondPage(ReferenceServer):
    """Scripts may revoke tokens, from an origin that no page has."""

    def routes(self) -> dict[str, Mapping[str, Handler]]:
        async def preflight(_request: Request) -> Response:
            return Response(status_code=204, headers={"Access-Control-Allow-Origin": "https://*"})

        place, found = f"{self.path}/revoke", super().routes()
        return {**found, place: {**found[place], "OPTIONS": preflight}}

    def paths_without_cors(self) -> frozenset[str]:
        return super().paths_without_cors() | {f"{self.path}/revoke"}


@mutant(
    breaks=[
        "OIDCRIL-3/no-redirect-to-unregistered-uri",
        "OIDCRIL-4/no-redirect-on-error",
        "RFC9700-2.1/no-open-redirector",
    ]
)
class LogoutGoesAnywhere(ReferenceServer):
    """Any post_logout_redirect_uri is followed."""

    def logout_uri_matches(self, client: ClientConfig, target: str) -> bool:
        del client, target
        return True
