"""Mutants of signatures and encryption for one client (OpenID Connect Core section 10)."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from joserfc.jwk import ECKey, OctKey, RSAKey
from starlette.responses import Response

from idprobe_reference.mutants.registry import mutant
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import AccessToken

ID_TOKEN_ALG: Final = "id_token_encrypted_response_alg"  # noqa: S105 -- the name of a member
ID_TOKEN_ENC: Final = "id_token_encrypted_response_enc"  # noqa: S105 -- the name of a member
Found = tuple[str | None, RSAKey | ECKey | OctKey] | None


@mutant(breaks="OIDCC-10.1/mac-alg-and-key")
class MacsByAnotherKey(ReferenceServer):
    """The key of a MAC is a hash of the client's secret."""

    def mac_key(self, client: ClientConfig) -> bytes:
        return hashlib.sha256(super().mac_key(client)).digest()


class _Secretive(ReferenceServer):
    """Registers a public client that wants what needs a secret."""

    member = ""
    value = ""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        public = body.get("token_endpoint_auth_method") == "none"
        if not public or body.get(self.member) != self.value:
            return super().client_of_metadata(body, client_id, secret)
        rest = {name: one for name, one in body.items() if name != self.member}
        client = super().client_of_metadata(rest, client_id, secret)
        kept: dict[str, Any] = {self.member: self.value}
        return replace(client, **kept)


@mutant(breaks="OIDCC-10.1/no-mac-for-public-clients")
class PublicClientsHaveMacs(_Secretive):
    """A public client may register HS256 for ID Tokens."""

    member = "id_token_signed_response_alg"
    value = "HS256"

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        return super().client_of_metadata(body, client_id, secret)


@mutant(breaks="OIDCC-10.2/no-symmetric-encryption-for-public-clients")
class PublicClientsHaveSymmetricKeys(_Secretive):
    """A public client may register dir for ID Tokens."""

    member = ID_TOKEN_ALG
    value = "dir"

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        return super().client_of_metadata(body, client_id, secret)


def _by_mac(body: Mapping[str, Any]) -> bool:
    return str(body.get("id_token_signed_response_alg")).startswith("HS")


@mutant(breaks=["OIDCC-16.19/secret-min-octets", "RFC7518-3.2/hmac-key-size"])
class MacSecretsAreShort(ReferenceServer):
    """The secret of a client with HS256 has 24 characters."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        short = secret[:24] if _by_mac(body) else secret
        return super().client_of_metadata(body, client_id, short)


@mutant(breaks=["OIDCC-16.19/secret-entropy", "RFC8725-3.5/key-entropy"])
class MacSecretsAreShared(ReferenceServer):
    """All clients with HS256 have one secret."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        shared = "one-secret-for-all-clients-that-have-a-mac-0Aa" if _by_mac(body) else secret
        return super().client_of_metadata(body, client_id, shared)


@mutant(breaks="OIDCC-5.3.2/jwt-content-type")
class SignedUserInfoIsCalledText(ReferenceServer):
    """A signed UserInfo response has the media type of a JOSE object of any kind."""

    async def userinfo_response(self, token: AccessToken) -> Response:
        response = await super().userinfo_response(token)
        if response.media_type == "application/jwt":
            response.headers["Content-Type"] = "application/jose"
        return response


class _BentUserInfo(ReferenceServer, ABC):
    """Bends the claims of signed UserInfo responses."""

    @abstractmethod
    def bent(self, claims: dict[str, Any]) -> dict[str, Any]: ...

    async def protected(
        self, client: ClientConfig, claims: Mapping[str, Any], kind: str, typ: str | None
    ) -> str:
        bent = self.bent(dict(claims)) if kind == "userinfo" else claims
        return await super().protected(client, bent, kind, typ)


@mutant(breaks="OIDCC-5.3.2/signed-has-iss-and-aud")
class SignedUserInfoIsForAnybody(_BentUserInfo):
    """A signed UserInfo response has no aud."""

    def bent(self, claims: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in claims.items() if name != "aud"}


@mutant(breaks="OIDCC-5.3.2/signed-iss-is-issuer")
class SignedUserInfoIsOfAnother(_BentUserInfo):
    """The iss of a signed UserInfo response is the UserInfo endpoint."""

    def bent(self, claims: dict[str, Any]) -> dict[str, Any]:
        return {**claims, "iss": self.url("/userinfo")}


@mutant(breaks="OIDCC-5.3.2/signed-aud-has-client")
class SignedUserInfoIsForTheServer(_BentUserInfo):
    """The aud of a signed UserInfo response is the issuer."""

    def bent(self, claims: dict[str, Any]) -> dict[str, Any]:
        return {**claims, "aud": self.issuer()}


@mutant(breaks="OIDCC-5.3.4/response-signature-verifies")
class SignedUserInfoIsAltered(ReferenceServer):
    """A claim is added to a UserInfo response after it was signed."""

    async def userinfo_response(self, token: AccessToken) -> Response:
        response = await super().userinfo_response(token)
        header, _, rest = bytes(response.body).partition(b".")
        if response.media_type != "application/jwt" or rest.count(b".") != 1:
            return response
        payload, _, signature = rest.partition(b".")
        content = b".".join((header, payload, signature[:-8] + b"AAAAAAAA"))
        return Response(content, headers=self.resource_headers(), media_type="application/jwt")


class _Protecting(ReferenceServer, ABC):
    """Protects answers otherwise than was registered."""

    @abstractmethod
    def bent(
        self, kind: str, how: tuple[str | None, str | None, str]
    ) -> tuple[str | None, str | None, str]: ...

    def protection_of(self, client: ClientConfig, kind: str) -> tuple[str | None, str | None, str]:
        return self.bent(kind, super().protection_of(client, kind))


@mutant(breaks="OIDCR-2/userinfo-alg-honoured")
class UserInfoIsSignedByOneAlgorithm(_Protecting):
    """A signed UserInfo response is signed with RS256, whatever was registered."""

    def bent(
        self, kind: str, how: tuple[str | None, str | None, str]
    ) -> tuple[str | None, str | None, str]:
        return ("RS256", *how[1:]) if kind == "userinfo" and how[0] else how


@mutant(breaks="OIDCC-5.3.2/signed-then-encrypted")
class EncryptedUserInfoIsUnsigned(_Protecting):
    """What is encrypted at UserInfo is not signed."""

    def bent(
        self, kind: str, how: tuple[str | None, str | None, str]
    ) -> tuple[str | None, str | None, str]:
        return (None, *how[1:]) if kind == "userinfo" and how[1] else how


@mutant(breaks="OIDCC-2/encrypted-is-signed-then-encrypted")
class EncryptedIdTokensAreUnsigned(_Protecting):
    """What is encrypted as an ID Token is not signed."""

    def bent(
        self, kind: str, how: tuple[str | None, str | None, str]
    ) -> tuple[str | None, str | None, str]:
        return (None, *how[1:]) if kind == "id_token" and how[1] else how


@mutant(breaks="OIDCR-2/userinfo-encryption-honoured")
class UserInfoHasOneEncryption(_Protecting):
    """The content encryption of UserInfo is always A256GCM."""

    def bent(
        self, kind: str, how: tuple[str | None, str | None, str]
    ) -> tuple[str | None, str | None, str]:
        return (how[0], how[1], "A256GCM") if kind == "userinfo" else how


@mutant(breaks="OIDCC-10.2/encryption-alg-supported-by-recipient")
class ContentEncryptionIsIgnored(_Protecting):
    """The content encryption of ID Tokens is the default, whatever was registered."""

    def bent(
        self, kind: str, how: tuple[str | None, str | None, str]
    ) -> tuple[str | None, str | None, str]:
        return (how[0], how[1], self.default_enc()) if kind == "id_token" else how


@mutant(
    breaks="OIDCR-2/id-token-enc-default",
    also={"OIDCR-2/userinfo-encryption-honoured": "the same default"},
)
class AnotherDefaultEncryption(ReferenceServer):
    """The default of the content encryption is A256GCM."""

    def default_enc(self) -> str:
        return "A256GCM"


@mutant(
    breaks="OIDCR-2/id-token-encryption-honoured",
    also={"OIDCC-10.2/encryption-alg-supported-by-recipient": "the alg is tried with an enc too"},
)
class EveryRsaIsTheSame(_Protecting):
    """RSA-OAEP-256 is used where RSA-OAEP was registered."""

    def bent(
        self, kind: str, how: tuple[str | None, str | None, str]
    ) -> tuple[str | None, str | None, str]:
        bent = "RSA-OAEP-256" if how[1] == "RSA-OAEP" and how[2] == self.default_enc() else how[1]
        return (how[0], bent, how[2]) if kind == "id_token" else how


@mutant(breaks="OIDCR-2/id-token-enc-needs-alg")
class EncryptionMayLackItsKey(ReferenceServer):
    """An enc may be registered without an alg."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        if ID_TOKEN_ALG in body or ID_TOKEN_ENC not in body:
            return super().client_of_metadata(body, client_id, secret)
        rest = {name: one for name, one in body.items() if name != ID_TOKEN_ENC}
        client = super().client_of_metadata(rest, client_id, secret)
        return replace(client, id_token_encrypted_response_enc=body[ID_TOKEN_ENC])


@mutant(breaks="OIDCC-10.2/encrypts-to-published-key")
class EncryptsToAKeyOfItsOwn(ReferenceServer):
    """What is encrypted with RSA is encrypted to a key that the client does not have."""

    def key_to_encrypt_to(self, client: ClientConfig, alg: str, enc: str) -> Found:
        found = super().key_to_encrypt_to(client, alg, enc)
        if found is None or not isinstance(found[1], RSAKey):
            return found
        return found[0], RSAKey.generate_key(2048)


@mutant(breaks="OIDCC-10.2/symmetric-key-derivation")
class SymmetricKeysAreCut(ReferenceServer):
    """The key of dir is the first octets of the secret itself."""

    def key_to_encrypt_to(self, client: ClientConfig, alg: str, enc: str) -> Found:
        found = super().key_to_encrypt_to(client, alg, enc)
        if alg != "dir":
            return found
        return None, OctKey.import_key((client.client_secret or "").encode()[:32])


@mutant(breaks="OIDCC-10.2/kid-when-several-keys")
class EncryptedTokensNameNoKey(ReferenceServer):
    """The header of what is encrypted has no kid."""

    def key_to_encrypt_to(self, client: ClientConfig, alg: str, enc: str) -> Found:
        found = super().key_to_encrypt_to(client, alg, enc)
        return None if found is None else (None, found[1])


@mutant(breaks="OIDCC-10.2/key-use-includes-encryption")
class SigningKeysAreEncryptedTo(ReferenceServer):
    """A key for signatures is as good as any to be encrypted to."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        keys = (body.get("jwks") or {}).get("keys", ())
        if ID_TOKEN_ALG not in body or any(key.get("use") == "enc" for key in keys):
            return super().client_of_metadata(body, client_id, secret)
        usable = [{name: one for name, one in key.items() if name != "use"} for key in keys]
        return super().client_of_metadata({**body, "jwks": {"keys": usable}}, client_id, secret)
