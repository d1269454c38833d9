"""Variants of keys and algorithms."""

# ruff: noqa: D102 - the class of a variant says what its one method does

import base64
import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from joserfc.jwk import ECKey, OKPKey, RSAKey

from idprobe_reference.mutants.keys.certified_keys import certificate_of, certified
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig, ServerConfig
from idprobe_reference.stores import Grant
from idprobe_reference.tokens.keys import Key, shared_keys
from idprobe_reference.variants.registry import variant
from idprobe_reference.variants.tokens import Configured

_HASHES: Final = {
    "RS256": "sha256", "ES256": "sha256", "PS256": "sha256", "ES384": "sha384",
    "Ed25519": "sha512",
}  # fmt: skip
_PSS: Final = {"RFC7518-3.5/pss-2048": "there is a key for PS256"}
_MORE_RSA: Final = {**_PSS, "RFC8725-3.5/key-entropy": "there are several RSA keys"}
_ALL: Final = ("RS256", "ES256", "PS256", "ES384", "Ed25519")


@functools.cache
def _many_keys() -> Mapping[str, Key]:
    rsa = RSAKey.generate_key(3072)
    return {
        "RS256": rsa,
        "ES256": ECKey.generate_key("P-256"),
        "PS256": RSAKey.generate_key(2048),
        "ES384": ECKey.generate_key("P-384"),
        "Ed25519": OKPKey.generate_key("Ed25519"),  # type: ignore[dict-item] # keys of the server are alike
    }


class _Signing(Configured):
    """A server with many keys, whose clients get ID tokens by one of them."""

    alg = "RS256"

    def __init__(self, config: ServerConfig, **options: Any) -> None:
        super().__init__(config, **{"keys": shared_keys(_many_keys), **options})

    def configured(self, config: ServerConfig) -> ServerConfig:
        others = [one for one in config.id_token_signing_alg_values if one not in _ALL]
        return replace(
            config,
            clients=tuple(self.client(one) for one in config.clients),
            id_token_signing_alg_values=(*_ALL, *others),
            access_token_signing_alg=self.alg,
        )

    def id_token_claims(self, client: ClientConfig, grant: Grant, context: Any) -> dict[str, Any]:
        """Return the claims, with hashes by the algorithm that signs (section 3.1.3.6)."""
        claims = super().id_token_claims(client, grant, context)
        hashed = {"at_hash": context.access_token, "c_hash": context.code}
        return claims | {
            name: self.left_half(value) for name, value in hashed.items() if value is not None
        }

    def left_half(self, text: str) -> str:
        """Return the left half of a hash in base64url."""
        digest = hashlib.new(_HASHES[self.alg], text.encode("ascii")).digest()
        return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()

    def client(self, client: ClientConfig) -> ClientConfig:
        """Return a client that registered for the algorithm."""
        return replace(client, id_token_signed_response_alg=self.alg)


@variant("OpenID Connect Core section 3.1.3.7: as the client registered it", differs=_PSS)
class TokensAreSignedByEs256(_Signing):
    """Tokens are signed by ES256."""

    alg = "ES256"


@variant("RFC 7518 section 3.5", shape="speakup", differs=_MORE_RSA)
class TokensAreSignedByPs256(_Signing):
    """ID tokens are signed by PS256."""

    alg = "PS256"


@variant("RFC 7518 section 3.4", differs=_PSS)
class TokensAreSignedByEs384(_Signing):
    """Tokens are signed by ES384, whose hashes are longer."""

    alg = "ES384"


@variant("RFC 8037, RFC 9864", shape="speakup", differs=_MORE_RSA)
class TokensAreSignedByEd25519(_Signing):
    """ID tokens are signed by Ed25519."""

    alg = "Ed25519"


@variant(
    "RFC 7517 section 4.4: alg is optional",
    differs={"RFC7518-3.4/ecdsa-curve-fits-alg": "no key says that it is for ECDSA"},
)
class KeysHaveNoAlg(ReferenceServer):
    """Keys are published without alg."""

    def jwks(self) -> dict[str, Any]:
        keys = super().jwks()["keys"]
        return {"keys": [{n: v for n, v in key.items() if n != "alg"} for key in keys]}


@variant(
    "OpenID Connect Core section 10.1: use is needed only beside keys for encryption",
    shape="speakup",
)
class KeysHaveNoUse(ReferenceServer):
    """Keys are published without use, with key_ops in its place or with nothing."""

    def jwks(self) -> dict[str, Any]:
        keys = super().jwks()["keys"]
        return {"keys": [{n: v for n, v in key.items() if n != "use"} for key in keys]}


@variant("RFC 7517 section 4.5: kid is a text of any kind")
class KidsAreStrange(ReferenceServer):
    """The kid of each key has spaces, signs and letters beyond ASCII."""

    def __init__(self, config: ServerConfig, **options: Any) -> None:
        keys = shared_keys()
        renamed = {a: (f"kid ü/+=&#{kid}" * 3, key) for a, (kid, key) in keys._current.items()}  # noqa: SLF001 -- they are its own
        keys._current = renamed  # noqa: SLF001 -- as above
        super().__init__(config, **{"keys": keys, **options})


@variant("OpenID Connect Core section 10.1.1: old keys may stay for a while")
class KeysWereJustRotated(ReferenceServer):
    """The JWK Set has retired keys beside the current ones."""

    def __init__(self, config: ServerConfig, **options: Any) -> None:
        super().__init__(config, **options)
        self.keys._retired.extend(  # noqa: SLF001 -- what a rotation does, without new RSA keys
            (alg, f"old-{alg}", key)
            for alg, key in _many_keys().items()
            if alg in {"RS256", "ES256"}
        )


@variant("RFC 7517 sections 4 and 5: members and keys that are not known are ignored")
class KeysAreMore(ReferenceServer):
    """The JWK Set has keys of an unknown type and for encryption; keys have unknown members."""

    def jwks(self) -> dict[str, Any]:
        keys = [{"x_idprobe": [1], "nbf": 1, **key} for key in super().jwks()["keys"]]
        unknown = {"kty": "AKP", "alg": "ML-DSA-44", "kid": "later", "use": "sig", "pub": "AAAA"}
        more = {
            **_many_keys()["ES256"].as_dict(private=False),
            "kid": "sealing",
            "use": "enc",
            "alg": "ECDH-ES",
        }
        return {"keys": [unknown, *keys, more], "x_idprobe": {}}


@variant(
    "RFC 7517 sections 4.6 to 4.9: x5u, x5c and x5t are optional",
    shape="speakup",
    differs=dict.fromkeys(
        ("RFC7517-4.7/*", "RFC7517-4.8/*", "RFC7517-4.9/*", "OIDCD-3/x5c-matches-bare-key"),
        "there are certificates",
    ),
)
class KeysHaveCertificates(ReferenceServer):
    """Each RSA key comes with its certificate, and with both of its thumbprints."""

    def jwks(self) -> dict[str, Any]:
        return {"keys": [dict(_certified(json.dumps(key))) for key in super().jwks()["keys"]]}


@functools.cache
def _certified(jwk: str) -> Mapping[str, Any]:
    key = json.loads(jwk)
    return certified(key, certificate_of(key)) if key["kty"] == "RSA" else key
