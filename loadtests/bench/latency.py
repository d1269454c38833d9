"""Latencies of an open run beside the analytic answer, for a server that stalls."""

import argparse
import contextlib
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

HERE = Path(__file__).parent
SERVICE_MS = 5.0
PERIOD_S, STALL_S = 10.0, 1.0
USERS = 16
PROFILE = """
issuer = "{origin}"
[endpoints]
token_endpoint = "{origin}/token"
[clients.service]
client_id = "service"
client_secret = "made-up"
token_endpoint_auth_method = "client_secret_post"
grant_types = ["client_credentials"]
response_types = []
"""


def truth_ms(percent: float) -> float:
    """Return the percentile over whole periods: arrivals in a stall wait for what is left of it."""
    beyond = percent / 100 - (1 - STALL_S / PERIOD_S)
    return SERVICE_MS + max(0.0, beyond) * PERIOD_S * 1000


@contextlib.contextmanager
def stalling() -> Iterator[str]:
    """Run the server on the first processor."""
    script = str(HERE / "stalling.py")
    command = ["taskset", "-c", "0", sys.executable, script, str(PERIOD_S), str(STALL_S)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        line = server.stdout.readline() if server.stdout else ""
        try:
            yield f"http://127.0.0.1:{int(line)}"
        finally:
            server.terminate()


def idprobe(origin: str, rate: int, seconds: int, arrivals: str) -> tuple[Mapping[str, float], str]:
    """Return p95 and p99 in ms of idprobe's own run, and what it says of it."""
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder) / "profile.toml"
        profile.write_text(PROFILE.format(origin=origin), encoding="utf-8")
        options = ["--rate", f"{rate}/s", "--duration", f"{seconds}s", "--arrivals", arrivals]
        command = [sys.executable, "-m", "idprobe", "load", "client_credentials", str(profile)]
        pinned = ["taskset", "-c", "1", *command, *options, "-o", f"{folder}/out"]
        subprocess.run(pinned, check=False, stdout=subprocess.DEVNULL)
        document = json.loads((Path(folder) / "out" / "load.json").read_text(encoding="utf-8"))
    latency, done = document["latency"], document["iterations"]
    sent = f"{done['succeeded']} of {rate * seconds} sent, {document['void'] or 'sound'}"
    return {"p95": latency["p95"], "p99": latency["p99"]}, sent


def locust(origin: str, rate: int, seconds: int) -> tuple[Mapping[str, float], str]:
    """Return p95 and p99 in ms as stock Locust's users saw them."""
    file = str(HERE / "peers" / "paced_user.py")
    users = ["--users", str(USERS), "--spawn-rate", str(USERS), "--run-time", f"{seconds}s"]
    command = [sys.executable, "-m", "locust", "-f", file, "--headless", "--json", "--host", origin]
    said = subprocess.run(
        ["taskset", "-c", "1", *command, *users],
        env={**os.environ, "RATE": str(rate), "USERS": str(USERS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    times = json.loads(said.stdout)[0]["response_times"]
    values = sorted(float(ms) for ms, count in times.items() for _ in range(count))
    found = {
        f"p{percent}": values[math.ceil(percent / 100 * len(values)) - 1] for percent in (95, 99)
    }
    return found, f"{len(values)} of {rate * seconds} sent"


def main() -> None:
    """Compare, and print how far each is from the truth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=300)
    parser.add_argument("--periods", type=int, default=3)
    options = parser.parse_args()
    seconds = round(options.periods * PERIOD_S)
    with stalling() as origin:
        runs = {
            "idprobe, constant": idprobe(origin, options.rate, seconds, "constant"),
            "idprobe, Poisson": idprobe(origin, options.rate, seconds, "poisson"),
            f"Locust, {USERS} users": locust(origin, options.rate, seconds),
        }
    for name, (found, sent) in runs.items():
        errors = ", ".join(
            f"{percent} {value:.0f} ms ({value / truth_ms(float(percent[1:])) - 1:+.1%})"
            for percent, value in found.items()
        )
        sys.stdout.write(f"{name:<20}{errors}; {sent}\n")
    truths = ", ".join(f"p{percent} {truth_ms(percent):.0f} ms" for percent in (95, 99))
    sys.stdout.write(f"{'truth':<20}{truths}\n")


if __name__ == "__main__":
    main()
