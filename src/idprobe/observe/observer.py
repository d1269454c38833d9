"""Making the experiments: only those that are wanted, each once, many at a time.

First the metadata and the keys, then a preflight (does each client authenticate, can the user log
in: once, so that nobody is locked out and one cause stays one finding), then all probes together,
then those that must be alone.
"""

import asyncio
import contextlib
import time
import traceback
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Container,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import httpx

from idprobe.client.http_sender import HttpSender
from idprobe.client.listener import Listener, listening
from idprobe.client.wire import Human, Wire
from idprobe.errors import (
    ControlFailed,
    EvidenceError,
    IdprobeError,
    NoResponse,
    ProbeError,
    Unsuited,
)
from idprobe.evidence.store import Evidence, ProbeEnd, ProbeOutcome
from idprobe.flows import keys_request
from idprobe.login.drivers import playing
from idprobe.model.effort import ARRIVAL_S, Effort, Replay
from idprobe.model.exchange import Exchange
from idprobe.model.profile import (
    LISTENER_REACHED,
    Capability,
    Client,
    Profile,
    Provider,
    Role,
    Situation,
    missing_because,
    redacted_profile,
)
from idprobe.model.trace import Trace
from idprobe.observe.final_control import ends_refused, served_before, still_served
from idprobe.observe.keyring import Keyring, keys_of
from idprobe.probes import Depth, Probe, Safety, all_probes
from idprobe.redaction import Vault
from idprobe.setup.preflight import login_as, refusal_of

__all__ = ["ACTING", "Observation", "Observer", "Selection", "Unreachable", "most_requests"]

ACTING: Final[ContextVar[str]] = ContextVar("acting", default="")
"""The probe at work, for a server in this process that wants to know who asks; "" for none."""

AT_ONCE: Final = 12
SEARCHES_AT_ONCE: Final = 2
QUEUING: Final = 3  # probes for each request that may be under way: who queues must not run late
PROBE_S: Final = 120.0
SLOW_PROBE_S: Final = 900.0
"""The same where a browser or a person logs in, which takes many times as long as forms."""
PARTS_S: Final = 1.0
LARGE_BYTES: Final = 262_144
"""What has longer bodies is redacted in a thread: others go on, and their time runs, meanwhile."""
EFFORTS: Final = {
    Depth.QUICK: Effort(examples=10, tries=200, seconds=60),
    Depth.FULL: Effort(examples=100, tries=500, seconds=300),
    Depth.DEEP: Effort(examples=1000, tries=2000, seconds=1800),
}
MOST_REQUESTS: Final = {Depth.QUICK: 20_000, Depth.FULL: 100_000, Depth.DEEP: 1_000_000}
SILENT_PROBES: Final = 3
"""After so many probes in a row without any response the server counts as gone."""

NOBODY: Final = Client("nobody", "")
"""Stands in where a probe acts for no client."""

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
METADATA: Final = "metadata_documents"
KEYS: Final = "keys_document"
PREFLIGHT: Final = "preflight"
KEYS_AGAIN: Final = "keys_again"
STILL_SERVED: Final = "still_served"
REACH: Final = "listener_reached"


class Unreachable(ProbeError):
    """The target gives no answer at all, or nothing that could be tested (exit code 3)."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a run may do, and for how long."""

    depth: Depth = Depth.QUICK
    safety: Safety = Safety.NORMAL
    seed: int = 0
    """Where generated examples start from."""
    replay: Replay | None = None
    """The one example to try again, if the run is made for that."""
    shrinks: bool = True
    """Whether generated examples that fail are made smaller."""
    seconds: float | None = None
    """How long each search may take, where that is less than its depth allows."""
    arrival_s: float = ARRIVAL_S
    """How long a call is waited for that the server makes."""
    thorough: Container[str] | None = None
    """The probes that search as much as the depth allows, if not all; the others as if quick."""

    def is_about(self, probe: str) -> bool:
        """Return whether the run is made to try an example of this probe again."""
        return self.replay is not None and self.replay.probe == probe

    def effort(self, probe: str) -> Effort:
        """Return how hard a probe may try."""
        mine = self.replay if self.is_about(probe) else None
        is_thorough = self.thorough is None or probe in self.thorough
        usual = EFFORTS[self.depth if is_thorough else Depth.QUICK]
        seconds = usual.seconds if self.seconds is None else min(usual.seconds, self.seconds)
        return replace(
            usual,
            seconds=seconds,
            seed=self.seed,
            replay=mine,
            shrinks=self.shrinks,
            arrival_s=self.arrival_s,
        )


def most_requests(profile: Profile, selection: Selection) -> int:
    """Return how many requests a run sends at most, those that failed or were repeated included."""
    return profile.limits.max_requests or MOST_REQUESTS[selection.depth]


@dataclass(frozen=True, slots=True)
class Observation:
    """What a run saw: redacted traces, how each probe ended, and what the server is like."""

    traces: Mapping[str, Trace]
    outcomes: Mapping[str, ProbeOutcome]
    situation: Situation


Progress = Callable[[str, int, int], None]
"""Told the name of the probe that ended, how many have ended, and how many there are."""


def _no_progress(_name: str, _done: int, _total: int) -> None:
    return


@dataclass(slots=True, eq=False)
class Observer:
    """One run against one server."""

    profile: Profile
    vault: Vault
    evidence: Evidence | None = None
    selection: Selection = field(default_factory=Selection)
    transport: httpx.AsyncBaseTransport | None = None
    progress: Progress = _no_progress
    exchanges: int = 0
    is_spent: bool = False
    """Whether experiments ended because all requests had been sent that a run may send."""
    _metadata: Mapping[str, Any] = field(default_factory=dict)
    _keyring: Keyring = field(init=False)
    _observed: dict[str, str] = field(default_factory=dict)
    _traces: dict[str, Trace] = field(default_factory=dict)
    _outcomes: dict[str, ProbeOutcome] = field(default_factory=dict)
    _keys_again: Wire | None = None
    _served: Exchange | None = None
    """The document of metadata as it was served in the beginning."""
    _still_served: list[Exchange] = field(default_factory=list)
    _fetching_keys: asyncio.Lock = field(default_factory=asyncio.Lock)
    _listener: Listener | None = None
    _human: Human | None = None
    _silent: int = 0
    _total: int = 0

    def __post_init__(self) -> None:
        self._keyring = Keyring(self.profile, self.vault)

    async def observe(self, names: Iterable[str]) -> Observation:
        """Run the named probes and what they hang on; raises Unreachable for a dead target."""
        wanted = [all_probes()[name] for name in dict.fromkeys(names)]
        self._total = len(wanted)
        async with AsyncExitStack() as stack:
            most = most_requests(self.profile, self.selection)
            sender = await stack.enter_async_context(HttpSender(self.profile, self.transport, most))
            await stack.enter_async_context(self._parts_written())
            self._human = await stack.enter_async_context(playing(self.profile))
            try:
                await self._experiments(wanted, sender, stack)
            finally:
                self.exchanges = sender.sent
                self.is_spent = sender.is_spent
        return self.seen()

    @asynccontextmanager
    async def _parts_written(self) -> AsyncIterator[None]:
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

    async def _experiments(
        self, wanted: Sequence[Probe], sender: HttpSender, stack: AsyncExitStack
    ) -> None:
        await self._meet(sender)
        runnable = [probe for probe in wanted if self._can_run(probe)]
        await self._preflight(sender, runnable)
        if any(Capability.LISTENER in probe.needs for probe in runnable):
            self._listener = await stack.enter_async_context(listening(self.profile))
            await self._find_out_reach(sender)
            runnable = [probe for probe in runnable if self._can_run(probe)]
        await self._run_all(sender, runnable)
        if self._keys_again is not None:
            seen = self._keys_again.exchanges
            ended = ProbeOutcome(KEYS_AGAIN, "done", "", len(seen))
            await self._contained(KEYS_AGAIN, self._finish(KEYS_AGAIN, seen, ended))
        if self._still_served:
            seen = self._still_served
            ended = ProbeOutcome(STILL_SERVED, "done", "", len(seen))
            await self._contained(STILL_SERVED, self._finish(STILL_SERVED, seen, ended))

    def seen(self) -> Observation:
        """Return what was seen so far, of the probes that have ended."""
        return Observation(self._traces, self._outcomes, self._situation())

    def _situation(self) -> Situation:
        return Situation(self.profile, self._metadata, self._observed)

    def _missing(self, capability: Capability) -> str | None:
        return missing_because(capability, self.profile, self._metadata, self._observed)

    async def _meet(self, sender: HttpSender) -> None:
        """Fetch the metadata and the keys: everything else needs them."""
        trace = await self._run(sender, all_probes()[METADATA])
        self._metadata = metadata_of(trace)
        served = (one for one in trace if one.response is not None and one.response.is_success)
        self._served = next(served, None)
        if not any(exchange.response is not None for exchange in trace):
            raise Unreachable(_unreachable(self.profile, trace, self._outcomes[METADATA]))
        if not self._metadata and not self.profile.endpoints:
            raise Unreachable(
                f"{self.profile.issuer} serves no metadata document and the profile names no "
                f"[endpoints], so there is nothing to test: check issuer, or set metadata_url"
            )
        if self.evidence is not None:
            self.evidence.begin(self._run_facts())
        if self._missing(Capability.JWKS) is None:
            self._keyring.read(await self._run(sender, all_probes()[KEYS]))
        self.vault.verifier = self._keyring.verified_by

    async def _meet_new_keys(self, sender: HttpSender) -> None:
        """Fetch the keys again if a token came whose key is strange.

        A probe that ends while another fetches them waits: its tokens may be by the same key.
        """
        if self._missing(Capability.JWKS) is not None:
            return
        async with self._fetching_keys:
            if not self._keyring.is_short():
                return
            wire = self._keys_again = self._keys_again or self._wire(sender, None, KEYS_AGAIN)
            # the address may be none at all, which the checks of the metadata judge
            with contextlib.suppress(ProbeError, EvidenceError):
                await wire.send(keys_request(wire.provider), "keys")
            self._keyring.add(keys_of(Trace(KEYS_AGAIN, tuple(wire.exchanges[-1:]))))

    async def _find_out_reach(self, sender: HttpSender) -> None:
        """Find out once whether the server calls us at all; what needs that is left out if not."""
        if REACH not in self._outcomes:
            await self._run(sender, all_probes()[REACH])
        ended = self._outcomes[REACH]
        if ended.outcome != "done":
            self._observed[LISTENER_REACHED] = ended.because
            if self.evidence is not None:
                self.evidence.begin(self._run_facts())

    def _run_facts(self) -> dict[str, Any]:
        return {
            "profile": redacted_profile(self.profile),
            "profile_name": self.profile.name,
            "issuer": self.profile.issuer,
            "metadata": self._metadata,
            "observed": self._observed,
            "depth": self.selection.depth.name.lower(),
            "safety": self.selection.safety.name.lower(),
            "seed": self.selection.seed,
        }

    def _can_run(self, probe: Probe) -> bool:
        """Return whether a probe can be run here; record why not otherwise."""
        if probe.name in self._outcomes:
            return False
        because = self._unfit(probe)
        if because is not None:
            outcome = ProbeOutcome(probe.name, "not_applicable", because)
            trace = self._settle(Trace(probe.name, ()), outcome)
            if self.evidence is not None:
                self.evidence.finish(trace, self._outcomes[probe.name])
        return because is None

    def _unfit(self, probe: Probe) -> str | None:
        if probe.depth > self.selection.depth and not self.selection.is_about(probe.name):
            return f"runs with --depth {probe.depth.name.lower()}"
        if probe.safety > self.selection.safety:
            return f"runs with --safety {probe.safety.name.lower()}"
        for capability in sorted(probe.needs):
            because = self._missing(capability)
            if because is not None:
                return because
        for role in (probe.role, *probe.others):
            if role is not None and self.profile.client_for(role) is None:
                return f"the profile has no client for the role {role.value}"
        if probe.logs_in and not self.profile.users:
            return "the profile has no user who could log in"
        return None

    async def _preflight(self, sender: HttpSender, probes: Sequence[Probe]) -> None:
        """Find out once which credentials work; what does not is not used again."""
        roles = {role for probe in probes for role in (probe.role, *probe.others) if role}
        clients = {c.client_id: c for role in roles if (c := self.profile.client_for(role))}
        wire = self._wire(sender, next(iter(clients.values()), None), PREFLIGHT)
        begun = time.perf_counter_ns()
        crashes = [await _crash_of(self._try_client(wire, client)) for client in clients.values()]
        if any(probe.logs_in for probe in probes) and clients:
            logging_in = [probe for probe in probes if probe.logs_in]
            crashes.append(await _crash_of(self._try_user(wire, logging_in)))
        if wire.exchanges:
            elapsed = time.perf_counter_ns() - begun
            crash = next(filter(None, crashes), "")
            ended: ProbeEnd = "crashed" if crash else "done"
            outcome = ProbeOutcome(
                PREFLIGHT, ended, crash, len(wire.exchanges), elapsed, wire.by_hand
            )
            await self._contained(PREFLIGHT, self._finish(PREFLIGHT, wire.exchanges, outcome))

    async def _try_client(self, wire: Wire, client: Client) -> None:
        """Find out whether the server knows a client; do not use it again otherwise."""
        because = await refusal_of(wire, client)
        if because is not None:
            wire.sender.guard.distrust_client(client.client_id, because)

    async def _try_user(self, wire: Wire, probes: Sequence[Probe]) -> None:
        """Log the user in, as a client that some probe plays and that has a redirect_uri."""
        played = {role for probe in probes for role in (probe.role, *probe.others) if role}
        clients = (self.profile.client_for(role) for role in Role if role in played)
        client = next((one for one in clients if one is not None and one.redirect_uris), None)
        if client is None or wire.provider.user is None:
            return
        await login_as(wire, client)

    async def _run_all(self, sender: HttpSender, probes: Sequence[Probe]) -> None:
        queuing = QUEUING * (self.profile.limits.concurrency or AT_ONCE)
        turns = asyncio.Semaphore(min(AT_ONCE, queuing))
        searches = asyncio.Semaphore(min(SEARCHES_AT_ONCE, queuing))

        async def in_turn(probe: Probe) -> None:
            async with searches if probe.searches else turns:
                await self._run(sender, probe)

        async with asyncio.TaskGroup() as tasks:
            for probe in probes:
                if not probe.exclusive:
                    tasks.create_task(in_turn(probe))
        for probe in probes:
            if probe.exclusive:
                await self._run(sender, probe)

    def _wire(self, sender: HttpSender, client: Client | None, name: str) -> Wire:
        def keep(exchange: Exchange) -> None:
            if self.evidence is not None:
                self.evidence.add(name, exchange)

        user = next(iter(self.profile.users.values()), None)
        provider = Provider(self.profile, self._metadata, client or NOBODY, user)
        return Wire(
            provider,
            sender,
            self._human,
            keep,
            listener=self._listener,
            on_key=self.vault.hold,
            effort=self.selection.effort(name),
        )

    async def _run(self, sender: HttpSender, probe: Probe) -> Trace:
        """Run one probe, record its trace and how it ended; return the trace."""
        return await self._contained(probe.name, self._recorded(sender, probe))

    async def _contained(self, name: str, recording: Awaitable[Trace]) -> Trace:
        """Return the trace that is recorded; a crash on the way ends this experiment alone."""
        try:
            return await recording
        except Exception as error:  # noqa: BLE001 -- whatever a server sent, the others go on
            return self._crashed(name, error)
        finally:
            ACTING.set("")

    def _crashed(self, name: str, error: Exception) -> Trace:
        """Record that what a probe saw could not be redacted or written; none of it is kept."""
        because = f"{type(error).__name__} {_place_of(error)} when {name} was recorded"
        trace = self._traces[name] = Trace(name, (), redacted=True)
        outcome = self._outcomes[name] = ProbeOutcome(name, "crashed", because)
        self.progress(name, len(self._outcomes), self._total)
        if self.evidence is not None:
            self.evidence.ended(name)
            with contextlib.suppress(OSError):  # a full disk is told with the results
                self.evidence.finish(trace, outcome)
        return trace

    async def _recorded(self, sender: HttpSender, probe: Probe) -> Trace:
        """Run one probe and return its redacted trace."""
        ACTING.set(probe.name)
        client = None if probe.role is None else self.profile.client_for(probe.role)
        wire = self._wire(sender, client, probe.name)
        begun = time.perf_counter_ns()
        outcome, because = await self._experiment(probe, wire)
        wire.hang_up()
        elapsed = time.perf_counter_ns() - begun
        self.vault.learn_from(wire.seen)
        ACTING.set("")
        await self._meet_new_keys(sender)
        ACTING.set(probe.name)
        ended = ProbeOutcome(probe.name, outcome, because, len(wire.seen), elapsed, wire.by_hand)
        return await self._finish(probe.name, wire.seen, ended, wire.searched)

    async def _experiment(  # noqa: PLR0911 -- one for each way to end
        self, probe: Probe, wire: Wire
    ) -> tuple[ProbeEnd, str]:
        """Run an experiment and return how it ended, and why."""
        longest_s = PROBE_S if self._human is None else SLOW_PROBE_S
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
        await self._close(probe, wire)

    async def _close(self, probe: Probe, wire: Wire) -> None:
        """Let an experiment that ended in a refusal show that not everything is refused now."""
        if not ends_refused(wire.exchanges):
            return
        before = served_before(wire.exchanges, wire.provider) or self._served
        if before is None or probe.name in {METADATA, KEYS}:
            return
        closing = self._wire(wire.sender, None, STILL_SERVED)
        closing.exchanges = self._still_served
        await still_served(closing, before, probe.name)

    def _control_failed(self, error: ControlFailed) -> tuple[ProbeEnd, str]:
        """Tell a grant that the server never offered from a control that failed.

        Without `grant_types_supported` in the metadata nobody promised the grant: a refusal in the
        registered form (RFC 6749 section 5.2) says that it is not there.
        """
        exchange = error.exchange
        response = exchange.response if isinstance(exchange, Exchange) else None
        refused = response.error if response is not None else None
        if refused == "unsupported_grant_type" and "grant_types_supported" not in self._metadata:
            return "not_applicable", "the server answers unsupported_grant_type to this grant"
        return "control_failed", str(error)

    async def _finish(
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
            await asyncio.to_thread(self.evidence.finish, trace, self._outcomes[name])
        return trace

    def _settle(self, seen: Trace, outcome: ProbeOutcome) -> Trace:
        trace, name = self.vault.redact(seen), seen.probe
        self._traces[name] = trace
        self._outcomes[name] = replace(outcome, because=self.vault.scrub(outcome.because))
        self.progress(name, len(self._outcomes), self._total)
        return trace


def _body_bytes(exchange: Exchange) -> int:
    return 0 if exchange.response is None else len(exchange.response.body)


def metadata_of(trace: Trace) -> Mapping[str, Any]:
    """Return the first metadata document of a trace that is a JSON object; empty without one."""
    for exchange in trace:
        if exchange.response is not None and exchange.response.is_success:
            with contextlib.suppress(EvidenceError):
                return exchange.response.json_object
    return {}


def _write_parts(evidence: Evidence) -> None:
    """Write what probes saw that have not ended; what cannot be written ends its probe later."""
    for name in evidence.unwritten:
        with contextlib.suppress(Exception):  # the probe meets the same when it ends, and tells it
            evidence.write_part(name)


async def _crash_of(trying: Awaitable[None]) -> str:
    """Return how a try crashed, empty if it did not; that it failed is for the probes to tell."""
    try:
        with contextlib.suppress(ProbeError, EvidenceError):
            await trying
    except Exception as error:  # noqa: BLE001 -- whatever a server sent, the others go on
        return f"{type(error).__name__} {_place_of(error)} in {PREFLIGHT}"
    return ""


def _place_of(error: Exception) -> str:
    """Return where in this program an error came up; its text may hold what a server sent."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"at {Path(frame.filename).name}:{frame.lineno}"


def _unreachable(profile: Profile, trace: Trace, ended: ProbeOutcome) -> str:
    if ended.outcome == "crashed":
        return ended.because
    failure = next((exchange.failure for exchange in trace if exchange.failure), "no answer")
    return f"{profile.issuer} cannot be reached: {failure}"
