"""A day of an identity server: callers of all kinds, by weight."""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from idprobe.errors import EvidenceError, ProfileError, UsageError
from idprobe.load.callers.caller import Caller
from idprobe.load.callers.context import LoadContext
from idprobe.load.callers.end_users import (
    AuthorizationCode,
    AuthorizationCodeSession,
    Implicit,
    RefreshChain,
    UserInfo,
)
from idprobe.load.callers.public import MetadataAndKeys
from idprobe.load.callers.service import ClientCredentials, Introspection, Revocation
from idprobe.load.engine.engine import LoadFlow
from idprobe.load.tokens.correctness import WrongAnswer

__all__ = ["KINDS", "Mixed", "mix_of"]

KINDS: Final[Mapping[str, type[Caller]]] = {
    "client_credentials": ClientCredentials,
    "refresh_chain": RefreshChain,
    "authorization_code": AuthorizationCode,
    "authorization_code_session": AuthorizationCodeSession,
    "implicit": Implicit,
    "introspection": Introspection,
    "userinfo": UserInfo,
    "revocation": Revocation,
    "metadata_and_keys": MetadataAndKeys,
}
DAY: Final[Mapping[str, float]] = {
    "client_credentials": 30,
    "refresh_chain": 20,
    "introspection": 15,
    "userinfo": 12,
    "metadata_and_keys": 10,
    "authorization_code_session": 8,
    "authorization_code": 4,
    "revocation": 1,
}
"""Machines ask most, then applications that stay logged in; a full login is rare."""
NEEDS: Final = {
    "introspection": "introspection_endpoint",
    "userinfo": "userinfo_endpoint",
    "revocation": "revocation_endpoint",
    "metadata_and_keys": "jwks_uri",
}


class Mixed(Caller):
    """One of each kind, of which each iteration plays one, by the weights of [load.mix]."""

    prepares = True

    def __init__(self, context: LoadContext, number: int) -> None:
        self._chance = random.Random(number)  # noqa: S311 -- a mixture, not a secret; repeatable
        weights = mix_of(context)
        self._parts = tuple(KINDS[name](context, number) for name in weights)
        self._weights = tuple(weights.values())
        context.mixed = True
        self.context = context
        self.number = number
        self.provider = self._parts[0].provider

    @property
    def parts(self) -> Sequence[tuple[Caller, float]]:
        """The kinds of the mixture, as far as they could be prepared."""
        return tuple(zip(self._parts, self._weights, strict=True))

    def held(self) -> Iterator[tuple[bytes, str]]:
        """Yield what every part has."""
        for part in self._parts:
            yield from part.held()

    def prepare(self) -> LoadFlow:
        """Prepare every part; of the default mix, leave out what this server has not."""
        usable: list[Caller] = []
        weights: list[float] = []
        for part, weight in zip(self._parts, self._weights, strict=True):
            try:
                yield from part.prepare()
            except WrongAnswer:
                raise
            except EvidenceError as error:
                if _given(self.context) is not None:
                    raise
                name = next(name for name, kind in KINDS.items() if kind is type(part))
                self.context.findings.warnings[f"mixed leaves out {name}: {error}"] += 1
            else:
                usable.append(part)
                weights.append(weight)
        if not usable:
            raise EvidenceError("nothing of the mix works at this server")
        self._parts, self._weights = tuple(usable), tuple(weights)

    def iterate(self) -> LoadFlow:
        """Play one part."""
        (part,) = self._chance.choices(self._parts, self._weights)
        yield from part.iterate()

    def conclude(self) -> LoadFlow:
        """Conclude every part."""
        for part in self._parts:
            yield from part.conclude()


def mix_of(context: LoadContext) -> Mapping[str, float]:
    """Return the weights of [load.mix]; by default those of a day that this server can have."""
    given = _given(context)
    if given is None:
        return {name: weight for name, weight in DAY.items() if _possible(context, name)}
    unknown = sorted(set(given) - KINDS.keys())
    if unknown:
        names = ", ".join(KINDS)
        raise ProfileError(context.profile.where, "load.mix", f"no {unknown[0]!r}: use {names}")
    weights = {name: float(weight) for name, weight in given.items() if weight > 0}
    if not weights:
        raise UsageError(f"{context.profile.where}: load.mix: no weight is more than nothing")
    return weights


def _given(context: LoadContext) -> Any:
    return context.profile.extras.get("load", {}).get("mix")


def _possible(context: LoadContext, name: str) -> bool:
    endpoint = NEEDS.get(name)
    if endpoint is not None and not (
        context.metadata.get(endpoint) or context.profile.endpoints.get(endpoint)
    ):
        return False
    kind = KINDS[name]
    if kind.with_user and not context.profile.users:
        return False
    return any(kind.role in client.roles for client in context.profile.clients.values())
