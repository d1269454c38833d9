"""Mutants of the token response and of access tokens."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from typing import Any

from idprobe_reference.mutants.registry import mutant
from idprobe_reference.server import ReferenceServer
from idprobe_reference.stores import AccessToken, RefreshToken


@mutant(
    breaks=[
        "RFC6749-5.1/cache-control-no-store",
        "RFC6749-5.1/pragma-no-cache",
        "OIDCC-3.1.3.3/cache-control-no-store",
        "RFC9111-5.2.2.5/no-store-directive-form",
    ]
)
class TokenResponseMayBeStored(ReferenceServer):
    """Token responses do not forbid storing."""

    def token_response_headers(self) -> dict[str, str]:
        return {}


@mutant(breaks="RFC6749-5.1/pragma-no-cache")
class TokenResponseWithoutPragma(ReferenceServer):
    """Token responses have no Pragma."""

    def token_response_headers(self) -> dict[str, str]:
        return {"Cache-Control": "no-store"}


@mutant(
    breaks=["RFC6749-5.1/token-type-present", "OIDCC-3.1.3.3/token-type-bearer"],
    also={
        "RFC6749-8.1/token-type-name": "there is no type to look at",
        "OIDCC-13.3/json-types": "there is no type to look at",
    },
)
class TokenResponseWithoutType(ReferenceServer):
    """Token responses do not say which type the token has."""

    def token_response(
        self, access_token: AccessToken, refresh_token: RefreshToken | None, id_token: str | None
    ) -> dict[str, Any]:
        members = super().token_response(access_token, refresh_token, id_token)
        del members["token_type"]
        return members


@mutant(breaks="RFC6749-5.1/expires-in-present")
class TokenResponseWithoutExpiry(ReferenceServer):
    """Token responses do not tell how long the token is good."""

    def token_response(
        self, access_token: AccessToken, refresh_token: RefreshToken | None, id_token: str | None
    ) -> dict[str, Any]:
        members = super().token_response(access_token, refresh_token, id_token)
        del members["expires_in"]
        return members


@mutant(
    breaks=[
        "RFC6749-5.1/numbers-as-json-numbers",
        "RFC6749-A.14/expires-in-syntax",
        "OIDCC-13.3/json-types",
    ]
)
class ExpiryIsText(ReferenceServer):
    """expires_in is a JSON string."""

    def token_response(
        self, access_token: AccessToken, refresh_token: RefreshToken | None, id_token: str | None
    ) -> dict[str, Any]:
        members = super().token_response(access_token, refresh_token, id_token)
        return {**members, "expires_in": str(members["expires_in"])}


@mutant(breaks="RFC6749-8.2/vendor-parameter-prefix")
class TokenResponseHasUnknownMember(ReferenceServer):
    """Token responses have a member of the vendor's own without a prefix."""

    def token_response(
        self, access_token: AccessToken, refresh_token: RefreshToken | None, id_token: str | None
    ) -> dict[str, Any]:
        return {**super().token_response(access_token, refresh_token, id_token), "mood": "sunny"}


@mutant(
    breaks=[
        "RFC6750-5.3/short-lived",
        "OIDCC-16.18/access-token-lifetime-short",
    ],
    also={"RFC9068-2.2/exp": "exp does not fit expires_in"},
)
class ExpiryIsADay(ReferenceServer):
    """expires_in promises a day."""

    def expires_in(self, token: AccessToken) -> int:
        del token
        return 86_400


@mutant(
    breaks=["RFC6749-10.10/guess-probability-2-128", "RFC6750-5.2/reference-token-unguessable"],
    also={"RFC6749-10.10/guess-probability-2-160": "less than 128 bits are less than 160"},
    profile="speakup",
)
class AccessTokensAreCounted(ReferenceServer):
    """Access tokens are consecutive numbers."""

    async def access_token_value(self, token: AccessToken) -> str:
        del token
        return f"token-{len(self.access_tokens):012}"


@mutant(
    breaks=[
        "RFC9068-2.1/typ-is-at-jwt",
        "RFC9068-2.1/typ-without-prefix",
        "RFC8725-3.11/explicit-typing",
    ],
)
class AccessTokenTypIsJwt(ReferenceServer):
    """The typ of JWT access tokens is JWT."""

    def access_token_typ(self) -> str:
        return "JWT"


@mutant(breaks=["RFC9068-2.2/aud", "RFC8725-3.9/aud-present", "RFC9068-3/default-resource"])
class AccessTokenWithoutAudience(ReferenceServer):
    """JWT access tokens have no aud."""

    def access_token_claims(self, token: AccessToken) -> dict[str, Any]:
        claims = super().access_token_claims(token)
        del claims["aud"]
        return claims


@mutant(breaks=["RFC9068-2.2/jti"], alone=True)
class AccessTokenWithoutJti(ReferenceServer):
    """JWT access tokens have no jti."""

    def access_token_claims(self, token: AccessToken) -> dict[str, Any]:
        claims = super().access_token_claims(token)
        del claims["jti"]
        return claims


@mutant(
    breaks=["RFC9700-2.3/audience-restricted", "RFC9700-4.9.3/audience-against-replay"],
    also={
        "RFC9068-2.2/aud": "there is no aud",
        "RFC8725-3.9/aud-present": "there is no aud",
        "RFC9068-3/default-resource": "there is no aud",
    },
)
class AccessTokenIsForEverybody(ReferenceServer):
    """The aud of a JWT access token is empty."""

    def access_token_claims(self, token: AccessToken) -> dict[str, Any]:
        return {**super().access_token_claims(token), "aud": ""}
