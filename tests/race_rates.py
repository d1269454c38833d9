"""How often races find a window, and how near to one moment their requests are let go: a script.

    python tests/race_rates.py [--runs 100] [--races 500]

Servers run in processes of their own: one, or two replicas over one store (SQLite). A server that
looks whether a code was used, waits, and writes it down, has a window of 1, 5 or 20 ms; a sound one
looks and writes in one statement. A run is what `idprobe audit --safety intrusive` does for a code:
up to 24 races, until one is won by two.
"""

import argparse
import asyncio
import contextlib
import os
import pickle
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import comb
from pathlib import Path
from typing import Any, Final

from idprobe.client.cookies import Cookies
from idprobe.client.http_sender import HttpSender
from idprobe.client.wire import Wire
from idprobe.errors import EvidenceError
from idprobe.model.profile import Node, Profile, Provider, with_issuer
from idprobe.model.trace import Trace
from idprobe.probes import all_probes
from idprobe.reading.races import Race, races_of, smallest_window
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config
from idprobe_reference.requests.resource_indicators import Target
from idprobe_reference.running import serve
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig, ServerConfig
from idprobe_reference.stores import Code

WINDOWS_MS: Final = (1.0, 5.0, 20.0)
CONFIDENCE: Final = 0.95
PATIENCE_S: Final = 20.0


class SharedCodes:
    """Codes in a database, for all processes that open it."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=OFF")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS codes (name TEXT PRIMARY KEY, code BLOB, used INTEGER)"
        )

    def put(self, key: str, value: Code, _until: float) -> None:
        self._database.execute("INSERT INTO codes VALUES (?, ?, 0)", (key, pickle.dumps(value)))

    def get(self, key: str) -> Code | None:
        row = self._database.execute("SELECT code FROM codes WHERE name = ?", (key,)).fetchone()
        # What is in the database comes from the two processes of this script alone.
        return None if row is None else pickle.loads(row[0])  # noqa: S301

    def is_unused(self, key: str) -> bool:
        row = self._database.execute("SELECT used FROM codes WHERE name = ?", (key,)).fetchone()
        return bool(row[0] == 0)

    def use(self, key: str) -> bool:
        """Write down that a code is used; return whether it was not."""
        spent = "UPDATE codes SET used = 1 WHERE name = ? AND used = 0"
        return self._database.execute(spent, (key,)).rowcount == 1


def server_over(codes: SharedCodes, issuer: str, window_ms: float) -> type[ReferenceServer]:
    """Return a server whose codes are shared; one with a window, if that is not 0."""

    class OverOneStore(ReferenceServer):
        def __init__(self, config: ServerConfig, *rest: Any) -> None:
            super().__init__(replace(config, issuer=issuer or config.issuer), *rest)
            self.__dict__["codes"] = codes

        def code_is_usable(self, code: Code) -> bool:
            if window_ms:
                return codes.is_unused(code.value)
            return codes.use(code.value)

        async def tokens_for_code(
            self, client: ClientConfig, code: Code, target: Target
        ) -> dict[str, Any]:
            if window_ms:
                await asyncio.sleep(window_ms / 1000)
                codes.use(code.value)
            return await super().tokens_for_code(client, code, target)

    return OverOneStore


def serve_here(path: Path, issuer: str, window_ms: float) -> None:
    """Serve until standard input ends; say where on standard output."""
    served = server_over(SharedCodes(path), issuer, window_ms)
    with serve(reference_config(), server_class=served) as running:
        print(running.issuer, flush=True)
        sys.stdin.read()


@contextlib.contextmanager
def processes(count: int, window_ms: float) -> Iterator[Sequence[str]]:
    """Yield the addresses of so many servers over one store, each in a process."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        addresses: list[str] = []
        for _ in range(count):
            issuer = addresses[0] if addresses else ""
            command = [sys.executable, __file__, "--serve", f"{folder}/codes.db", issuer]
            process = subprocess.Popen(
                [*command, str(window_ms)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.callback(process.wait, PATIENCE_S)
            stack.enter_context(contextlib.closing(process.stdin or sys.stdin))
            addresses.append((process.stdout or sys.stdin).readline().strip())
        yield addresses


@dataclass
class Tally:
    """What came of the runs against one kind of server."""

    runs: int = 0
    found: int = 0
    races: int = 0
    void: int = 0
    spreads_us: list[float] = field(default_factory=list)
    windows_ms: list[float] = field(default_factory=list)

    def add(self, trace: Trace) -> None:
        races = races_of(trace)
        self.runs += 1
        self.races += len(races)
        self.found += any(len(race.served) > 1 for race in races)
        self.void += sum(len(race.served) != 1 for race in races if len(race.served) < 2)
        self.spreads_us += [race.spread_ns / 1000 for race in races]
        with contextlib.suppress(EvidenceError):
            window = smallest_window(races, trace.steps("alone"), _refused)
            self.windows_ms.append(window.window_ns / 1e6)


def _refused(race: Race) -> Any:
    return race.refused if len(race.served) == 1 else ()


def profile_of(addresses: Sequence[str]) -> Profile:
    profile = with_issuer(resolve("reference"), addresses[0])
    nodes = tuple(Node(f"node-{n}", address) for n, address in enumerate(addresses))
    return replace(profile, nodes=nodes if len(nodes) > 1 else ())


async def race_codes(addresses: Sequence[str], runs: int, races: int) -> Tally:
    """Run the probe again and again in one session, for so many runs and races at least."""
    profile, tally, cookies = profile_of(addresses), Tally(), Cookies()
    name = "code_released_at_replicas" if len(addresses) > 1 else "code_released"
    probe = all_probes()[name]
    client = profile.client_for(probe.role) if probe.role else None
    user = next(iter(profile.users.values()))
    async with HttpSender(profile) as sender:
        metadata = await metadata_of(profile, sender)
        while tally.runs < runs or tally.races < races:
            if client is None:
                raise SystemExit("the profile has no client for this")
            wire = Wire(Provider(profile, metadata, client, user), sender, cookies=cookies)
            await probe.experiment(wire)
            tally.add(Trace(name, tuple(wire.exchanges)))
    return tally


async def metadata_of(profile: Profile, sender: HttpSender) -> Any:
    client = next(iter(profile.clients.values()))
    wire = Wire(Provider(profile, {}, client), sender)
    await all_probes()["metadata_documents"].experiment(wire)
    return next(e.answered.json_object for e in wire.exchanges if e.answered.is_success)


def interval(found: int, of: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a rate (Clopper and Pearson)."""
    risk = (1 - CONFIDENCE) / 2

    def at_most(rate: float, count: int) -> float:
        return sum(comb(of, n) * rate**n * (1 - rate) ** (of - n) for n in range(count + 1))

    low = 0.0 if not found else _where(lambda rate: 1 - at_most(rate, found - 1) >= risk)
    high = 1.0 if found == of else _where(lambda rate: at_most(rate, found) <= risk)
    return low, high


def _where(holds: Any) -> float:
    """Return from where on something holds, between 0 and 1."""
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def told(kind: str, tally: Tally, seconds: float) -> str:
    low, high = interval(tally.found, tally.runs)
    once_low, once_high = interval(tally.found, tally.races)
    windows = f"{statistics.median(tally.windows_ms):.2f}" if tally.windows_ms else "-"
    return (
        f"{kind:<24} {tally.found:>3} of {tally.runs:<3} runs [{low:.1%}, {high:.1%}]  "
        f"{tally.found:>3} of {tally.races:<4} races [{once_low:.1%}, {once_high:.1%}], "
        f"{tally.void} void  spread {statistics.median(tally.spreads_us):.0f} µs, "
        f"ruled out {windows} ms (medians)  {seconds:.0f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--races", type=int, default=500)
    parser.add_argument("--serve", nargs=3, metavar=("STORE", "ISSUER", "MS"))
    given = parser.parse_args()
    if given.serve:
        path, issuer, window_ms = given.serve
        serve_here(Path(path), issuer, float(window_ms))
        return
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", flush=True)
    for count in (1, 2):
        for window_ms in (*WINDOWS_MS, 0.0):
            runs, races = (given.runs, 0) if window_ms else (0, given.races)
            begun = time.monotonic()
            with processes(count, window_ms) as addresses:
                tally = asyncio.run(race_codes(addresses, runs, races))
            what = f"window of {window_ms:g} ms" if window_ms else "sound"
            print(told(f"{count} process, {what}", tally, time.monotonic() - begun), flush=True)
    print(f"load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
