"""The keys that a server signs with, as far as they came to be known in a run."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from idprobe.errors import EvidenceError
from idprobe.exchange import Trace
from idprobe.jose import verified_by
from idprobe.profile import Profile
from idprobe.redaction import Vault

__all__ = ["Keyring", "keys_of"]


@dataclass(slots=True, eq=False)
class Keyring:
    """What verifies the tokens of one run; a key that was published once is never taken out."""

    profile: Profile
    vault: Vault
    jwks: Mapping[str, Any] = field(default_factory=dict)
    _asked_for: frozenset[tuple[str, str]] = frozenset()

    def verified_by(self, token: str) -> Mapping[str, Any] | None:
        """Return which key of the server, or which secret of a client, verifies a token."""
        found = verified_by(token, self.jwks, secret=None)
        for client in self.profile.clients.values():
            if found is None and client.client_secret is not None:
                found = verified_by(token, {"keys": []}, secret=client.client_secret)
        return found

    def is_short(self) -> bool:
        """Return whether a token came whose key is strange, once for each kid and algorithm.

        A server may make a key when it first needs one, or go over to a new one, and who verifies
        goes back to its keys then (OpenID Connect Core section 10.1.1).
        """
        strange = self.vault.strange_keys() - self._asked_for
        self._asked_for |= strange
        return bool(strange)

    def add(self, published: Mapping[str, Any]) -> None:
        """Take in the keys that are published now, and verify again what nothing verified."""
        held = self.jwks.get("keys", [])
        new = [key for key in published.get("keys", []) if key not in held]
        self.jwks = {**self.jwks, "keys": [*held, *new]}
        self.vault.verify_again()


def keys_of(trace: Trace) -> Mapping[str, Any]:
    """Return the JWK set of a trace; empty without one."""
    for exchange in trace:
        if exchange.response is not None and exchange.response.is_success:
            with contextlib.suppress(EvidenceError):
                keys = exchange.response.json_object
                if isinstance(keys.get("keys"), list):
                    return keys
    return {}
