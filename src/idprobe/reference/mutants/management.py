"""Mutants of revocation, introspection and logout."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from typing import Any

from idprobe.reference.faults import OAuthFault
from idprobe.reference.mutants.registry import mutant
from idprobe.reference.server import ReferenceServer
from idprobe.reference.settings import ClientConfig
from idprobe.reference.stores import AccessToken, RefreshToken


@mutant(
    breaks=[
        "RFC7009-2/refresh-token-revocation",
        "RFC7009-2/access-token-revocation",
        "RFC7009-2.1/immediate",
        "RFC7009-2.1/search-past-wrong-hint",
        "RFC7009-2.1/cascade-from-refresh-token",
        "RFC7009-2.2/bad-hint-ignored",
        "RFC7662-4/revocation-checked",
    ]
)
class RevocationDoesNothing(ReferenceServer):
    """Revoked tokens live on."""

    def revoke_token(self, token: AccessToken | RefreshToken) -> None:
        pass


@mutant(breaks="RFC7009-2.1/cascade-from-refresh-token")
class RevocationLeavesAccessTokens(ReferenceServer):
    """A revoked refresh token leaves the access tokens of its grant alive."""

    def revoke_refresh_token(self, token: RefreshToken) -> None:
        token.expires_at = 0


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


@mutant(breaks="RFC7662-4/specific-authorization")
class AnybodyCanIntrospect(ReferenceServer):
    """A client can introspect the tokens of others."""

    def may_introspect(self, client: ClientConfig, token: AccessToken | RefreshToken) -> bool:
        del client, token
        return True


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
