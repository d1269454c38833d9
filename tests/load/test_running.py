"""Whole runs: Locust in a child process against servers in others, all on loopback."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from io import StringIO
from pathlib import Path

import click
import httpx
import psutil  # type: ignore[import-untyped]  # Locust brings it, without types
import pytest
from click.testing import CliRunner
from rich.console import Console

from idprobe.content import content
from idprobe.errors import ProfileError, UsageError
from idprobe.evidence.har import from_har
from idprobe.formats.schemas import validate
from idprobe.load.run import launcher, live
from idprobe.load.run.budget import parse_budget
from idprobe.load.run.command import add_load_command
from idprobe.load.run.generator import LoadRun
from idprobe.load.run.launcher import run_load, run_web, run_worker
from idprobe.load.run.plan import Closed, Model, Open, Plan
from idprobe.load.run.quantities import place_of
from idprobe.load.run.result import LoadResult
from idprobe.load.scenarios import scenario_file
from idprobe.load.schedule.ramp import parse_ramp
from idprobe.model.profile import Profile, bare_profile, load_profile
from idprobe.report.charts.load_page import write_load_page

SECRET = "secret-of-the-service"
ISSUER_SCRIPT = Path(__file__).with_name("issuer.py")


@contextmanager
def issuer(*options: str) -> Iterator[str]:
    """Run the tiny issuer; yield its address."""
    command = [sys.executable, str(ISSUER_SCRIPT), *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        server.kill()


def profile_of(url: str, folder: Path, extra: str = "") -> Profile:
    path = folder / "profile.toml"
    path.write_text(
        f'issuer = "{url}"\n[clients.service]\nclient_id = "service"\n'
        f'client_secret = "{SECRET}"\ngrant_types = ["client_credentials"]\n'
        f"response_types = []\n{extra}",
        encoding="utf-8",
    )
    return load_profile(path, {})


def ran(  # noqa: PLR0913 -- what a run consists of
    profile: Profile,
    folder: Path,
    model: Model,
    budget: str = "",
    duration_s: float = 1.0,
    *,
    workers: int = 1,
) -> LoadResult:
    plan = Plan(model, duration_s, workers=workers)
    out = folder / "out"
    result = run_load(LoadRun("client_credentials", profile, plan, parse_budget(budget), out))
    document = (out / "load.json").read_text(encoding="utf-8")
    validate(json.loads(document), "load")
    everything = b"".join(path.read_bytes() for path in out.iterdir())
    assert SECRET.encode() not in everything
    assert "locust" not in sys.modules
    return result


def test_a_run_within_its_budget_counts_every_arrival(tmp_path: Path) -> None:
    with issuer() as url:
        profile = profile_of(url, tmp_path)
        result = ran(profile, tmp_path, Open(50), "p50<60s,errors<0.1%", 2.0)

    recording = result.recording
    # how late this machine is decides whether it is void: test_validity.py
    assert (result.died, recording.doubt) == (None, None)
    assert [one.held for one in result.clauses] == [True, True]
    assert (recording.scheduled, recording.succeeded, recording.requests) == (100, 100, 100)
    assert recording.service.count == recording.latency.count == recording.slip.count == 100
    assert 0 < result.achieved_per_s <= 50


def test_a_course_is_followed_and_told(tmp_path: Path) -> None:
    with issuer() as url:
        profile = profile_of(url, tmp_path)
        result = ran(profile, tmp_path, Open(40, ramp=parse_ramp("20/s..40/s over 2s")), "", 2.0)

    document = json.loads((tmp_path / "out" / "load.json").read_text())
    assert result.recording.scheduled == 60
    assert document["plan"]["course"] == [{"first_per_s": 20, "last_per_s": 40, "seconds": 2}]
    assert document["rate"]["offered_per_s"] == 30


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def scraped(port: int, deadline_s: float = 30.0) -> str:
    """Return the first figures that tell of a request."""
    until = time.monotonic() + deadline_s
    while time.monotonic() < until:
        try:
            text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
        except httpx.TransportError:
            text = ""
        if "_count{" in text:
            return text
        time.sleep(0.1)
    return ""


def test_figures_are_served_while_the_test_runs(tmp_path: Path) -> None:
    port = free_port()
    with issuer() as url, ThreadPoolExecutor() as pool:
        profile = profile_of(url, tmp_path)
        plan = Plan(Open(50), 4.0)
        run = LoadRun(
            "client_credentials", profile, plan, parse_budget(""), tmp_path, metrics=str(port)
        )
        loading = pool.submit(run_load, run)
        text = scraped(port)
        result = loading.result()

    assert result.recording.failed == 0
    labels = 'method="POST",name="/token"'
    assert f'idprobe_request_duration_seconds_bucket{{le="+Inf",{labels}}}' in text
    assert f"idprobe_request_duration_seconds_sum{{{labels}}}" in text
    assert "idprobe_users 1.0" in text


def test_a_port_for_metrics_that_is_taken_is_told(tmp_path: Path) -> None:
    with issuer() as url, socket.create_server(("127.0.0.1", 0)) as taken:
        profile = profile_of(url, tmp_path)
        port = str(taken.getsockname()[1])
        run = LoadRun(
            "client_credentials", profile, Plan(Open(9), 1.0), parse_budget(""), tmp_path,
            metrics=port,
        )  # fmt: skip
        with pytest.raises(UsageError, match=f"metrics cannot be served at 127.0.0.1:{port}"):
            run_load(run)


@pytest.mark.parametrize("text", ["x", "0", "70000", "127.0.0.1:", "1:2:x"])
def test_what_is_no_port_for_metrics_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="is no place for a server"):
        place_of(text, "127.0.0.1")


def test_users_in_a_closed_loop_exhaust_a_budget_that_nobody_can_keep(tmp_path: Path) -> None:
    with issuer() as url:
        result = ran(profile_of(url, tmp_path), tmp_path, Closed(2), "max<1us")

    assert [one.held for one in result.clauses] == [False, True]
    assert result.recording.most_connections == 2
    assert result.recording.iterations == result.recording.scheduled > 10
    assert any("closed loop" in note for note in result.all_notes())


def test_a_server_that_dies_in_mid_run_shows_as_errors_at_the_scheduled_rate(
    tmp_path: Path,
) -> None:
    with issuer("--die-after", "31") as url:  # the first is the preflight
        result = ran(profile_of(url, tmp_path), tmp_path, Open(60), "p90<5s")

    # how late this machine is decides whether it is void: test_validity.py
    assert (result.died, result.recording.doubt) == (None, None)
    assert result.exit_code == (1 if result.void is None else 4)
    assert (result.recording.scheduled, result.recording.succeeded) == (60, 30)
    assert result.recording.failed == 30
    assert "connection refused" in result.recording.failures
    trace = from_har(json.loads((tmp_path / "out" / "samples-0.har").read_text(encoding="utf-8")))
    assert trace.redacted
    assert any(one.failure == "connection refused" for one in trace)
    assert any(one.response is not None and one.step == "slow" for one in trace)


def test_two_workers_add_up_to_one_schedule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LINE_S", 0.0)
    said = StringIO()
    console = Console(file=said, width=500)
    with issuer() as url:
        profile = profile_of(url, tmp_path)
        plan = Plan(Open(60), 2.0, workers=2)
        run = LoadRun("client_credentials", profile, plan, parse_budget("p50<5s"), tmp_path / "o")
        result = run_load(replace(run, console=console))

    recording = result.recording
    assert result.died is None
    assert (recording.scheduled, recording.succeeded) == (120, 120)
    assert recording.latency.count == recording.slip.count == 120
    assert recording.most_connections >= 2
    # it was shown while it ran, of both workers together
    assert "/s of 60/s, ended " in said.getvalue()
    assert not list((tmp_path / "o").glob("second-*"))
    validate(json.loads((tmp_path / "o" / "load.json").read_text(encoding="utf-8")), "load")


def busy_workers(port: int, pid: int | None = None) -> list[psutil.Process]:
    """Return the workers of a Locust of ours, or of a process, that are connected to a server."""
    return [
        grandchild
        for child in psutil.Process(pid).children()
        if "locust" in child.cmdline()
        for grandchild in child.children()
        if any(one.raddr and one.raddr.port == port for one in grandchild.net_connections())
    ]


def test_a_worker_that_is_lost_makes_the_run_void_and_does_not_hang(tmp_path: Path) -> None:
    with issuer() as url, ThreadPoolExecutor(1) as pool:
        profile = profile_of(url, tmp_path)
        plan = Plan(Open(40), 5.0, workers=2)
        run = LoadRun("client_credentials", profile, plan, parse_budget(""), tmp_path / "o")
        future = pool.submit(run_load, run)
        port = int(url.rpartition(":")[2])
        while len(workers := busy_workers(port)) < 2 and not future.done():
            time.sleep(0.05)
        workers[0].kill()
        result = future.result()

    assert result.exit_code == 4
    assert "of 2 workers" in (result.void or "")


def test_workers_that_a_master_did_not_start_share_its_run(tmp_path: Path) -> None:
    with issuer() as url, ThreadPoolExecutor(3) as pool:
        profile = profile_of(url, tmp_path)
        master = ("127.0.0.1", free_port())
        plan = Plan(Open(60), 2.0, workers=2)
        run = LoadRun(
            "client_credentials", profile, plan, parse_budget(""), tmp_path / "o", master=master
        )
        loading = pool.submit(run_load, run)
        workers = [
            pool.submit(run_worker, "client_credentials", profile, master, frozenset())
            for _ in range(2)
        ]
        result = loading.result()
        codes = [one.result() for one in workers]

    assert result.died is None
    assert (result.recording.scheduled, result.recording.succeeded) == (120, 120)
    assert result.recording.latency.count == 120
    assert codes == [0, 0]
    # the exchanges of both came with their figures
    for place in range(2):
        text = (tmp_path / "o" / f"samples-{place}.har").read_text(encoding="utf-8")
        assert len(from_har(json.loads(text))) == 10
        assert SECRET not in text


def test_locusts_own_page_is_served_for_a_scenario(tmp_path: Path) -> None:
    port = free_port()
    with issuer() as url, ThreadPoolExecutor() as pool:
        profile = profile_of(url, tmp_path)
        serving = pool.submit(run_web, "client_credentials", profile, port, frozenset())
        page = ""
        while not serving.done() and "Locust" not in page:
            time.sleep(0.1)
            with suppress(httpx.TransportError):
                page = httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).text
        for child in psutil.Process().children():
            if str(port) in child.cmdline():
                child.terminate()
        serving.result()

    assert "Locust" in page


def test_load_beyond_loopback_is_asked_for_by_name(tmp_path: Path) -> None:
    allowed = '[target]\nauthorized_by = "the owner"\nuntil = 2999-01-01'
    profile = profile_of("https://id.example", tmp_path, allowed)

    with pytest.raises(UsageError, match=r"pass --i-may-load id\.example if its owner agrees"):
        ran(profile, tmp_path, Open(1))
    with pytest.raises(UsageError, match=r"pass --i-may-load id\.example"):
        run_worker("client_credentials", profile, ("127.0.0.1", 1), frozenset())


def test_a_server_that_refuses_connections_is_unusable_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    result = ran(profile_of(url, tmp_path), tmp_path, Open(50))

    assert result.exit_code == 3
    assert "connection refused" in (result.unusable or "")
    assert result.recording.iterations == 0


def test_wrong_credentials_are_tried_once_and_make_the_target_unusable(tmp_path: Path) -> None:
    with issuer("--refuse") as url:
        result = ran(profile_of(url, tmp_path), tmp_path, Open(50))

    assert result.exit_code == 3
    assert "status 401 and error invalid_client" in (result.unusable or "")


def test_the_verb_loads_the_embedded_server_and_prints_the_result(tmp_path: Path) -> None:
    shipped = content("fixtures", "providers", "speakup.toml")
    group = click.Group()
    add_load_command(
        group, lambda target: load_profile(Path(target or shipped), os.environ), write_load_page
    )
    arguments = ["load", "client_credentials", "--rate", "20/s", "--duration", "500ms"]
    arguments += ["--warm-up", "0s", "--budget", "p50<10s"]

    said = CliRunner().invoke(
        group, [*arguments, "-o", str(tmp_path)], standalone_mode=False, catch_exceptions=False
    )

    document = json.loads((tmp_path / "load.json").read_text())
    assert said.return_value == document["exit"]
    assert "errors<1%" in said.output
    assert document["iterations"]["succeeded"] == 10
    assert "How latency is spread" in (tmp_path / "load.html").read_text()
    assert document["statuses"] == {"200": 10}
    assert ",request,POST /" in (tmp_path / "load.csv").read_text()


def test_a_child_that_dies_makes_the_run_void(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import os\nos._exit(7)\n", encoding="utf-8")
    monkeypatch.setattr(launcher, "scenario_file", lambda _: broken)

    result = ran(profile_of("http://127.0.0.1:1", tmp_path), tmp_path, Open(50))

    assert result.exit_code == 4
    assert "ended with status 7 and left no result" in (result.void or "")


@pytest.mark.parametrize(
    ("extra", "model", "said"),
    [
        ('[endpoints]\ntoken_endpoint = "https://id.example/t"', Open(1), "id.example"),
        ("[limits]\nrequests_per_second = 20", Open(21), "more than the 20 requests"),
        ("[limits]\nmax_requests = 20", Open(21), "allows 20 of a run"),
        ("[limits]\nconcurrency = 4", Closed(5), "limits.concurrency = 4"),
    ],
)
def test_load_beyond_consent_or_limits_is_refused_before_anything_is_sent(
    tmp_path: Path, extra: str, model: Model, said: str
) -> None:
    profile = profile_of("http://127.0.0.1:1", tmp_path, extra)

    with pytest.raises(UsageError, match=said):
        ran(profile, tmp_path, model)


def test_a_course_says_itself_how_long_it_is(tmp_path: Path) -> None:
    profile = profile_of("http://127.0.0.1:1", tmp_path)
    group = click.Group()
    add_load_command(group, lambda _: profile, write_load_page)
    command = ["load", "client_credentials", "--rate", "1/s..2/s over 5s", "--duration", "5s"]

    with pytest.raises(UsageError, match="leave --duration out"):
        CliRunner().invoke(group, command, standalone_mode=False, catch_exceptions=False)


def test_a_url_without_clients_cannot_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="name a profile file"):
        ran(bare_profile("http://127.0.0.1:1"), tmp_path, Open(50))


def test_an_unknown_scenario_is_answered_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="client_credentials"):
        scenario_file("nothing")


def test_without_locust_the_verb_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "find_spec", lambda _: None)

    with pytest.raises(UsageError, match=r"pip install 'idprobe\[load\]'"):
        ran(profile_of("http://127.0.0.1:1", tmp_path), tmp_path, Open(50))


def generators(pid: int) -> list[int]:
    """Return the processes of Locust that a process has started."""
    children = psutil.Process(pid).children()
    return [one.pid for one in children if "locust" in one.cmdline()]


def test_a_run_that_is_stopped_leaves_what_it_measured(tmp_path: Path) -> None:
    words = ["load", "client_credentials", "--rate", "20/s", "--duration", "60s", "-o", "out"]
    stopped = subprocess.Popen(
        [sys.executable, "-m", "idprobe", *words],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    until = time.monotonic() + 60
    while not generators(stopped.pid) and time.monotonic() < until:
        time.sleep(0.2)
    stopped.send_signal(signal.SIGINT)
    _, said = stopped.communicate(timeout=120)

    assert stopped.returncode == 130, said
    record = json.loads((tmp_path / "out" / "load.json").read_text(encoding="utf-8"))
    validate(record, "load")
    assert record["void"] == "the run was stopped before its end"


def test_an_interrupt_of_the_terminal_leaves_what_was_measured_too(tmp_path: Path) -> None:
    words = ["load", "client_credentials", "--rate", "20/s", "--duration", "60s", "-o", "out"]
    with issuer() as url:
        profile_of(url, tmp_path, "[limits]\nexchange_s = 1")
        stopped = subprocess.Popen(
            [sys.executable, "-m", "idprobe", *words, "profile.toml"],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        second, until = tmp_path / "out" / "second-0.json", time.monotonic() + 60
        while not second.exists() and time.monotonic() < until:
            time.sleep(0.2)
        # two seconds of it are of the steady state then
        time.sleep(2)
        # as a terminal does: every process of the group hears of it
        os.killpg(stopped.pid, signal.SIGINT)
        _, said = stopped.communicate(timeout=60)

    assert stopped.returncode == 130, said
    record = json.loads((tmp_path / "out" / "load.json").read_text(encoding="utf-8"))
    assert record["iterations"]["succeeded"] > 0
    assert record["void"] == "the run was stopped before its end"


@pytest.mark.parametrize("taken", ["out", "out/load.json"])
def test_results_that_cannot_be_written_are_told_before_there_is_load(
    taken: str, tmp_path: Path
) -> None:
    if taken == "out":
        (tmp_path / "out").write_text("", encoding="utf-8")
    else:
        (tmp_path / taken).mkdir(parents=True)

    with pytest.raises(UsageError, match=rf"{taken} cannot be written .*--output"):
        ran(profile_of("http://127.0.0.1:1", tmp_path), tmp_path, Open(50))
