"""Mutants of ID tokens."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import base64
import hashlib
from typing import Any

from idprobe_reference.mutants.registry import mutant
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import Grant
from idprobe_reference.tokens.issuing import IdTokenContext


@mutant(breaks="OIDCC-2/nonce-echoed", also={"OIDCC-2/nonce-passed-through-unmodified": "no nonce"})
class NonceIsLost(ReferenceServer):
    """ID tokens have no nonce."""

    def id_token_claims(
        self, client: ClientConfig, grant: Grant, context: IdTokenContext
    ) -> dict[str, Any]:
        claims = super().id_token_claims(client, grant, context)
        claims.pop("nonce", None)
        return claims


@mutant(
    breaks=["OIDCC-2/nonce-passed-through-unmodified"],
    also={"OIDCC-2/nonce-echoed": "perhaps a search finds a nonce that is long enough"},
)
class NonceIsTruncated(ReferenceServer):
    """A nonce longer than 64 characters is cut."""

    def id_token_claims(
        self, client: ClientConfig, grant: Grant, context: IdTokenContext
    ) -> dict[str, Any]:
        claims = super().id_token_claims(client, grant, context)
        return claims | ({"nonce": claims["nonce"][:64]} if "nonce" in claims else {})


@mutant(breaks=["OIDCC-2/aud-contains-client-id", "OIDCC-3.1.3.7/aud-contains-client"])
class AudienceIsIssuer(ReferenceServer):
    """ID tokens are for the issuer instead of the client."""

    def id_token_claims(
        self, client: ClientConfig, grant: Grant, context: IdTokenContext
    ) -> dict[str, Any]:
        return super().id_token_claims(client, grant, context) | {"aud": self.issuer()}


@mutant(breaks="OIDCC-3.1.3.7/aud-contains-client")
class AudienceIsEveryClient(ReferenceServer):
    """ID tokens are for all other clients as well."""

    def id_token_claims(
        self, client: ClientConfig, grant: Grant, context: IdTokenContext
    ) -> dict[str, Any]:
        claims = super().id_token_claims(client, grant, context)
        others = [one for one in self.clients if one != client.client_id]
        return claims | {"aud": [client.client_id, *others]}

    def id_token_of_ours(self, token: str) -> dict[str, Any] | None:
        claims = super().id_token_of_ours(token)
        return None if claims is None else {**claims, "aud": claims["aud"][0]}


@mutant(breaks=["OIDCC-3.1.3.7/iss-equals-issuer"])
class IssuerOfIdTokenHasSlash(ReferenceServer):
    """The iss of ID tokens has a slash that the issuer has not."""

    def id_token_claims(
        self, client: ClientConfig, grant: Grant, context: IdTokenContext
    ) -> dict[str, Any]:
        return super().id_token_claims(client, grant, context) | {"iss": self.issuer() + "/"}


@mutant(breaks="OIDCC-3.1.3.7/exp-after-now", also={"OIDCC-2/iat-present-number": "exp before iat"})
class IdTokenIsExpired(ReferenceServer):
    """ID tokens expire an hour before they are issued."""

    def id_token_claims(
        self, client: ClientConfig, grant: Grant, context: IdTokenContext
    ) -> dict[str, Any]:
        claims = super().id_token_claims(client, grant, context)
        return claims | {"exp": claims["iat"] - 3600}


@mutant(breaks=["OIDCC-2/exp-present-number", "RFC7519-4.1.4/exp-number"])
class ExpiryOfIdTokenIsText(ReferenceServer):
    """The exp of ID tokens is a text."""

    def id_token_claims(
        self, client: ClientConfig, grant: Grant, context: IdTokenContext
    ) -> dict[str, Any]:
        claims = super().id_token_claims(client, grant, context)
        return claims | {"exp": str(claims["exp"])}


@mutant(breaks=["OIDCC-2/auth-time-when-max-age"])
class AuthTimeIsLost(ReferenceServer):
    """ID tokens have no auth_time, not even for max_age."""

    def id_token_claims(
        self, client: ClientConfig, grant: Grant, context: IdTokenContext
    ) -> dict[str, Any]:
        claims = super().id_token_claims(client, grant, context)
        del claims["auth_time"]
        return claims


@mutant(breaks=["OIDCC-2/auth-time-is-the-login-time", "OIDCC-12.2/auth-time-unchanged"])
class AuthTimeIsNow(ReferenceServer):
    """The auth_time of ID tokens is the time of their issue."""

    def id_token_claims(
        self, client: ClientConfig, grant: Grant, context: IdTokenContext
    ) -> dict[str, Any]:
        return super().id_token_claims(client, grant, context) | {"auth_time": self.now()}


@mutant(breaks=["OIDCC-2/amr-array-of-strings"])
class AmrIsText(ReferenceServer):
    """The amr of ID tokens is a text."""

    def id_token_claims(
        self, client: ClientConfig, grant: Grant, context: IdTokenContext
    ) -> dict[str, Any]:
        return super().id_token_claims(client, grant, context) | {"amr": "pwd"}


@mutant(
    breaks=["OIDCC-3.2.2.9/at-hash-value"],
    also={
        "OIDCC-3.3.2.11/at-hash-required": "the hybrid one is wrong in the same way",
        "OIDCC-12.2/same-rules-otherwise": "the refreshed one is wrong in the same way",
    },
    profile="speakup",
)
class AtHashIsWhole(ReferenceServer):
    """at_hash is the whole hash."""

    def id_token_claims(
        self, client: ClientConfig, grant: Grant, context: IdTokenContext
    ) -> dict[str, Any]:
        claims = super().id_token_claims(client, grant, context)
        if context.access_token is not None:
            digest = hashlib.sha256(context.access_token.encode()).digest()
            claims["at_hash"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return claims


@mutant(breaks=["OIDCC-3.3.2.11/c-hash-required"], profile="speakup")
class CodeHashIsLost(ReferenceServer):
    """Hybrid ID tokens have no c_hash."""

    def id_token_claims(
        self, client: ClientConfig, grant: Grant, context: IdTokenContext
    ) -> dict[str, Any]:
        claims = super().id_token_claims(client, grant, context)
        claims.pop("c_hash", None)
        return claims


@mutant(breaks=["OIDCR-2/id-token-alg-default-rs256"])
class AlgorithmIsNotRegistered(ReferenceServer):
    """ID tokens are signed with ES256, whatever the client registered."""

    def id_token_alg(self, client: ClientConfig) -> str:
        del client
        return "ES256"
