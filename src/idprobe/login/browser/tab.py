"""A tab of the browser: what it asks for, we carry; what it shows, we read; we type and click.

Chromium itself reaches no network: each request of a page, also one that a redirect leads to, is
paused (DevTools protocol, domain Fetch) and answered by whoever receives it.
"""

import asyncio
import base64
import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol, Self

from playwright.async_api import Error as PlaywrightError

from idprobe.errors import EvidenceError, IdprobeError
from idprobe.model.exchange import Agent, Headers, Request, Response

__all__ = ["Asked", "Receiver", "Screen", "Tab"]

LOOK: Final = Path(__file__).with_name("look.js").read_text(encoding="utf-8")
FIND: Final = Path(__file__).with_name("find.js").read_text(encoding="utf-8")
SET_AND_PRESS: Final = f"""([typed, pressed]) => {{
  const find = {FIND};
  for (const [number, value, chosen] of typed) {{
    const control = find(number);
    if (["checkbox", "radio"].includes(control.type)) control.checked = chosen;
    else control.value = value;
  }}
  if (pressed) find(pressed).click();
}}"""
SUBMIT: Final = f"(number) => {{ ({FIND})(number).form.requestSubmit(); }}"
CLICK_MS: Final = 5_000
QUIET_S: Final = 0.1
RESTLESS_S: Final = 10.0
OURS: Final = frozenset({"host", "content-length", "referer", "accept-encoding"})
"""Headers of the browser that are not passed on as they are."""
FRAMING: Final = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive"})
WEB: Final = ("http:", "https:")


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """A request that the browser wrote; `url` has the fragment too."""

    request: Request
    url: str
    kind: str
    is_page: bool
    """Whether the tab itself goes there."""


@dataclass(frozen=True, slots=True, repr=False)
class Screen:
    """What a tab shows."""

    html: str
    url: str
    scripted: bool
    """Whether scripts could change it."""


class Receiver(Protocol):
    """Who answers what a tab asks for."""

    async def answered(self, asked: Asked) -> Response | None:
        """Return the response, or None to let the request fail."""
        ...

    def left_for(self, url: str) -> None:
        """Hear that the tab was sent to an address that is none of the web."""
        ...


class Tab:
    """One tab, with what happened in it so far."""

    def __init__(self, page: Any, session: Any, frame: str) -> None:
        self._page, self._frame = page, frame
        self.session: Final = session
        self._receiver: Receiver | None = None
        self._loader: str | None = None
        self._moved = asyncio.Event()
        self._moved_at = 0.0
        self._under_way = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._origins: set[str] = set()
        self.failure: Exception | None = None
        self.pages = 0
        """How many pages the tab asked for."""
        self.loaded = False
        """Whether the page that it asked for last is there, with all its parts."""

    @classmethod
    async def opened(cls, context: Any) -> Self:
        """Return a new tab of a browser context."""
        page = await context.new_page()
        session = await context.new_cdp_session(page)
        await session.send("Page.enable")
        tree = await session.send("Page.getFrameTree")
        tab = cls(page, session, tree["frameTree"]["frame"]["id"])
        session.on("Fetch.requestPaused", tab._paused)
        session.on("Page.frameNavigated", tab._navigated)
        session.on("Page.lifecycleEvent", tab._lived)
        session.on("Page.frameRequestedNavigation", tab._requested)
        await session.send("Page.setLifecycleEventsEnabled", {"enabled": True})
        await session.send("Fetch.enable", {"patterns": [{"urlPattern": "*"}]})
        return tab

    def answer_to(self, receiver: Receiver | None) -> None:
        """Let a receiver answer from now on; without one every request fails."""
        self._receiver, self.failure = receiver, None

    async def go(self, url: str) -> None:
        """Begin to go to an address."""
        self.loaded = False
        self._spawn(self._gone(url))

    async def _gone(self, url: str) -> None:
        with contextlib.suppress(PlaywrightError):
            await self.session.send("Page.navigate", {"url": url})

    async def until(self, reached: Callable[[], bool], within_s: float) -> bool:
        """Wait for something to be so, at most so long; return whether it is."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within_s
        while not reached():
            if self.failure is not None:
                raise self.failure
            self._moved.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._moved.wait()
            except TimeoutError:
                return reached()
        return True

    async def quiet(self) -> None:
        """Wait until nothing was asked for or changed pages for a little while.

        A page that asks without end is taken as it is after some seconds.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + RESTLESS_S
        while self._under_way or loop.time() - self._moved_at < QUIET_S:
            if loop.time() > deadline:
                return
            await self.until(lambda: False, QUIET_S)

    async def screen(self) -> Screen | None:
        """Return what the tab shows, None while it changes pages."""
        try:
            return Screen(**await self._evaluate(LOOK))
        except (PlaywrightError, EvidenceError):
            return None

    async def _evaluate(self, expression: str) -> Any:
        """Return the value of a script in the page; raises EvidenceError if it fails there."""
        told = await self.session.send(
            "Runtime.evaluate", {"expression": expression, "returnByValue": True}
        )
        if "exceptionDetails" in told:
            raise EvidenceError("the page changed while it was looked at")
        return told["result"].get("value")

    async def wipe(self) -> None:
        """Make the tab, and what it keeps, as new."""
        await self.session.send("Page.navigate", {"url": "about:blank"})
        await self.session.send("Network.clearBrowserCookies")
        for origin in self._origins:
            everything = {"origin": origin, "storageTypes": "all"}
            await self.session.send("Storage.clearDataForOrigin", everything)
        self._origins.clear()
        await self._evaluate("window.name = ''")
        await self.session.send("Page.resetNavigationHistory")

    async def fill(
        self, typed: Sequence[tuple[str, tuple[str, ...]]], pressed: str, *, scripted: bool
    ) -> None:
        """Type into controls and press a button, if one is named.

        On a page without scripts nobody could tell typing from setting values, which is faster.
        Raises EvidenceError where a control cannot be used.
        """
        try:
            if scripted:
                await self._type(typed, pressed)
                return
            values = [[int(mark), value[0] if value else "", bool(value)] for mark, value in typed]
            given = json.dumps([values, int(pressed or 0)])
            await self._evaluate(f"({SET_AND_PRESS})({given})")
        except (PlaywrightError, EvidenceError) as error:
            if self._under_way or not self.loaded:
                return  # the page went away, as it should
            reason = str(error).splitlines()[0][:200]
            raise EvidenceError(f"the page could not be filled in: {reason}") from None

    async def _type(self, typed: Sequence[tuple[str, tuple[str, ...]]], pressed: str) -> None:
        for mark, value in typed:
            control = await self._element(mark)
            if await control.get_attribute("type") in {"checkbox", "radio"}:
                await control.set_checked(bool(value), timeout=CLICK_MS)
            else:
                await control.fill(value[0] if value else "", timeout=CLICK_MS)
        if pressed:
            await (await self._element(pressed)).click(timeout=CLICK_MS, no_wait_after=True)

    async def submit(self, mark: str) -> None:
        """Submit the form of a control, where it has no button."""
        with contextlib.suppress(PlaywrightError, EvidenceError):
            await self._evaluate(f"({SUBMIT})({int(mark)})")

    async def _element(self, mark: str) -> Any:
        handle = await self._page.evaluate_handle(FIND, int(mark))
        element = handle.as_element()
        if element is None:
            raise EvidenceError("the page changed while it was filled in")
        return element

    # What the browser tells

    def _paused(self, event: Mapping[str, Any]) -> None:
        self._spawn(self._answer(event))

    def _navigated(self, event: Mapping[str, Any]) -> None:
        if event["frame"]["id"] == self._frame:
            self._loader = event["frame"]["loaderId"]
            self._move()

    def _lived(self, event: Mapping[str, Any]) -> None:
        if (event["name"], event["loaderId"]) == ("load", self._loader):
            self.loaded = True
            self._move()

    def _requested(self, event: Mapping[str, Any]) -> None:
        url = str(event["url"])
        if event["frameId"] == self._frame and not url.startswith((*WEB, "about:", "javascript:")):
            if self._receiver is not None:
                self._receiver.left_for(url)
            self._move()

    def _move(self) -> None:
        self._moved_at = asyncio.get_running_loop().time()
        self._moved.set()

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        """Let whoever waits have the mistake of a task."""
        self._tasks.discard(task)
        mistake = None if task.cancelled() else task.exception()
        if isinstance(mistake, Exception):
            self.failure = mistake
            self._moved.set()

    async def _answer(self, event: Mapping[str, Any]) -> None:
        asked = asked_of(event, self._frame)
        self._origins.add(asked.request.origin)
        if asked.is_page:
            self.loaded, self._loader = False, None
            self.pages += 1
        self._under_way += 1
        self._move()
        response: Response | None = None
        try:
            if self._receiver is not None:
                response = await self._receiver.answered(asked)
        except IdprobeError as error:
            self.failure = error
        finally:
            self._under_way -= 1
        with contextlib.suppress(PlaywrightError):
            await self._reply(event["requestId"], response)
        self._move()

    async def _reply(self, identifier: str, response: Response | None) -> None:
        if response is None:
            failed = {"requestId": identifier, "errorReason": "Aborted"}
            await self.session.send("Fetch.failRequest", failed)
            return
        headers = [
            {"name": name, "value": value}
            for name, value in response.headers
            if name.lower() not in FRAMING
        ]
        fulfilled = {
            "requestId": identifier,
            "responseCode": response.status,
            "responseHeaders": headers,
            "body": base64.b64encode(response.body).decode("ascii"),
        }
        await self.session.send("Fetch.fulfillRequest", fulfilled)


def asked_of(event: Mapping[str, Any], frame: str) -> Asked:
    """Return what a paused request asks for.

    Its Referer tells the origin alone, as ours do: pages' addresses hold secrets.
    """
    told = event["request"]
    headers: Headers = tuple(
        (name, value) for name, value in told["headers"].items() if name.lower() not in OURS
    )
    referer = next((v for n, v in told["headers"].items() if n.lower() == "referer"), None)
    if referer:
        headers += (("Referer", "/".join(referer.split("/")[:3]) + "/"),)
    body = b"".join(
        base64.b64decode(entry.get("bytes", "")) for entry in told.get("postDataEntries", ())
    )
    headers += (("Accept-Language", "en"),)
    request = replace(
        Request.get(told["url"], headers=headers, agent=Agent.USER),
        method=told["method"],
        body=body,
    )
    kind = str(event["resourceType"])
    is_page = kind == "Document" and event["frameId"] == frame
    return Asked(request, told["url"] + told.get("urlFragment", ""), kind, is_page)
