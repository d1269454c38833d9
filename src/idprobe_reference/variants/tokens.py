"""Variants of tokens and of their lifetimes: formats, sizes, claims, what a response may omit."""

# ruff: noqa: D102 - the class of a variant says what its one method does

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Final

from idprobe_reference.core import fresh_secret
from idprobe_reference.requests.authorization_request import Wish
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig, ServerConfig
from idprobe_reference.stores import AccessToken, Code, RefreshToken
from idprobe_reference.variants.registry import variant

NO_ROTATION: Final = "there is no refresh token that another has replaced"
_ABOUT_JWTS: Final = (
    "RFC9068-*", "RFC7519-4.1.7/jti-unique", "RFC8725-3.12/mutually-exclusive-validation",
    "RFC7662-4/signature-checked", "RFC8725-3.11/explicit-typing",
    "RFC9700-2.3/audience-restricted", "RFC9700-4.9.3/audience-against-replay",
)  # fmt: skip
_ABOUT_REFERENCES: Final = ("RFC6750-5.2/reference-token-unguessable",)
_NO_JWT: Final = {
    **dict.fromkeys(_ABOUT_JWTS, "it speaks of JWTs, and the access tokens are none"),
    **dict.fromkeys(_ABOUT_REFERENCES, "it speaks of opaque tokens"),
}
_JWT: Final = {
    **dict.fromkeys(_ABOUT_JWTS, "it speaks of JWTs"),
    **dict.fromkeys(
        _ABOUT_REFERENCES, "it speaks of opaque tokens, and the access tokens are JWTs"
    ),
}


class Configured(ReferenceServer):
    """A server that is set up otherwise than it was told."""

    settings: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, config: ServerConfig, **options: Any) -> None:
        super().__init__(replace(self.configured(config), **self.settings), **options)

    def configured(self, config: ServerConfig) -> ServerConfig:
        """Return the configuration that counts."""
        return config


@variant("RFC 6749 section 1.4: a format is not defined", differs=_NO_JWT)
class AccessTokensAreOpaque(Configured):
    """Access tokens are random texts."""

    settings: ClassVar[Mapping[str, Any]] = {"access_token_format": "opaque"}


@variant("RFC 9068", shape="speakup", differs=_JWT)
class AccessTokensAreJwts(Configured):
    """Access tokens are JWTs."""

    settings: ClassVar[Mapping[str, Any]] = {"access_token_format": "jwt"}


@variant("RFC 6749 section 1.4: the size is not defined", shape="speakup")
class TokensAreLong(ReferenceServer):
    """Codes and tokens have more than a thousand characters."""

    async def access_token_value(self, token: AccessToken) -> str:
        return await super().access_token_value(token) + "".join(fresh_secret() for _ in range(30))

    def refresh_token_value(self) -> str:
        return "".join(fresh_secret() for _ in range(30))

    def code_value(self, wish: Wish) -> str:
        return super().code_value(wish) + "".join(fresh_secret() for _ in range(30))


@variant("RFC 6749 appendices A.11, A.12 and A.17, RFC 6750 section 2.1", shape="speakup")
class TokensHaveEverySign(ReferenceServer):
    """Codes and refresh tokens have signs that forms have to escape; access tokens end in `==`."""

    async def access_token_value(self, token: AccessToken) -> str:
        return f"a.b-c~d_e+f/{await super().access_token_value(token)}=="

    def refresh_token_value(self) -> str:
        return f"r %20+&=;{super().refresh_token_value()}/é"[:-1]

    def code_value(self, wish: Wish) -> str:
        return f"c %20+&=;,{super().code_value(wish)}/?#~"


@variant("RFC 6749 section 5.1: the type is compared without case")
class TokenTypeIsInSmallLetters(ReferenceServer):
    """token_type is bearer."""

    def token_response(self, *given: Any, **named: Any) -> dict[str, Any]:
        return {**super().token_response(*given, **named), "token_type": "bearer"}

    async def authorization_response(self, *given: Any, **named: Any) -> dict[str, str]:
        parameters = await super().authorization_response(*given, **named)
        return {n: "bearer" if n == "token_type" else v for n, v in parameters.items()}


@variant(
    "RFC 6749 section 6, RFC 9700 section 4.14.2: only public clients need rotation",
    differs={"RFC7662-2.2/expired-or-revoked-token-inactive": NO_ROTATION},
)
class RefreshTokensOfKnownClientsStay(ReferenceServer):
    """The refresh token of a client that authenticates is not replaced."""

    def rotate_refresh_token(self, old: RefreshToken) -> RefreshToken:
        if self.clients[old.grant.client_id].is_public:
            return super().rotate_refresh_token(old)
        return old


@variant(
    "RFC 6749 section 6: whether a new refresh token is issued is left open",
    shape="speakup",
    differs={"RFC7662-2.2/expired-or-revoked-token-inactive": NO_ROTATION},
)
class RefreshedResponsesHaveNoRefreshToken(ReferenceServer):
    """The refresh token of a client that authenticates stays, and is not told again."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._told: set[str] = set()

    def rotate_refresh_token(self, old: RefreshToken) -> RefreshToken:
        if self.clients[old.grant.client_id].is_public:
            return super().rotate_refresh_token(old)
        return old

    def token_response(
        self, access_token: AccessToken, refresh_token: RefreshToken | None, id_token: str | None
    ) -> dict[str, Any]:
        if refresh_token is not None and refresh_token.value in self._told:
            refresh_token = None
        elif refresh_token is not None:
            self._told.add(refresh_token.value)
        return super().token_response(access_token, refresh_token, id_token)


@variant("RFC 6749 sections 4.1.2, 5.1 and 10.4: lifetimes are left to the server")
class LifetimesAreLong(Configured):
    """Access tokens are good for an hour, refresh tokens for a year, codes for ten minutes."""

    settings: ClassVar[Mapping[str, Any]] = {
        "access_token_lifetime_s": 3600,
        "id_token_lifetime_s": 3600,
        "refresh_token_lifetime_s": 365 * 86_400,
        "code_lifetime_s": 600,
    }


@variant("RFC 6749 section 4.1.2", shape="speakup")
class LifetimesAreShort(Configured):
    """Access tokens and ID tokens are good for two minutes, codes for half a minute."""

    settings: ClassVar[Mapping[str, Any]] = {
        "access_token_lifetime_s": 120,
        "id_token_lifetime_s": 120,
        "refresh_token_lifetime_s": 1800,
        "code_lifetime_s": 30,
    }


@variant("RFC 7519 section 4.1.3: an array of one audience is one audience")
class AudienceIsArray(ReferenceServer):
    """aud is an array in every JWT."""

    def id_token_claims(self, *given: Any, **named: Any) -> dict[str, Any]:
        claims = super().id_token_claims(*given, **named)
        return {**claims, "aud": [claims["aud"]]}

    def access_token_claims(self, token: AccessToken) -> dict[str, Any]:
        return {**super().access_token_claims(token), "aud": list(token.audience)}

    def id_token_of_ours(self, token: str) -> dict[str, Any] | None:
        claims = super().id_token_of_ours(token)
        return None if claims is None else {**claims, "aud": claims["aud"][0]}


@variant(
    "OpenID Connect Core section 2: azp may be present",
    shape="speakup",
    differs={
        "RFC7519-4.1.7/jti-unique": "there is a jti",
        "OIDCC-2/azp-is-client-id": "there is an azp",
    },
)
class IdTokensSayMore(ReferenceServer):
    """ID tokens have azp, nbf, jti, and claims of the server's own."""

    def id_token_claims(self, client: ClientConfig, *given: Any, **named: Any) -> dict[str, Any]:
        claims = super().id_token_claims(client, *given, **named)
        more = {"azp": client.client_id, "nbf": claims["iat"], "jti": fresh_secret(), "ver": "2.0"}
        return {"https://idprobe.example/roles": ["a", {"b": None}], **more, **claims}


@variant(
    "OpenID Connect Core section 2: acr, amr and sid are optional",
    shape="speakup",
    differs={"OIDCC-2/acr-*": "there is no acr", "OIDCC-2/amr-*": "there is no amr"},
)
class IdTokensSayLess(ReferenceServer):
    """ID tokens have neither acr nor amr nor sid, and at_hash only where it must be."""

    def id_token_claims(self, client: ClientConfig, grant: Any, context: Any) -> dict[str, Any]:
        claims = super().id_token_claims(client, grant, context)
        left_out = {"acr", "amr", "sid"}
        return {name: value for name, value in claims.items() if name not in left_out}


@variant("RFC 7519 section 2: a NumericDate may have fractions")
class TimesHaveFractions(ReferenceServer):
    """The times in JWTs are not whole seconds."""

    def id_token_claims(self, *given: Any, **named: Any) -> dict[str, Any]:
        claims = super().id_token_claims(*given, **named)
        return {n: v + 0.25 if n in {"iat", "exp"} else v for n, v in claims.items()}

    def access_token_claims(self, token: AccessToken) -> dict[str, Any]:
        claims = super().access_token_claims(token)
        return {n: v + 0.25 if n in {"iat", "exp"} else v for n, v in claims.items()}


@variant(
    "RFC 9068 section 2.2.1 and 2.2.3.1: further claims",
    differs={
        "RFC9068-2.2.1/authentication-claims-stable": "there are claims of the login",
        "RFC9068-2.2.3.1/*": "there are roles",
    },
)
class AccessTokensSayMore(ReferenceServer):
    """Access tokens have auth_time, acr, nbf and claims of the server's own."""

    def access_token_claims(self, token: AccessToken) -> dict[str, Any]:
        claims = super().access_token_claims(token)
        if token.grant.user is not None:
            claims |= {"auth_time": token.grant.auth_time, "acr": self.config.acr, "amr": ["pwd"]}
        return {**claims, "nbf": token.issued_at, "ver": "1.0", "roles": ["a"]}


@variant("RFC 7519 section 4.1.4: some leeway for clocks that differ", shape="speakup")
class ClockIsAhead(ReferenceServer):
    """The clock of the server is two seconds ahead."""

    def __init__(self, config: ServerConfig, **options: Any) -> None:
        super().__init__(config, **{"clock": lambda: time.time() + 2, **options})


@variant(
    "RFC 7636, RFC 9700 section 2.1.1: requiring PKCE is allowed",
    shape="speakup",
    differs={
        "RFC7636-5/clients-without-pkce": "it is wanted of every client",
        "RFC9700-4.8.2/verifier-without-challenge-rejected": "no code comes without a challenge",
    },
)
class CodesNeedPkce(Configured):
    """Every code needs a challenge."""

    settings: ClassVar[Mapping[str, Any]] = {"require_pkce": True}


@variant(
    "RFC 6749 sections 3.3 and 5.1: scope is needed only where it differs",
    shape="speakup",
    differs=dict.fromkeys(
        ("OIDCC-14/single-space-delimiter", "RFC6749-A.4/scope-syntax"),
        "the response does not tell the scope",
    ),
)
class ScopeIsToldWhereItDiffers(ReferenceServer):
    """Token responses have no scope where it is the one that was asked for."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._narrowed: set[frozenset[str]] = set()

    def authorized_scope(
        self, client: ClientConfig, requested: str | None, *given: Any
    ) -> tuple[str, ...]:
        scope = super().authorized_scope(client, requested, *given)
        if set(scope) != set((requested or "").split(" ")):
            self._narrowed.add(frozenset(scope))
        return scope

    async def grant_tokens(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        code = self.codes.get(form.get("code", ""))
        old = self.refresh_tokens.get(form.get("refresh_token", ""))
        members = await super().grant_tokens(client, form)
        asked = frozenset(form.get("scope", "").split())
        granted = code.grant.scope if code else old.scope if old else frozenset()
        told = frozenset(members.get("scope", "").split())
        if told == (asked or granted) and told not in self._narrowed:
            members.pop("scope", None)
        return members


@variant(
    "OpenID Connect Core section 2: aud may have identifiers of others",
    differs={"OIDCC-2/azp-is-client-id": "there is an azp"},
)
class IdTokensAreForSeveral(ReferenceServer):
    """ID tokens are for the client and for a resource server, with azp for the client."""

    def id_token_claims(self, client: ClientConfig, *given: Any, **named: Any) -> dict[str, Any]:
        claims = super().id_token_claims(client, *given, **named)
        both = ["https://api.idprobe.example/", client.client_id]
        return {**claims, "aud": both, "azp": client.client_id}

    def id_token_of_ours(self, token: str) -> dict[str, Any] | None:
        claims = super().id_token_of_ours(token)
        return None if claims is None else {**claims, "aud": claims["azp"]}


@variant(
    "OpenID Connect Core section 11: refresh tokens may come in other cases too",
    differs={"OIDCBCL-2.7/refresh-tokens-revoked": "there are some without offline_access"},
)
class RefreshTokensComeUnasked(ReferenceServer):
    """Codes yield a refresh token whether or not offline_access was asked for."""

    def refresh_token_is_due(self, client: ClientConfig, _code: Code) -> bool:
        return "refresh_token" in client.grant_types
