"""The keys that a server signs with, as far as they came to be known in a run."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from idprobe.errors import EvidenceError
from idprobe.formats.jose import verified_by
from idprobe.model.exchange import Exchange
from idprobe.model.profile import Profile
from idprobe.model.trace import Trace
from idprobe.redaction import Vault

__all__ = ["Keyring", "keys_of"]


@dataclass(slots=True, eq=False)
class Keyring:
    """What verifies the tokens of one run; a key that was published once is never taken out."""

    profile: Profile
    vault: Vault
    jwks: Mapping[str, Any] = field(default_factory=dict)
    is_readable: bool = True
    """Whether what is published could be read, be it keys or none."""
    _asked_for: frozenset[tuple[str, str]] = frozenset()

    def read(self, trace: Trace) -> None:
        """Take the keys of a trace for those of the server."""
        self.jwks = keys_of(trace)
        self.is_readable = any(map(_is_document, trace))

    def verified_by(self, token: str) -> Mapping[str, Any] | None:
        """Return which key of the server, or which secret of a client, verifies a token.

        Raises EvidenceError if none does and the server's keys could not be read.
        """
        found = verified_by(token, self.jwks, secret=None)
        for client in self.profile.clients.values():
            if found is None and client.client_secret is not None:
                found = verified_by(token, {"keys": []}, secret=client.client_secret)
        if found is None and not self.is_readable:
            raise EvidenceError("the keys of the server could not be read")
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
        self.is_readable = self.is_readable or bool(new)
        self.vault.verify_again()


def _is_document(exchange: Exchange) -> bool:
    """Return whether an answer is a JSON object that could be read."""
    if exchange.response is None or not exchange.response.is_success:
        return False
    with contextlib.suppress(EvidenceError):
        return isinstance(exchange.response.json_object, dict)
    return False


def keys_of(trace: Trace) -> Mapping[str, Any]:
    """Return the JWK set of a trace; empty without one."""
    for exchange in trace:
        if exchange.response is not None and exchange.response.is_success:
            with contextlib.suppress(EvidenceError):
                keys = exchange.response.json_object
                if isinstance(keys.get("keys"), list):
                    return keys
    return {}
