"""Mutants of tokens: one claim or header parameter wrong, or missing."""

from typing import Any, Final

from idprobe_reference.mutants.bending import Change, bend, having, lacking

ID_TOKEN: Final = "id_token_claims"  # noqa: S105 -- the name of a method
ACCESS_TOKEN: Final = "access_token_claims"  # noqa: S105 -- the name of a method
HEADER: Final = "further_header"
LANDING: Final = "authorization_response"
TOKENS: Final = frozenset({"code", "id_token", "access_token"})


def _front_only(**members: Any) -> Change:
    """Return a change of ID Tokens that come with a code: those of the front channel."""
    return lambda claims: {**claims, **members} if "c_hash" in claims else claims


def _back_only(**members: Any) -> Change:
    """Return a change of ID Tokens that come without a code: here those of the token endpoint."""
    return lambda claims: claims if "c_hash" in claims else {**claims, **members}


def _refreshed(**members: Any) -> Change:
    """Return a change of refreshed ID Tokens, which are known by their lack of a nonce."""
    return lambda claims: claims if "nonce" in claims else {**claims, **members}


for one in (
    (ID_TOKEN, "IdTokenWithoutIssuer", "ID tokens have no iss.",
     ["OIDCC-2/iss-present", "OIDCC-3.1.3.7/iss-equals-issuer"], lacking("iss")),
    (ID_TOKEN, "IssuerHasQuery", "The iss of ID tokens has a query.",
     ["OIDCC-2/iss-https-no-query-fragment", "OIDCC-3.1.3.7/iss-equals-issuer"],
     lambda c: {**c, "iss": c["iss"] + "?a=b"}),
    (ID_TOKEN, "SubIsNumber", "The sub of ID tokens is a number.",
     ["OIDCC-2/sub-present", "OIDCC-5.3.2/sub-equals-id-token-sub"], having(sub=5),
     ["RFC9068-2.2/sub-is-resource-owner"]),
    (ID_TOKEN, "SubIsLong", "The sub of ID tokens has 300 characters.",
     "OIDCC-2/sub-max-255-ascii", having(sub="s" * 300), ["RFC9068-2.2/sub-is-resource-owner"]),
    (ID_TOKEN, "AudienceIsLost", "ID tokens have no aud.",
     ["OIDCC-2/aud-present-and-typed", "RFC8725-3.9/aud-present"], lacking("aud")),
    (ID_TOKEN, "AudienceHasNumber", "The aud of ID tokens has a member that is a number.",
     ["RFC7519-4.1.3/aud-single-or-array", "OIDCC-2/aud-present-and-typed"],
     lambda c: {**c, "aud": [c["aud"], 5]}),
    (ID_TOKEN, "IssuedAtIsText", "The iat of ID tokens is a text.",
     ["OIDCC-2/iat-present-number", "RFC7519-4.1.6/iat-number"],
     lambda c: {**c, "iat": str(c["iat"])}),
    (ID_TOKEN, "AuthTimeIsText", "The auth_time of ID tokens is a text.",
     "OIDCC-2/auth-time-number", lambda c: {**c, "auth_time": str(c["auth_time"])}),
    (ID_TOKEN, "AcrIsArray", "The acr of ID tokens is an array.",
     ["OIDCC-2/acr-string", "OIDCC-2/acr-uri-or-registered-name"], having(acr=["urn-like"])),
    (ID_TOKEN, "AcrIsBareName", "The acr of ID tokens is a bare name.",
     "OIDCC-2/acr-uri-or-registered-name", having(acr="strong")),
    (ID_TOKEN, "AmrIsMadeUp", "The amr of ID tokens is not registered.",
     "OIDCC-2/amr-registered-values", having(amr=["telepathy"])),
    (ID_TOKEN, "AuthorizedPartyIsAnother", "azp is another client.",
     "OIDCC-2/azp-is-client-id", having(azp="stranger")),
    (ID_TOKEN, "SubIsFresh", "Each ID token has another sub.",
     ["OIDCC-5.7/sub-locally-unique", "OIDCC-12.2/sub-unchanged",
      "OIDCC-5.3.2/sub-equals-id-token-sub"],
     lambda c: {**c, "sub": f"{c['sub']}-{c.get('at_hash')}"}),
    (ID_TOKEN, "SubIsShared", "All users have one sub.",
     ["OIDCC-5.7/sub-locally-unique", "OIDCC-5.3.2/sub-equals-id-token-sub"], having(sub="user")),
    (ID_TOKEN, "NotBeforeIsAhead", "The nbf of ID tokens is an hour ahead.",
     "RFC7519-4.1.5/nbf-number", lambda c: {**c, "nbf": c["iat"] + 3600}),
    (ID_TOKEN, "TokensShareOneJti", "All ID tokens have one jti.",
     "RFC7519-4.1.7/jti-unique", having(jti="one-and-the-same")),
    (ID_TOKEN, "SubLooksLikeUri", "The sub of ID tokens has a colon and is no URI.",
     "RFC7519-2/string-or-uri", having(sub="1:2 3")),
    (ID_TOKEN, "RefreshMovesIssuedAt", "Refreshed ID tokens keep the iat of the login.",
     "OIDCC-12.2/iat-is-new", lambda c: c if "nonce" in c else {**c, "iat": c["auth_time"]}),
    (ID_TOKEN, "RefreshMovesIssuer", "Refreshed ID tokens have another iss.",
     "OIDCC-12.2/iss-unchanged", _refreshed(iss="https://other.example")),
    (ID_TOKEN, "RefreshMovesSub", "Refreshed ID tokens have another sub.",
     "OIDCC-12.2/sub-unchanged", _refreshed(sub="somebody")),
    (ID_TOKEN, "RefreshMovesAudience", "Refreshed ID tokens have another aud.",
     "OIDCC-12.2/aud-unchanged", _refreshed(aud="stranger")),
    (ID_TOKEN, "RefreshAddsAzp", "Refreshed ID tokens gain an azp.",
     "OIDCC-12.2/azp-unchanged", _refreshed(azp="web")),
    (ID_TOKEN, "AtHashIsOfSomethingElse", "at_hash is of something else.",
     ["OIDCC-3.1.3.6/at-hash-optional-but-right", "OIDCC-12.2/same-rules-otherwise"],
     having(at_hash="A" * 22)),
    ("token_response", "RefreshTokenIsNumber", "A refresh token that nobody asked for is a number.",
     "OIDCC-11/refresh-tokens-in-other-contexts", lambda r: {"refresh_token": 5, **r}),
    ("token_response", "IdTokenForEverybody", "An ID token comes without the scope openid.",
     "OIDCC-3.1.2.2/openid-scope-checked", lambda r: {"id_token": "a.b.c", **r}),
    ("token_response_headers", "TokensMayBeKept", "Token responses may be stored.",
     ["OIDCC-12.2/id-token-optional", "OIDCC-3.1.3.3/cache-control-no-store"], lambda _headers: {}),
    # headers
    (HEADER, "HeaderWithoutKid", "JWTs have no kid although there are several keys.",
     ["OIDCC-10.1/kid-when-several-keys"], having(kid=None)),
    (HEADER, "HeaderBringsKeys", "JWTs say where their keys are.",
     "OIDCC-2/no-embedded-key-headers", having(jku="https://keys.example/jwks")),
    (HEADER, "HeaderHasContentType", "JWTs that are not nested have a cty.",
     "RFC7519-5.2/no-cty-otherwise", having(cty="JWT")),
    (HEADER, "TypeHasPrefix", "The typ of JWTs has the prefix application/.",
     ["RFC7515-4.1.9/typ-without-application-prefix", "RFC9068-2.1/typ-is-at-jwt",
      "RFC8725-3.11/explicit-typing",
      "RFC9068-2.1/typ-without-prefix"], having(typ="application/jwt"),
     ["OIDCBCL-2.3/all-logged-in-rps-contacted"]),
    (HEADER, "TypeIsLowerCase", "The typ of JWTs is jwt.",
     ["RFC7519-5.1/typ-jwt-uppercase", "RFC9068-2.1/typ-is-at-jwt",
      "RFC8725-3.11/explicit-typing",
      "RFC9068-2.1/typ-without-prefix"], having(typ="jwt"),
     ["OIDCBCL-2.3/all-logged-in-rps-contacted"]),
    # access tokens
    (ACCESS_TOKEN, "AccessTokenWithoutIssuer", "Access tokens have no iss.",
     ["RFC9068-2.2/iss", "RFC9068-4/keys-and-issuer-published"], lacking("iss")),
    (ACCESS_TOKEN, "AccessTokenWithoutExpiry", "Access tokens have no exp.",
     "RFC9068-2.2/exp", lacking("exp")),
    (ACCESS_TOKEN, "AccessTokenWithoutSub", "Access tokens have no sub.",
     ["RFC9068-2.2/sub", "RFC9068-2.2/sub-is-resource-owner"], lacking("sub")),
    (ACCESS_TOKEN, "AccessTokenOfAnotherClient", "Access tokens name another client.",
     "RFC9068-2.2/client-id", having(client_id="stranger")),
    (ACCESS_TOKEN, "AccessTokenWithoutIssuedAt", "Access tokens have no iat.",
     "RFC9068-2.2/iat", lacking("iat")),
    (ACCESS_TOKEN, "AccessTokenOfAnotherUser", "Access tokens are about somebody else.",
     "RFC9068-2.2/sub-is-resource-owner", having(sub="somebody")),
    (ACCESS_TOKEN, "AccessTokenWithoutScope", "Access tokens have no scope.",
     "RFC9068-2.2.3/scope-claim", lacking("scope")),
    (ACCESS_TOKEN, "AccessTokensTellTheirTime", "Access tokens tell another acr each time.",
     "RFC9068-2.2.1/authentication-claims-stable", lambda c: {**c, "acr": c["jti"]}),
):  # fmt: skip
    bend(*one)

for one in (
    (ID_TOKEN, "BackChannelAtHashIsWrong", "at_hash of the token endpoint is of something else.",
     "OIDCC-3.3.3.6/hashes-optional-at-token-endpoint", _back_only(at_hash="A" * 22)),
    (LANDING, "FrontChannelSignatureIsWrong", "ID tokens by redirect do not verify.",
     "OIDCC-3.2.2.5/id-token-returned",
     lambda p: {**p, "id_token": p["id_token"][:-6] + "AAAAAA"} if "id_token" in p else p),
    (LANDING, "HybridBringsNoCode", "Hybrid responses have no code.",
     ["OIDCC-3.3.2.5/code-always-returned"],
     lambda p: {n: v for n, v in p.items() if n != "code"} if len(p) > 1 else p),
    (LANDING, "HybridBringsNoTokenType", "Access tokens by redirect have no type.",
     ["OIDCC-3.3.2.5/access-token-returned"], lacking("token_type"),
     ["OIDCC-3.2.2.5/token-type-bearer"]),
    (ID_TOKEN, "FrontChannelHasAnotherSub", "The two ID tokens of a hybrid flow differ in sub.",
     ["OIDCC-3.3.3.6/iss-sub-identical", "OIDCC-3.3.3.6/user-claims-agree"],
     _front_only(sub="somebody")),
    (ID_TOKEN, "FrontChannelHasAcr", "Only the front channel tells an acr.",
     "OIDCC-3.3.3.6/authentication-claims-in-both",
     lambda c: c if "c_hash" in c else lacking("acr")(c)),
    (ID_TOKEN, "HybridTokensDisagree", "The two ID tokens of a hybrid flow have other names.",
     "OIDCC-3.3.3.6/user-claims-agree",
     lambda c: {**c, "name": "Front" if "c_hash" in c else "Back"}),
    (ID_TOKEN, "CodeHashIsOfSomethingElse", "c_hash is of something else.",
     "OIDCC-3.3.2.10/c-hash-value", _front_only(c_hash="AAAAAAAAAAAAAAAAAAAAAA")),
    (ID_TOKEN, "HybridNonceIsLost", "Hybrid ID tokens have no nonce.",
     ["OIDCC-3.3.2.11/nonce-claim", "OIDCC-3.3.3.6/authentication-claims-in-both"],
     lambda c: {n: v for n, v in c.items() if n != "nonce"} if "c_hash" in c else c),
    (ID_TOKEN, "ImplicitNonceIsLost", "ID tokens have no nonce.",
     ["OIDCC-3.2.2.10/nonce-claim-required", "OIDCC-3.3.2.11/nonce-claim"], lacking("nonce")),
    (ID_TOKEN, "LoneIdTokenHasAtHash", "An ID token alone has an at_hash.",
     "OIDCC-3.2.2.10/at-hash-without-access-token",
     lambda c: {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA", **c}),
    (LANDING, "IdTokenAloneHasCompany", "An ID token alone comes with an access token.",
     "OIDCC-3.2.2.1/id-token-alone-has-no-access-token",
     lambda p: {"access_token": "company", "token_type": "Bearer", **p} if "code" not in p else p),
    (LANDING, "ImplicitBringsCode", "An implicit response has a code.",
     "OIDCC-3.2.2.5/no-code-returned", lambda p: {"code": "nobody-asked", **p}),
    (LANDING, "ImplicitTokenIsAnother", "The access token of the front channel is no good.",
     ["OIDCC-3.2.2.5/access-token-returned", "OIDCC-3.3.3.8/access-tokens-may-differ"],
     lambda p: {**p, "access_token": "no-such-token"} if "access_token" in p else p,
     ["OIDCC-3.2.2.9/at-hash-value", "OIDCC-3.3.2.11/at-hash-required"]),
    (LANDING, "CodeTokenBringsIdToken", "code token brings an ID token by redirect.",
     "OIDCC-3.3.2.5/code-token-has-no-front-id-token",
     lambda p: {"id_token": "a.b.c", **p} if {"code", "access_token"} <= p.keys() else p),
    (LANDING, "CodeIdTokenBringsAccessToken", "code id_token brings an access token by redirect.",
     "OIDCC-3.3.2.5/access-token-returned",
     lambda p: {"access_token": "company", **p} if {"code", "id_token"} <= p.keys() else p),
    (LANDING, "CodeIdTokenBringsNoIdToken", "code id_token brings no ID token by redirect.",
     "OIDCC-3.3.2.5/id-token-returned",
     lambda p: lacking("id_token")(p) if {"code", "id_token"} == p.keys() & TOKENS else p),
    (LANDING, "CodeTokenBringsNothingForAccess", "The access token of code token is empty.",
     "OIDCC-3.3.2.5/access-token-returned",
     lambda p: p | {"access_token": ""} if {"code", "access_token"} == p.keys() & TOKENS else p),
    ("front_channel_context", "LoneIdTokenTellsNothing", "A lone ID token has no claims of scopes.",
     "OIDCC-5.4/scope-claims-in-id-token-without-access-token",
     lambda context: type(context)(context.nonce, context.access_token, context.code)),
    ("token_response", "HybridBringsNoIdToken", "The token response has no ID token.",
     ["OIDCC-3.3.3.3/token-response-as-code-flow", "OIDCC-3.1.3.3/id-token-returned",
      "OIDCC-1.1/compact-serialization"], lacking("id_token"),
     ["OIDCC-3.3.2.5/code-token-has-no-front-id-token"]),
    ("state_parameter", "StateIsLost", "state does not come back.",
     "OIDCC-3.2.2.5/state-returned", lambda _state: {}),
    ("metadata", "ImplicitIsNotAnnounced", "The metadata leaves out what a dynamic server needs.",
     ["OIDCD-3/dynamic-response-types", "OIDCD-3/dynamic-grant-types"],
     having(response_types_supported=["code"], grant_types_supported=["authorization_code"])),
    (ID_TOKEN, "SubIsPerClient", "Each client gets another sub although it is public.",
     "OIDCC-8/public-sub-same-for-all", lambda c: {**c, "sub": f"{c['sub']}-{c['aud']}"}),
):  # fmt: skip
    bend(*one, profile="speakup")

for one in (
    ("metadata", "EndpointsAreHttp", "The endpoints are announced with http.",
     ["OIDCD-3/authorization-endpoint-https", "OIDCD-3/token-endpoint-https",
      "OIDCD-3/userinfo-endpoint-https", "OIDCC-1.2/userinfo-endpoint-https",
      "OIDCD-3/jwks-uri-https", "RFC8414-2/jwks-uri-https", "OIDCD-3/registration-endpoint-https",
      "RFC7009-2/endpoint-https", "RFC7009-2/http-service-not-published",
      "OIDCRIL-2.1/end-session-endpoint-https", "RFC7662-2/transport-security",
      "RFC7591-5/tls-required", "RFC7521-4/tls-used"],
     lambda m: {n: v.replace("https://", "http://") if isinstance(v, str) and n != "issuer" else v
                for n, v in m.items()},
     ["RFC6749-10.3/tokens-over-tls-only", "RFC6749-10.8/no-credentials-in-clear",
      "OAUTH21-1.5/https-only", "OIDCSM-3.3/check-session-iframe-https",
      "RFC7591-3/transport-security"]),
    (HEADER, "KeysAreAtHttp", "JWTs say that their keys are at http.",
     ["RFC7515-4.1.2/jku-over-tls", "RFC7515-4.1.5/x5u-over-tls"],
     having(jku="http://keys.example/jwks", x5u="http://keys.example/x5u")),
):  # fmt: skip
    bend(*one, medium="tls")
