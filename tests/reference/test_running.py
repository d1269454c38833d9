import socket
import ssl
import threading
import time

import httpx
import pytest
import uvicorn

from idprobe.errors import UsageError
from idprobe.reference import running as running_module
from idprobe.reference.config import SERVICE_SECRET, reference_config, speakup_config
from idprobe.reference.mutants import mutant_named
from idprobe.reference.running import serve


def test_server_answers_under_its_issuer() -> None:
    with serve(speakup_config()) as running:
        document = httpx.get(
            f"{running.issuer}/.well-known/openid-configuration", trust_env=False
        ).json()

    assert document["issuer"] == running.issuer
    assert document["token_endpoint"] == f"{running.issuer}/token"
    assert running.ca_file is None


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
    before = threading.enumerate()

    with pytest.raises(UsageError, match="did not start"), serve(reference_config()):
        pass

    assert threading.enumerate() == before


def test_octets_that_are_no_request_are_answered_with_a_dated_400() -> None:
    with serve(reference_config()) as running:
        port = httpx.URL(running.issuer).port or 0
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"GET /jwks HTTP/1.1\r\n\r\n")
            answer = b"".join(iter(lambda: connection.recv(4096), b""))

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"\r\ndate: " in answer
