"""Servers that break down in the midst of experiments, and what is wrongly concluded of them.

    python -m tests.faults [--target speakup] [--fault refuses]

lets every experiment meet each fault at each of its requests, and prints what is concluded of an
answer that has nothing to do with the question; exits with 1 if anything is.
"""

import argparse
import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final
from unittest import mock

import httpx

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.evidence.store import UNDER_LOAD, Recorded
from idprobe.judge.collect import Check, InProcess, all_checks
from idprobe.model.effort import Effort
from idprobe.model.exchange import Exchange, Sender
from idprobe.model.profile import Profile, with_issuer
from idprobe.model.trace import Trace, TraceReader
from idprobe.model.verdict import HarnessFault, Judgement, Satisfied, Violated
from idprobe.observe.experiment import ACTING
from idprobe.observe.observer import Observer
from idprobe.observe.recorder import Observation
from idprobe.observe.selection import Selection
from idprobe.probes import Depth, Safety, all_probes
from idprobe.redaction import Vault
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config, speakup_config
from idprobe_reference.server import ReferenceServer

ISSUER: Final = "http://127.0.0.1:8081"
CONFIGS: Final = {"reference": reference_config, "speakup": speakup_config}
MARK: Final = "x-idprobe-fault"
SPARED: Final = frozenset({"", "metadata_documents", "keys_document"})
"""What asks before the experiments begin."""
EFFORT: Final = Effort(examples=3, tries=20, seconds=5)
"""How hard searches try: what they conclude of a fault does not hang on the number of examples."""
MADE: Final = tuple(name for name in all_probes() if name != UNDER_LOAD)
CHECKS: Final = tuple(check for check in all_checks() if UNDER_LOAD not in check.probes)
"""All but those of a load run, which is shown and no experiment."""
LATEST: Final = 20
"""Nine experiments in ten have no more requests; the walk goes to the end of each."""

Asgi = Callable[[Any, Any, Any], Awaitable[None]]
Start = Callable[[str], int]
"""After how many requests a probe meets the fault."""


def answering(status: int, headers: dict[str, str], body: bytes) -> Asgi:
    """Return a server that answers everything alike, and says that it is a fault."""

    async def answer(_scope: Any, _receive: Any, send: Any) -> None:
        pairs = [(name.encode(), value.encode()) for name, value in {**headers, MARK: "1"}.items()]
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        await send({"type": "http.response.body", "body": body})

    return answer


async def silent(_scope: Any, _receive: Any, _send: Any) -> None:
    """Answer later than anybody waits for, without the wait."""
    raise TimeoutError


async def gone(_scope: Any, _receive: Any, _send: Any) -> None:
    """Take no connection."""
    raise httpx.ConnectError("connection refused")


REFUSAL: Final = json.dumps({"error": "invalid_request"}).encode()
JSON: Final = {"content-type": "application/json", "cache-control": "no-store"}
FAULTS: Final = {
    "refuses": answering(400, JSON, REFUSAL),
    "fails": answering(500, {"content-type": "text/plain"}, b"oops"),
    "is busy": answering(429, {"retry-after": "60"}, b""),
    "is silent": silent,
    "is gone": gone,
}


@dataclass
class Breaking:
    """A server that is at fault from some request of each probe on."""

    app: Asgi
    fault: Asgi
    start: Start
    asked: Counter[str] = field(default_factory=Counter)
    """How often each probe asked."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer, or be at fault."""
        acting = ACTING.get()
        self.asked[acting] += 1
        at_fault = acting not in SPARED and self.asked[acting] > self.start(acting)
        await (self.fault if at_fault else self.app)(scope, receive, send)


@dataclass(frozen=True)
class Seen:
    """What was observed of a server, by which profile, and how often each probe asked."""

    profile: Profile
    observation: Observation
    asked: Mapping[str, int]


def observed(target: str, fault: Asgi, start: Start, probes: Collection[str]) -> Seen:
    """Observe a server that breaks down, at every depth but that of hours."""
    server = ReferenceServer(replace(CONFIGS[target](), issuer=ISSUER))
    profile = with_issuer(resolve(target), ISSUER)
    app = Breaking(server.app, fault, start)
    selection = Selection(Depth.FULL, Safety.INTRUSIVE, shrinks=False)
    observer = Observer(profile, Vault(profile.secrets()), None, selection, InProcess(app))
    with mock.patch.dict("idprobe.observe.selection.EFFORTS", {Depth.FULL: EFFORT}):
        return Seen(profile, asyncio.run(observer.observe(probes)), app.asked)


def at_request(number: int) -> Start:
    """Return one start for all probes."""
    return lambda _probe: number


def at_random(seed: str) -> Start:
    """Return a start of its own for each probe; early ones, which most probes reach, are likely."""

    def start(probe: str) -> int:
        chance = random.Random(f"{seed} {probe}")
        return chance.randrange(1 + chance.randrange(LATEST))

    return start


def wrong(seen: Seen, checks: Collection[Check]) -> Iterator[str]:
    """Yield what is concluded although it rests on a fault."""
    observation = seen.observation
    situation = {
        "metadata": observation.situation.metadata,
        "observed": observation.situation.observed,
    }
    recorded = Recorded(situation, observation.traces, observation.outcomes)
    audit = Audit(seen.profile, Options(Path("unused"), keeps_evidence=False), recorded=recorded)
    audit.observe(())
    for check in checks:
        looked: list[Exchange] = []
        body = watched(check, looked)
        found = audit.judge(check.name, check.claim, check.requirements, check.probes, body)
        traces = [observation.traces[name] for name in check.probes if name in observation.traces]
        met = any(is_faulty(exchange) for trace in traces for exchange in trace)
        for one in found[:1]:
            if is_wrong(one, met=met, rests=any(map(is_faulty, looked))):
                yield f"{check.name}: {one.verdict}"


def is_wrong(judgement: Judgement, *, met: bool, rests: bool) -> bool:
    """Return whether a verdict is wrong, of a server that is sound but for its fault.

    Nothing else can be the reason of an accusation where the experiment `met` the fault; to be
    satisfied is wrong where the check `rests` on it.
    """
    match judgement.verdict:
        case Violated():
            return met and judgement.deviation is None
        case Satisfied():
            return rests
        case HarnessFault():
            return True
        case _:
            return False


def is_faulty(exchange: Exchange) -> bool:
    """Return whether an exchange met the fault; what the server asks of us meets none."""
    if exchange.sender is Sender.SERVER:
        return False
    return exchange.response is None or exchange.response.header(MARK) is not None


@dataclass(frozen=True, slots=True, repr=False)
class Watched(TraceReader):
    """A reader that notes which steps are read by the beginning of their names, too."""

    passed: list[Exchange] = field(default_factory=list, compare=False)

    def steps(self, step: str) -> tuple[Exchange, ...]:
        """Return the exchanges of a step, and note them."""
        found = Trace.steps(self, step)
        self.passed.extend(found)
        return found


def watched(check: Check, looked: list[Exchange]) -> Callable[..., None]:
    """Return the body of a check that tells which exchanges it looked at."""

    def body(**readers: TraceReader) -> None:
        copies = {name: Watched(**parts_of(one), passed=looked) for name, one in readers.items()}
        try:
            check.body(**copies)
        finally:
            for reader in readers.values():
                looked.extend(reader.notes.taken)

    return body


def parts_of(reader: TraceReader) -> dict[str, Any]:
    """Return the fields of a reader; what it notes stays shared."""
    return {part.name: getattr(reader, part.name) for part in fields(TraceReader)}


def walk(target: str, fault: str) -> Iterator[tuple[int, str]]:
    """Yield what is wrong with a fault at each request of each probe, and at which request."""
    start, left = 0, set(MADE)
    while left:
        checks = [check for check in CHECKS if left & set(check.probes)]
        probes = dict.fromkeys(probe for check in checks for probe in check.probes)
        seen = observed(target, FAULTS[fault], at_request(start), probes)
        yield from ((start, one) for one in wrong(seen, checks))
        left = {name for name in probes if seen.asked.get(name, 0) > start} - SPARED
        start += 1


def main(arguments: list[str] | None = None) -> int:
    """Walk, and say what was wrong; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", choices=CONFIGS, action="append")
    parser.add_argument("--fault", choices=FAULTS, action="append")
    chosen = parser.parse_args(arguments)
    total = 0
    for target in chosen.target or CONFIGS:
        for fault in chosen.fault or FAULTS:
            begun, before = time.perf_counter(), total
            for start, one in walk(target, fault):
                total += 1
                print(f"  after {start} requests: {one}", flush=True)
            seconds = time.perf_counter() - begun
            print(f"{target} {fault}: {total - before} wrong, {seconds:.0f} s", flush=True)
    return 1 if total else 0


if __name__ == "__main__":
    raise SystemExit(main())
