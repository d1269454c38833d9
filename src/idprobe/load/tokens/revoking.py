"""Giving tokens back when load is over (RFC 7009): `idprobe load --clean`."""

import time
from collections.abc import Iterable, Iterator
from typing import Final

from idprobe.errors import NoResponse, Refrained
from idprobe.flows import revocation_request
from idprobe.load.callers.context import LoadContext
from idprobe.load.engine.engine import LoadFlow, VirtualUser
from idprobe.load.measure.recording import FAILED, FORGOTTEN, LEFT, REVOKED, Recording
from idprobe.load.run.plan import CLEAN_S
from idprobe.model.profile import Provider

__all__ = ["revokers"]

ENDPOINT: Final = "revocation_endpoint"


class _Revoker:
    """Takes one token after the other from what several have before them, over one connection."""

    def __init__(self, tokens: Iterator[tuple[bytes, Provider]], recording: Recording) -> None:
        self._tokens: Final = tokens
        self._recording: Final = recording
        self._until: Final = time.monotonic() + CLEAN_S

    def conclude(self) -> LoadFlow:
        """Revoke tokens until none is left, or time is up."""
        counts, notes = self._recording.cleaned, self._recording.notes
        for token, provider in self._tokens:
            # whoever is interrupted here does not know what became of the token
            counts.update({LEFT: -1, FAILED: 1})
            why = yield from _why_not(token, provider)
            if why is None:
                counts.update({FAILED: -1, REVOKED: 1})
            else:
                notes[f"a token could not be revoked: {why}"] += 1
            if time.monotonic() > self._until:
                return


def _why_not(token: bytes, provider: Provider) -> LoadFlow:
    """Revoke a token; return why that did not work, None if it did."""
    try:
        response = yield revocation_request(provider, token.decode())
    except (NoResponse, Refrained) as error:
        return error.failure if isinstance(error, NoResponse) else str(error)
    # 200 is the one status that RFC 7009 section 2.2 gives success
    return None if response.status == 200 else f"status {response.status}"  # noqa: PLR2004


def revokers(
    context: LoadContext, held: Iterable[tuple[bytes, str]], recording: Recording, together: int
) -> tuple[VirtualUser, ...]:
    """Return virtual users that give back what callers hold and what is known of the rest.

    What they come to is counted in the recording; there are none where nothing can be done.
    """
    unrevoked = context.findings.unrevoked
    if unrevoked is None:
        return ()
    if not (context.profile.endpoints.get(ENDPOINT) or context.metadata.get(ENDPOINT)):
        recording.notes[
            f"no token was revoked: neither the metadata nor [endpoints] of the profile has a "
            f"{ENDPOINT}"
        ] += 1
        return ()
    known = dict(unrevoked.known())
    kept = {token: client_id for token, client_id in held if token not in known}
    recording.cleaned.update({LEFT: len(kept) + len(known), REVOKED: 0, FAILED: 0})
    recording.cleaned[FORGOTTEN] = max(0, unrevoked.forgotten - len(kept))
    tokens = _seen_by_clients(context, {**kept, **known})
    return tuple(VirtualUser(_Revoker(tokens, recording)) for _ in range(together))


def _seen_by_clients(
    context: LoadContext, tokens: dict[bytes, str]
) -> Iterator[tuple[bytes, Provider]]:
    clients = {one.client_id: one for one in context.profile.clients.values()}
    for token, client_id in tokens.items():
        yield token, Provider(context.profile, context.metadata, clients[client_id])
