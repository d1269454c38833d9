"""The keys that a server signs with, as far as they came to be known in a run."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from idprobe.client.wire import Wire
from idprobe.errors import EvidenceError, ProbeError
from idprobe.flows import keys_request
from idprobe.formats.jose import verified_by
from idprobe.model.exchange import Exchange
from idprobe.model.profile import Capability, Profile
from idprobe.model.trace import Trace
from idprobe.observe.wires import Wires
from idprobe.redaction import Vault

__all__ = ["KEYS_AGAIN", "Keyring", "NewKeys", "keys_of"]

KEYS_AGAIN: Final = "keys_again"


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


@dataclass(slots=True, eq=False)
class NewKeys:
    """Fetches the keys of the server again when a token came whose key is strange."""

    wires: Wires
    keyring: Keyring
    wire: Wire | None = None
    """What the keys were fetched over, None as long as they were not."""
    _fetching: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def fetch_if_needed(self) -> None:
        """Fetch the keys again if a token came whose key is strange.

        A probe that ends while another fetches them waits: its tokens may be by the same key.
        """
        if self.wires.facts.missing(Capability.JWKS) is not None:
            return
        async with self._fetching:
            if not self.keyring.is_short():
                return
            wire = self.wire = self.wire or self.wires.new(None, KEYS_AGAIN)
            # the address may be none at all, which the checks of the metadata judge
            with contextlib.suppress(ProbeError, EvidenceError):
                await wire.send(keys_request(wire.provider), "keys")
            self.keyring.add(keys_of(Trace(KEYS_AGAIN, tuple(wire.exchanges[-1:]))))


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
