"""How many requests each generator sends for each second of a processor that it uses."""

import argparse
import contextlib
import json
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from idprobe.reference.certificates import make_certificates

HERE = Path(__file__).parent
BODY = "grant_type=client_credentials&client_id=service&client_secret=made-up"
FORM = "application/x-www-form-urlencoded"
ANSWER = json.dumps(
    {"access_token": "t" * 320, "token_type": "Bearer", "expires_in": 3600, "scope": "api"},
    separators=(",", ":"),
)
USERS = 32
SHORT_S, LONG_S = 2, 7
NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests {keepalive_requests}; keepalive_timeout 600s;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port}{ssl} backlog=4096;
    {certificates}
    location = /token {{ default_type application/json; return 200 '{answer}'; }}
  }}
}}
"""
PROFILE = """
issuer = "{origin}"
[endpoints]
token_endpoint = "{origin}/token"
[tls]
{trust}
[clients.service]
client_id = "service"
client_secret = "made-up"
token_endpoint_auth_method = "client_secret_post"
grant_types = ["client_credentials"]
response_types = []
"""


@dataclass(frozen=True)
class Target:
    """The server, and the files that generators need."""

    origin: str
    folder: Path


@contextlib.contextmanager
def nginx(folder: Path, keepalive_requests: int, *, tls: bool) -> Iterator[Target]:
    """Run nginx on the first processor."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    made = make_certificates(folder)
    lines = f"ssl_certificate {made.chain_file}; ssl_certificate_key {made.key_file};"
    text = NGINX.format(
        folder=folder,
        keepalive_requests=keepalive_requests,
        port=port,
        ssl=" ssl" if tls else "",
        certificates=lines if tls else "",
        answer=ANSWER,
    )
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    origin = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    trust = f'ca_file = "{made.ca_file}"'
    profile = PROFILE.format(origin=origin, trust=trust)
    (folder / "profile.toml").write_text(profile, encoding="utf-8")
    lua = f'wrk.method="POST"; wrk.body="{BODY}"; wrk.headers["Content-Type"]="{FORM}"'
    (folder / "post.lua").write_text(lua, encoding="utf-8")
    command = ["taskset", "-c", "0", "nginx", "-c", str(folder / "nginx.conf")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
        try:
            _wait_for(port)
            yield Target(origin, folder)
        finally:
            server.terminate()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit("nginx did not start")


def run(command: list[str], folder: Path) -> str:
    """Run a generator on the second processor and return what it prints."""
    pinned = ["taskset", "-c", "1", *command]
    done = subprocess.run(
        pinned,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    return done.stdout


def idprobe(target: Target, seconds: int) -> int:
    """Return how many requests idprobe sent."""
    out = target.folder / "out"
    options = ["--users", str(USERS), "--duration", f"{seconds}s", "--warm-up", "0s"]
    command = ["load", "client_credentials", str(target.folder / "profile.toml"), *options]
    run([sys.executable, "-m", "idprobe", *command, "-o", str(out)], target.folder)
    document = json.loads((out / "load.json").read_text(encoding="utf-8"))
    if document["iterations"]["failed"]:
        raise SystemExit(f"idprobe had failures: {document['errors']}")
    return int(document["requests"])


def locust(name: str) -> Callable[[Target, int], int]:
    """Return a generator of stock Locust's."""

    def generator(target: Target, seconds: int) -> int:
        users = ["--users", str(USERS), "--spawn-rate", str(USERS), "--run-time", f"{seconds}s"]
        file = str(HERE / "peers" / f"{name}.py")
        options = ["--headless", "--json", "--host", target.origin, *users]
        said = run([sys.executable, "-m", "locust", "-f", file, *options], target.folder)
        return sum(int(one["num_requests"]) for one in json.loads(said))

    return generator


def hey(target: Target, seconds: int) -> int:
    """Return how many requests hey sent."""
    options = ["-z", f"{seconds}s", "-c", str(USERS), "-m", "POST", "-T", FORM, "-d", BODY]
    said = run(["hey", "-cpus", "1", *options, f"{target.origin}/token"], target.folder)
    return sum(int(count) for count in re.findall(r"\[200\]\s+(\d+) responses", said))


def wrk(target: Target, seconds: int) -> int:
    """Return how many requests wrk sent."""
    options = ["-t1", f"-c{USERS}", f"-d{seconds}s", "-s", str(target.folder / "post.lua")]
    said = run(["wrk", *options, f"{target.origin}/token"], target.folder)
    found = re.search(r"(\d+) requests in", said)
    return int(found[1]) if found else 0


GENERATORS: dict[str, Callable[[Target, int], int]] = {
    "idprobe": idprobe,
    "HttpUser": locust("http_user"),
    "FastHttpUser": locust("fast_http_user"),
    "hey": hey,
    "wrk": wrk,
}


def per_cpu_second(generator: Callable[[Target, int], int], target: Target) -> float:
    """Return requests for each CPU second, of the time between a short and a long run."""
    requests, seconds = zip(
        *(_measured(generator, target, length) for length in (SHORT_S, LONG_S)), strict=True
    )
    return float(requests[1] - requests[0]) / float(seconds[1] - seconds[0])


def _measured(
    generator: Callable[[Target, int], int], target: Target, length: int
) -> tuple[int, float]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    count = generator(target, length)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return count, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Compare all generators that are installed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--keepalive-requests", type=int, default=100_000_000)
    parser.add_argument("--only", nargs="*", default=list(GENERATORS))
    options = parser.parse_args()
    names = [n for n in options.only if n not in {"hey", "wrk"} or shutil.which(n)]
    figures: dict[str, list[float]] = {name: [] for name in names}
    with (
        tempfile.TemporaryDirectory() as folder,
        nginx(Path(folder), options.keepalive_requests, tls=options.tls) as target,
    ):
        for _ in range(options.repeat):
            for name in names:
                figures[name].append(per_cpu_second(GENERATORS[name], target))
    own = statistics.median(figures["idprobe"])
    for name, values in figures.items():
        middle = statistics.median(values)
        shown = f"{middle:>10,.0f}/CPU s  ({min(values):,.0f} to {max(values):,.0f})"
        sys.stdout.write(f"{name:<14}{shown}  idprobe is {own / middle:.2f} of it\n")


if __name__ == "__main__":
    main()
