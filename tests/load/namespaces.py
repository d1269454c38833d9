"""Workers in network namespaces of their own, with addresses that this script makes and removes.

    sudo python tests/load/namespaces.py

The server and the master are in one namespace, two workers in two others. Each worker writes down
every latency (sampled.py): the merged p99 has to be that of all of them, in the width of a cell of
the histogram. Then a worker is killed in mid-run. Ends with 1 if anything is not as it must be.
Needs root, `ip`, and idprobe with Locust in this interpreter; `nox -s namespaces` runs it.
"""

import itertools
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
CENTRE: Final = "idprobe-centre"
WORKERS: Final = ("idprobe-one", "idprobe-two")
PORT: Final = 5557
MAY: Final = ("--i-may-load", "10.91.1.1", "--i-may-load", "10.91.2.1")
RATE: Final = 200
SECONDS: Final = 6


def ip(*arguments: str) -> None:
    """Run ip, which has to succeed."""
    subprocess.run(["ip", *arguments], check=True)


@contextmanager
def namespaces() -> Iterator[None]:
    """Make three namespaces, each worker's with a way to the centre; remove them afterwards."""
    made = []
    try:
        for name in (CENTRE, *WORKERS):
            ip("netns", "add", name)
            made.append(name)
            ip("-n", name, "link", "set", "lo", "up")
        for number, name in enumerate(WORKERS, start=1):
            here, there = f"idp-c{number}", f"idp-w{number}"
            ip("link", "add", here, "netns", CENTRE, "type", "veth", "peer", there, "netns", name)
            for space, link, last in ((CENTRE, here, 1), (name, there, 2)):
                ip("-n", space, "address", "add", f"10.91.{number}.{last}/24", "dev", link)
                ip("-n", space, "link", "set", link, "up")
        yield
    finally:
        for name in made:
            ip("netns", "del", name)


def within(name: str, *command: str, **options: Any) -> subprocess.Popen[bytes]:
    """Start a command in a namespace."""
    return subprocess.Popen(["ip", "netns", "exec", name, *command], **options)


def profile_of(address: str, port: int, folder: Path) -> Path:
    """Write the profile of the server as a namespace reaches it."""
    path = folder / f"{address}.toml"
    path.write_text(
        f'issuer = "http://{address}:{port}"\n[clients.service]\nclient_id = "service"\n'
        'client_secret = "secret"\ngrant_types = ["client_credentials"]\nresponse_types = []\n'
        f"[limits]\nrequests_per_second = {RATE}\nconcurrency = 64\n",
        encoding="utf-8",
    )
    return path


def wait_for_load(name: str, port: int) -> None:
    """Return when a namespace has spoken to the server for a second without a break."""
    seen = 0
    for _ in range(1200):
        table = subprocess.run(
            ["ip", "netns", "exec", name, "cat", "/proc/net/tcp"], check=True, capture_output=True
        ).stdout.decode()
        seen = seen + 1 if f":{port:04X} 01" in table else 0
        if seen == 10:
            return
        time.sleep(0.1)
    raise TimeoutError(f"there was no load from {name}")


def loaded(folder: Path, port: int, *, kill: bool = False) -> tuple[dict[str, Any], float]:
    """Load the server by both workers; return load.json and how long it took."""
    verb = (sys.executable, "-m", "idprobe", "load", "client_credentials")
    centre = profile_of("10.91.1.1", port, folder)
    out = folder / ("killed" if kill else "sound")
    begun = time.monotonic()
    plan = ("--rate", f"{RATE}/s", "--duration", f"{SECONDS}s", "--budget", "p99<10s")
    master = within(
        CENTRE, *verb, str(centre), *plan, *MAY, *("--workers", "2"),
        *("--master", f"0.0.0.0:{PORT}", "--output", str(out)),
    )  # fmt: skip
    workers = []
    for number, name in enumerate(WORKERS, start=1):
        address = f"10.91.{number}.1"
        profile = profile_of(address, port, folder)
        command, told = joining(address, profile, folder, sampled=not kill)
        workers.append(within(name, *command, env=told, start_new_session=True))
    if kill:
        wait_for_load(WORKERS[0], port)
        os.killpg(workers[0].pid, signal.SIGKILL)
    try:
        master.wait(300)
        for worker in workers:
            worker.wait(60)
    finally:
        for worker in workers:
            with suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
    document: dict[str, Any] = json.loads((out / "load.json").read_text(encoding="utf-8"))
    return document, time.monotonic() - begun


def joining(
    address: str, profile: Path, folder: Path, *, sampled: bool
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the command of a worker, and its environment; one writes its latencies down."""
    if not sampled:
        verb = ("idprobe", "load", "client_credentials", str(profile))
        return (sys.executable, "-m", *verb, "--worker-of", f"{address}:{PORT}", *MAY), {
            **os.environ
        }
    told = {
        "IDPROBE_PROFILE": str(profile),
        "IDPROBE_MAY_LOAD": ",".join(MAY[1::2]),
        "IDPROBE_LATENCIES": str(folder / f"{address}.json"),
    }
    place = ("--worker", "--master-host", address, "--master-port", str(PORT))
    command = (sys.executable, "-m", "locust", "-f", str(HERE / "sampled.py"), *place)
    return (*command, "--loglevel", "WARNING"), {**os.environ, **told}


def pooled(folder: Path) -> list[int]:
    """Return the latencies of all workers together, in ns, in order."""
    files = [folder / f"10.91.{number}.1.json" for number, _ in enumerate(WORKERS, start=1)]
    return sorted(itertools.chain(*(json.loads(one.read_text("utf-8")) for one in files)))


def flaws_of(document: dict[str, Any], latencies_ns: list[int]) -> list[str]:
    """Return what is wrong with a sound run of two workers."""
    iterations, count = document["iterations"], RATE * SECONDS
    flaws = []
    if iterations["scheduled"] != count:
        flaws.append(f"{iterations['scheduled']} of {count} arrivals were scheduled")
    if iterations["succeeded"] != count:
        flaws.append(f"{iterations['succeeded']} of {count} succeeded")
    if document["latency"]["histogram"]["count"] != count:
        flaws.append("the histogram of both is not of all arrivals")
    if len(latencies_ns) != count:
        flaws.append(f"{len(latencies_ns)} of {count} latencies were written down")
    for percent in (50, 95, 99):
        # the nearest rank; a cell tells its upper end, at most 0.8 % above
        true_ms = latencies_ns[math.ceil(percent * len(latencies_ns) / 100) - 1] / 1e6
        told_ms = document["latency"][f"p{percent}"]
        print(f"p{percent}: merged {told_ms:.4f} ms, of all samples {true_ms:.4f} ms")
        if not true_ms <= told_ms <= true_ms * (1 + 1 / 128):
            flaws.append(f"the merged p{percent} is not that of the pooled samples")
    return flaws


def main() -> int:
    """Run both; return the exit code."""
    with namespaces(), tempfile.TemporaryDirectory() as made, ExitStack() as stack:
        folder = Path(made)
        server = within(
            CENTRE, sys.executable, str(HERE / "issuer.py"), "--everywhere",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        stack.callback(server.wait)
        stack.callback(server.send_signal, signal.SIGKILL)
        port = int(server.stdout.readline()) if server.stdout else 0
        sound, took_s = loaded(folder, port)
        rate = sound["rate"]["achieved_per_s"]
        print(f"two workers: {rate:.1f}/s of {RATE}/s, {took_s:.1f} s")
        flaws = flaws_of(sound, pooled(folder))
        killed, took_s = loaded(folder, port, kill=True)
        print(f"one killed: exit {killed['exit']}, void: {killed['void']}, {took_s:.1f} s")
        if killed["exit"] != 4:
            flaws.append(f"a run that lost a worker ended with {killed['exit']}")
    print("\n".join(flaws) or "as it must be")
    return 1 if flaws else 0


if __name__ == "__main__":
    sys.exit(main())
