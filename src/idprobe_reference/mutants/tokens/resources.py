"""Mutants of UserInfo and of its bearer errors."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from typing import Any

from starlette.requests import Request

from idprobe_reference.faults import BearerFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.resource_indicators import Target
from idprobe_reference.server import ReferenceServer
from idprobe_reference.stores import AccessToken, Grant


@mutant(breaks=["RFC6750-3.1/insufficient-scope-403", "RFC9110-11.4/insufficient-credentials-403"])
class AnyScopeWillDo(ReferenceServer):
    """A resource takes tokens of any scope."""

    def scope_suffices(self, token: AccessToken, scope: str) -> bool:
        del token, scope
        return True


@mutant(
    breaks=[
        "RFC6750-3/challenge-has-auth-param",
        "RFC6750-3/error-told-after-failed-token",
        "RFC6749-7.2/resource-error-told",
    ],
    also={"OIDCC-5.3.3/bearer-error-form": "no error is told"},
)
class ChallengeIsBare(ReferenceServer):
    """The challenge is the word Bearer and nothing else."""

    def bearer_challenge(self, fault: BearerFault) -> str:
        del fault
        return "Bearer"


@mutant(
    breaks="RFC6750-3.1/no-error-without-authentication",
    also={"OIDCC-5.3.3/bearer-error-form": "it wants no error code without a token"},
)
class ChallengeAccuses(ReferenceServer):
    """A request without a token is told that its token is invalid."""

    def bearer_challenge(self, fault: BearerFault) -> str:
        code = fault.code or "invalid_token"
        return super().bearer_challenge(
            BearerFault(code, fault.description, status=fault.status, scope=fault.scope)
        )


@mutant(
    breaks=[
        "OIDCC-5.3.2/sub-always-returned",
        "OIDCC-5.3.2/sub-equals-id-token-sub",
        "OIDCC-15.2/userinfo-supported",
    ],
    also={"OIDCC-5.6/normal-claims-supported": "sub is a normal claim"},
)
class UserInfoWithoutSub(ReferenceServer):
    """UserInfo does not say who it is about."""

    def userinfo_claims(self, token: AccessToken) -> dict[str, Any]:
        return {n: v for n, v in super().userinfo_claims(token).items() if n != "sub"}


@mutant(breaks="OIDCC-5.3.2/sub-equals-id-token-sub")
class UserInfoHasAnotherSub(ReferenceServer):
    """The sub of UserInfo differs from that of the ID token."""

    def userinfo_claims(self, token: AccessToken) -> dict[str, Any]:
        claims = super().userinfo_claims(token)
        return {**claims, "sub": f"{claims['sub']}-2"}


@mutant(
    breaks=[
        "OIDCC-5.3.2/no-null-or-empty-claims",
        "OIDCC-13.3/no-nulls",
        "OIDCC-5.3.2/absent-claims-omitted",
    ],
    also={"OIDCC-5.1/string-claims-are-strings": "null is no string"},
)
class UserInfoHasNull(ReferenceServer):
    """UserInfo has a claim without a value."""

    def userinfo_claims(self, token: AccessToken) -> dict[str, Any]:
        return {**super().userinfo_claims(token), "middle_name": None}


@mutant(breaks=["RFC6750-2.3/query-parameter-not-used"])
class TokenInQueryIsTaken(ReferenceServer):
    """A resource takes the token from the query."""

    async def bearer_value(self, request: Request) -> str:
        return request.query_params.get("access_token") or await super().bearer_value(request)


@mutant(breaks=["RFC6750-2/one-transmission-method", "RFC6750-3.1/invalid-request-400"])
class TokenMayComeTwice(ReferenceServer):
    """A resource takes a token that comes in two ways."""

    async def bearer_in_body(self, request: Request) -> str:
        if "authorization" in request.headers:
            return ""
        return await super().bearer_in_body(request)


@mutant(
    breaks=["RFC6749-7/token-validated-at-own-resource", "RFC7009-2.1/immediate"],
    also={
        "RFC6749-4.1.2/code-replay-revokes-tokens": "revoked tokens work",
        "RFC7009-2/access-token-revocation": "revoked tokens work",
        "RFC7009-2.1/cascade-from-refresh-token": "revoked tokens work",
        "RFC7009-2.2.1/unsupported-token-type": "revoked tokens work",
    },
)
class RevokedTokensWork(ReferenceServer):
    """A resource takes access tokens that were revoked."""

    def access_token_of(self, value: str) -> AccessToken | None:
        token = self.access_tokens.get(value)
        return token if token is not None and self.clock() < token.expires_at else None


@mutant(breaks="RFC6749-7/token-validated-at-own-resource")
class RefreshTokensOpenResources(ReferenceServer):
    """A resource takes a refresh token for an access token."""

    def access_token_of(self, value: str) -> AccessToken | None:
        token = self.refresh_tokens.get(value)
        if token is None:
            return super().access_token_of(value)
        place = (self.url("/userinfo"),)
        return AccessToken(
            value, token.grant, token.scope, place, token.issued_at, token.expires_at
        )


@mutant(breaks="RFC6749-7/token-validated-at-own-resource")
class ClientsAreUsersToo(ReferenceServer):
    """A resource for users takes any token of a client that has none."""

    def scope_suffices(self, token: AccessToken, scope: str) -> bool:
        return token.grant.user is None or super().scope_suffices(token, scope)

    def is_addressed(self, token: AccessToken, place: str) -> bool:
        return token.grant.user is None or super().is_addressed(token, place)


@mutant(breaks="RFC6749-7/token-validated-at-own-resource")
class CookiesAreTokens(ReferenceServer):
    """A resource takes the session of a browser for a token of its user."""

    async def bearer_value(self, request: Request) -> str:
        session = self.session_of(request)
        if session is None or "authorization" in request.headers:
            return await super().bearer_value(request)
        client_id = next(iter(session.clients), "")
        grant = Grant(client_id, frozenset({"openid"}), session.user)
        target = Target(frozenset({"openid"}))
        return (await self.issue_access_token(grant, target)).value
