"""Mutants of what JWTs are good for, and of the keys that are believed (RFC 8725, RFC 7518)."""

# ruff: noqa: D102 - names of algorithms; the class of a mutant says what its methods do

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from idprobe_reference.mutants.registry import mutant
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig, ServerConfig
from idprobe_reference.stores import AccessToken, RefreshToken

CONFUSED: Final = ("RFC8725-2.8/cross-jwt-confusion-prevented",
                   "RFC8725-3.12/mutually-exclusive-validation")  # fmt: skip


@mutant(breaks=CONFUSED)
class IdTokensAreRefreshTokens(ReferenceServer):
    """Whoever has an ID Token can trade it for fresh tokens."""

    def find_refresh_token(self, value: str) -> RefreshToken | None:
        claims = self.id_token_of_ours(value)
        if claims is None:
            return super().find_refresh_token(value)
        known = (one for one in self.access_tokens if one.grant.client_id == claims["aud"])
        grant = next(known).grant
        return RefreshToken(value, grant, grant.scope, self.now(), self.now() + 60)


@mutant(breaks="RFC8725-3.12/mutually-exclusive-validation", alone=True)
class AccessTokensLookLikeIdTokens(ReferenceServer):
    """A JWT access token is for the client, and has the type of an ID Token."""

    def access_token_typ(self) -> str:
        return "JWT"

    def access_token_claims(self, token: AccessToken) -> dict[str, Any]:
        claims = {**super().access_token_claims(token), "aud": token.grant.client_id}
        return {n: v for n, v in claims.items() if n not in {"client_id", "jti", "scope"}}


@mutant(breaks="RFC8725-3.5/no-passwords-as-mac-keys")
class ClientsChooseTheirSecrets(ReferenceServer):
    """A client that registers may bring its secret."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        chosen = str(body.get("client_secret", secret))
        return super().client_of_metadata(body, client_id, chosen)


@mutant(breaks="RFC7518-3.4/ecdsa-signature-not-shortened")
class EllipticSignaturesAreShortened(ReferenceServer):
    """A signature by ECDSA has an octet less than it should."""

    async def sign(self, alg: str, typ: str, claims: Mapping[str, object]) -> str:
        token = await super().sign(alg, typ, claims)
        start, _, signature = token.rpartition(".")
        octets = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
        short = base64.urlsafe_b64encode(octets[1:]).rstrip(b"=").decode()
        return f"{start}.{short}" if alg.startswith("ES") else token


@mutant(
    breaks="RFC7518-3.6/none-has-empty-signature",
)
class UnsignedTokensHaveSignatures(ReferenceServer):
    """ID Tokens can be unsigned, and have a signature nevertheless."""

    def __init__(self, config: ServerConfig, **options: Any) -> None:
        algorithms = (*config.id_token_signing_alg_values, "none")
        super().__init__(replace(config, id_token_signing_alg_values=algorithms), **options)

    async def sign_for(
        self, client: ClientConfig, alg: str, typ: str | None, claims: Mapping[str, Any]
    ) -> str:
        if alg != "none":
            return await super().sign_for(client, alg, typ, claims)
        parts = [json.dumps(one).encode() for one in ({"alg": "none"}, claims)] + [b"nothing"]
        return ".".join(base64.urlsafe_b64encode(p).rstrip(b"=").decode() for p in parts)


FORGED: Final = {
    "RFC6749-10.3/access-token-unforgeable": "a forged token is served",
    "RFC9068-4/invalid-token-error": "a forged token is served",
}


@mutant(breaks="RFC6750-5.2/token-integrity", also=FORGED)
class PublishedKeysAreSecrets(ReferenceServer):
    """An access token may be signed by HS256, with what verifies RS256 as the secret."""

    def access_token_of(self, value: str) -> AccessToken | None:
        for jwk in self.jwks()["keys"]:
            if jwk["kty"] == "RSA" and by_hmac(value, RSAKey.import_key(jwk).as_pem(private=False)):
                return same_claims(value, self.access_tokens)
        return super().access_token_of(value)


@mutant(breaks="RFC6750-5.2/token-integrity", also=FORGED)
class KeysAreFiles(ReferenceServer):
    """The kid of an access token is the path of a file with the key."""

    def access_token_of(self, value: str) -> AccessToken | None:
        if "/dev/null" in str(header_of(value).get("kid")) and by_hmac(value, b""):
            return same_claims(value, self.access_tokens)
        return super().access_token_of(value)


def header_of(token: str) -> dict[str, Any]:
    """Return the header of a JWT, empty if it is none."""
    try:
        return dict(jws.extract_compact(token.encode()).protected)
    except (JoseError, ValueError):
        return {}


def by_hmac(token: str, secret: bytes) -> bool:
    """Return whether a token is a JWT by HS256 with this secret."""
    start, _, signature = token.rpartition(".")
    digest = hmac.new(secret, start.encode(), hashlib.sha256).digest()
    good = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return header_of(token).get("alg") == "HS256" and good == signature


def same_claims(token: str, known: Iterable[AccessToken]) -> AccessToken | None:
    """Return the access token that has the claims of another JWT."""
    claims = claims_of(token)
    return next((one for one in known if claims_of(one.value) == claims), None)


def claims_of(token: str) -> Any:
    """Return the claims of a JWT as they stand there."""
    return json.loads(jws.extract_compact(token.encode()).payload)
