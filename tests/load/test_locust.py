"""Plain Locust with a scenario of ours: its statistics, files and processes."""

import csv
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from idprobe.content import content

ISSUER_SCRIPT = Path(__file__).with_name("issuer.py")
with socket.create_server(("127.0.0.1", 0)) as free:
    PORT = str(free.getsockname()[1])
PORTS = ("--master-bind-host", "127.0.0.1", "--master-bind-port", PORT, "--master-port", PORT)
LISTENING = """
from locust import events
from idprobe.load.callers import ClientCredentials
from idprobe.load.users import FlowUser

class Service(FlowUser):
    caller = ClientCredentials

heard = []
events.request.add_listener(lambda response_time, **others: heard.append(response_time))
events.quitting.add_listener(lambda **_: print("heard", len(heard), min(heard) > 0))
"""


def located(url: str, folder: Path) -> Path:
    path = folder / "profile.toml"
    path.write_text(
        f'issuer = "{url}"\n[clients.service]\nclient_id = "service"\n'
        'client_secret = "secret"\ngrant_types = ["client_credentials"]\nresponse_types = []\n',
        encoding="utf-8",
    )
    return path


def locust(folder: Path, scenario: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run Locust for two seconds against a tiny issuer."""
    with subprocess.Popen(
        [sys.executable, str(ISSUER_SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        profile = located(f"http://127.0.0.1:{int(server.stdout.readline())}", folder)
        done = subprocess.run(
            [
                *(sys.executable, "-m", "locust", "-f", str(scenario), "--headless"),
                *("--users", "2", "--run-time", "2s", "--csv", "figures", "--only-summary"),
                *("--idprobe-profile", str(profile), *options),
            ],
            cwd=folder,
            env={name: value for name, value in os.environ.items() if "LOCUST" not in name},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        server.kill()
    return done


@pytest.mark.parametrize("options", [(), ("--processes", "2", *PORTS)], ids=["one", "two"])
def test_the_engines_statistics_are_locusts_own(tmp_path: Path, options: tuple[str, ...]) -> None:
    done = locust(tmp_path, content("loadtests", "client_credentials.py"), *options)

    assert done.returncode == 0, done.stderr
    with (tmp_path / "figures_stats.csv").open(encoding="utf-8") as stream:
        rows = {row["Name"]: row for row in csv.DictReader(stream)}
    assert set(rows) == {"/token", "Aggregated"}
    assert int(rows["/token"]["Request Count"]) == int(rows["Aggregated"]["Request Count"]) > 0
    assert rows["/token"]["Failure Count"] == "0"
    assert (
        0 < float(rows["/token"]["Min Response Time"]) <= float(rows["/token"]["Max Response Time"])
    )


def test_listeners_hear_of_every_request(tmp_path: Path) -> None:
    scenario = tmp_path / "listening.py"
    scenario.write_text(LISTENING, encoding="utf-8")

    done = locust(tmp_path, scenario)

    with (tmp_path / "figures_stats.csv").open(encoding="utf-8") as stream:
        total = list(csv.DictReader(stream))[-1]["Request Count"]
    assert f"heard {total} True" in done.stdout
