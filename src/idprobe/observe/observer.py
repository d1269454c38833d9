"""The course of one run against one server: only the experiments that are wanted, each once.

First the metadata and the keys, then a preflight (does each client authenticate, can the user log
in: once, so that nobody is locked out and one cause stays one finding), then all probes together,
then those that must be alone.
"""

from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final

import httpx

from idprobe.client.http_sender import HttpSender
from idprobe.client.listener import listening
from idprobe.errors import ProbeError
from idprobe.evidence.store import Evidence, ProbeOutcome
from idprobe.login.drivers import playing
from idprobe.model.profile import LISTENER_REACHED, Capability, Profile
from idprobe.model.trace import Trace
from idprobe.observe.experiment import Experimenter
from idprobe.observe.facts import KEYS, METADATA, ServerFacts, metadata_of
from idprobe.observe.final_control import STILL_SERVED, FinalControls
from idprobe.observe.keyring import KEYS_AGAIN, Keyring, NewKeys
from idprobe.observe.preflight import try_credentials
from idprobe.observe.recorder import Observation, Progress, Recorder, no_progress
from idprobe.observe.schedule import run_all
from idprobe.observe.selection import Selection, most_requests
from idprobe.observe.wires import Wires
from idprobe.probes import Probe, all_probes
from idprobe.redaction import Vault

__all__ = ["Observer", "Unreachable"]

REACH: Final = "listener_reached"


class Unreachable(ProbeError):
    """The target gives no answer at all, or nothing that could be tested (exit code 3)."""


@dataclass(slots=True, eq=False)
class Observer:
    """One run against one server."""

    profile: Profile
    vault: Vault
    evidence: Evidence | None = None
    selection: Selection = field(default_factory=Selection)
    transport: httpx.AsyncBaseTransport | None = None
    progress: Progress = no_progress
    exchanges: int = 0
    is_spent: bool = False
    """Whether experiments ended because all requests had been sent that a run may send."""
    facts: ServerFacts = field(init=False)
    _recorder: Recorder = field(init=False)

    def __post_init__(self) -> None:
        self.facts = ServerFacts(self.profile, self.selection)
        self._recorder = Recorder(self.vault, self.evidence, self.progress)

    async def observe(self, names: Iterable[str]) -> Observation:
        """Run the named probes and what they hang on; raises Unreachable for a dead target."""
        wanted = [all_probes()[name] for name in dict.fromkeys(names)]
        self._recorder.total = len(wanted)
        async with AsyncExitStack() as stack:
            most = most_requests(self.profile, self.selection)
            sender = await stack.enter_async_context(HttpSender(self.profile, self.transport, most))
            await stack.enter_async_context(self._recorder.parts_written())
            human = await stack.enter_async_context(playing(self.profile))
            wires = Wires(self.facts, self._recorder, sender, human)
            try:
                await self._experiments(wanted, wires, stack)
            finally:
                self.exchanges = sender.sent
                self.is_spent = sender.is_spent
        return self.seen()

    def seen(self) -> Observation:
        """Return what was seen so far, of the probes that have ended."""
        recorder = self._recorder
        return Observation(recorder.traces, recorder.outcomes, self.facts.situation)

    async def _experiments(
        self, wanted: Sequence[Probe], wires: Wires, stack: AsyncExitStack
    ) -> None:
        recorder, keyring = self._recorder, Keyring(self.profile, self.vault)
        making = Experimenter(wires, NewKeys(wires, keyring), FinalControls(wires))
        await self._meet(making, keyring)
        runnable = [probe for probe in wanted if self._can_run(probe)]
        await try_credentials(wires, runnable)
        if any(Capability.LISTENER in probe.needs for probe in runnable):
            wires.listener = await stack.enter_async_context(listening(self.profile))
            await self._find_out_reach(making)
            runnable = [probe for probe in runnable if self._can_run(probe)]
        await run_all(runnable, making.run, self.profile.limits)
        if making.new_keys.wire is not None:
            await recorder.finish_together(KEYS_AGAIN, making.new_keys.wire.exchanges)
        if making.final_controls.exchanges:
            await recorder.finish_together(STILL_SERVED, making.final_controls.exchanges)

    async def _meet(self, making: Experimenter, keyring: Keyring) -> None:
        """Fetch the metadata and the keys: everything else needs them."""
        trace = await making.run(all_probes()[METADATA])
        self.facts.metadata = metadata_of(trace)
        served = (one for one in trace if one.response is not None and one.response.is_success)
        making.final_controls.metadata = next(served, None)
        if not any(exchange.response is not None for exchange in trace):
            ended = self._recorder.outcomes[METADATA]
            raise Unreachable(_unreachable(self.profile, trace, ended))
        if not self.facts.metadata and not self.profile.endpoints:
            raise Unreachable(
                f"{self.profile.issuer} serves no metadata document and the profile names no "
                f"[endpoints], so there is nothing to test: check issuer, or set metadata_url"
            )
        self._recorder.begin(self.facts.record())
        if self.facts.missing(Capability.JWKS) is None:
            keyring.read(await making.run(all_probes()[KEYS]))
        self.vault.verifier = keyring.verified_by

    async def _find_out_reach(self, making: Experimenter) -> None:
        """Find out once whether the server calls us at all; what needs that is left out if not."""
        if REACH not in self._recorder.outcomes:
            await making.run(all_probes()[REACH])
        ended = self._recorder.outcomes[REACH]
        if ended.outcome != "done":
            self.facts.observed[LISTENER_REACHED] = ended.because
            self._recorder.begin(self.facts.record())

    def _can_run(self, probe: Probe) -> bool:
        """Return whether a probe can be run here; record why not otherwise."""
        if probe.name in self._recorder.outcomes:
            return False
        because = self._unfit(probe)
        if because is not None:
            self._recorder.leave_out(probe.name, because)
        return because is None

    def _unfit(self, probe: Probe) -> str | None:
        return self.facts.unfit(probe)


def _unreachable(profile: Profile, trace: Trace, ended: ProbeOutcome) -> str:
    if ended.outcome == "crashed":
        return ended.because
    failure = next((exchange.failure for exchange in trace if exchange.failure), "no answer")
    return f"{profile.issuer} cannot be reached: {failure}"
