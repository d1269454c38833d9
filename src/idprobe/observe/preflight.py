"""The preflight of a run: find out once which credentials work, so that nobody is locked out."""

import contextlib
import time
from collections.abc import Awaitable, Sequence
from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import EvidenceError, ProbeError
from idprobe.evidence.store import ProbeEnd, ProbeOutcome
from idprobe.model.profile import Client, Role
from idprobe.observe.recorder import crash_place
from idprobe.observe.wires import Wires
from idprobe.probes import Probe
from idprobe.setup.preflight import login_as, refusal_of

__all__ = ["try_credentials"]

PREFLIGHT: Final = "preflight"


async def try_credentials(wires: Wires, probes: Sequence[Probe]) -> None:
    """Find out once which credentials work; what does not is not used again."""
    profile, recorder = wires.facts.profile, wires.recorder
    roles = {role for probe in probes for role in (probe.role, *probe.others) if role}
    clients = {c.client_id: c for role in roles if (c := profile.client_for(role))}
    wire = wires.new(next(iter(clients.values()), None), PREFLIGHT)
    begun = time.perf_counter_ns()
    crashes = [await _crash_of(_try_client(wire, client)) for client in clients.values()]
    if any(probe.logs_in for probe in probes) and clients:
        logging_in = [probe for probe in probes if probe.logs_in]
        crashes.append(await _crash_of(_try_user(wire, logging_in)))
    if wire.exchanges:
        elapsed = time.perf_counter_ns() - begun
        crash = next(filter(None, crashes), "")
        ended: ProbeEnd = "crashed" if crash else "done"
        outcome = ProbeOutcome(PREFLIGHT, ended, crash, len(wire.exchanges), elapsed, wire.by_hand)
        await recorder.contained(PREFLIGHT, recorder.finish(PREFLIGHT, wire.exchanges, outcome))


async def _try_client(wire: Wire, client: Client) -> None:
    """Find out whether the server knows a client; do not use it again otherwise."""
    because = await refusal_of(wire, client)
    if because is not None:
        wire.sender.guard.distrust_client(client.client_id, because)


async def _try_user(wire: Wire, probes: Sequence[Probe]) -> None:
    """Log the user in, as a client that some probe plays and that has a redirect_uri."""
    profile = wire.provider.profile
    played = {role for probe in probes for role in (probe.role, *probe.others) if role}
    clients = (profile.client_for(role) for role in Role if role in played)
    client = next((one for one in clients if one is not None and one.redirect_uris), None)
    if client is None or wire.provider.user is None:
        return
    await login_as(wire, client)


async def _crash_of(trying: Awaitable[None]) -> str:
    """Return how a try crashed, empty if it did not; that it failed is for the probes to tell."""
    try:
        with contextlib.suppress(ProbeError, EvidenceError):
            await trying
    except Exception as error:  # noqa: BLE001 -- whatever a server sent, the others go on
        return f"{type(error).__name__} {crash_place(error)} in {PREFLIGHT}"
    return ""
