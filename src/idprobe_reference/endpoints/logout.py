"""Logout that a client starts (OpenID Connect RP-Initiated Logout 1.0)."""

import hmac
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.core import fresh_secret
from idprobe_reference.endpoints.logout_notices import LogoutNotices
from idprobe_reference.endpoints.pages import render
from idprobe_reference.endpoints.replies import page_reply, redirect_reply, with_parameters
from idprobe_reference.faults import PageFault
from idprobe_reference.requests.forms import Form
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import Session, Store

__all__ = ["Logout"]

_PAGE_LIFETIME_S: Final = 900


@dataclass(frozen=True, slots=True)
class _Page:
    """A logout that waits for the person's yes, bound to one browser."""

    csrf_token: str = field(repr=False)
    session_key: str = field(repr=False)
    target: str | None


class Logout(LogoutNotices):
    """The decisions of the logout endpoint."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._logout_pages: Final[Store[_Page]] = Store(self.clock)

    async def log_out(self, request: Request) -> Response:
        """Answer a logout request, or the form that confirms one, and tell the clients."""
        response = await self.answer_logout(request)
        await self.tell_clients()
        return response

    async def answer_logout(self, request: Request) -> Response:
        """Return what the person sees."""
        try:
            form = await self.authorization_form(request)
            if request.method == "POST" and "logout" in form:
                return self.confirmed(request, form)
            target = self.logout_target(form)
        except PageFault as fault:
            return self.error_page(fault)
        session = self.session_of(request)
        if session is None or session.user is None:
            return self.logged_out(target)
        return self.ask(session, target)

    def logout_target(self, form: Form) -> str | None:
        """Return where the browser goes after the logout; raises PageFault (section 4)."""
        if form.repeated():
            raise PageFault("A parameter is repeated.")
        client = self.logout_client(form)
        target = form.get("post_logout_redirect_uri")
        if target is None:
            return None
        if client is None:
            raise PageFault("It is not clear whose post_logout_redirect_uri this is.")
        if not self.logout_uri_matches(client, target):
            raise PageFault("This post_logout_redirect_uri is not registered for the client.")
        state = form.get("state")
        if state is None:
            return target
        return with_parameters(target, {"state": state}, fragment=False)

    def logout_client(self, form: Form) -> ClientConfig | None:
        """Return who asks for the logout, by hint or client_id; raises PageFault if they differ."""
        named = form.get("client_id")
        if named is not None and named not in self.clients:
            raise PageFault("No client of this client_id is registered here.")
        hint = form.get("id_token_hint")
        if hint is None:
            return self.clients.get(named or "")
        claims = self.logout_hint_claims(hint)
        if claims is None:
            raise PageFault("id_token_hint is no ID token of ours.")
        if named is not None and named != claims["aud"]:
            raise PageFault("client_id and id_token_hint are not of the same client.")
        return self.clients.get(str(claims["aud"]))

    def logout_hint_claims(self, hint: str) -> dict[str, Any] | None:
        """Return the claims of an ID token of ours, expired or not; None for anything else."""
        return self.id_token_of_ours(hint)

    def logout_uri_matches(self, client: ClientConfig, target: str) -> bool:
        """Return whether the URI is exactly one that the client registered."""
        return target in client.post_logout_redirect_uris

    def ask(self, session: Session, target: str | None) -> Response:
        """Return the page that asks whether to log out (section 2)."""
        key, token = fresh_secret(), fresh_secret()
        page = _Page(token, session.key, target)
        self._logout_pages.put(key, page, self.clock() + _PAGE_LIFETIME_S)
        html = render("logout", action=self.url("/logout"), transaction=key, csrf_token=token)
        return page_reply(html, 200, self.page_headers(form_action=""))

    def confirmed(self, request: Request, form: Form) -> Response:
        """Log out, or not, as the person answered; raises PageFault for a page not of ours."""
        page = self._logout_pages.pop(form.get("logout", ""))
        session = self.session_of(request)
        if page is None or session is None or not self.origin_is_ours(request):
            raise PageFault("This page has expired.", status=403)
        ours = hmac.compare_digest(page.csrf_token, form.get("csrf_token", ""))
        if page.session_key != session.key or not ours:
            raise PageFault("This page is not from this browser.", status=403)
        if form.get("decision") != "approve":
            html = render(
                "notice", title="Still logged in", message="Nothing changed.", role="status"
            )
            return page_reply(html, 200, self.page_headers())
        frames = self.frames(session)
        self.end_session(session)
        response = self.farewell(frames, page.target) if frames else self.logged_out(page.target)
        gone = f"{self.cookie_name()}={self.cookie_attributes()}; Max-Age=0"
        response.headers.append("Set-Cookie", gone)
        if self.config.session_management:
            state = f"{self.state_cookie_name()}={self.state_cookie_attributes()}; Max-Age=0"
            response.headers.append("Set-Cookie", state)
        return response

    def logged_out(self, target: str | None) -> Response:
        """Return the way back to the client, or a page that says it is done."""
        if target is not None:
            return redirect_reply(target, self.redirect_headers())
        html = render("notice", title="Logged out", message="You are logged out.", role="status")
        return page_reply(html, 200, self.page_headers())
