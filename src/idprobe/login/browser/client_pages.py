"""Pages of clients in the user's browser, which frame pages of the server and tell what they hear.

Such a client exists in this run alone: its pages are answered from memory. What a page tells, by
a request to TOLD at its own origin, is recorded as an exchange of the browser, its step `asked`.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urldefrag, urlsplit

from idprobe.client.clock import utc_now
from idprobe.client.wire import TOLD, Wire
from idprobe.errors import EvidenceError
from idprobe.flows import HumanStep
from idprobe.login.browser.tab import Asked, Tab
from idprobe.login.forms.journey import Journey
from idprobe.model.exchange import Exchange, Request, Response, Sender

__all__ = ["Show"]

SHOW_S: Final = 30.0
MAX_PARTS: Final = 100
PAGE: Final = (("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"))
LOADED: Final = frozenset({"Document", "Script", "XHR", "Fetch", "Preflight"})


class Show:
    """Answers what the pages of a client, and what they frame, ask for."""

    def __init__(self, wire: Wire, pages: Mapping[str, str], tab: Tab, name: str) -> None:
        self._wire, self._pages, self._tab, self._name = wire, pages, tab, name
        self._first = next(iter(pages))
        server = Request.get(wire.provider.issuer)
        origins = wire.provider.profile.allowed_origins
        self._rules = Journey(HumanStep(server, ()), {}, origins)
        self._parts = 0
        self._over = False

    async def end(self) -> None:
        """Open the first page and wait until it has told everything.

        Raises EvidenceError if it does not come to that.
        """
        self._tab.answer_to(self)
        try:
            await self._tab.go(self._first)
            if not await self._tab.until(lambda: self._over, SHOW_S):
                raise EvidenceError(f"a page of the client told nothing more within {SHOW_S:g} s")
        finally:
            self._tab.answer_to(None)

    async def answered(self, asked: Asked) -> Response | None:
        """Answer as the client for its pages, and let the server answer for its own."""
        bare = urldefrag(asked.url).url
        if bare in self._pages:
            return Response(200, PAGE, self._pages[bare].encode())
        if bare.partition("?")[0] in {f"{_origin(page)}{TOLD}" for page in self._pages}:
            return self._told(asked.request)
        self._parts += 1
        if asked.kind not in LOADED or self._rules.why_not(bare) or self._parts > MAX_PARTS:
            return None
        step = f"{self._name}/{self._parts}"
        return (await self._wire.forward(asked.request, step)).response

    def left_for(self, _url: str) -> None:
        """Take no notice: a page of a client stays where it is."""

    def _told(self, request: Request) -> Response:
        asked = request.parameter("asked")
        response = Response(204)
        if asked is None:
            self._over = True
        else:
            now = utc_now()
            told = Exchange(request, response, now, 0, asked, sender=Sender.BROWSER)
            self._wire.record(told)
        return response


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
