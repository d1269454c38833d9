"""How what one client is told is protected: MACs and encryption (OpenID Connect Core 10)."""

import functools
import hashlib
import json
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from joserfc import jwe, jws, jwt
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry
from joserfc.jwk import ECKey, OctKey, RSAKey

from idprobe_reference.core import Core
from idprobe_reference.settings import ENCRYPTION_ALGORITHMS, ENCRYPTIONS, ClientConfig

__all__ = ["Protection", "key_to_encrypt_to", "our_keys"]

_Key: TypeAlias = RSAKey | ECKey | OctKey
_ALLOWED: Final = [*ENCRYPTION_ALGORITHMS, *ENCRYPTIONS]
_SECRET_BITS: Final[Mapping[str, int]] = {"A128CBC-HS256": 256, "A256GCM": 256}
_PUBLIC_MEMBERS: Final = frozenset({"kty", "n", "e", "crv", "x", "y"})


@functools.cache
def our_keys() -> tuple[tuple[str, _Key], ...]:
    """Return the keys that others encrypt to, made once for the process, as RSA keys are slow."""
    return (
        ("enc-rsa", RSAKey.generate_key(2048)),
        ("enc-ec", ECKey.generate_key("P-256")),
    )


def key_to_encrypt_to(client: ClientConfig, alg: str, enc: str) -> tuple[str | None, _Key] | None:
    """Return the key, with its kid, that the client can decrypt by; None without one.

    It is one whose use includes encryption, or the secret's (section 10.2).
    """
    if alg == "dir":
        secret = (client.client_secret or "").encode()
        octets = hashlib.sha256(secret).digest()[: _SECRET_BITS[enc] // 8]
        return (None, OctKey.import_key(octets)) if secret else None
    return next(_client_keys(client, "RSA" if alg.startswith("RSA") else "EC"), None)


def _client_keys(client: ClientConfig, kty: str) -> Iterator[tuple[str | None, _Key]]:
    for jwk in (client.jwks or {}).get("keys", ()):
        if jwk.get("kty") == kty and jwk.get("use", "enc") == "enc":
            try:
                key = RSAKey.import_key(jwk) if kty == "RSA" else ECKey.import_key(jwk)
            except (JoseError, ValueError, TypeError, KeyError):
                continue
            yield jwk.get("kid"), key


class Protection(Core):
    """The decisions about signatures and encryption for one client."""

    async def sign_for(
        self, client: ClientConfig, alg: str, typ: str | None, claims: Mapping[str, Any]
    ) -> str:
        """Return claims signed for a client: by our key, or by its secret (section 10.1)."""
        if not alg.startswith("HS"):
            return await self.sign(alg, typ or "", claims)
        header = {"alg": alg, **({"typ": typ} if typ else {})}
        key = OctKey.import_key(self.mac_key(client))
        return jwt.encode(header, dict(claims), key, algorithms=[alg])

    def mac_key(self, client: ClientConfig) -> bytes:
        """Return the octets that are the key of a client's MACs."""
        return (client.client_secret or "").encode()

    def encrypted(self, client: ClientConfig, content: str, alg: str, enc: str) -> str:
        """Return content encrypted to a client; a JWT becomes a nested one (section 10.2)."""
        return self.encrypted_with(client, content, alg, enc, {})

    def encrypted_with(
        self, client: ClientConfig, content: str, alg: str, enc: str, outside: Mapping[str, str]
    ) -> str:
        """Return encrypted content with claims outside of it, too (RFC 7519 section 5.3)."""
        found = self.key_to_encrypt_to(client, alg, enc)
        if found is None:
            raise ValueError("a client was registered that nobody can encrypt to")
        kid, key = found
        nested = {"cty": "JWT"} if content.count(".") == 2 and content[0] != "{" else {}  # noqa: PLR2004 -- as a JWS has
        header = {"alg": alg, "enc": enc, **nested, **({"kid": kid} if kid else {}), **outside}
        registry = JWERegistry(algorithms=_ALLOWED, strict_check_header=False)
        return jwe.encrypt_compact(header, content, key, registry=registry)

    def key_to_encrypt_to(
        self, client: ClientConfig, alg: str, enc: str
    ) -> tuple[str | None, _Key] | None:
        """Return the key of a client that is encrypted to, and its kid."""
        return key_to_encrypt_to(client, alg, enc)

    async def protected(
        self, client: ClientConfig, claims: Mapping[str, Any], kind: str, typ: str | None
    ) -> str:
        """Return claims as the client registered it for `kind`: id_token or userinfo."""
        signing, alg, enc = self.protection_of(client, kind)
        content = json.dumps(claims, ensure_ascii=False)
        if signing is not None:
            content = await self.sign_for(client, signing, typ, claims)
        return content if alg is None else self.encrypted(client, content, alg, enc)

    def protection_of(self, client: ClientConfig, kind: str) -> tuple[str | None, str | None, str]:
        """Return how a client has something signed, and how and by what encrypted."""
        names = ("signed_response_alg", "encrypted_response_alg", "encrypted_response_enc")
        signing, alg, enc = (getattr(client, f"{kind}_{name}") for name in names)
        return signing, alg, enc or self.default_enc()

    def default_enc(self) -> str:
        """Return the content encryption of clients that name none (Registration section 2)."""
        return ENCRYPTIONS[0]

    # Reading

    def id_token_of_ours(self, token: str) -> dict[str, Any] | None:
        """Return the claims of an ID Token that we issued, expired or not; None for another."""
        claims = self.keys.read(token, "JWT") or self._by_secret(token)
        return claims if claims is not None and claims.get("iss") == self.issuer() else None

    def _by_secret(self, token: str) -> dict[str, Any] | None:
        """Return the claims of a token that is signed by the secret of the client it is for."""
        try:
            found = jws.extract_compact(token.encode("ascii"))
            client = self.clients.get(str(json.loads(found.payload)["aud"]))
            if client is None or not client.client_secret:
                return None
            key = OctKey.import_key(self.mac_key(client))
            decoded = jwt.decode(token, key, algorithms=["HS256"])
        except (JoseError, ValueError, TypeError, KeyError):
            return None
        return dict(decoded.claims) if decoded.header.get("typ") == "JWT" else None

    def plain_text_of(self, client: ClientConfig, token: str) -> str | None:
        """Return the content of a JWE; None for what cannot be decrypted (section 6.3.1)."""
        ours: list[_Key] = [key for _, key in our_keys()]
        for enc in ENCRYPTIONS:
            secret = key_to_encrypt_to(client, "dir", enc)
            ours.extend([secret[1]] if secret is not None else [])
        for key in ours:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a key of the wrong kind is no news here
                try:
                    content = jwe.decrypt_compact(token, key, algorithms=_ALLOWED).plaintext
                except (JoseError, ValueError, TypeError, KeyError, AttributeError):
                    continue
            return None if content is None else content.decode("utf-8", "replace")
        return None

    def encryption_jwks(self) -> list[dict[str, Any]]:
        """Return the public keys that others encrypt to."""
        if not self.config.encryption:
            return []
        return [
            {
                **{n: v for n, v in key.as_dict(private=False).items() if n in _PUBLIC_MEMBERS},
                "kid": kid,
                "use": "enc",
                "alg": "RSA-OAEP-256" if isinstance(key, RSAKey) else "ECDH-ES",
            }
            for kid, key in our_keys()
        ]
