"""Logging in by a browser, at pages that need one and at pages that do not."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from scripted import SECRET, ScriptedLogin, SecondFactor

from idprobe.flows import Landed, Stopped
from idprobe.login.forms.journey import NEEDS_SCRIPTS
from idprobe.model.exchange import LandingMode, Sender
from idprobe.model.profile import Profile, User
from idprobe.setup.doctor import examine
from idprobe_reference.server import ReferenceServer

Served = Callable[..., Profile]
Journeys = Callable[..., Any]


def test_forms_say_in_one_sentence_that_a_page_needs_scripts(
    served: Served, journeys: Journeys
) -> None:
    [(ended, _)] = journeys(served(ScriptedLogin, "form"))

    assert isinstance(ended, Stopped)
    assert ended.why == NEEDS_SCRIPTS


def test_the_browser_logs_in_where_scripts_are_needed(served: Served, journeys: Journeys) -> None:
    first, second = journeys(served(ScriptedLogin), 2)

    assert isinstance(first[0], Landed)
    assert first[0].landing.get("code")
    assert isinstance(second[0], Landed)
    posted = [one for one in first[1] if one.request.method == "POST"]
    assert {one.sender for one in posted} == {Sender.BROWSER}
    assert any(one.answered.all_headers("set-cookie") for one in posted)
    assert first[1][-1].landing == first[0].landing
    assert not any(one.request.path == "/login" for one in second[1]), "it was still logged in"


def test_the_browser_gives_a_one_time_code(served: Served, journeys: Journeys) -> None:
    profile = served(SecondFactor)
    user = replace(next(iter(profile.users.values())), totp_secret=SECRET)

    [(ended, _)] = journeys(profile, user=user)

    assert isinstance(ended, Landed)


def test_the_browser_tells_that_a_code_cannot_be_given(served: Served, journeys: Journeys) -> None:
    [(ended, _)] = journeys(served(SecondFactor))

    assert isinstance(ended, Stopped)
    assert "no totp_secret" in ended.why


def test_wrong_passwords_are_told_from_pages_that_are_slow(
    served: Served, journeys: Journeys
) -> None:
    wrong = User("alice", "alice", "not the password")

    [(ended, _)] = journeys(served(ScriptedLogin), user=wrong)

    assert isinstance(ended, Stopped)
    assert "refused" in ended.why


def test_nobody_logs_in_where_nobody_is_to(served: Served, journeys: Journeys) -> None:
    [(ended, exchanges)] = journeys(served(ScriptedLogin), user=None)

    assert isinstance(ended, Stopped)
    assert "nobody is to log in" in ended.why
    assert not any(one.request.method == "POST" for one in exchanges)


def test_the_browser_refuses_consent(served: Served, journeys: Journeys) -> None:
    [(ended, _)] = journeys(served(), deny=True)

    assert isinstance(ended, Landed)
    assert ended.landing.error == "access_denied"


@pytest.mark.parametrize("server", [ReferenceServer, ScriptedLogin])
def test_forms_posted_to_the_client_land(
    served: Served, journeys: Journeys, server: type[ReferenceServer]
) -> None:
    [(ended, _)] = journeys(served(server), extra=[("response_mode", "form_post")])

    assert isinstance(ended, Landed)
    assert ended.landing.mode is LandingMode.FORM_POST
    assert ended.landing.get("code")


@pytest.fixture
def client_on_the_network() -> Iterator[tuple[str, list[object]]]:
    """A redirect_uri that somebody would hear, and who called there."""
    calls: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hear() -> None:
            while True:
                try:
                    connection, address = listener.accept()
                except OSError:
                    return
                calls.append(address)
                connection.close()

        threading.Thread(target=hear, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/cb", calls
        listener.shutdown(socket.SHUT_RDWR)


class AnyRedirect(ReferenceServer):
    """Sends the browser to whatever redirect_uri it names."""

    def redirect_uri_matches(self, *_given: Any) -> bool:
        return True


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
def test_no_response_reaches_the_network(
    served: Served, journeys: Journeys, client_on_the_network: tuple[str, list[object]], mode: str
) -> None:
    uri, calls = client_on_the_network
    profile = served(AnyRedirect)

    [(ended, _)] = journeys(profile, redirect_uri=uri, extra=[("response_mode", mode)])

    assert isinstance(ended, Landed)
    assert ended.landing.redirect_uri == uri
    assert calls == []


def test_a_session_given_as_cookies_is_a_login(served: Served, journeys: Journeys) -> None:
    profile = served(ScriptedLogin)
    [(_, exchanges)] = journeys(profile)
    set_by = [v for one in exchanges for v in one.answered.all_headers("set-cookie")]
    cookies = "; ".join(value.partition(";")[0] for value in set_by)

    for driver in ("form", "browser"):
        given = replace(profile, login=replace(profile.login, driver=driver, cookies=cookies))
        [(ended, sent)] = journeys(given)

        assert isinstance(ended, Landed), driver
        assert not any("/login" in one.request.path for one in sent)


@pytest.mark.parametrize("driver", ["form", "browser"])
def test_a_session_that_has_ended_is_told_apart(
    served: Served, journeys: Journeys, driver: str
) -> None:
    profile = served(driver=driver, cookies="idprobe_session=long-gone")
    profile = replace(profile, users={"session": User("session", "", "")})

    [(ended, _)] = journeys(profile)

    assert isinstance(ended, Stopped)
    assert "a session is given" in ended.why


def symptoms(profile: Profile) -> list[tuple[str, str, str]]:
    async def examined() -> list[tuple[str, str, str]]:
        return [(one.what, one.state, one.said) async for one in examine(profile)]

    narrow = {"web": profile.clients["web"]}
    user = next(iter(profile.users.items()))
    profile = replace(profile, clients=narrow, users=dict([user]))
    return [one for one in asyncio.run(examined()) if one[0].startswith(("login", "driver"))]


def test_the_doctor_names_the_driver_that_a_server_needs(served: Served) -> None:
    login, driver = symptoms(served(ScriptedLogin, "form"))

    assert login[1] == "fix"
    assert NEEDS_SCRIPTS in login[2]
    assert driver[1] == "fix"
    assert 'it logs in: driver = "browser"' in driver[2]


def test_the_doctor_knows_that_forms_cannot_do(served: Served) -> None:
    login, driver = symptoms(served(ScriptedLogin))

    assert (login[1], driver[1]) == ("ok", "ok")
    assert driver[2] == "this server needs the driver browser"


def test_the_doctor_says_where_forms_would_do(served: Served) -> None:
    login, driver = symptoms(served())

    assert (login[1], driver[1]) == ("ok", "ok")
    assert "forms would do" in driver[2]
