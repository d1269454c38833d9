"""Whole runs that have to end, or must not begin."""

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # Locust brings it, without types
import pytest
from tests.load.test_running import busy_workers, free_port, issuer, profile_of

from idprobe.errors import UsageError
from idprobe.formats.schemas import validate
from idprobe.load.run.budget import parse_budget
from idprobe.load.run.generator import LoadRun
from idprobe.load.run.launcher import run_load, run_worker
from idprobe.load.run.plan import Open, Plan


def test_a_rate_is_held_against_the_limit_by_the_requests_that_it_means(tmp_path: Path) -> None:
    with issuer() as url:
        extra = f'[endpoints]\nrevocation_endpoint = "{url}/r"\n[limits]\nrequests_per_second = 20'
        profile = profile_of(url, tmp_path, extra)
        run = LoadRun("revocation", profile, Plan(Open(11), 1.0), parse_budget(""), tmp_path / "o")
        with pytest.raises(UsageError, match="at 2 requests each, is more than the 20 requests"):
            run_load(run)


def test_a_worker_of_a_master_elsewhere_does_no_more_than_its_own_profile_allows(
    tmp_path: Path,
) -> None:
    (there := tmp_path / "there").mkdir()
    with issuer() as url, ThreadPoolExecutor(2) as pool:
        master = ("127.0.0.1", free_port())
        run = LoadRun(
            "client_credentials", profile_of(url, tmp_path), Plan(Open(30), 2.0), parse_budget(""),
            tmp_path / "o", master=master,
        )  # fmt: skip
        loading = pool.submit(run_load, run)
        strict = profile_of(url, there, "[limits]\nrequests_per_second = 20")
        code = pool.submit(run_worker, "client_credentials", strict, master, frozenset()).result()
        with pytest.raises(UsageError, match=r"more than the 20 requests a second"):
            loading.result()

    assert code == 2


def test_load_ends_with_the_process_that_asked_for_it_however_that_ends(tmp_path: Path) -> None:
    words = ["load", "client_credentials", "--rate", "20/s", "--duration", "80s", "-o", "out"]
    with issuer() as url:
        profile_of(url, tmp_path)
        asking = subprocess.Popen(
            [sys.executable, "-m", "idprobe", *words, "--workers", "2", "profile.toml"],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        port, until = int(url.rpartition(":")[2]), time.monotonic() + 60
        loading: list[psutil.Process] = []
        while len(loading) < 2 and time.monotonic() < until and asking.poll() is None:
            time.sleep(0.1)
            loading = busy_workers(port, asking.pid)
        masters = psutil.Process(asking.pid).children()
        asking.kill()
        asking.wait()
        _, alive = psutil.wait_procs([*masters, *loading], timeout=30)

    assert len(loading) == 2
    assert alive == []


def test_a_run_that_cleans_up_says_so_in_its_result(tmp_path: Path) -> None:
    with issuer() as url:
        profile = profile_of(url, tmp_path, f'[endpoints]\nrevocation_endpoint = "{url}/r"')
        plan = Plan(Open(20), 0.5, workers=2, clean=True)
        out = tmp_path / "o"
        result = run_load(
            LoadRun("client_credentials", profile, plan, parse_budget("p50<60s"), out)
        )

    document = json.loads((out / "load.json").read_text(encoding="utf-8"))
    validate(document, "load")
    # this issuer has one token for all, which each worker knows
    assert document["cleaned"] == {"revoked": 2, "failed": 0, "left": 0, "forgotten": 0}
    assert any(one.startswith("tokens given back: 2 revoked") for one in document["notes"])
    assert result.recording.requests == 10
