"""What the benchmarks share: servers on the first processor, generators on the second."""

import contextlib
import json
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from idprobe_reference.certificates import make_certificates

Found = TypeVar("Found")

HERE = Path(__file__).parent
SERVER_CORE, GENERATOR_CORE = "0", "1"
BODY = "grant_type=client_credentials&client_id=service&client_secret=made-up"
FORM = "application/x-www-form-urlencoded"
ANSWER = json.dumps(
    {"access_token": "t" * 320, "token_type": "Bearer", "expires_in": 3600, "scope": "api"},
    separators=(",", ":"),
)
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
[clients.service]
client_id = "service"
client_secret = "made-up"
token_endpoint_auth_method = "client_secret_post"
grant_types = ["client_credentials"]
response_types = []
{more}
"""
POST_LUA = """
wrk.method = "POST"; wrk.body = "{body}"; wrk.headers["Content-Type"] = "{form}"
done = function(summary, latency)
  io.write(string.format('{{"requests":%d,"p95":%.3f,"p99":%.3f}}\\n',
    summary.requests, latency:percentile(95) / 1000, latency:percentile(99) / 1000))
end
"""


@dataclass(frozen=True)
class Target:
    """A server, and the folder for what its generators need and write."""

    origin: str
    folder: Path

    @property
    def profile(self) -> Path:
        """Where its profile is."""
        return self.folder / "profile.toml"


def on_core(core: str, command: Sequence[str]) -> list[str]:
    """Return a command that runs on one processor alone."""
    return ["taskset", "-c", core, *command]


@contextlib.contextmanager
def target_at(origin: str, more: str = "") -> Iterator[Target]:
    """Write what generators need for a server into a folder that does not stay."""
    with tempfile.TemporaryDirectory() as name:
        target = Target(origin, Path(name))
        target.profile.write_text(PROFILE.format(origin=origin, more=more), encoding="utf-8")
        lua = POST_LUA.format(body=BODY, form=FORM)
        (target.folder / "post.lua").write_text(lua, encoding="utf-8")
        yield target


@contextlib.contextmanager
def announced(command: Sequence[str], core: str = SERVER_CORE) -> Iterator[str]:
    """Run a server on one processor, and yield the line that it prints when it listens."""
    pipe = subprocess.PIPE
    pinned = on_core(core, command)
    with subprocess.Popen(pinned, stdin=pipe, stdout=pipe, text=True) as server:
        try:
            line = server.stdout.readline() if server.stdout else ""
            if not line:
                raise SystemExit(f"did not start: {' '.join(command)}")
            yield line
        finally:
            server.terminate()


@contextlib.contextmanager
def scripted(script: str, *options: str, more: str = "") -> Iterator[Target]:
    """Run a server of this folder, which prints its port."""
    command = [sys.executable, str(HERE / script), *options]
    with (
        announced(command) as line,
        target_at(f"http://127.0.0.1:{int(line)}", more) as target,
    ):
        yield target


@contextlib.contextmanager
def embedded(*options: str) -> Iterator[str]:
    """Run the embedded server; yield its issuer."""
    command = [sys.executable, "-m", "idprobe", "serve", "--port", "0", "--json", *options]
    with announced(command) as line:
        yield str(json.loads(line)["issuer"])


@contextlib.contextmanager
def nginx(
    keepalive_requests: int = 100_000_000, *, tls: bool = False, more: str = ""
) -> Iterator[Target]:
    """Run nginx, which answers a fixed token response."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
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
        command = on_core(SERVER_CORE, ["nginx", "-c", str(folder / "nginx.conf")])
        trust = f'[tls]\nca_file = "{made.ca_file}"\n'
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
            try:
                _wait_for(port)
                origin = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
                with target_at(origin, trust + more) as target:
                    yield target
            finally:
                server.terminate()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit("nginx did not start")


def run(command: Sequence[str], folder: Path) -> str:
    """Run a generator on the second processor and return what it prints."""
    done = subprocess.run(
        on_core(GENERATOR_CORE, command),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    return done.stdout


def loaded(
    profile: Path,
    folder: Path,
    *options: str,
    scenario: str = "client_credentials",
    python: str = sys.executable,
) -> dict[str, Any]:
    """Return the results of one run, or search, of idprobe as it is installed for a Python."""
    name = "search.json" if "--search" in options else "load.json"
    out = folder / "out"
    (out / name).unlink(missing_ok=True)
    command = [python, "-m", "idprobe", "load", scenario, str(profile), *options]
    said = run([*command, "-o", str(out), "--overwrite"], folder)
    if not (out / name).is_file():
        raise SystemExit(f"idprobe wrote no {name}: {said}")
    document: dict[str, Any] = json.loads((out / name).read_text(encoding="utf-8"))
    if document["unusable"]:
        raise SystemExit(f"the server cannot be used: {document['unusable']}")
    return document


def wrk(target: Target, seconds: int, connections: int) -> dict[str, float]:
    """Return how many requests wrk sent, and its own percentiles in ms."""
    options = ["-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(target.folder / "post.lua")]
    said = run(["wrk", *options, f"{target.origin}/token"], target.folder)
    found: dict[str, float] = json.loads(said.splitlines()[-1])
    return found


def measured(action: Callable[[], Found]) -> tuple[Found, float]:
    """Return what came of an action, and the CPU seconds of the processes that it waited for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = action()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def spread(values: Sequence[float], form: str = ",.0f") -> str:
    """Return the median and the range of some figures."""
    shown = (format(one, form) for one in (statistics.median(values), min(values), max(values)))
    return "{} ({} to {})".format(*shown)


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
