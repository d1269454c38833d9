import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from click.testing import CliRunner

from idprobe.cli.main import commands
from idprobe.errors import ProbeError, UsageError
from idprobe.model.profile import bare_profile
from idprobe.setup.embedded import served
from idprobe_reference import running as running_module
from idprobe_reference.config import SERVICE_SECRET, reference_config, speakup_config
from idprobe_reference.mutants import mutant_named
from idprobe_reference.running import Running, serve
from idprobe_reference.settings import ServerConfig


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
    """Run the embedded server in a process of its own, told at once to end."""
    return subprocess.run(
        [sys.executable, "-m", "idprobe.setup.embedded", *arguments],
        input="",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("options", [(), ("--tls",)], ids=["plain", "tls"])
def test_the_embedded_server_says_where_it_is_and_ends_with_its_input(
    options: tuple[str, ...],
) -> None:
    done = served_by_itself("reference", *options)

    told = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert told["issuer"].startswith("https://" if options else "http://")
    assert (told["ca_file"] is not None) == bool(options)
    assert not (options and Path(told["ca_file"]).exists())


def test_an_embedded_server_that_there_is_not_does_not_start() -> None:
    profile = replace(bare_profile("http://127.0.0.1"), embedded="refrence")

    assert "there is no embedded server 'refrence'" in served_by_itself("refrence").stderr
    with pytest.raises(ProbeError, match="refrence did not start"), served(profile):
        pass


@pytest.mark.parametrize("as_json", [True, False])
def test_serve_runs_what_was_configured_and_says_whom_to_trust(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, as_json: bool
) -> None:
    ran: list[Any] = []

    def run(config: ServerConfig, announce: Callable[[Running], None], **how: Any) -> None:
        ran.append((config, how))
        with serve(config, tls=how["tls"], server_class=how["server_class"]) as running:
            announce(running)

    monkeypatch.setattr("idprobe_reference.running.run_forever", run)
    mine = {"clients": {"app": {"token_endpoint_auth_method": "none", "grant_types": []}},
            "users": {"carol": {"password": "made-up"}}, "hybrid": True}  # fmt: skip
    (tmp_path / "mine.json").write_text(json.dumps(mine), encoding="utf-8")
    words = ["serve", "--config", str(tmp_path / "mine.json"), "--tls", *["--json"] * as_json]
    words += ["--mutant", "token-response-may-be-stored"]

    said = CliRunner().invoke(commands, words, catch_exceptions=False).stdout

    ((config, how),) = ran
    assert how["server_class"] is mutant_named("token-response-may-be-stored").server_class
    assert config.hybrid
    if as_json:
        assert json.loads(said)["ca_file"].endswith(".pem")
    else:
        assert "its authority is in " in said


@pytest.mark.parametrize("options", [[], ["--tls"]])
def test_a_server_whose_caller_was_killed_ends_without_a_word(options: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    done = subprocess.run(
        [sys.executable, "-m", "idprobe.setup.embedded", "speakup", *options],
        stdin=subprocess.DEVNULL, stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False,
    )  # fmt: skip

    os.close(writing)
    assert done.stderr == b""
    assert done.returncode == 0
