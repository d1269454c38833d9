"""The server's signing keys, one for each algorithm, and the public halves of retired ones."""

import functools
import secrets
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

__all__ = ["SigningKeys", "shared_keys"]

Key: TypeAlias = RSAKey | ECKey

_RETIRED_KEPT = 8
_PUBLIC_MEMBERS = frozenset({"kty", "n", "e", "crv", "x", "y"})


class SigningKeys:
    """Keys for RS256 and ES256; each signs with its one algorithm, and retired ones verify."""

    def __init__(self, current: Mapping[str, Key] | None = None) -> None:
        self._current: dict[str, tuple[str, Key]] = {}
        self._retired: list[tuple[str, str, Key]] = []
        for alg, key in (current or _fresh_keys()).items():
            self._current[alg] = (_fresh_kid(), key)

    def rotate(self) -> None:
        """Sign with new keys from now on; the public halves of the old ones stay published."""
        self._retired.extend((alg, kid, key) for alg, (kid, key) in self._current.items())
        del self._retired[:-_RETIRED_KEPT]
        self._current = {alg: (_fresh_kid(), key) for alg, key in _fresh_keys().items()}

    def sign(
        self, alg: str, typ: str, claims: Mapping[str, Any], more: Mapping[str, Any] | None = None
    ) -> str:
        """Return `claims` as a JWT in the compact serialization; `more` goes into its header."""
        kid, key = self._current[alg]
        members = {"alg": alg, "typ": typ, "kid": kid, **(more or {})}
        header = {name: value for name, value in members.items() if value not in (None, "")}
        return jwt.encode(header, dict(claims), key, algorithms=[alg])

    def public_jwks(self) -> dict[str, Any]:
        """Return the JWK Set to publish: public members, `kid`, `use` and `alg`, nothing else."""
        known = [*((alg, kid, key) for alg, (kid, key) in self._current.items()), *self._retired]
        return {"keys": [_public_jwk(alg, kid, key) for alg, kid, key in known]}

    def read(self, token: str, typ: str) -> dict[str, Any] | None:
        """Return the claims of a JWT that these keys signed with that `typ`; None for any other."""
        known = [*((alg, kid, key) for alg, (kid, key) in self._current.items()), *self._retired]
        for alg, kid, key in known:
            try:
                decoded = jwt.decode(token, key, algorithms=[alg])
            except (JoseError, ValueError):
                continue
            if decoded.header.get("kid") == kid and decoded.header.get("typ") == typ:
                return dict(decoded.claims)
        return None


def _public_jwk(alg: str, kid: str, key: Key) -> dict[str, Any]:
    members = key.as_dict(private=False)
    public = {name: value for name, value in members.items() if name in _PUBLIC_MEMBERS}
    return {**public, "kid": kid, "use": "sig", "alg": alg}


def _fresh_kid() -> str:
    return secrets.token_urlsafe(12)


def _fresh_keys() -> dict[str, Key]:
    return {
        "RS256": RSAKey.generate_key(2048),
        "ES256": ECKey.generate_key("P-256"),
    }


@functools.cache
def _process_keys() -> dict[str, Key]:
    return _fresh_keys()


def shared_keys(make: Callable[[], Mapping[str, Key]] = _process_keys) -> SigningKeys:
    """Return a key set on key material that is made once for the process, as RSA keys are slow."""
    return SigningKeys(make())
