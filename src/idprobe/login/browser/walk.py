"""A journey through pages in the browser, from the first page that it shows to its end."""

from dataclasses import replace
from typing import Final

from idprobe.client.clock import utc_now
from idprobe.client.wire import Wire
from idprobe.errors import EvidenceError, NoResponse
from idprobe.flows import Ending, Landed, Stopped
from idprobe.flows.landing import landing_at, posted_landing
from idprobe.login.browser.tab import Asked, Screen, Tab
from idprobe.login.forms.forms import Control
from idprobe.login.forms.journey import (
    ERROR_PAGE,
    MAX_STEPS,
    NOTHING_USABLE,
    REFUSED,
    Fill,
    Follow,
    Journey,
    Stop,
    is_html,
    refresh_of,
)
from idprobe.login.forms.pages import read_page
from idprobe.model.exchange import Exchange, Request, Response, Sender

__all__ = ["Walk"]

LOAD_S: Final = 30.0
SUBMIT_S: Final = 10.0
PATIENCE_S: Final = 5.0
"""How long scripts may take to show something of use, once nothing is under way."""
GLANCE_S: Final = 0.25
MAX_PARTS: Final = 200
LOADED: Final = frozenset({"Document", "Script", "Stylesheet", "XHR", "Fetch", "Preflight"})
"""What is loaded for a page; pictures, fonts and films are not."""
ERROR_PATIENCE_S: Final = 1.0
"""The same for a page whose status says already that something went wrong."""
PATIENCE: Final = {
    ERROR_PAGE: ERROR_PATIENCE_S,
    **dict.fromkeys((NOTHING_USABLE, *REFUSED.values()), PATIENCE_S),
}


class Walk:
    """Answers what the tab asks for, and decides what is done on each page."""

    def __init__(self, wire: Wire, journey: Journey, tab: Tab, name: str, first: Exchange) -> None:
        self._wire, self._journey, self._tab, self._name = wire, journey, tab, name
        self._page = first
        self._held: Exchange | None = first
        self._number = int(first.step.rpartition("/")[2])
        self._before = tab.pages
        self._strange: set[str] = set()
        self._ending: Ending | None = None

    async def end(self) -> Ending:
        """Walk on from the first page and return how it ended."""
        self._tab.answer_to(self)
        try:
            await self._tab.go(self._page.request.url)
            await self._tab.until(self._arrived, LOAD_S)
            while self._ending is None:
                await self._step()
        except EvidenceError as error:
            self._end(self._stop(str(error)))
        finally:
            self._tab.answer_to(None)
        self._name_page()
        return self._ending or self._stop("it did not come to an end")

    def _turned(self, pages: int) -> bool:
        """Return whether the tab asked for more pages than so many, or it has ended."""
        return self._ending is not None or self._tab.pages > pages

    def _arrived(self) -> bool:
        return self._ending is not None or self._tab.loaded

    def _end(self, ending: Ending) -> None:
        self._ending = self._ending or ending

    @property
    def _stop(self) -> Stop:
        return Stop(self._page.request, self._page.answered)

    def _name_page(self) -> None:
        """Give the last page of the journey the name of the whole, and its landing."""
        landing = self._ending.landing if isinstance(self._ending, Landed) else None
        named = replace(self._page, step=self._name, landing=landing)
        for place, exchange in enumerate(self._wire.exchanges):
            if exchange is self._page:
                self._wire.exchanges[place] = named

    # What the tab asks for

    async def answered(self, asked: Asked) -> Response | None:
        """Carry a request, unless it lands or must not be sent."""
        if self._ending is not None:
            return None
        if asked.is_page:
            return await self._page_for(asked)
        if asked.kind not in LOADED or not self._may_go(asked.url):
            if asked.kind == "Document":
                self._note(asked.request)
            return None
        return (await self._forward(asked.request)).response

    def _note(self, request: Request) -> None:
        """Record that a frame of another host is asked for, which is not sent."""
        now = utc_now()
        said = "a frame of another host: it was not sent"
        noted = Exchange(request, None, now, 0, f"frame-of-{self._name}", said, Sender.BROWSER)
        self._wire.record(noted)

    def left_for(self, url: str) -> None:
        """End where a page leads to an app of the client, or to nothing that we could open."""
        ended = self._journey.follow(url, self._stop)
        if not isinstance(ended, Request):
            self._end(ended)

    def _may_go(self, url: str) -> bool:
        why = self._journey.why_not(url)
        if why is not None:
            self._strange.add(why)
        return why is None

    async def _page_for(self, asked: Asked) -> Response | None:
        exchange, self._held = self._held, None
        if exchange is None:
            left = self._leaves(asked)
            if left is not None:
                self._end(left)
                return None
            exchange = await self._forward(asked.request)
            if exchange.response is None:
                raise NoResponse(exchange, exchange.failure or "no response")
            self._page = exchange
        response = exchange.answered
        if response.is_redirect:
            following = self._journey.redirected(self._stop)
            if not isinstance(following, Request):
                self._end(following)
                return None
        elif not is_html(response) and refresh_of(exchange.request, response) is None:
            self._end(self._stop("it answered neither with a redirect nor with an HTML page"))
            return None
        return response

    def _leaves(self, asked: Asked) -> Ending | None:
        """Return how the journey ends at a page that must not be asked for, None if it may."""
        uris, request = self._journey.step.redirect_uris, asked.request
        landing = landing_at(asked.url, uris)
        if request.method == "POST":
            landing = posted_landing(asked.url, request.form, uris) or landing
        if landing is not None:
            return Landed(landing)
        why = self._journey.why_not(asked.url)
        if why is not None:
            return self._stop(f"it leads {why}")
        if self._tab.pages - self._before > MAX_STEPS:
            return self._stop(f"it did not come to an end in {MAX_STEPS} steps")
        return None

    async def _forward(self, request: Request) -> Exchange:
        self._number += 1
        if self._number > MAX_PARTS:
            raise EvidenceError(f"the pages ask for more than {MAX_PARTS} parts")
        return await self._wire.forward(request, f"{self._name}/{self._number}")

    # What is done on a page

    async def _step(self) -> None:
        screen = await self._tab.screen()
        if screen is None or not self._tab.loaded:
            if not await self._tab.until(self._arrived, LOAD_S):
                self._end(self._stop(f"the page was not complete in {LOAD_S:g} s"))
            return
        if screen.scripted:
            await self._tab.quiet()
            screen = await self._tab.screen()
            if screen is None or self._ending is not None or not self._tab.loaded:
                return
        shown = screen.html.encode("utf-8", "replace")
        response = Response(200, (("Content-Type", "text/html; charset=utf-8"),), shown)
        page = read_page(response, screen.url, self._journey.hints)
        refresh = refresh_of(self._page.request, self._page.answered) or page.refresh
        move = self._journey.look(page, refresh, self._stop)
        match move:
            case Fill():
                await self._fill(move, screen)
            case Follow(url=url):
                await self._follow(url, own=refresh is not None and refresh.url == url)
            case Landed():
                self._end(move)
            case Stopped():
                patience_s = PATIENCE.get(move.why, 0.0) if screen.scripted else 0.0
                if not await self._changes(screen, self._tab.pages, patience_s):
                    self._end(self._told(move))

    def _told(self, stopped: Stopped) -> Stopped:
        if not self._strange or stopped.why != NOTHING_USABLE:
            return stopped
        return replace(stopped, why=f"{stopped.why}; it would load parts {min(self._strange)}")

    async def _changes(self, screen: Screen, pages: int, patience_s: float) -> bool:
        """Wait for another page, or another look of this one; return whether there is any."""
        for _ in range(round(patience_s / GLANCE_S)):
            if await self._tab.until(lambda: self._turned(pages), GLANCE_S):
                await self._tab.until(self._arrived, LOAD_S)
                return True
            now = await self._tab.screen()
            if now is not None and now.html != screen.html:
                return True
        return False

    async def _follow(self, url: str, *, own: bool) -> None:
        """Go where a link leads, or wait for the browser to go where the page sends it."""
        ended = self._journey.follow(url, self._stop)
        if not isinstance(ended, Request):
            self._end(ended)
            return
        before = self._tab.pages
        if not own or not await self._tab.until(lambda: self._turned(before), LOAD_S):
            await self._tab.go(url)
            await self._tab.until(lambda: self._turned(before), SUBMIT_S)
        await self._tab.until(self._arrived, LOAD_S)

    async def _fill(self, fill: Fill, screen: Screen) -> None:
        before = self._tab.pages
        typed = [
            (control.mark, fill.chosen[place])
            for place, control in enumerate(fill.form.controls)
            if place in fill.chosen and _differs(control, fill.chosen[place])
        ]
        marks = [control.mark for control in fill.form.controls if control.mark]
        if fill.button is not None and fill.button.mark:
            await self._tab.fill(typed, fill.button.mark, scripted=screen.scripted)
        elif marks:
            await self._tab.fill(typed, "", scripted=screen.scripted)
            await self._tab.submit(marks[0])
        if screen.scripted:
            await self._changes(screen, before, PATIENCE_S)
            return
        if not await self._tab.until(
            lambda: self._ending is not None or self._tab.pages > before, SUBMIT_S
        ):
            self._end(self._stop("the form was not sent when its button was pressed"))
        await self._tab.until(self._arrived, LOAD_S)


def _differs(control: Control, values: tuple[str, ...]) -> bool:
    """Return whether a control has to be touched; what it shows already stays."""
    return control.values != values
