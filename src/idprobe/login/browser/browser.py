"""Logging in with a browser: one Chromium for a run, one context for each fresh browser of it.

What needs no browser is not asked of it: redirects, and pages on which nothing runs and nobody has
anything to do. The first page with something to show or to run is handed over as it came; what
follows the browser writes, and we carry (idprobe.login.browser.tab).
"""

import asyncio
import os
import shutil
import weakref
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Self

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import async_playwright

from idprobe.client.cookies import Cookies
from idprobe.client.trust import environment_of_browsers
from idprobe.client.wire import Wire
from idprobe.errors import EvidenceError, ProfileError
from idprobe.flows import Ending, HumanStep, Stopped
from idprobe.login.browser.client_pages import Show
from idprobe.login.browser.jar import from_browser, snapshot, to_browser
from idprobe.login.browser.tab import Tab
from idprobe.login.browser.walk import Walk
from idprobe.login.forms.journey import MAX_STEPS, Journey, Stop, is_html, refresh_of
from idprobe.login.forms.pages import read_page
from idprobe.model.exchange import Exchange, Request
from idprobe.model.profile import Profile

__all__ = ["Browser", "find_browser"]

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ARGUMENTS: Final = (
    "--no-sandbox",  # it runs as root in containers, and nothing but our answers reaches it
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # nothing goes out but by us
    "--no-proxy-server",  # nor by a proxy of the environment, which would resolve names itself
    "--disable-features=IsolateOrigins,site-per-process",  # frames are in the tab's own process
    "--disable-site-isolation-trials",
)
PREFERENCES: Final = '{"profile": {"cookie_controls_mode": 0}}'
"""Scripts in frames of another site may read cookies: Session Management rests on that."""
AT_ONCE: Final = 4
"""More tabs at work than this slow each other down."""


def find_browser(profile: Profile) -> str:
    """Return the path of the Chromium to use; raises ProfileError if there is none."""
    where, named = profile.where, profile.login.browser
    if named is not None:
        if not Path(named).is_file():
            raise ProfileError(where, "login.browser", f"{named} is no file: name a Chromium")
        return named
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        fix = "needs a Chromium: install one (Debian's package chromium), or set login.browser"
        raise ProfileError(where, "login.driver", fix)
    return found


@dataclass(slots=True, eq=False)
class _Seat:
    """The context of one fresh browser, and what it had for cookies when we last looked."""

    context: Any
    tab: Tab
    session: Any
    cookies: frozenset[tuple[str, str, str, str | None]] = frozenset()
    in_use: asyncio.Lock = field(default_factory=asyncio.Lock)


class Browser:
    """The Chromium of a run; it starts with the first journey."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._path = find_browser(profile)
        self._starting = asyncio.Lock()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._stack = AsyncExitStack()
        self._chromium: Any = None
        self._user_agent: str | None = None
        self._seats: weakref.WeakKeyDictionary[Cookies, _Seat] = weakref.WeakKeyDictionary()
        self._left: list[_Seat] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._stack.aclose()

    async def _start(self) -> None:
        async with self._starting:
            if self._chromium is not None:
                return
            folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="idprobe-browser-")))
            (folder / "Default").mkdir()
            (folder / "Default" / "Preferences").write_text(PREFERENCES, encoding="utf-8")
            driver = await self._stack.enter_async_context(async_playwright())
            try:
                whole = await driver.chromium.launch_persistent_context(
                    folder,
                    executable_path=self._path,
                    args=list(ARGUMENTS),
                    env=environment_of_browsers(os.environ),
                    handle_sigint=False,
                    handle_sigterm=False,
                    handle_sighup=False,
                )
                self._stack.push_async_callback(whole.close)
                chromium: Any = whole.browser
                session = await chromium.new_browser_cdp_session()
                told = await session.send("Browser.getVersion")
            except PlaywrightError as error:
                reason = error.message.splitlines()[0][:200]
                fix = f"{self._path} does not start: {reason}"
                raise ProfileError(self._profile.where, "login.driver", fix) from None
            self._user_agent = str(told["userAgent"])
            self._chromium = chromium

    async def visit(self, wire: Wire, step: HumanStep, name: str) -> Ending:
        """Carry the user through a journey, in the browser from its first page on."""
        await self._start()
        wire.user_agent = self._user_agent
        origins, hints = self._profile.allowed_origins, self._profile.login.hints
        first = await self._approach(wire, Journey(step, hints, origins, scripts_run=True), name)
        if not isinstance(first, Exchange):
            wire.name_ending(first, name)
            return first
        journey = Journey(step, hints, origins, scripts_run=True)
        async with self._turns, self._seat(wire.cookies) as tab:
            return await Walk(wire, journey, tab, name, first).end()

    async def show(self, wire: Wire, pages: Mapping[str, str], name: str) -> None:
        """Open the first page of a client, and wait until it has told what it heard."""
        await self._start()
        wire.user_agent = self._user_agent
        async with self._turns, self._seat(wire.cookies) as tab:
            await Show(wire, pages, tab, name).end()

    async def _approach(self, wire: Wire, journey: Journey, name: str) -> Exchange | Ending:
        """Return the exchange of the first page for the browser, or how it ended before."""
        request = journey.step.request
        number = 0
        while True:
            number += 1
            response = await wire.send(request, f"{name}/{number}")
            stop = Stop(request, response)
            if number >= MAX_STEPS:
                return stop(f"it did not come to an end in {MAX_STEPS} steps")
            if response.is_redirect:
                move = journey.redirected(stop)
            elif is_html(response):
                return _ended_at(journey, stop) or wire.exchanges[-1]
            elif (refresh := refresh_of(request, response)) is not None:
                move = journey.follow(refresh.url, stop)
            else:
                return stop("it answered neither with a redirect nor with an HTML page")
            if not isinstance(move, Request):
                return move
            request = move

    @asynccontextmanager
    async def _seat(self, cookies: Cookies) -> AsyncIterator[Tab]:
        """Give the tab that belongs to these cookies, which are what they are in it afterwards."""
        seat = self._seats.get(cookies)
        if seat is None:
            seat = await self._new_seat(cookies)
        async with seat.in_use:
            if snapshot(cookies.all()) != seat.cookies:
                await seat.context.clear_cookies()
                wanted = [to_browser(one) for one in cookies.all()]
                if wanted:
                    await seat.session.send("Network.setCookies", {"cookies": wanted})
            yield seat.tab
            cookies.become(from_browser(one) for one in await seat.context.cookies())
            seat.cookies = snapshot(cookies.all())

    async def _new_seat(self, cookies: Cookies) -> _Seat:
        if self._left:
            seat = self._left.pop()
            await seat.tab.wipe()
            seat.cookies = frozenset()
        else:
            context = await self._chromium.new_context(
                service_workers="block", accept_downloads=False, locale="en"
            )
            tab = await Tab.opened(context)
            seat = _Seat(context, tab, tab.session)
        self._seats[cookies] = seat
        weakref.finalize(cookies, self._left.append, seat)
        return seat


def _ended_at(journey: Journey, stop: Stop) -> Stopped | None:
    """Return the ending at a page on which nothing runs and nobody has anything to do."""
    try:
        page = read_page(stop.response, stop.request.url, journey.hints)
    except EvidenceError as error:
        return stop(str(error))
    refresh = refresh_of(stop.request, stop.response) or page.refresh
    if page.is_alive or refresh is not None:
        return None
    move = journey.look(page, None, stop)
    return move if isinstance(move, Stopped) else None
