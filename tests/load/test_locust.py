"""Plain Locust with a scenario of ours: its statistics, files and processes."""

import csv
import json
import math
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from idprobe.content import content
from idprobe.load.locust.merging import nearest_rank

ISSUER_SCRIPT = Path(__file__).with_name("issuer.py")
with socket.create_server(("127.0.0.1", 0)) as free:
    PORT = str(free.getsockname()[1])
PORTS = ("--master-bind-host", "127.0.0.1", "--master-bind-port", PORT, "--master-port", PORT)
LISTENING = """
import json
import os
from locust import events
from idprobe.load.callers import ClientCredentials
from idprobe.load.locust.users import FlowUser

class Service(FlowUser):
    caller = ClientCredentials

heard = []
events.request.add_listener(lambda response_time, **others: heard.append(response_time))

@events.quitting.add_listener
def tell(**_):
    with open(f"heard-{os.getpid()}.json", "w") as stream:
        json.dump(heard, stream)
"""
IMPATIENT = """
from idprobe.load.schedule import outage
from idprobe.load.callers import ClientCredentials
from idprobe.load.locust.users import FlowUser

outage.DOWN_NS = 300_000_000

class Service(FlowUser):
    caller = ClientCredentials
"""
MERGING = """
import csv, json, sys
from collections import deque
from locust.env import Environment
from locust.stats import StatsCSV, setup_distributed_stats_event_listeners
from idprobe.load.locust import users
from idprobe.load.measure.histogram import Histogram
from idprobe.load.locust.merging import Merger
from idprobe.load.measure.counters import CounterSnapshot

def environment():
    made = Environment()
    setup_distributed_stats_event_listeners(made.events, made.stats)
    return made

master = environment()
for durations in json.load(sys.stdin):
    worker, histogram = environment(), Histogram()
    histogram.record_many(durations)
    counted = CounterSnapshot("POST /token", histogram.count, histogram, 0, at_s=1.0)
    Merger(worker).merge(deque([counted]))
    data = {}
    worker.events.report_to_master.fire(client_id="1", data=data)
    master.events.worker_report.fire(client_id="1", data=data)
StatsCSV(master, [0.5, 0.95, 0.99, 1.0]).requests_csv(csv.writer(sys.stdout))
"""


def located(url: str, folder: Path, limits: str) -> Path:
    path = folder / "profile.toml"
    path.write_text(
        f'issuer = "{url}"\n[clients.service]\nclient_id = "service"\n'
        'client_secret = "secret"\ngrant_types = ["client_credentials"]\nresponse_types = []\n'
        f"[limits]\n{limits}\n",
        encoding="utf-8",
    )
    return path


def locust(
    folder: Path, scenario: Path, *options: str, served: tuple[str, ...] = (), limits: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run Locust for some seconds against a tiny issuer."""
    with subprocess.Popen(
        [sys.executable, str(ISSUER_SCRIPT), *served], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        profile = located(f"http://127.0.0.1:{int(server.stdout.readline())}", folder, limits)
        done = subprocess.run(
            [
                *(sys.executable, "-m", "locust", "-f", str(scenario), "--headless"),
                *("--users", "2", "--run-time", "4s", "--csv", "figures", "--only-summary"),
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


def figures(folder: Path) -> dict[str, dict[str, str]]:
    """Return what Locust wrote of each kind of request, and of all together."""
    with (folder / "figures_stats.csv").open(encoding="utf-8") as stream:
        return {row["Name"]: row for row in csv.DictReader(stream)}


def test_the_engines_statistics_are_locusts_own(tmp_path: Path) -> None:
    done = locust(tmp_path, content("loadtests", "client_credentials.py"))

    assert done.returncode == 0, done.stderr
    rows = figures(tmp_path)
    assert set(rows) == {"/token", "Aggregated"}
    assert int(rows["/token"]["Request Count"]) == int(rows["Aggregated"]["Request Count"]) > 0
    assert rows["/token"]["Failure Count"] == "0"
    assert (
        0 < float(rows["/token"]["Min Response Time"]) <= float(rows["/token"]["Max Response Time"])
    )


def test_plain_locust_stops_as_well_when_the_target_is_down(tmp_path: Path) -> None:
    scenario = tmp_path / "impatient.py"
    scenario.write_text(IMPATIENT, encoding="utf-8")

    done = locust(tmp_path, scenario, "--run-time", "50s", served=("--die-after", "50"))

    assert done.returncode == 1, done.stderr
    assert "idprobe: stopped: the target is down since 20" in done.stderr


@pytest.mark.parametrize(
    ("options", "limits", "said", "code"),
    [
        ((), "concurrency = 1", "at most 1 users work at once: limits.concurrency", 0),
        ((), "max_requests = 9", "stopped: the profile allows no more requests", 1),
        (("--processes", "2", *PORTS), "concurrency = 9", "cannot be shared out among workers", 2),
    ],
    ids=["users", "requests", "workers"],
)
def test_plain_locust_keeps_to_the_limits_of_the_profile(
    tmp_path: Path, options: tuple[str, ...], limits: str, said: str, code: int
) -> None:
    scenario = content("loadtests", "client_credentials.py")

    done = locust(tmp_path, scenario, *options, limits=limits)

    assert said in done.stderr
    assert done.returncode == code


SHARES = {"50%": 0.5, "95%": 0.95, "99%": 0.99, "100%": 1.0}


@pytest.mark.parametrize("options", [(), ("--processes", "2", *PORTS)], ids=["one", "two"])
def test_listeners_hear_of_every_request_and_percentiles_are_those_of_all(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    scenario = tmp_path / "listening.py"
    scenario.write_text(LISTENING, encoding="utf-8")

    done = locust(tmp_path, scenario, *options)

    assert done.returncode == 0, done.stderr
    told = [json.loads(one.read_text()) for one in tmp_path.glob("heard-*.json")]
    heard = sorted(one for each in told for one in each)
    total = figures(tmp_path)["Aggregated"]
    assert int(total["Request Count"]) == len(heard) > 0
    assert heard[0] > 0
    for column, share in SHARES.items():
        assert float(total[column]) == heard[math.ceil(round(share * len(heard), 6)) - 1]


def test_a_master_tells_percentiles_of_all_its_workers_samples_together() -> None:
    workers = [list(range(100_000, 1_600_000, 500)), list(range(200_000, 9_000_000, 2000))]

    done = subprocess.run(
        [sys.executable, "-c", MERGING],
        input=json.dumps(workers),
        capture_output=True,
        text=True,
        check=True,
    )

    total = list(csv.DictReader(done.stdout.splitlines()))[-1]
    pooled = sorted(one for worker in workers for one in worker)
    assert (total["Name"], int(total["Request Count"])) == ("Aggregated", len(pooled))
    for column, share in SHARES.items():
        truth_ms = pooled[math.ceil(round(share * len(pooled), 6)) - 1] / 1e6
        assert truth_ms <= float(total[column]) <= truth_ms * 1.008


@pytest.mark.parametrize(
    ("share", "time"), [(0.0, 0.25), (0.07, 0.25), (0.5, 0.25), (0.51, 3.0), (0.99, 3.0), (1, 9.5)]
)
def test_a_percentile_is_the_least_that_so_many_do_not_exceed(share: float, time: float) -> None:
    assert nearest_rank({3.0: 49, 0.25: 50, 9.5: 1}, 100, share) == time
    assert nearest_rank({}, 0, share) == 0
