import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

import httpx
import pytest
import uvicorn

from idprobe.cli.main import commands
from idprobe.errors import ProbeError, UsageError
from idprobe.model.profile import bare_profile
from idprobe.setup.embedded import served, started
from idprobe_reference import running as running_module
from idprobe_reference.config import SERVICE_SECRET, reference_config, speakup_config
from idprobe_reference.mutants import mutant_named
from idprobe_reference.running import serve


def test_server_answers_under_its_issuer() -> None:
    with serve(speakup_config()) as running:
        document = httpx.get(
            f"{running.issuer}/.well-known/openid-configuration", trust_env=False
        ).json()

    assert document["issuer"] == running.issuer
    assert document["token_endpoint"] == f"{running.issuer}/token"
    assert running.ca_file is None


def test_a_client_that_leaves_amid_its_body_leaves_no_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with serve(speakup_config()) as running:
        host, port = httpx.URL(running.issuer).host, httpx.URL(running.issuer).port
        assert port is not None
        head = (
            f"POST /token HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 100\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\na=b"
        )
        with socket.create_connection((host, port)) as client:
            client.sendall(head.encode())
            time.sleep(0.3)  # the server waits for the rest
        after = httpx.get(f"{running.issuer}/keys", trust_env=False)

    assert after.status_code in {200, 404}
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def test_server_starts_fast_once_there_are_keys() -> None:
    with serve(reference_config()):
        pass

    started = time.monotonic()
    with serve(reference_config()):
        took_s = time.monotonic() - started

    assert took_s < 0.3


def test_server_speaks_tls_with_a_throw_away_authority() -> None:
    with serve(reference_config(), tls=True) as running:
        assert running.ca_file is not None
        context = ssl.create_default_context(cafile=running.ca_file)
        response = httpx.post(
            f"{running.issuer}/token",
            data={"grant_type": "client_credentials"},
            auth=("service", SERVICE_SECRET),
            verify=context,
            trust_env=False,
        )

    assert running.issuer.startswith("https://127.0.0.1:")
    assert response.status_code == 200
    assert not running.ca_file.exists()


def test_mutant_can_be_served() -> None:
    server_class = mutant_named("TokenResponseMayBeStored").server_class

    with serve(reference_config(), server_class=server_class) as running:
        response = httpx.post(
            f"{running.issuer}/token",
            data={"grant_type": "client_credentials"},
            auth=("service", SERVICE_SECRET),
            trust_env=False,
        )

    assert "cache-control" not in response.headers


def test_port_in_use_is_told() -> None:
    with serve(reference_config()) as running:
        port = httpx.URL(running.issuer).port

        with (
            pytest.raises(UsageError, match="cannot listen"),
            serve(reference_config(), port=port or 0),
        ):
            pass


def test_a_server_that_does_not_start_in_time_is_told_and_left_nowhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def never(server: uvicorn.Server, **_: object) -> None:
        await server.main_loop()  # until it is told to stop

    monkeypatch.setattr(uvicorn.Server, "startup", never)
    monkeypatch.setattr(running_module, "_START_DEADLINE_S", 0.0)
    before = {*threading.enumerate()}

    with pytest.raises(UsageError, match="did not start"), serve(reference_config()):
        pass

    assert {*threading.enumerate()} <= before


def test_octets_that_are_no_request_are_answered_with_a_dated_400() -> None:
    with serve(reference_config()) as running:
        port = httpx.URL(running.issuer).port or 0
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"GET /jwks HTTP/1.1\r\n\r\n")
            answer = b"".join(iter(lambda: connection.recv(4096), b""))

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"\r\ndate: " in answer


def served_by_itself(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the reference server in a process of its own, told at once to end."""
    return subprocess.run(
        [sys.executable, "-m", "idprobe_reference", *arguments],
        input="",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("options", [(), ("--tls",)], ids=["plain", "tls"])
def test_the_server_says_where_it_is_and_ends_with_its_input(options: tuple[str, ...]) -> None:
    done = served_by_itself("--as", "reference", *options)

    told = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert told["issuer"].startswith("https://" if options else "http://")
    assert (told["ca_file"] is not None) == bool(options)
    assert not (options and Path(told["ca_file"]).exists())


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--as", "refrence"], "there is no embedded server 'refrence': reference or speakup"),
        (["--mutant", "nonce-is-list"], "there is no mutant called nonce-is-list; did you mean"),
        (["--config", "nowhere.toml"], "nowhere.toml: cannot be read"),
    ],
)
def test_what_cannot_be_served_is_said_in_one_line(options: list[str], error: str) -> None:
    done = served_by_itself(*options)

    assert json.loads(done.stdout)["error"].startswith(error)
    assert (done.returncode, done.stderr) == (2, "")


def test_an_embedded_server_that_there_is_not_is_an_error_of_the_call() -> None:
    profile = replace(bare_profile("http://127.0.0.1"), embedded="refrence")

    with pytest.raises(UsageError, match="no embedded server 'refrence'"), served(profile):
        pass


def test_an_embedded_server_that_says_nothing_did_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    silent = [sys.executable, "-c", "pass"]
    monkeypatch.setattr("idprobe.setup.embedded._command", lambda *_: silent)

    with pytest.raises(ProbeError, match="did not start"), started():
        pass


def token_response(issuer: str, ca_file: str) -> httpx.Response:
    return httpx.post(
        f"{issuer}/token",
        data={"grant_type": "client_credentials"},
        auth=("service", SERVICE_SECRET),
        verify=ssl.create_default_context(cafile=ca_file),
        trust_env=False,
    )


@pytest.mark.parametrize("as_json", [True, False])
def test_serve_runs_what_was_configured_until_it_is_interrupted(
    tmp_path: Path, *, as_json: bool
) -> None:
    mine = {"clients": {"service": {"client_secret": SERVICE_SECRET, "response_types": [],
                                    "grant_types": ["client_credentials"], "scope": "api"}},
            "users": {"carol": {"password": "made-up"}},
            "scopes": ["api"], "default_scope": "api"}  # fmt: skip
    (tmp_path / "mine.json").write_text(json.dumps(mine), encoding="utf-8")
    words = ["serve", "--config", "mine.json", "--port", "0", "--tls"]
    words += ["--mutant", "token-response-may-be-stored", *["--json"] * as_json]
    command = [sys.executable, "-m", "idprobe", *words]

    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        if as_json:
            told = json.loads(process.stdout.readline())
            issuer, ca_file = told["issuer"], told["ca_file"]
        else:
            issuer = process.stdout.readline().split()[1]
            ca_file = process.stdout.readline().split()[4].removesuffix(":")
        response = token_response(issuer, ca_file)
        process.send_signal(signal.SIGINT)

    assert response.status_code == 200
    assert "cache-control" not in response.headers
    assert process.returncode == 0
    assert not Path(ca_file).exists()


def test_serve_says_so_when_the_server_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    listens = [sys.executable, "-c", """print('{"issuer": "http://x", "ca_file": null}')"""]
    monkeypatch.setattr("idprobe.setup.embedded._command", lambda *_: listens)

    with pytest.raises(ProbeError, match="the server ended by itself, with exit code 0"):
        commands.main(["serve"], standalone_mode=False)


@pytest.mark.parametrize("options", [[], ["--tls"]])
def test_a_server_whose_caller_was_killed_ends_without_a_word(options: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    done = subprocess.run(
        [sys.executable, "-m", "idprobe_reference", *options],
        stdin=subprocess.DEVNULL, stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False,
    )  # fmt: skip

    os.close(writing)
    assert done.stderr == b""
    assert done.returncode == 0


CALLER: Final = """
import sys
from idprobe.setup.embedded import served
from idprobe.setup.targets import resolve
with served(resolve("reference")) as profile:
    print(profile.issuer, flush=True)
    sys.stdin.read()
"""
CALLER_WHOSE_PIPE_IS_HELD: Final = """
import subprocess, sys
subprocess.run([sys.executable, "-m", "idprobe_reference"])
"""
"""Its server reads the same pipe as itself, which the test holds open."""


@pytest.mark.parametrize(
    "script", [CALLER, CALLER_WHOSE_PIPE_IS_HELD], ids=["by the product", "pipe held"]
)
def test_no_server_is_left_behind_by_a_killed_caller(script: str) -> None:
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as caller:
        assert caller.stdin is not None
        assert caller.stdout is not None
        assert caller.stderr is not None
        assert caller.stdout.readline()

        caller.kill()
        caller.wait()

        # the server has inherited it: it is at its end once the server is gone
        assert caller.stderr.read() == b""
        assert not caller.stdin.closed


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_and_takes_its_certificates_away(sent: signal.Signals) -> None:
    command = [sys.executable, "-m", "idprobe_reference", "--tls"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as server:
        assert server.stdout is not None
        ca_file = Path(json.loads(server.stdout.readline())["ca_file"])

        server.send_signal(sent)
        server.wait()

    assert server.returncode == 0
    assert not ca_file.parent.exists()
