"""Recording results: what experiments saw is redacted, kept, and written as evidence."""

import asyncio
import contextlib
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from idprobe.evidence.store import Evidence, ProbeOutcome
from idprobe.model.exchange import Exchange
from idprobe.model.profile import Situation
from idprobe.model.trace import Trace
from idprobe.redaction import Vault

__all__ = ["Observation", "Progress", "Recorder", "crash_place", "no_progress"]

PARTS_S: Final = 1.0
LARGE_BYTES: Final = 262_144
"""What has longer bodies is redacted in a thread: others go on, and their time runs, meanwhile."""
NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})

Progress = Callable[[str, int, int], None]
"""Told the name of the probe that ended, how many have ended, and how many there are."""


def no_progress(_name: str, _done: int, _total: int) -> None:
    """Tell nobody how far a run is."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What a run saw: redacted traces, how each probe ended, and what the server is like."""

    traces: Mapping[str, Trace]
    outcomes: Mapping[str, ProbeOutcome]
    situation: Situation


@dataclass(slots=True, eq=False)
class Recorder:
    """The results of a run: the trace of each experiment, and how it ended."""

    vault: Vault
    evidence: Evidence | None
    progress: Progress
    total: int = 0
    """How many experiments there are, for the progress."""
    traces: dict[str, Trace] = field(default_factory=dict)
    outcomes: dict[str, ProbeOutcome] = field(default_factory=dict)

    def begin(self, facts: Mapping[str, Any]) -> None:
        """Write what the run is about, or write it anew."""
        if self.evidence is not None:
            self.evidence.begin(facts)

    def add(self, name: str, exchange: Exchange) -> None:
        """Take in one exchange of an experiment that has not ended."""
        if self.evidence is not None:
            self.evidence.add(name, exchange)

    @asynccontextmanager
    async def parts_written(self) -> AsyncIterator[None]:
        """Write once a second what probes saw that have not ended, and once more at the end."""
        if self.evidence is None:
            yield
            return
        evidence = self.evidence

        async def write() -> None:
            while True:
                await asyncio.sleep(PARTS_S)
                _write_parts(evidence)

        writing = asyncio.create_task(write())
        try:
            yield
        finally:
            writing.cancel()
            _write_parts(evidence)

    async def contained(self, name: str, recording: Awaitable[Trace]) -> Trace:
        """Return the trace that is recorded; a crash on the way ends this experiment alone."""
        try:
            return await recording
        except Exception as error:  # noqa: BLE001 -- whatever a server sent, the others go on
            return self._crashed(name, error)

    async def finish(
        self,
        name: str,
        exchanges: Sequence[Exchange],
        outcome: ProbeOutcome,
        searched: Mapping[str, Any] = NOTHING,
    ) -> Trace:
        """Settle how a probe ended; others go on while it is written."""
        seen = Trace(name, tuple(exchanges), searched=searched)
        if sum(map(_body_bytes, seen)) > LARGE_BYTES:
            seen = await asyncio.to_thread(self.vault.redact, seen)
        trace = self._settle(seen, outcome)
        if self.evidence is not None:
            self.evidence.ended(name)
            await asyncio.to_thread(self.evidence.finish, trace, self.outcomes[name])
        return trace

    async def finish_together(self, name: str, exchanges: Sequence[Exchange]) -> None:
        """Settle what several experiments did under one name."""
        outcome = ProbeOutcome(name, "done", "", len(exchanges))
        await self.contained(name, self.finish(name, exchanges, outcome))

    def leave_out(self, name: str, because: str) -> None:
        """Settle that a probe was not run, and why."""
        trace = self._settle(Trace(name, ()), ProbeOutcome(name, "not_applicable", because))
        if self.evidence is not None:
            self.evidence.finish(trace, self.outcomes[name])

    def _crashed(self, name: str, error: Exception) -> Trace:
        """Record that what a probe saw could not be redacted or written; none of it is kept."""
        because = f"{type(error).__name__} {crash_place(error)} when {name} was recorded"
        trace = self.traces[name] = Trace(name, (), redacted=True)
        outcome = self.outcomes[name] = ProbeOutcome(name, "crashed", because)
        self.progress(name, len(self.outcomes), self.total)
        if self.evidence is not None:
            self.evidence.ended(name)
            with contextlib.suppress(OSError):  # a full disk is told with the results
                self.evidence.finish(trace, outcome)
        return trace

    def _settle(self, seen: Trace, outcome: ProbeOutcome) -> Trace:
        trace, name = self.vault.redact(seen), seen.probe
        self.traces[name] = trace
        self.outcomes[name] = replace(outcome, because=self.vault.scrub(outcome.because))
        self.progress(name, len(self.outcomes), self.total)
        return trace


def _body_bytes(exchange: Exchange) -> int:
    return 0 if exchange.response is None else len(exchange.response.body)


def _write_parts(evidence: Evidence) -> None:
    """Write what probes saw that have not ended; what cannot be written ends its probe later."""
    for name in evidence.unwritten:
        with contextlib.suppress(Exception):  # the probe meets the same when it ends, and tells it
            evidence.write_part(name)


def crash_place(error: Exception) -> str:
    """Return where in this program an error came up; its text may hold what a server sent."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"at {Path(frame.filename).name}:{frame.lineno}"
