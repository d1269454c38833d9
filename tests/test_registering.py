"""Clients that are registered for one run: made, used, deleted, and never forgotten."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal

import pytest
from click.testing import CliRunner
from starlette.requests import Request
from starlette.responses import Response

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.cli.main import commands
from idprobe.client.http_sender import HttpSender
from idprobe.client.wire import Wire
from idprobe.errors import Refrained, Unsuited, UsageError
from idprobe.evidence.ledger import Ledger, Owed, state_folder
from idprobe.judge.collect import InProcess, all_checks, judged
from idprobe.model.profile import Client, Profile, Provider, Role, User, bare_profile
from idprobe.model.verdict import Violated, name_of
from idprobe.probes.steps.throwaway_clients import metadata_for, throwaway_clients
from idprobe.setup.registering import Registrar, clean_up, registering
from idprobe_reference.config import ALICE_PASSWORD, reference_config, speakup_config
from idprobe_reference.endpoints.registration import Record
from idprobe_reference.endpoints.replies import json_reply
from idprobe_reference.guard import Handler
from idprobe_reference.running import Running, serve
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig, ServerConfig

ISSUER: Final = "http://127.0.0.1:8081"
USER: Final = User("alice", "alice", ALICE_PASSWORD)
OPEN_TOKEN: Final = "initial-access-token-not-to-be-seen"
USERS: Final = f"""
standards = ["oauth2.0"]

[registration]

[users.alice]
username = "alice"
password = "{ALICE_PASSWORD}"
"""


class RefusesAll(ReferenceServer):
    """Registers nobody, and puts a control sequence into its error code."""

    async def register(self, request: Request) -> Response:
        await self.body(request)
        return json_reply({"error": "\x1b[31mno\x1b[0m" + "o" * 500}, 400, {})


class RefusesDeletion(ReferenceServer):
    """Lets no client delete itself."""

    def unregister(self, client: ClientConfig) -> Response:
        del client
        return json_reply({"error": "access_denied"}, 403, {})


class TellsNoPlace(ReferenceServer):
    """Registers by RFC 7591 alone: no place, no token (RFC 7592)."""

    def client_members(self, client: ClientConfig) -> dict[str, Any]:
        members = super().client_members(client)
        return {name: one for name, one in members.items() if "registration_" not in name}


class TellsAnUnsoundPlace(ReferenceServer):
    """Says of a registration that it is at an address that is none."""

    def client_members(self, client: ClientConfig) -> dict[str, Any]:
        return {**super().client_members(client), "registration_client_uri": "http://127.0.0.1:x/"}


class WantsNoScope(ReferenceServer):
    """Refuses a registration that asks for a scope."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        if "scope" in body:
            return super().client_of_metadata({**body, "scope": 1}, client_id, secret)
        return super().client_of_metadata(body, client_id, secret)


class HasNoEndpoint(ReferenceServer):
    """Registers nobody, and has no endpoint for it."""

    def metadata(self) -> dict[str, Any]:
        members = super().metadata()
        del members["registration_endpoint"]
        return members


class DiesOnDeletion(ReferenceServer):
    """Answers a deletion by 500."""

    def routes(self) -> dict[str, Mapping[str, Handler]]:
        async def broken(_request: Request) -> Response:
            return json_reply({}, 500, {})

        place = f"{self.path}/register/{{client_id}}"
        found = super().routes()
        return {**found, place: {**found[place], "DELETE": broken}}


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return state_folder()


def in_process(
    server_class: type[ReferenceServer] = ReferenceServer, config: ServerConfig | None = None
) -> tuple[ReferenceServer, Profile, InProcess]:
    """Return a server, a profile that knows its users only, and the way to it."""
    server = server_class(replace(config or reference_config(), issuer=ISSUER))
    return server, replace(bare_profile(ISSUER), users={"alice": USER}), InProcess(server.app)


def test_every_role_that_the_server_has_a_use_for_gets_a_client() -> None:
    server, profile, transport = in_process(config=speakup_config())
    known = set(server.clients)

    with registering(profile, transport=transport) as (equipped, registrar):
        registered = set(server.clients) - known
        roles = {role for client in equipped.clients.values() for role in client.roles}

    assert roles == {Role(one) for one in Role} - {Role.NATIVE, Role.BRIEF, Role.TARGETED}
    assert registered == {client.client_id for client in equipped.clients.values()}
    assert registrar.refused == {}
    assert set(server.clients) == known


def test_a_role_that_the_profile_fills_is_left_to_it() -> None:
    server, profile, transport = in_process()
    web = Client("mine", "web", "secret", roles=frozenset({Role.WEB}))
    profile = replace(profile, clients={"mine": web})

    with registering(profile, transport=transport) as (equipped, _):
        filling = [one.name for one in equipped.clients.values() if Role.WEB in one.roles]

    assert filling == ["mine"]
    assert server.config.client_credentials_refresh_token is False


def test_a_role_that_the_server_has_no_use_for_is_not_asked_for() -> None:
    _, profile, transport = in_process()

    with registering(profile, transport=transport) as (equipped, registrar):
        roles = {role for client in equipped.clients.values() for role in client.roles}

    assert roles.isdisjoint({Role.IMPLICIT, Role.HYBRID})
    assert registrar.refused == {}


def test_a_registration_that_is_refused_for_its_scope_is_asked_for_without() -> None:
    _, profile, transport = in_process(WantsNoScope)

    with registering(profile, transport=transport) as (equipped, registrar):
        assert equipped.client_for(Role.WEB) is not None

    assert registrar.refused == {}


def test_registered_clients_work_and_are_gone_after_the_run(state: Path, tmp_path: Path) -> None:
    server, profile, transport = in_process()
    known = set(server.clients)
    checks = [check for check in all_checks() if "code_redeemed" in check.probes]

    with registering(profile, transport=transport) as (equipped, registrar):
        audit = Audit(equipped, Options(tmp_path / "out", keeps_evidence=False), transport)
        audit.afterwards = registrar.take_back
        judgements = judged(audit, checks)
        during = set(server.clients)

    bad = [f"{j.check}: {j.verdict}" for j in judgements if isinstance(j.verdict, Violated)]
    assert bad == []
    assert any(name_of(j.verdict) == "satisfied" for j in judgements)
    assert during == known, "the clients are deleted before the reports are written"
    assert Ledger(state).owed() == []
    assert audit.conclude().exit_codes == (0,)


def test_clients_are_deleted_when_the_run_breaks() -> None:
    server, profile, transport = in_process()
    known = set(server.clients)

    def run() -> None:
        with registering(profile, transport=transport):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()

    assert set(server.clients) == known


def test_a_server_that_registers_nobody_is_told_in_one_sentence(state: Path) -> None:
    _, profile, transport = in_process(RefusesAll)

    with pytest.raises(UsageError) as caught:
        Registrar(profile, transport).register()

    said = str(caught.value)
    assert said.startswith(f"{ISSUER} registered none of our clients: web: 400 ")
    assert "\x1b" not in said
    assert len(said) < 1000
    assert Ledger(state).owed() == []


def test_a_server_that_wants_an_initial_access_token_is_told_so() -> None:
    config = replace(reference_config(), registration="token", initial_access_token=OPEN_TOKEN)
    _, profile, transport = in_process(config=config)

    with pytest.raises(UsageError, match="401"):
        Registrar(profile, transport).register()
    with registering(replace(profile, initial_access_token=OPEN_TOKEN), transport=transport) as (
        equipped,
        _,
    ):
        assert equipped.client_for(Role.WEB) is not None


def test_a_server_without_the_endpoint_leads_to_provision() -> None:
    _, profile, transport = in_process(HasNoEndpoint)

    with pytest.raises(UsageError, match="idprobe provision"):
        Registrar(profile, transport).register()


def test_nothing_is_registered_beyond_loopback_without_consent() -> None:
    profile = replace(bare_profile("https://id.example"), users={"alice": USER})

    def enter() -> None:
        with registering(profile):
            pass

    with pytest.raises(UsageError, match="authorized_by"):
        enter()


def test_nothing_is_registered_that_cannot_be_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    server, profile, transport = in_process()
    known = set(server.clients)

    with pytest.raises(UsageError, match="XDG_STATE_HOME"):
        Registrar(profile, transport).register()

    assert set(server.clients) == known


@pytest.mark.parametrize("server_class", [RefusesDeletion, DiesOnDeletion, TellsNoPlace])
def test_what_the_server_does_not_delete_makes_the_run_end_with_3(
    server_class: type[ReferenceServer], state: Path, tmp_path: Path
) -> None:
    _, profile, transport = in_process(server_class)

    with registering(profile, transport=transport) as (equipped, registrar):
        audit = Audit(equipped, Options(tmp_path / "out", keeps_evidence=False), transport)
        audit.afterwards = registrar.take_back
        judged(audit, [check for check in all_checks() if check.probes == ("code_redeemed",)])
    run = audit.conclude()

    assert run.exit_codes[0] == 3
    assert any("idprobe cleanup" in note for note in run.notes)
    assert {one.client_id for one in Ledger(state).owed()} == {
        client.client_id for client in equipped.clients.values()
    }


def test_a_place_that_is_no_address_loses_no_client(state: Path) -> None:
    _, profile, transport = in_process(TellsAnUnsoundPlace)

    with registering(profile, transport=transport) as (equipped, _):
        pass

    assert {one.client_id for one in Ledger(state).owed()} == {
        client.client_id for client in equipped.clients.values()
    }
    assert {one.registration_client_uri for one in Ledger(state).owed()} == {None}


class TellsAPlaceElsewhere(ReferenceServer):
    """Says of a registration that it is at another server."""

    def client_members(self, client: ClientConfig) -> dict[str, Any]:
        elsewhere = "http://id.example@127.0.0.1:8082/c"
        return {**super().client_members(client), "registration_client_uri": elsewhere}


def test_the_token_of_a_registration_is_not_sent_elsewhere(state: Path) -> None:
    with pytest.raises(Refrained, match="at no origin of the profile"):
        at_the_desk(TellsAPlaceElsewhere, "GET")

    assert {one.registration_client_uri for one in Ledger(state).owed()} == {None}


def test_a_throw_away_client_is_written_down_before_it_is_used(state: Path) -> None:
    _, profile, transport = in_process()
    seen: list[int] = []

    async def probe() -> None:
        async with HttpSender(profile, transport) as sender:
            metadata = {"registration_endpoint": f"{ISSUER}/register"}
            wire = Wire(Provider(profile, metadata, Client("nobody", "")), sender)
            async with throwaway_clients(wire) as throwaway:
                await throwaway.register("register", metadata_for(wire.provider))
                seen.append(len(Ledger(state).owed()))

    asyncio.run(probe())

    assert seen == [1]
    assert Ledger(state).owed() == []


def at_the_desk(server: type[ReferenceServer], *methods: Literal["GET", "DELETE"]) -> list[int]:
    """Return how a server answers a client that it has just registered."""
    _, profile, transport = in_process(server)

    async def manage() -> list[int]:
        async with HttpSender(profile, transport) as sender:
            metadata = {"registration_endpoint": f"{ISSUER}/register"}
            wire = Wire(Provider(profile, metadata, Client("nobody", "")), sender)
            async with throwaway_clients(wire) as throwaway:
                registration = await throwaway.register("register", metadata_for(wire.provider))
                return [
                    (await throwaway.manage("ours", one, registration)).status for one in methods
                ]

    return asyncio.run(manage())


def test_a_client_that_was_deleted_stays_settled(state: Path) -> None:
    class Forgiving(ReferenceServer):
        """Whoever deletes once more is told that all is well."""

        def registered(self, request: Request) -> tuple[ClientConfig, Record]:
            self.last = getattr(self, "last", None) or super().registered(request)
            return self.last

    assert at_the_desk(Forgiving, "GET", "DELETE", "DELETE") == [200, 204, 204]
    assert Ledger(state).owed() == []


def test_a_client_without_a_place_cannot_be_looked_after(state: Path) -> None:
    with pytest.raises(Unsuited, match="has no registration_client_uri"):
        at_the_desk(TellsNoPlace, "GET")
    assert Ledger(state).owed()


# cleanup, against a server on a socket


@contextmanager
def served(server_class: type[ReferenceServer] = ReferenceServer) -> Iterator[Running]:
    with serve(reference_config(), server_class=server_class) as running:
        yield running


def left_at(running: Running, ledger: Ledger) -> Owed:
    """Register a client and leave it there, as a run that was killed does."""
    registrar = Registrar(bare_profile(running.issuer))
    registrar.register()
    owed = ledger.owed()
    assert owed
    return owed[0]


def test_cleanup_deletes_what_was_left(state: Path) -> None:
    with served() as running:
        known = set(running.server.clients)
        left_at(running, Ledger(state))

        left = clean_up(Ledger(state))

        assert left == {}
        assert set(running.server.clients) == known
    assert Ledger(state).owed() == []


def test_cleanup_deletes_at_a_server_whose_authority_is_its_own(state: Path) -> None:
    with serve(reference_config(), tls=True) as running:
        known = set(running.server.clients)
        assert running.ca_file is not None
        profile = bare_profile(running.issuer)
        Registrar(replace(profile, tls=replace(profile.tls, ca_file=running.ca_file))).register()

        left = clean_up(Ledger(state))

        assert left == {}
        assert set(running.server.clients) == known


def test_cleanup_keeps_what_the_server_refuses_to_delete(state: Path) -> None:
    with served(RefusesDeletion) as running:
        left_at(running, Ledger(state))

        left = clean_up(Ledger(state))

    assert set(left.values()) == {"the server refuses (403)"}
    assert set(left) == set(Ledger(state).owed())


def test_cleanup_tells_a_server_that_is_gone_from_one_that_refuses(state: Path) -> None:
    Ledger(state).keep(Owed("http://127.0.0.1:1", "one", "http://127.0.0.1:1/register/one", "t"))
    Ledger(state).keep(Owed("http://127.0.0.1:1", "two"))

    left = {owed.client_id: because for owed, because in clean_up(Ledger(state)).items()}

    assert left["one"].startswith("no answer")
    assert left["two"] == "the server told no way to delete it"


def test_cleanup_leaves_the_clients_of_an_audit_that_still_runs(
    state: Path, tmp_path: Path
) -> None:
    with served() as running:
        ledger = Ledger(state)
        registered = left_at(running, ledger)
        for one in ledger.owed():
            ledger.keep(replace(one, pid=os.getppid()))

        done = idprobe("cleanup", "--forget", folder=tmp_path)

        assert "the audit that registered it may still run" in done.stdout
        assert registered.client_id in running.server.clients
    assert ledger.owed()


def test_cleanup_follows_a_place_at_another_host_that_was_written_down(state: Path) -> None:
    with served() as running:
        owed = left_at(running, Ledger(state))
        for one in Ledger(state).owed():
            Ledger(state).drop(one)
        Ledger(state).keep(replace(owed, issuer="http://localhost:1"))

        left = clean_up(Ledger(state))

        assert left == {}
        assert owed.client_id not in running.server.clients


# the command line


def idprobe(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "idprobe", *arguments],
        cwd=folder,
        env={**os.environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def profile_of(running: Running, folder: Path) -> None:
    text = f'issuer = "{running.issuer}"\n{USERS}'
    (folder / "acme.toml").write_text(text, encoding="utf-8")


def test_a_registering_audit_that_is_killed_is_cleaned_up_after(
    tmp_path: Path,
) -> None:
    with served() as running:
        known = set(running.server.clients)
        profile_of(running, tmp_path)
        process = subprocess.Popen(
            [sys.executable, "-m", "idprobe", "audit", "acme.toml", "--register", "-k", "rfc9068"],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 30
        while not list(tmp_path.rglob("evidence/run.json")):
            assert process.poll() is None, "the run ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        abandoned = set(running.server.clients) - known

        done = idprobe("cleanup", folder=tmp_path)
        again = idprobe("cleanup", folder=tmp_path)

        assert len(abandoned) >= 2
        assert set(running.server.clients) == known
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{len(abandoned)} deleted, 0 left"]
    assert again.stdout.splitlines() == ["0 deleted, 0 left"]


def test_a_registering_audit_leaves_nothing_and_prints_no_secret(
    tmp_path: Path, state: Path
) -> None:
    with served(Remembers) as running:
        known = set(running.server.clients)
        profile_of(running, tmp_path)

        done = idprobe(
            "audit", "acme.toml", "--register", "-k", "token_response", "-o", "out", folder=tmp_path
        )

        assert set(running.server.clients) == known
        assert isinstance(running.server, Remembers)
        secrets = running.server.secrets
    assert done.returncode == 0, done.stdout + done.stderr
    assert Ledger(state).owed() == []
    written = [path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()]
    spoken = [done.stdout.encode(), done.stderr.encode()]
    assert len(secrets) > 5
    found = [secret for secret in secrets if any(secret in text for text in (*written, *spoken))]
    assert found == []


class Remembers(ReferenceServer):
    """Remembers every secret that it told a client."""

    secrets: set[bytes] = set()  # noqa: RUF012 -- one server in one test

    def client_members(self, client: ClientConfig) -> dict[str, Any]:
        members = super().client_members(client)
        for name in ("client_secret", "registration_access_token"):
            if name in members:
                self.secrets.add(str(members[name]).encode())
        return members


def test_cleanup_says_what_is_left_ends_with_3_and_can_forget(tmp_path: Path, state: Path) -> None:
    hostile = Owed("http://127.0.0.1:1", "\x1b[2Jone", "http://127.0.0.1:1/register/one", "t0k3n")
    Ledger(state).keep(replace(hostile, pid=None))

    first = idprobe("cleanup", folder=tmp_path)
    forgotten = idprobe("cleanup", "--forget", folder=tmp_path)
    last = idprobe("cleanup", folder=tmp_path)

    assert (first.returncode, forgotten.returncode, last.returncode) == (3, 0, 0)
    assert first.stdout.startswith("0 deleted, 1 left\n")
    assert "no answer" in first.stdout
    assert "\x1b" not in first.stdout
    assert "t0k3n" not in first.stdout
    assert last.stdout == "0 deleted, 0 left\n"


def test_what_cannot_be_deleted_is_forgotten_only_where_it_is_asked_for(state: Path) -> None:
    Ledger(state).keep(Owed("http://127.0.0.1:1", "one", "http://127.0.0.1:1/register/one"))

    kept = CliRunner().invoke(commands, ["cleanup"])
    known = Ledger(state).owed()
    forgotten = CliRunner().invoke(commands, ["cleanup", "--forget"])

    assert "0 deleted, 1 left" in kept.output
    assert [one.client_id for one in known] == ["one"]
    assert "  one at http://127.0.0.1:1" in forgotten.output
    assert Ledger(state).owed() == []


def test_the_embedded_server_is_audited_with_registered_clients(
    tmp_path: Path, state: Path
) -> None:
    (tmp_path / "bare.toml").write_text(f'embedded = "reference"\n{USERS}', encoding="utf-8")

    done = idprobe(
        "audit", "bare.toml", "--register", "-k", "redeemed", "-o", "out", folder=tmp_path
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert not state.exists()
