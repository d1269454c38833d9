"""Logging in and consenting by HTML forms, as a browser without JavaScript would."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from idprobe.errors import EvidenceError
from idprobe.exchange import Request, Response
from idprobe.flows.forms import Control, Form, Link, Page, Refresh
from idprobe.flows.landing import landing_at, posted_landing
from idprobe.flows.moves import Ending, Flow, HumanStep, Landed, Stopped, answer
from idprobe.flows.pages import joined, read_page, read_refresh
from idprobe.flows.recognition import (
    Fields,
    asks_new_password,
    choice,
    consent_values,
    login_button,
    login_fields,
    self_submitting,
)
from idprobe.flows.submission import browse, entries, submission, target_of
from idprobe.flows.totp import one_time_code
from idprobe.profile import User, host_of

__all__ = ["form_login"]

MAX_STEPS: Final = 20
MAX_DELAY_S: Final = 5
MAX_PATIENCE_S: Final = 30
"""The longest delay of a Refresh that is still followed, on a page with nothing else to do."""
HTML: Final = frozenset({"text/html", "application/xhtml+xml"})
KEPT_METHOD: Final = frozenset({307, 308})
NO_HINTS: Final[Mapping[str, str]] = {}


def form_login(
    step: HumanStep,
    hints: Mapping[str, str] = NO_HINTS,
    allowed_hosts: frozenset[str] = frozenset(),
) -> Flow[Ending]:
    """Walk through login and consent pages to a redirect_uri, and return how it ended.

    The hints are CSS selectors (username_field, password_field, submit, approve, deny), for pages
    where recognition fails. Nothing is sent to another host than the first request's or one that
    is allowed, nor to plain http once it began with https.
    """
    journey = _Journey(step, hints, allowed_hosts)
    request = step.request
    steps = 0
    while True:
        response = yield from answer(request)
        move = journey.after(request, response)
        if not isinstance(move, Request):
            return move
        steps += 1
        if steps >= MAX_STEPS:
            return Stopped(response, request, f"it did not come to an end in {MAX_STEPS} steps")
        request = move


@dataclass(frozen=True, slots=True)
class _Stop:
    """The place where a journey may end."""

    request: Request
    response: Response

    def __call__(self, why: str) -> Stopped:
        return Stopped(self.response, self.request, why)


class _Journey:
    """What the browser does next, and what it did already."""

    def __init__(
        self, step: HumanStep, hints: Mapping[str, str], allowed_hosts: frozenset[str]
    ) -> None:
        self._step = step
        self._hints = {name: selector for name, selector in hints.items() if selector}
        self._secure = step.request.origin.lower().startswith("https:")
        self._hosts = {host_of(step.request.origin), *map(str.lower, allowed_hosts)}
        self._filled: set[str] = set()

    def after(self, request: Request, response: Response) -> Request | Ending:
        """Return the request that follows on a response, or how the journey ends there."""
        stop = _Stop(request, response)
        if response.is_redirect:
            return self._redirected(stop)
        try:
            header = read_refresh(response.header("refresh") or "")
            if header is not None:
                header = replace(header, url=joined(request.url, header.url))
            if _is_html(response):
                page = read_page(response, request.url, self._hints)
                return self._on_page(page, header or page.refresh, stop)
        except EvidenceError as error:
            return stop(str(error))
        if header is not None:
            return self._go(browse_or_none(header.url, request), header.url, stop)
        return stop("it answered neither with a redirect nor with an HTML page")

    def _redirected(self, stop: _Stop) -> Request | Ending:
        """Follow a redirect as browsers do (Fetch, section 4.4): 307 and 308 repeat the request."""
        location = (stop.response.header("location") or "").strip()
        url = joined(stop.request.url, location)
        following = browse_or_none(url, stop.request)
        if following is not None and stop.response.status in KEPT_METHOD:
            following = replace(stop.request, origin=following.origin, target=following.target)
        return self._go(following, url, stop)

    def _on_page(self, page: Page, refresh: Refresh | None, stop: _Stop) -> Request | Ending:
        for form in page.forms:
            if form.method == "post" and not form.fillable:
                landing = posted_landing(form.action, entries(form), self._step.redirect_uris)
                if landing is not None:
                    return Landed(landing)
        if refresh is not None and not refresh.without_scripts and refresh.delay_s <= MAX_DELAY_S:
            return self._go(browse_or_none(refresh.url, stop.request), refresh.url, stop)
        fields = login_fields(page)
        if fields is not None:
            return self._identify(fields, stop)
        silent = self_submitting(page)
        if silent is not None:
            return self._submit(silent, stop, button=next(iter(silent.buttons), None))
        decided = self._decide(page, stop)
        if (
            isinstance(decided, Stopped)
            and refresh is not None
            and refresh.delay_s <= MAX_PATIENCE_S
        ):
            return self._go(browse_or_none(refresh.url, stop.request), refresh.url, stop)
        return decided

    def _identify(self, fields: Fields, stop: _Stop) -> Request | Ending:
        """Fill in who the user is, unless that was done before."""
        user = self._step.user
        if user is None:
            return stop("a login page, and nobody is to log in")
        kind = fields.kind
        if kind in self._filled:
            return stop(REFUSED[kind])
        if kind == "code" and user.totp_secret is None:
            return stop("a second factor is asked for, and the user has no totp_secret")
        self._filled.add(kind)
        button = login_button(fields.form)
        return self._submit(fields.form, stop, chosen=_identity(fields, user), button=button)

    def _decide(self, page: Page, stop: _Stop) -> Request | Ending:
        """Press the button that gives consent, or the one that refuses it."""
        if not stop.response.is_success:
            return stop("an error page")
        if asks_new_password(page):
            return stop("a new password is asked for")
        pressed = choice(page, deny=self._step.deny)
        if pressed is None:
            return stop("a page without anything on it that idprobe knows how to use")
        if self._step.user is None:
            return stop("a page that waits for the user, and nobody is there")
        if isinstance(pressed, Link):
            return self._go(browse_or_none(pressed.url, stop.request), pressed.url, stop)
        chosen = consent_values(pressed.form, deny=self._step.deny)
        return self._submit(pressed.form, stop, chosen=chosen, button=pressed.button)

    def _submit(
        self,
        form: Form,
        stop: _Stop,
        *,
        chosen: Mapping[int, tuple[str, ...]] | None = None,
        button: Control | None = None,
    ) -> Request | Ending:
        url = target_of(form, button)
        why = self._why_not(url)
        if landing_at(url, self._step.redirect_uris) is None and why is not None:
            return stop(f"a form leads {why}")
        request = submission(form, before=stop.request.url, chosen=chosen, button=button)
        if request.method == "POST":
            pairs = entries(form, chosen, button)
            landing = posted_landing(url, pairs, self._step.redirect_uris)
            return request if landing is None else Landed(landing)
        return self._go(request, request.url, stop)

    def _go(self, request: Request | None, url: str, stop: _Stop) -> Request | Ending:
        """Return the request to the URL, unless it lands there or must not go there."""
        landing = landing_at(url, self._step.redirect_uris)
        if landing is not None:
            return Landed(landing)
        why = self._why_not(url)
        if request is None or why is not None:
            return stop(f"it leads {why or 'to an address that cannot be read'}")
        return request

    def _why_not(self, url: str) -> str | None:
        """Return why nothing may be sent to a URL, None if it may."""
        try:
            parts, host = urlsplit(url), host_of(url)
        except ValueError:
            return "to an address that cannot be read"
        if parts.scheme not in {"http", "https"}:
            return f"to an address with the scheme {parts.scheme!r:.20}"
        if host not in self._hosts:
            return f"to another host, {host!r:.80}"
        if "@" in parts.netloc:
            return "to an address with credentials in it"
        if self._secure and parts.scheme == "http":
            return "from https to plain http"
        return None


REFUSED: Final[Mapping[str, str]] = {
    "password": "the login form came back: the credentials were refused",
    "username": "the form for the user name came back: the user name was refused",
    "code": "the form for the second factor came back: the code was refused",
}


def browse_or_none(url: str, before: Request) -> Request | None:
    """Return the browser's GET of a URL, None if it is none that can be sent."""
    try:
        return browse(url, before=before.url)
    except (EvidenceError, ValueError):
        return None


def _is_html(response: Response) -> bool:
    if response.media_type is not None:
        return response.media_type in HTML
    return response.body.lstrip()[:1] == b"<"


def _identity(fields: Fields, user: User) -> dict[int, tuple[str, ...]]:
    """Return what is typed into the form, by the places of its controls."""
    typed: dict[int, tuple[str, ...]] = {}
    if fields.username is not None:
        typed[fields.username] = (user.username,)
    if fields.password is not None:
        typed[fields.password] = (user.password,)
    if fields.code is not None and user.totp_secret is not None:
        typed[fields.code] = (one_time_code(user.totp_secret, time.time()),)
    return typed
