"""What a person pastes, and what cookies are on the way into a browser and back."""

import asyncio
from dataclasses import replace
from http.cookiejar import Cookie
from typing import Any, Final

import pytest
from tests.faults import ISSUER

from idprobe.client.http_sender import HttpSender
from idprobe.client.wire import Wire
from idprobe.errors import EvidenceError, Refrained
from idprobe.flows import HumanStep, Landed
from idprobe.login.browser.jar import from_browser, snapshot, to_browser
from idprobe.login.drivers import playing
from idprobe.login.manual import landing_from, openable
from idprobe.model.exchange import LandingMode, Request
from idprobe.model.profile import Client, Login, Profile, Provider, with_issuer
from idprobe.setup.targets import resolve

CALLBACK: Final = "https://client.example/cb"


@pytest.mark.parametrize(
    ("url", "mode", "parameters"),
    [
        (f"{CALLBACK}?code=c&state=s", LandingMode.QUERY, (("code", "c"), ("state", "s"))),
        (f" {CALLBACK}#access_token=t\n", LandingMode.FRAGMENT, (("access_token", "t"),)),
        (CALLBACK, LandingMode.QUERY, ()),
    ],
)
def test_an_address_at_the_client_is_a_landing(
    url: str, mode: LandingMode, parameters: tuple[tuple[str, str], ...]
) -> None:
    landing = landing_from(url, (f"{CALLBACK}?tenant=1",))

    assert (landing.redirect_uri, landing.mode, landing.parameters) == (CALLBACK, mode, parameters)


@pytest.mark.parametrize("url", ["", "client.example/cb?code=c", "https://client.example/cb/x"])
def test_an_address_elsewhere_is_none(url: str) -> None:
    with pytest.raises(EvidenceError, match="not an address at https://client"):
        landing_from(url, (CALLBACK,))


def test_a_person_is_asked_until_the_address_is_one_of_the_client(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pasted = iter(["https://elsewhere.example", f"{CALLBACK}?code=c"])
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("click.prompt", lambda *_, **__: next(pasted))
    profile = replace(with_issuer(resolve("speakup"), ISSUER), login=Login("manual"))

    async def asked() -> tuple[object, int]:
        async with HttpSender(profile) as sender, playing(profile) as human:
            assert human is not None
            wire = Wire(Provider(profile, {}, profile.clients["web"]), sender, human)
            step = HumanStep(Request.get(f"{ISSUER}/authorize"), (CALLBACK,))
            return await human.visit(wire, step, "code"), wire.by_hand

    ending, by_hand = asyncio.run(asked())

    said = capsys.readouterr().err
    assert isinstance(ending, Landed)
    assert ending.landing.parameters == (("code", "c"),)
    assert (opened, by_hand) == ([f"{ISSUER}/authorize"], 1)
    assert "but do not log in" in said
    assert "that is not an address at https://client.example/cb" in said


@pytest.mark.parametrize("elsewhere", ["http://id.example/in", "https://other.example/in"])
def test_nobody_is_asked_to_log_in_elsewhere(
    monkeypatch: pytest.MonkeyPatch, elsewhere: str
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("click.prompt", lambda *_, **__: f"{CALLBACK}?code=c")
    profile = Profile("test", "test", "https://id.example", login=Login("manual"))

    async def asked() -> None:
        async with HttpSender(profile) as sender, playing(profile) as human:
            assert human is not None
            wire = Wire(Provider(profile, {}, Client("web", "web")), sender, human)
            await human.visit(wire, HumanStep(Request.get(elsewhere), (CALLBACK,)), "code")

    with pytest.raises(Refrained):
        asyncio.run(asked())

    assert opened == []


@pytest.mark.parametrize(
    "told",
    [
        {"domain": "id.example"},
        {"domain": ".id.example", "httpOnly": True, "sameSite": "Strict", "secure": True},
        {"domain": "localhost", "expires": 2_000_000_000},
        {"domain": "::1", "sameSite": "Lax"},
    ],
    ids=["host", "domain", "local", "ipv6"],
)
def test_a_cookie_is_the_same_in_the_jar_and_in_the_browser(told: dict[str, Any]) -> None:
    whole = {"name": "n", "value": "v", "path": "/in", **told}

    kept = from_browser(whole)
    again = to_browser(kept)

    host = told["domain"].lstrip(".")
    assert again["url"].split("://")[1].removesuffix("/in").strip("[]") == host
    assert again["url"].startswith("https://" if told.get("secure") else "http://")
    assert again.get("domain") == (told["domain"] if told["domain"].startswith(".") else None)
    assert again.get("expires") == told.get("expires")
    assert again.get("sameSite") == told.get("sameSite")
    assert again["httpOnly"] is told.get("httpOnly", False)
    assert snapshot([kept]) == snapshot([from_browser(whole)]) != snapshot(list[Cookie]())


@pytest.mark.parametrize(
    ("url", "opened"),
    [
        ("https://op.example/a?b=%20c&d=[1]#e", "https://op.example/a?b=%20c&d=[1]#e"),
        ("https://op.example/\x1b[2J\n a", "https://op.example/%1B[2J%0A%20a"),
        ("https://op.example/é\u202e", "https://op.example/%C3%A9%E2%80%AE"),
        ("https://op.example/\ud800", "https://op.example/?"),
    ],
)
def test_an_address_that_a_person_opens_is_visible_ascii(url: str, opened: str) -> None:
    assert openable(url) == opened
