"""Journeys and tabs whose browser is only played, at moments that no real one hits.

Run by `nox -s browser`, which has Playwright; Chromium is not needed here.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import urljoin

import httpx
import pytest

from idprobe.client.http_sender import HttpSender
from idprobe.client.wire import Human, Wire
from idprobe.errors import ControlFailed, EvidenceError, NoResponse, ProfileError
from idprobe.flows import Ending, HumanStep, Landed, Stopped
from idprobe.login.browser.browser import Browser, find_browser
from idprobe.login.browser.client_pages import Show
from idprobe.login.browser.tab import Asked, Receiver, Screen, Tab
from idprobe.login.browser.walk import Walk
from idprobe.login.forms.journey import Journey
from idprobe.model.exchange import Agent, Exchange, Request, Response
from idprobe.model.profile import Login, Profile, Provider, with_issuer
from idprobe.setup.targets import resolve

ISSUER: Final = "http://127.0.0.1:8081"
CALLBACK: Final = "https://client.example/cb"
LANDING: Final = f"{CALLBACK}?code=c"
APP: Final = "com.example.app:/cb"
HTML: Final = {"content-type": "text/html"}
START: Final = "<p>begin</p>"

Answers = Mapping[str, httpx.Response]


def page(body: str, **headers: str) -> httpx.Response:
    return httpx.Response(200, headers={**HTML, **headers}, text=f"<!doctype html>{body}")


def leads(to: str) -> httpx.Response:
    return httpx.Response(302, headers={"location": to})


@dataclass(slots=True, eq=False)
class Played:
    """A tab that asks as a browser does, and shows what it was answered."""

    then: Callable[["Played"], Any] = lambda _: None
    """What happens once the first page is there."""
    looks: list[Screen | None] = field(default_factory=list)
    """What is seen before the page itself is."""
    scripted: bool = False
    pages: int = 0
    loaded: bool = False
    url: str = ""
    html: str = ""
    done: list[tuple[Any, ...]] = field(default_factory=list)
    receiver: Receiver | None = None
    later: list[str] = field(default_factory=list)
    """Where the page goes of itself, at the next moment that somebody waits."""

    def answer_to(self, receiver: Receiver | None) -> None:
        self.receiver = receiver

    async def ask(self, url: str, kind: str = "Document", *, is_page: bool = True) -> object:
        assert self.receiver is not None
        request = Request.get(url, agent=Agent.USER)
        return await self.receiver.answered(Asked(request, url, kind, is_page))

    async def go(self, url: str) -> None:
        self.loaded, first = False, self.pages == 0
        while url:
            self.pages += 1
            response: Any = await self.ask(url)
            if response is None:
                return
            if not response.is_redirect:
                self.url, self.html, self.loaded = url, response.text, True
            url = urljoin(url, response.header("location")) if response.is_redirect else ""
        if first:
            happened = self.then(self)
            if happened is not None:
                await happened

    async def until(self, reached: Callable[[], bool], _within_s: float) -> bool:
        while not reached() and self.later:
            await self.go(self.later.pop())
        return reached()

    async def quiet(self) -> None:
        return

    async def screen(self) -> Screen | None:
        if self.looks:
            return self.looks.pop(0)
        return Screen(self.html, self.url, self.scripted)

    async def fill(self, typed: Any, pressed: str, *, scripted: bool) -> None:
        self.done.append((typed, pressed, scripted))
        if pressed:
            self.later.append(LANDING)

    async def submit(self, mark: str) -> None:
        self.done.append(("submit", mark))
        self.later.append(LANDING)


def profile() -> Profile:
    return with_issuer(resolve("speakup"), ISSUER)


def walked(
    tab: Played, start: httpx.Response, others: Answers | None = None
) -> tuple[Ending, list[Exchange]]:
    """Walk from the page at /start; whatever is at no other place does not answer."""
    answers = {"/start": start, **(others or {})}

    async def walk(wire: Wire, step: HumanStep) -> Ending:
        await wire.send(step.request, "visit/1")
        journey = Journey(step, {}, frozenset(), scripts_run=True)
        held: Any = tab
        return await Walk(wire, journey, held, "visit", wire.exchanges[-1]).end()

    return at_server(answers, walk)


def at_server(
    answers: Answers, what: Callable[[Wire, HumanStep], Awaitable[Any]]
) -> tuple[Any, list[Exchange]]:
    """Do something at a server of these answers; return what came of it, and the exchanges."""

    async def answer(request: httpx.Request) -> httpx.Response:
        target: bytes = request.extensions["target"]
        told = answers.get(target.decode().partition("?")[0])
        if told is None:
            raise httpx.ConnectError("nobody is there")
        body = httpx.ByteStream(told.content)
        return httpx.Response(told.status_code, headers=told.headers, stream=body)

    async def main() -> tuple[Any, list[Exchange]]:
        me = profile()
        user = next(iter(me.users.values()))
        async with HttpSender(me, httpx.MockTransport(answer)) as sender:
            wire = Wire(Provider(me, {}, me.clients["web"], user), sender)
            step = HumanStep(Request.get(f"{ISSUER}/start"), (CALLBACK, APP), user)
            return await what(wire, step), wire.exchanges

    return asyncio.run(main())


def why(ending: Ending) -> str:
    assert isinstance(ending, Stopped), ending
    return ending.why


def test_a_tab_that_goes_to_an_app_of_the_client_has_landed() -> None:
    def happens(tab: Played) -> None:
        assert tab.receiver is not None
        tab.receiver.left_for(f"{ISSUER}/start")  # of the web, so it is asked for
        tab.receiver.left_for(f"{APP}?code=c")

    ending, exchanges = walked(Played(happens), page(START))

    assert isinstance(ending, Landed)
    assert ending.landing.parameters == (("code", "c"),)
    assert (exchanges[-1].step, exchanges[-1].landing) == ("visit", ending.landing)


def test_nothing_is_sent_once_the_journey_has_ended() -> None:
    async def happens(tab: Played) -> None:
        await tab.ask(LANDING)
        assert await tab.ask(f"{ISSUER}/more") is None

    ending, exchanges = walked(Played(happens), page(START), {"/more": page("more")})

    assert isinstance(ending, Landed)
    assert len(exchanges) == 1


def test_pictures_and_strange_frames_are_not_loaded_and_frames_are_noted() -> None:
    async def happens(tab: Played) -> None:
        assert await tab.ask(f"{ISSUER}/logo", "Image", is_page=False) is None
        assert await tab.ask("https://ads.example/", is_page=False) is None
        assert await tab.ask("https://ads.example/x.js", "Script", is_page=False) is None
        assert await tab.ask(f"{ISSUER}/x.js", "Script", is_page=False) is not None

    ending, exchanges = walked(Played(happens), page(START), {"/x.js": page("draw()")})

    assert "it would load parts to another host, 'ads.example'" in why(ending)
    assert [one.step for one in exchanges] == ["visit", "frame-of-visit", "visit/2"]


@pytest.mark.parametrize(
    ("start", "others", "said"),
    [
        (leads("/next"), {"/next": httpx.Response(200, text="plain")}, "neither with a redirect"),
        (leads("https://elsewhere.example/"), {}, "to another host, 'elsewhere.example'"),
        (leads("/start"), {}, "it did not come to an end in 20 steps"),
        (page(START), {}, "a page without anything on it"),
    ],
    ids=["no-page", "elsewhere", "circle", "nothing"],
)
def test_a_journey_that_leads_nowhere_says_why(
    start: httpx.Response, others: Answers, said: str
) -> None:
    assert said in why(walked(Played(), start, others)[0])


def test_a_page_of_another_host_is_not_asked_for() -> None:
    tab = Played(lambda tab: tab.go("https://elsewhere.example/"))

    ending, exchanges = walked(tab, page(START))

    assert why(ending) == "it leads to another host, 'elsewhere.example'"
    assert len(exchanges) == 1


def test_a_page_that_nobody_answers_is_no_response() -> None:
    with pytest.raises(NoResponse, match="nobody is there"):
        walked(Played(lambda tab: tab.go(f"{ISSUER}/silent")), page(START))


def test_pages_with_parts_without_end_are_left() -> None:
    async def happens(tab: Played) -> None:
        for number in range(300):
            await tab.ask(f"{ISSUER}/part?{number}", "Fetch", is_page=False)

    ending, exchanges = walked(Played(happens), page(START), {"/part": page("x")})

    assert why(ending) == "the pages ask for more than 200 parts"
    assert len(exchanges) == 200


def test_a_page_that_is_never_complete_is_told() -> None:
    def happens(tab: Played) -> None:
        tab.loaded = False

    assert why(walked(Played(happens), page(START))[0]) == "the page was not complete in 30 s"


@pytest.mark.parametrize("scripted", [True, False])
def test_a_page_that_changes_while_it_is_looked_at_is_looked_at_again(scripted: bool) -> None:
    changing = Screen(START, f"{ISSUER}/start", scripted)
    tab = Played(looks=[None, changing, None] if scripted else [None])

    ending, _ = walked(tab, page(START))

    assert tab.looks == []
    assert "nothing" not in why(ending)


@pytest.mark.parametrize("itself", [True, False], ids=["browser", "idprobe"])
def test_a_page_that_sends_the_browser_on_is_followed(itself: bool) -> None:
    def happens(tab: Played) -> None:
        if itself:
            tab.later.append(f"{ISSUER}/next")

    refreshing = page(f'<meta http-equiv="refresh" content="1; url={ISSUER}/next">')
    ending, exchanges = walked(Played(happens), refreshing, {"/next": leads(LANDING)})

    assert isinstance(ending, Landed)
    assert [one.request.path for one in exchanges] == ["/start", "/next"]


def test_a_page_that_refreshes_to_the_client_has_landed() -> None:
    refreshing = page(f'<meta http-equiv="refresh" content="0; url={LANDING}">')

    assert isinstance(walked(Played(), refreshing)[0], Landed)


def test_a_form_for_the_client_is_a_landing_of_its_own() -> None:
    form = f'<form method="post" action="{CALLBACK}"><input type="hidden" name="code" value="c">'

    ending, _ = walked(Played(), page(form))

    assert isinstance(ending, Landed)
    assert ending.landing.parameters == (("code", "c"),)


LOGIN: Final = (
    '<form method="post"><input name="username" data-idprobe="1">'
    '<input type="password" name="password" data-idprobe="2">{button}</form>'
)


def test_a_form_is_sent_by_its_button_or_else_by_itself() -> None:
    for button, sent in (('<button data-idprobe="3">Log in</button>', "3"), ("", "")):
        tab = Played()

        ending, _ = walked(tab, page(LOGIN.format(button=button)))

        assert isinstance(ending, Landed)
        typed, pressed, scripted = tab.done[0]
        assert [mark for mark, _ in typed] == ["1", "2"]
        assert (pressed, scripted) == (sent, False)
        assert tab.done[1:] == ([] if sent else [("submit", "1")])


def test_a_form_that_is_not_sent_is_told() -> None:
    unmarked = LOGIN.format(button="").replace("data-idprobe", "data-other")

    ending, _ = walked(Played(), page(unmarked))

    assert why(ending) == "the form was not sent when its button was pressed"


def test_what_a_script_shows_later_is_waited_for() -> None:
    first = Screen(START, f"{ISSUER}/start", scripted=True)
    tab = Played(looks=[first, first, first], scripted=True)
    tab.then = lambda tab: setattr(tab, "later", [])

    ending, _ = walked(tab, page(LOGIN.format(button='<button data-idprobe="3">Log in</button>')))

    assert isinstance(ending, Landed)
    assert tab.done[0][2] is True


def test_a_page_of_a_client_that_tells_nothing_more_is_a_failed_control() -> None:
    client = "https://client.example/page"

    async def shown(wire: Wire, _step: HumanStep) -> None:
        async def show(wire: Wire, pages: Mapping[str, str], name: str) -> None:
            tab: Any = Played()
            await Show(wire, pages, tab, name).end()

        wire.human = Human(lambda *_: wire.visit(_step, ""), show)
        await wire.show({client: START}, "frames")

    with pytest.raises(ControlFailed, match="frames: a page of the client told nothing more"):
        at_server({}, shown)


# What comes before the first page for the browser


def visited(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> tuple[Ending, list[Exchange]]:
    async def never(_self: Browser) -> None:
        return

    async def visit(wire: Wire, step: HumanStep) -> Ending:
        return await Browser(browsing(sys.executable)).visit(wire, step, "visit")

    monkeypatch.setattr(Browser, "_start", never)
    return at_server(answers, visit)


def browsing(path: str | None) -> Profile:
    return replace(profile(), login=Login("browser", browser=path))


def test_a_browser_is_the_one_that_was_named_or_one_that_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_browser(browsing(sys.executable)) == sys.executable
    with pytest.raises(ProfileError, match=r"login\.browser: .*/none is no file"):
        find_browser(browsing(str(tmp_path / "none")))
    with pytest.raises(ProfileError, match=r"login\.driver: needs a Chromium"):
        find_browser(browsing(None))


@pytest.mark.parametrize(
    ("answers", "said", "count"),
    [
        ({"/start": httpx.Response(200, text="plain")}, "neither with a redirect", 1),
        ({"/start": leads("/start")}, "it did not come to an end in 20 steps", 20),
        ({"/start": leads("https://elsewhere.example/")}, "it leads to another host", 1),
        (
            {
                "/start": httpx.Response(200, headers={"refresh": "0; url=/next"}),
                "/next": httpx.Response(404, text="gone"),
            },
            "neither with a redirect",
            2,
        ),
    ],
    ids=["no-page", "circle", "elsewhere", "refresh"],
)
def test_what_comes_to_no_page_needs_no_browser(
    answers: Answers, said: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending, exchanges = visited(answers, monkeypatch)

    assert said in why(ending)
    assert len(exchanges) == count
    assert exchanges[-1].step == "visit"


def test_a_redirect_to_the_client_needs_no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    ending, exchanges = visited({"/start": leads(LANDING)}, monkeypatch)

    assert isinstance(ending, Landed)
    assert exchanges[-1].landing == ending.landing


# A tab, whose browser is played


class Element:
    """A control of a page; `kind` is its type."""

    def __init__(self, kind: str, done: list[tuple[Any, ...]]) -> None:
        self.kind, self.done = kind, done

    async def get_attribute(self, _name: str) -> str:
        return self.kind

    async def set_checked(self, value: bool, **_how: Any) -> None:
        self.done.append(("check", value))

    async def fill(self, value: str, **_how: Any) -> None:
        self.done.append(("type", value))

    async def click(self, **_how: Any) -> None:
        self.done.append(("click",))


class Chromium:
    """Page and session of a browser in one; `controls` are the elements that are still there."""

    def __init__(self, controls: Mapping[int, str], evaluated: Mapping[str, Any]) -> None:
        self.done: list[tuple[Any, ...]] = []
        self.controls, self.evaluated = controls, evaluated

    async def send(self, method: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
        self.done.append((method, given))
        return self.evaluated

    async def evaluate_handle(self, _script: str, number: int) -> SimpleNamespace:
        kind = self.controls.get(number)
        found = None if kind is None else Element(kind, self.done)
        return SimpleNamespace(as_element=lambda: found)


class Deaf:
    """A receiver that makes a mistake of its own, and notes where a tab was sent."""

    def __init__(self) -> None:
        self.left: list[str] = []

    async def answered(self, asked: Asked) -> Response | None:
        raise ValueError(f"a mistake at {asked.url}")

    def left_for(self, url: str) -> None:
        self.left.append(url)


def paused(url: str) -> dict[str, Any]:
    asked = {"url": url, "method": "GET", "headers": {}}
    return {"requestId": "7", "request": asked, "resourceType": "Document", "frameId": "main"}


def tabbed(
    what: Callable[[Tab], Awaitable[Any]],
    controls: Mapping[int, str] | None = None,
    evaluated: Mapping[str, Any] | None = None,
) -> tuple[Any, list[tuple[Any, ...]]]:
    """Do something with a tab; return what came of it, and what was asked of its browser."""
    chromium = Chromium(controls or {}, evaluated or {"result": {}})

    async def main() -> Any:
        return await what(Tab(chromium, chromium, "main"))

    return asyncio.run(main()), chromium.done


def test_controls_of_a_page_with_scripts_are_used_as_a_person_uses_them() -> None:
    typed = [("1", ("alice",)), ("2", ("on",)), ("3", ()), ("4", ())]
    controls = {1: "text", 2: "checkbox", 3: "radio", 4: "text", 5: "submit"}

    _, done = tabbed(lambda tab: tab.fill(typed, "5", scripted=True), controls)
    _, left = tabbed(lambda tab: tab.fill(typed[:1], "", scripted=True), controls)

    assert done == [("type", "alice"), ("check", True), ("check", False), ("type", ""), ("click",)]
    assert left == [("type", "alice")]


def test_a_control_that_is_gone_is_told_unless_the_page_went_away() -> None:
    async def fill(tab: Tab, *, loaded: bool) -> None:
        tab.loaded = loaded
        await tab.fill([("1", ("alice",))], "", scripted=True)

    tabbed(lambda tab: fill(tab, loaded=False))
    with pytest.raises(EvidenceError, match="could not be filled in: the page changed"):
        tabbed(lambda tab: fill(tab, loaded=True))


def test_a_page_whose_script_fails_shows_nothing() -> None:
    screen, _ = tabbed(lambda tab: tab.screen(), evaluated={"exceptionDetails": {}})

    assert screen is None


def test_an_address_of_an_app_is_told_to_who_listens() -> None:
    deaf = Deaf()

    async def sent(tab: Tab) -> None:
        for receiver in (None, deaf):
            tab.answer_to(receiver)
            for frame, url in (("main", APP), ("other", APP), ("main", ISSUER)):
                tab._requested({"frameId": frame, "url": url})

    tabbed(sent)

    assert deaf.left == [APP]


def test_a_request_that_nobody_answers_fails_in_the_browser() -> None:
    async def asked(tab: Tab) -> int:
        tab._paused(paused(f"{ISSUER}/page"))
        await asyncio.gather(*tab._tasks)
        return tab.pages

    pages, done = tabbed(asked)

    assert pages == 1
    assert done == [("Fetch.failRequest", {"requestId": "7", "errorReason": "Aborted"})]


def test_a_mistake_of_ours_reaches_who_waits() -> None:
    async def asked(tab: Tab) -> None:
        tab.answer_to(Deaf())
        tab._paused(paused(f"{ISSUER}/page"))
        await tab.until(lambda: False, 5)

    with pytest.raises(ValueError, match="a mistake at"):
        tabbed(asked)


def test_a_page_that_asks_without_end_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idprobe.login.browser.tab.RESTLESS_S", -1.0)

    async def restless(tab: Tab) -> bool:
        tab._move()
        await tab.quiet()
        return tab.loaded

    assert tabbed(restless) == (False, [])
