"""What experiments are made of: how they alter what is right, and when they give up."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from idprobe.client.http_sender import HttpSender
from idprobe.client.listener import listening
from idprobe.client.wire import Wire
from idprobe.errors import EvidenceError, Unsuited
from idprobe.formats.jose import generate_key, public_key
from idprobe.judge.collect import InProcess
from idprobe.model.profile import Client, Provider, Tls, bare_profile, with_issuer
from idprobe.probes import probe
from idprobe.probes.authorization.redirects import near_misses
from idprobe.probes.clients.assertions import _forgeries
from idprobe.probes.http import channel
from idprobe.probes.logout import session_states
from idprobe.probes.state import histories, races
from idprobe.probes.steps import callbacks
from idprobe.probes.steps.authorization_request import somebody
from idprobe.probes.steps.certificates import certificate_of
from idprobe.probes.steps.client_assertions import Signer
from idprobe.probes.steps.edits import Edit
from idprobe.probes.tokens import lifetimes
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config
from idprobe_reference.faults import OAuthFault
from idprobe_reference.requests.authorization_request import Wish
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig

HTTPS: Final = "https://id.example"
PROVIDER: Final = Provider(with_issuer(resolve("reference"), HTTPS), {}, Client("web", "web"))
ALWAYS: Final = {"other-key", "hmac-by-pem", "signature-altered", "signature-cut"}


def made(
    experiment: Callable[[Wire], Awaitable[None]], provider: Provider, app: Any = None
) -> Wire:
    """Make an experiment at a server in this process; return what was sent on which wire."""

    async def run() -> Wire:
        server = app or ReferenceServer(replace(reference_config(), issuer=provider.issuer)).app
        async with HttpSender(provider.profile, InProcess(server)) as sender:
            wire = Wire(provider, sender)
            await experiment(wire)
            return wire

    return asyncio.run(run())


class CallsNobody(ReferenceServer):
    """Knows no address but its own, and registers no request_uri."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        if "request_uris" in body:
            raise OAuthFault("invalid_client_metadata", "no request_uri is registered here")
        return super().client_of_metadata(body, client_id, secret)

    async def check_sector(self, client: ClientConfig) -> None:
        del client

    async def fetched_keys(self, jwks_uri: str) -> None:
        del jwks_uri


def test_a_server_that_calls_none_of_our_addresses_is_told_which(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(callbacks, "SETTLE_S", 0.01)
    server = CallsNobody(replace(reference_config(), issuer=HTTPS))
    provider = replace(PROVIDER, metadata=server.metadata())

    async def look(wire: Wire) -> None:
        async with listening(provider.profile) as listener:
            wire.listener = listener
            with pytest.raises(Unsuited, match=f"none of our addresses at {listener.url}"):
                await callbacks.listener_reached(wire)

    wire = made(look, provider, server.app)

    assert wire.calls == []
    steps = [one.step for one in wire.exchanges]
    assert steps.count("tokens-jwks") == 2
    assert "request-uri" not in steps


@pytest.mark.parametrize("said", [{}, {"session_state": "no salt"}], ids=["none", "no word"])
def test_a_frame_is_not_asked_about_what_is_no_session_state(said: dict[str, str]) -> None:
    class Tells(ReferenceServer):
        """Says something of its own about the session."""

        def session_state(self, wish: Wish, browser_state: str) -> dict[str, str]:
            del wish, browser_state
            return said

    app = Tells(replace(reference_config(), issuer=HTTPS)).app

    with pytest.raises(Unsuited, match="no session_state to ask about"):
        made(session_states.session_frame_asked, at_the_reference(), app)


@pytest.mark.parametrize(("patience_s", "many"), [(-1.0, False), (3600.0, True)])
def test_races_end_with_our_patience(
    monkeypatch: pytest.MonkeyPatch, patience_s: float, many: bool
) -> None:
    monkeypatch.setattr(races, "PATIENCE_S", patience_s)

    async def numbers() -> list[int]:
        return [number async for number in races._trials()]

    assert bool(asyncio.run(numbers())) is many


@pytest.mark.parametrize(("idle_s", "is_late"), [(None, False), (3600, False), (6, True)])
def test_nothing_is_concluded_of_a_refresh_token_that_may_have_ended_by_idleness(
    idle_s: int | None, is_late: bool
) -> None:
    profile = replace(PROVIDER.profile, contract={"refresh_token_idle_s": idle_s})
    expected = pytest.raises(EvidenceError, match=r"took 6\.0 s") if is_late else nullcontext()

    with expected:
        lifetimes._be_in_time(replace(PROVIDER, profile=profile), 6.0)


def test_nobody_logs_in_where_nobody_can() -> None:
    with pytest.raises(Unsuited, match="the profile has no user with a password"):
        somebody(Provider(bare_profile(HTTPS), {}, Client("web", "web")))


def test_two_experiments_of_one_name_are_refused() -> None:
    async def plain_twins(wire: Wire) -> None:
        """Do nothing."""

    with pytest.raises(ValueError, match="two probes are called plain_twins"):
        probe()(plain_twins)


@pytest.mark.parametrize(
    ("kty", "alg", "more"),
    [
        ("EC", "ES256", {"embedded-certificate", "signature-of-zeros", "signature-in-der"}),
        ("RSA", "RS256", {"embedded-certificate"}),
        ("OKP", "EdDSA", set()),
    ],
)
def test_an_assertion_is_forged_in_the_ways_that_its_key_allows(
    kty: str, alg: str, more: set[str]
) -> None:
    key = generate_key(kty)
    signer = Signer(PROVIDER, key, {"alg": alg, "kid": key["kid"]}, HTTPS)

    names = {name for name, _ in _forgeries(signer)}

    particular = {"embedded-certificate", "signature-of-zeros", "signature-in-der"}
    assert names & particular == more
    assert names > ALWAYS


def test_nobody_has_a_certificate_without_the_private_key() -> None:
    with pytest.raises(TypeError, match="only a private key"):
        certificate_of(public_key(generate_key("EC")))


@pytest.mark.parametrize(
    ("uri", "ports"),
    [
        ("https://client.example/cb", {"other-port", "default-port"}),
        ("https://client.example:8443/cb", {"other-port"}),
        ("com.example.app://here/cb", set()),
        ("http://127.0.0.1:5000/cb", set()),
    ],
)
def test_a_redirect_uri_is_missed_by_the_ports_that_count(uri: str, ports: set[str]) -> None:
    assert {name for name in near_misses(uri) if name.endswith("-port")} == ports


@pytest.mark.parametrize("text", ["1a.B", "a.1B", "aB", "A"])
def test_an_edit_of_case_changes_a_text_that_has_no_letter_to_turn(text: str) -> None:
    changed = Edit("case", 500).of(text)

    assert changed != text
    assert len(changed) == len(text)


@pytest.mark.parametrize(
    ("metadata", "asked"),
    [
        ({}, []),
        ({"revocation_endpoint": f"{HTTPS}/revoke"}, ["revocation", "revocation-plain"]),
        ({"userinfo_endpoint": f"{HTTPS}/userinfo"}, ["userinfo", "userinfo-plain"]),
    ],
)
def test_only_endpoints_that_are_there_are_asked_in_the_clear(
    metadata: Mapping[str, Any], asked: list[str]
) -> None:
    wire = made(channel.plain_twins, replace(PROVIDER, metadata=metadata))

    assert [one.step for one in wire.exchanges] == asked
    assert {one.request.origin for one in wire.exchanges[1::2]} <= {"http://id.example"}


def test_who_trusts_any_certificate_learns_nothing_of_the_channel() -> None:
    profile = replace(PROVIDER.profile, tls=Tls(insecure=True))

    with pytest.raises(Unsuited, match="certificates are not verified"):
        made(channel.plain_twins, replace(PROVIDER, profile=profile))


def test_a_document_that_is_not_there_is_not_asked_for_in_the_clear() -> None:
    async def nothing(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body"})

    wire = made(channel.documents_in_the_clear, PROVIDER, nothing)

    assert {one.request.origin for one in wire.exchanges} == {HTTPS}


def at_the_reference() -> Provider:
    members = ReferenceServer(replace(reference_config(), issuer=HTTPS)).metadata()
    profile = PROVIDER.profile
    return Provider(profile, members, profile.clients["web"], user=profile.users["alice"])


def test_histories_end_when_their_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(histories, "SECONDS", -1.0)

    assert made(histories.history, at_the_reference()).exchanges == []


def test_nothing_is_concluded_of_histories_in_which_the_clock_was_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = iter([0.0, 60.0])
    monkeypatch.setattr(histories, "SECONDS", -1.0)
    monkeypatch.setattr(histories, "_clock_s", lambda: next(times))

    with pytest.raises(EvidenceError, match="the clock of this machine was set"):
        made(histories.history, at_the_reference())


@pytest.mark.parametrize(
    ("places", "used"),
    [
        ({"userinfo_endpoint", "introspection_endpoint"}, {"introspect", "userinfo"}),
        ({"introspection_endpoint"}, {"introspect"}),
        (set(), set()),
    ],
)
def test_a_history_uses_tokens_at_the_places_that_there_are(
    monkeypatch: pytest.MonkeyPatch, places: set[str], used: set[str]
) -> None:
    monkeypatch.setattr(histories, "FAMILIES", 1)
    monkeypatch.setattr(histories, "CALLS", 2)
    provider = at_the_reference()
    left_out = {"userinfo_endpoint", "introspection_endpoint"} - places
    members = {name: one for name, one in provider.metadata.items() if name not in left_out}

    wire = made(histories.history, replace(provider, metadata=members))

    acts = {one.step.split("/")[3] for one in wire.exchanges if one.step.count("/") > 3}
    assert acts & {"introspect", "userinfo"} == used
    assert "redeem" in acts
