"""The keys of clients: registered, or fetched from where the client publishes them (jwks_uri)."""

import json
from collections.abc import Mapping
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError

from idprobe_reference.core import Core
from idprobe_reference.outbound import Fetched, OutboundError
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import Store

__all__ = ["ClientKeys"]

_KEPT_S: Final = 300
_APART_S: Final = 1.0
_NO_KEYS: Final[Mapping[str, Any]] = {"keys": []}
_JWKS: Final = "application/jwk-set+json, application/json"


class ClientKeys(Core):
    """The decisions about keys that a client publishes (OpenID Connect Core section 10.1.1)."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._published: Final[Store[Mapping[str, Any]]] = Store(self.clock)
        self._asked: Final[Store[bool]] = Store(self.clock)

    def jwks_of(self, client: ClientConfig) -> Mapping[str, Any]:
        """Return the client's JWK Set as it is known now."""
        if client.jwks_uri is None:
            return client.jwks or _NO_KEYS
        return self._published.get(f"{client.client_id} {client.jwks_uri}") or _NO_KEYS

    async def learn_keys(self, client: ClientConfig, token: str) -> None:
        """Fetch the keys of a client unless the one that signed a token is known already."""
        if client.jwks_uri is None or self._knows(client, token):
            return
        place = f"{client.client_id} {client.jwks_uri}"
        if self._asked.get(place):
            return
        self._asked.put(place, True, self.clock() + _APART_S)  # noqa: FBT003 - a set's mark
        keys = await self.fetched_keys(client.jwks_uri)
        if keys is not None:
            self._published.put(place, keys, self.clock() + _KEPT_S)

    async def fetched_keys(self, jwks_uri: str) -> Mapping[str, Any] | None:
        """Return the JWK Set at an address; None if there is none."""
        try:
            return self.read_keys(await self.outbound.get(jwks_uri, _JWKS))
        except (OutboundError, ValueError, RecursionError):
            return None

    def read_keys(self, fetched: Fetched) -> Mapping[str, Any] | None:
        """Return the JWK Set of an answer, None if it is none."""
        document = json.loads(fetched.body)
        keys = document.get("keys") if isinstance(document, dict) else None
        return {"keys": keys} if isinstance(keys, list) else None

    def _knows(self, client: ClientConfig, token: str) -> bool:
        known = self.jwks_of(client)["keys"]
        try:
            kid = jws.extract_compact(token.encode("ascii")).protected.get("kid")
        except (JoseError, ValueError, TypeError, AttributeError):
            return True  # no key will verify that
        return any(isinstance(k, dict) and kid in {None, k.get("kid")} for k in known)
