"""One experiment from its wire to its trace, and the ways in which it can end."""

import asyncio
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import ControlFailed, IdprobeError, NoResponse, Unsuited
from idprobe.evidence.store import ProbeEnd, ProbeOutcome
from idprobe.model.exchange import Exchange
from idprobe.model.trace import Trace
from idprobe.observe.final_control import FinalControls
from idprobe.observe.keyring import NewKeys
from idprobe.observe.wires import Wires
from idprobe.probes import Probe

__all__ = ["ACTING", "Experimenter"]

ACTING: Final[ContextVar[str]] = ContextVar("acting", default="")
"""The probe at work, for a server in this process that wants to know who asks; "" for none."""

PROBE_S: Final = 120.0
SLOW_PROBE_S: Final = 900.0
"""The same where a browser or a person logs in, which takes many times as long as forms."""
SILENT_PROBES: Final = 3
"""After so many probes in a row without any response the server counts as gone."""


@dataclass(slots=True, eq=False)
class Experimenter:
    """Makes experiments, each by itself, and has what they saw recorded."""

    wires: Wires
    new_keys: NewKeys
    final_controls: FinalControls
    _silent: int = 0

    async def run(self, probe: Probe) -> Trace:
        """Run one probe, record its trace and how it ended; return the trace."""
        try:
            return await self.wires.recorder.contained(probe.name, self._recorded(probe))
        finally:
            ACTING.set("")

    async def _recorded(self, probe: Probe) -> Trace:
        """Run one probe and return its redacted trace."""
        ACTING.set(probe.name)
        recorder, profile = self.wires.recorder, self.wires.facts.profile
        client = None if probe.role is None else profile.client_for(probe.role)
        wire = self.wires.new(client, probe.name)
        begun = time.perf_counter_ns()
        outcome, because = await self._ended(probe, wire)
        wire.hang_up()
        elapsed = time.perf_counter_ns() - begun
        recorder.vault.learn_from(wire.seen)
        ACTING.set("")
        await self.new_keys.fetch_if_needed()
        ACTING.set(probe.name)
        ended = ProbeOutcome(probe.name, outcome, because, len(wire.seen), elapsed, wire.by_hand)
        return await recorder.finish(probe.name, wire.seen, ended, wire.searched)

    async def _ended(  # noqa: PLR0911 -- one for each way to end
        self, probe: Probe, wire: Wire
    ) -> tuple[ProbeEnd, str]:
        """Make an experiment and return how it ended, and why."""
        longest_s = PROBE_S if wire.human is None else SLOW_PROBE_S
        longest_s += wire.effort.seconds if probe.searches else 0
        if self._silent >= SILENT_PROBES:
            return "no_response", "the server stopped answering"
        try:
            async with asyncio.timeout(longest_s):
                await self._make(probe, wire)
        except ControlFailed as error:
            return self._control_failed(error)
        except NoResponse as error:
            self._silent += 1 if not any(e.response for e in wire.exchanges) else 0
            return "no_response", str(error)
        except Unsuited as error:
            return "not_applicable", str(error)
        except IdprobeError as error:
            return "refrained", str(error)
        except TimeoutError:
            return "no_response", f"the experiment did not end within {longest_s:g} s"
        except Exception as error:  # noqa: BLE001 -- the one place: a probe's crash is our fault
            return "crashed", f"{type(error).__name__} in {probe.name}: {error}"
        self._silent = 0
        return "done", ""

    async def _make(self, probe: Probe, wire: Wire) -> None:
        """Make an experiment and close it; of requests at once that failed, the first says why."""
        try:
            await probe.experiment(wire)
        except ExceptionGroup as several:
            raise several.exceptions[0] from None
        await self.final_controls.make(probe, wire)

    def _control_failed(self, error: ControlFailed) -> tuple[ProbeEnd, str]:
        """Tell a grant that the server never offered from a control that failed.

        Without `grant_types_supported` in the metadata nobody promised the grant: a refusal in the
        registered form (RFC 6749 section 5.2) says that it is not there.
        """
        exchange = error.exchange
        response = exchange.response if isinstance(exchange, Exchange) else None
        refused = response.error if response is not None else None
        offered = "grant_types_supported" in self.wires.facts.metadata
        if refused == "unsupported_grant_type" and not offered:
            return "not_applicable", "the server answers unsupported_grant_type to this grant"
        return "control_failed", str(error)
