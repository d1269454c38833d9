"""Mutants of signatures, and of those who should look at them."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from idprobe_reference.mutants.registry import mutant
from idprobe_reference.server import ReferenceServer
from idprobe_reference.stores import AccessToken, RefreshToken

FORGED = "a token that does not verify is taken"


def _part(members: Mapping[str, Any]) -> str:
    octets = json.dumps(members).encode()
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def _jti(token: str) -> Any:
    """Return the jti of a JWT, whoever signed it; None for anything else."""
    try:
        part = token.split(".")[1]
        return json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4))).get("jti")
    except (IndexError, ValueError, AttributeError):
        return None


@mutant(
    breaks=[
        "OIDCC-2/alg-none-forbidden",
        "RFC9068-2.1/alg-none-absent",
        "RFC9068-2.1/asymmetric",
        "RFC9068-4/asymmetric-signing",
        "OIDCC-2/signed",
        "RFC9068-2.1/signed",
    ],
    also={
        "OIDCC-3.1.3.7/signature-verifies-with-issuer-keys": "there is no signature",
        "OIDCC-3.1.3.7/alg-default-or-registered": "none is not announced",
        "OIDCC-10.1/signing-key-published": "no key fits none",
        "OIDCC-10.1/kid-when-several-keys": "there is no kid",
        "OIDCD-3/jwks-has-signing-keys": "no key verifies it",
        "RFC7515-5.1/alg-accurate": "no key verifies it",
        "RFC7515-6/key-identification": "there is no kid",
        "RFC9068-2.1/typ-is-at-jwt": "there is no typ",
        "RFC8725-3.11/explicit-typing": "there is no typ",
        "RFC9068-2.1/typ-without-prefix": "there is no typ",
        "RFC9068-4/keys-and-issuer-published": "no key verifies it",
    },
)
class NothingIsSigned(ReferenceServer):
    """Every JWT has alg none."""

    async def sign(self, alg: str, typ: str, claims: Mapping[str, object]) -> str:
        del alg, typ
        return f"{_part({'alg': 'none'})}.{_part(claims)}."


@mutant(
    breaks=["RFC7515-4.1.1/alg-present", "RFC7515-3.1/compact-no-unprotected-header"],
    also={
        "OIDCC-10.1/kid-when-several-keys": "there is no kid",
        "RFC7515-5.1/alg-accurate": "the signature is made up",
    },
)
class HeaderWithoutAlg(ReferenceServer):
    """The header of JWTs has no alg."""

    async def sign(self, alg: str, typ: str, claims: Mapping[str, object]) -> str:
        del alg
        return f"{_part({'typ': typ})}.{_part(claims)}.AAAA"


@mutant(
    breaks="RFC7515-4.1.11/crit-not-for-standard-names",
    also={
        "OIDCC-10.1/kid-when-several-keys": "there is no kid",
        "OIDCC-10.1/signing-key-published": "the signature is made up",
        "OIDCD-3/jwks-has-signing-keys": "the signature is made up",
        "RFC7515-5.1/alg-accurate": "the signature is made up",
    },
)
class CritListsAlg(ReferenceServer):
    """The crit of JWTs lists alg."""

    async def sign(self, alg: str, typ: str, claims: Mapping[str, object]) -> str:
        header = {"alg": alg, "typ": typ, "crit": ["alg"]}
        return f"{_part(header)}.{_part(claims)}.AAAA"


@mutant(
    breaks=[
        "RFC7519-3/compact-url-safe-parts",
        "RFC7515-2/base64url-no-padding",
        "RFC7519-4/unique-claim-names",
        "RFC7515-4/unique-header-names",
        "RFC7519-7.1/utf-8-claims",
        "RFC8725-3.7/utf-8-only",
    ]
)
class TokensCannotBeRead(ReferenceServer):
    """JWTs have a claim twice, in Latin-1 and with padding, so that nobody reads them."""

    async def sign(self, alg: str, typ: str, claims: Mapping[str, object]) -> str:
        octets = json.dumps(claims).encode()[:-1] + b',"iss":"\xfc"}'
        return f"{_part({'alg': alg, 'typ': typ})}.{urlsafe_b64encode(octets).decode()}=.AAAA"


@mutant(
    breaks="RFC7515-6/key-identification",
    also={
        "OIDCC-10.1/kid-when-several-keys": "there is no kid",
        "OIDCC-10.1/signing-key-published": "two keys fit",
    },
)
class KeyCannotBeFound(ReferenceServer):
    """JWTs have no kid, and two keys fit."""

    def further_header(self, _typ: str) -> dict[str, Any]:
        return {"kid": None}

    def jwks(self) -> dict[str, Any]:
        keys = super().jwks()["keys"]
        others = [{**key, "kid": f"{key['kid']}-2"} for key in keys]
        return {"keys": [*keys, *others]}


@mutant(
    breaks="OIDCC-10.1/alg-header-fits-key",
    also={
        "OIDCC-10.1/signing-key-published": "the kid is that of another kind of key",
        "RFC8725-3.1/one-algorithm-per-key": "the kid is that of another key",
    },
)
class KidsAreSwapped(ReferenceServer):
    """The published keys have each other's kid."""

    def jwks(self) -> dict[str, Any]:
        first, second = super().jwks()["keys"][:2]
        return {"keys": [{**first, "kid": second["kid"]}, {**second, "kid": first["kid"]}]}


@mutant(
    breaks=[
        "RFC6750-5.2/token-integrity",
        "RFC6749-10.3/access-token-unforgeable",
        "RFC9068-4/invalid-token-error",
    ],
    also={"RFC6749-7/token-validated-at-own-resource": FORGED},
)
class ResourcesTrustAnySignature(ReferenceServer):
    """A resource reads access tokens without looking at their signature."""

    def access_token_of(self, value: str) -> AccessToken | None:
        jti = _jti(value)
        known = (one for one in self.access_tokens if jti and _jti(one.value) == jti)
        token = next(known, None) or self.access_tokens.get(value)
        return token if token is not None and self.access_token_is_active(token) else None


@mutant(breaks="RFC7662-4/signature-checked")
class IntrospectionTrustsAnySignature(ReferenceServer):
    """Introspection reads access tokens without looking at their signature."""

    def find_token(self, value: str) -> AccessToken | RefreshToken | None:
        jti = _jti(value)
        known = (one for one in self.access_tokens if jti and _jti(one.value) == jti)
        return next(known, None) or super().find_token(value)


@mutant(breaks="RFC8725-3.12/id-token-refused-as-access-token")
class IdTokensOpenUserinfo(ReferenceServer):
    """UserInfo takes ID tokens for access tokens."""

    def access_token_of(self, value: str) -> AccessToken | None:
        claims = self.keys.read(value, "JWT")
        if claims is not None:
            return next(t for t in self.access_tokens if t.grant.sub == claims["sub"])
        return super().access_token_of(value)


@mutant(
    breaks=[
        "RFC6749-6/refresh-token-validated",
        "RFC6749-10.4/refresh-token-unforgeable",
        "RFC9700-4.14.2/encoded-grant-integrity",
        "OIDCC-12.1/refresh-token-validated",
    ]
)
class RefreshTokensAreComparedInPart(ReferenceServer):
    """Of a refresh token only the first 16 characters count."""

    def find_refresh_token(self, value: str) -> RefreshToken | None:
        known = (one for one in self.refresh_tokens if one.value[:16] == value[:16])
        return next(known, None)
