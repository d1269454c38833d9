"""What a user's browser does next on the way to a redirect_uri, decided without sending anything.

The form driver makes requests of it; the browser driver types and clicks.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit

from idprobe.errors import EvidenceError
from idprobe.flows.landing import landing_at, posted_landing
from idprobe.flows.moves import Ending, HumanStep, Landed, Stopped
from idprobe.login.forms.forms import Control, Form, Link, Page, Refresh
from idprobe.login.forms.pages import joined, read_refresh
from idprobe.login.forms.recognition import (
    Fields,
    Press,
    asks_new_password,
    choice,
    consent_values,
    login_button,
    login_fields,
    self_submitting,
)
from idprobe.login.forms.submission import browse, entries
from idprobe.login.forms.totp import one_time_code
from idprobe.model.exchange import Request, Response
from idprobe.model.profile import User, host_of, is_usable_url, origin_of, secured

__all__ = [
    "ERROR_PAGE",
    "IN_THE_CLEAR",
    "MAX_STEPS",
    "NEEDS_SCRIPTS",
    "NOTHING_USABLE",
    "REFUSED",
    "Fill",
    "Follow",
    "Journey",
    "Stop",
    "is_html",
    "refresh_of",
]

MAX_STEPS: Final = 20
MAX_DELAY_S: Final = 5
MAX_PATIENCE_S: Final = 30
"""The longest delay of a Refresh that is still followed, on a page with nothing else to do."""
HTML: Final = frozenset({"text/html", "application/xhtml+xml"})
KEPT_METHOD: Final = frozenset({307, 308})
ERROR_PAGE: Final = "an error page"
ELSEWHERE: Final = "to another host"
UNREADABLE: Final = "to an address that cannot be read"
IN_THE_CLEAR: Final = "from https to plain http"
NOTHING_USABLE: Final = "a page without anything on it that idprobe knows how to use"
NEEDS_SCRIPTS: Final = (
    'the page needs JavaScript, which the form driver does not run: set driver = "browser" '
    "under [login]"
)
NO_SESSION: Final = (
    "a login page, although a session is given as [login] cookies, and there is no password: give "
    "a session that has not ended, or a user under [users.NAME]"
)
REFUSED: Final[Mapping[str, str]] = {
    "password": "the login form came back: the credentials were refused",
    "username": "the form for the user name came back: the user name was refused",
    "code": "the form for the second factor came back: the code was refused",
}


@dataclass(frozen=True, slots=True)
class Stop:
    """The place where a journey may end."""

    request: Request
    response: Response

    def __call__(self, why: str) -> Stopped:
        """Return the ending there, and why it is one."""
        return Stopped(self.response, self.request, why)


@dataclass(frozen=True, slots=True, repr=False)
class Fill:
    """A form to submit: what is chosen, by the places of its controls, and the button to press."""

    form: Form
    chosen: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    button: Control | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Follow:
    """An address to go to: that of a link, or of a refresh."""

    url: str


class Journey:
    """What the browser does next, and what it did already.

    With `scripts_run` pages are as scripts have made them, in a browser that runs them.
    """

    def __init__(
        self,
        step: HumanStep,
        hints: Mapping[str, str],
        allowed_origins: frozenset[str],
        *,
        scripts_run: bool = False,
    ) -> None:
        self.step: Final = step
        self.hints: Final = {name: selector for name, selector in hints.items() if selector}
        self._scripts_run = scripts_run
        self._secure = step.request.origin.lower().startswith("https:")
        own = {step.request.origin} if is_usable_url(step.request.origin) else set()
        self._origins = {*map(origin_of, own), *allowed_origins}
        self._filled: set[str] = set()

    def redirected(self, stop: Stop) -> Request | Ending:
        """Follow a redirect as browsers do (Fetch, section 4.4): 307 and 308 repeat the request."""
        location = (stop.response.header("location") or "").strip()
        url = joined(stop.request.url, location)
        following = browse_or_none(url, stop.request)
        if following is not None and stop.response.status in KEPT_METHOD:
            following = replace(stop.request, origin=following.origin, target=following.target)
        return self.go(following, url, stop)

    def look(self, page: Page, refresh: Refresh | None, stop: Stop) -> Fill | Follow | Ending:
        """Return what is done on a page, or how the journey ends there."""
        for form in page.forms:
            if form.method == "post" and not form.fillable:
                landing = posted_landing(form.action, entries(form), self.step.redirect_uris)
                if landing is not None:
                    return Landed(landing)
        if refresh is not None and not refresh.without_scripts and refresh.delay_s <= MAX_DELAY_S:
            return Follow(refresh.url)
        fields = login_fields(page)
        if fields is not None:
            return self._identify(fields, page, stop)
        silent = self_submitting(page)
        if silent is not None:
            return Fill(silent, button=next(iter(silent.buttons), None))
        decided = self._decide(page, stop)
        if (
            isinstance(decided, Stopped)
            and refresh is not None
            and refresh.delay_s <= MAX_PATIENCE_S
        ):
            return Follow(refresh.url)
        return decided

    def _identify(self, fields: Fields, page: Page, stop: Stop) -> Fill | Ending:
        """Fill in who the user is, unless that was done before."""
        user = self.step.user
        if user is None or self.step.only_presses:
            return stop("a login page, and nobody is to log in")
        kind = fields.kind
        if not user.password:
            return stop(NO_SESSION)
        if kind in self._filled:
            return stop(REFUSED[kind])
        if kind == "code" and user.totp_secret is None:
            return stop("a second factor is asked for, and the user has no totp_secret")
        button = login_button(fields.form)
        if self._is_for_scripts(fields, page, button):
            return stop(NEEDS_SCRIPTS)
        self._filled.add(kind)
        return Fill(fields.form, _identity(fields, user), button)

    def _is_for_scripts(self, fields: Fields, page: Page, button: Control | None) -> bool:
        """Return whether only a script could send a login form: it would not carry the password.

        Sent as it stands a field without a name is left out, and a GET shows the password.
        """
        if fields.password is None or not self._may_need_scripts(page):
            return False
        method = (button.formmethod if button is not None else None) or fields.form.method
        return method != "post" or not fields.form.controls[fields.password].name

    def _decide(self, page: Page, stop: Stop) -> Fill | Follow | Ending:
        """Press the button that gives consent, or the one that refuses it."""
        if not stop.response.is_success:
            return stop(ERROR_PAGE)
        if asks_new_password(page):
            return stop("a new password is asked for")
        pressed, for_scripts = choice(page, deny=self.step.deny), self._may_need_scripts(page)
        alike = for_scripts and self.step.deny and _agrees_as_well(pressed, page)
        if pressed is None or alike:
            return stop(NEEDS_SCRIPTS if for_scripts else NOTHING_USABLE)
        if self.step.user is None:
            return stop("a page that waits for the user, and nobody is there")
        if isinstance(pressed, Link):
            return Follow(pressed.url)
        chosen = consent_values(pressed.form, deny=self.step.deny)
        return Fill(pressed.form, chosen, pressed.button)

    def _may_need_scripts(self, page: Page) -> bool:
        return page.has_scripts and not self._scripts_run

    def go(self, request: Request | None, url: str, stop: Stop) -> Request | Ending:
        """Return the request to the URL, unless it lands there or must not go there."""
        landing = landing_at(url, self.step.redirect_uris)
        if landing is not None:
            return Landed(landing)
        why = self.why_not(url)
        if request is None or why is not None:
            return stop(f"it leads {why or 'to an address that cannot be read'}")
        return request

    def follow(self, url: str, stop: Stop) -> Request | Ending:
        """Return the request for an address that the page leads to, or how it ends there."""
        return self.go(browse_or_none(url, stop.request), url, stop)

    def why_not(self, url: str) -> str | None:
        """Return why nothing may be sent to a URL, None if it may."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return UNREADABLE
        if parts.scheme not in {"http", "https"}:
            return f"to an address with the scheme {parts.scheme!r:.20}"
        if "@" in parts.netloc:
            return "to an address with credentials in it"
        return self._why_not_at(origin_of(url)) if is_usable_url(url) else UNREADABLE

    def _why_not_at(self, origin: str) -> str | None:
        is_downgrade = self._secure and origin.startswith("http:")
        if origin not in self._origins and not (is_downgrade and secured(origin) in self._origins):
            return f"{ELSEWHERE}, {host_of(origin)!r:.80}"
        return IN_THE_CLEAR if is_downgrade else None


def _agrees_as_well(refusing: Press | Link | None, page: Page) -> bool:
    """Return whether a button that refuses sends what the one that agrees sends."""
    agreeing = choice(page, deny=False)
    if not isinstance(refusing, Press) or not isinstance(agreeing, Press):
        return False
    return agreeing.form is refusing.form and _sent(agreeing) == _sent(refusing)


def _sent(pressed: Press) -> tuple[object, ...]:
    """Return what a button adds to what its form sends, and where it sends it."""
    button = pressed.button
    own = (button.formaction, button.formmethod, button.formenctype) if button is not None else ()
    return own, entries(pressed.form, button=button)


def browse_or_none(url: str, before: Request) -> Request | None:
    """Return the browser's GET of a URL, None if it is none that can be sent."""
    try:
        return browse(url, before=before.url)
    except (EvidenceError, ValueError):
        return None


def is_html(response: Response) -> bool:
    """Return whether a browser shows the response as a page."""
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


def refresh_of(request: Request, response: Response) -> Refresh | None:
    """Return what a Refresh header says, its address absolute; None without one."""
    header = read_refresh(response.header("refresh") or "")
    return None if header is None else replace(header, url=joined(request.url, header.url))
