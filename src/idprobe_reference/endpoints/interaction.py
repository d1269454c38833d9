"""The pages between a request and its answer: login and consent, bound to one browser."""

import hmac
import secrets
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.core import fresh_secret
from idprobe_reference.endpoints.authorization import (
    TRANSACTION_LIFETIME_S,
    Authorization,
    Transaction,
)
from idprobe_reference.endpoints.pages import ConsentView, render
from idprobe_reference.endpoints.replies import page_reply, redirect_reply
from idprobe_reference.faults import AuthorizationFault, OAuthFault, PageFault
from idprobe_reference.requests.forms import Form
from idprobe_reference.settings import ServerConfig, UserConfig
from idprobe_reference.stores import Session, Store

__all__ = ["Interaction"]

_WRONG: Final = "User name or password is wrong."


class Interaction(Authorization):
    """The decisions about sessions, the login and the consent."""

    def __init__(self, config: ServerConfig, **options: object) -> None:
        super().__init__(config, **options)
        self.transactions: Final[Store[Transaction]] = Store(self.clock)

    # Sessions

    def cookie_name(self) -> str:
        """Return the name of the session cookie; over https the browser guards its scope."""
        return "__Host-idprobe" if self.is_secure() else "idprobe_session"

    def is_secure(self) -> bool:
        """Return whether the server is reached over https."""
        return self.issuer().startswith("https://")

    def cookie_attributes(self) -> str:
        """Return the attributes of the session cookie."""
        return "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if self.is_secure() else "")

    def session_of(self, request: Request) -> Session | None:
        """Return the session of the browser that asks; None if it has none."""
        key = request.cookies.get(self.cookie_name())
        return self.sessions.get(key) if key else None

    def open_session(self, response: Response, session: Session) -> None:
        """Give the browser the key of its session."""
        self.sessions.put(session.key, session, self.clock() + self.config.session_lifetime_s)
        cookie = f"{self.cookie_name()}={session.key}{self.cookie_attributes()}"
        response.headers.append("Set-Cookie", cookie)
        if self.config.session_management and session.user is not None:
            state = f"{self.state_cookie_name()}={session.state}{self.state_cookie_attributes()}"
            response.headers.append("Set-Cookie", state)

    def state_cookie_name(self) -> str:
        """Return the name of the cookie that the page of check_session_iframe reads."""
        return "idprobe_state"

    def state_cookie_attributes(self) -> str:
        """Return its attributes: scripts of ours read it, in a frame of another site.

        Browsers take loopback for secure, whatever its scheme is.
        """
        host = urlsplit(self.issuer()).hostname or ""
        secure = self.is_secure() or host == "localhost" or host.startswith("127.")
        return "; Path=/" + ("; SameSite=None; Secure" if secure else "; SameSite=Lax")

    def session_after_login(self, before: Session, user: UserConfig) -> Session:
        """Return the session of the person who logged in, under a key nobody knew before."""
        self.sessions.pop(before.key)
        same_person = before.user is not None and before.user.sub == user.sub
        return Session(
            key=fresh_secret(),
            user=user,
            auth_time=self.now(),
            sid=before.sid if same_person else secrets.token_urlsafe(16),
            consents=dict(before.consents) if same_person else {},
            clients=dict(before.clients) if same_person else {},
            state=secrets.token_urlsafe(16),
        )

    # Endpoints

    async def authorize(self, request: Request) -> Response:
        """Answer at the authorization endpoint."""
        try:
            form = await self.authorization_form(request)
            await self.prepare(form)
            wish = self.wish_of(form)
            state = request.cookies.get(self.state_cookie_name(), "")
            wish = replace(wish, browser_state=state)
        except PageFault as fault:
            return self.error_page(fault)
        transaction = Transaction(fresh_secret(), fresh_secret(), wish)
        return await self.proceed(transaction, self.session_of(request))

    async def proceed(self, transaction: Transaction, session: Session | None) -> Response:
        """Return the next page, or the answer."""
        try:
            step = self.next_step(transaction, session)
        except AuthorizationFault as fault:
            return self.deny(transaction.wish, fault)
        if step == "answer" and session is not None:
            return await self.answer(transaction, session)
        if step == "consent" and session is not None:
            self.bind(transaction, session)
            return self.consent_page(transaction, session)
        response_session = session or Session(fresh_secret())
        self.bind(transaction, response_session)
        response = self.login_page(transaction)
        if session is None:
            self.open_session(response, response_session)
        return response

    def bind(self, transaction: Transaction, session: Session) -> None:
        """Keep the transaction for the pages of this browser only."""
        transaction.session_key = session.key
        until = self.clock() + TRANSACTION_LIFETIME_S
        self.transactions.put(transaction.key, transaction, until)

    async def log_in(self, request: Request) -> Response:
        """Answer the login form."""
        try:
            form, transaction, session = await self.submitted(request)
        except PageFault as fault:
            return self.error_page(fault)
        if form.get("action") == "cancel":
            self.transactions.pop(transaction.key)
            end = transaction.wish.fault or AuthorizationFault("access_denied", "login cancelled")
            return self.deny(transaction.wish, end)
        username = form.get("username", "")
        if self.user_throttle.wait_s(username) > 0:
            return self.login_page(transaction, "Too many tries; wait a little.", 429, username)
        user = self.verify_password(username, form.get("password", ""))
        if user is None:
            self.user_throttle.failed(username)
            return self.login_page(transaction, _WRONG, 400, username)
        self.user_throttle.succeeded(username)
        fresh = self.session_after_login(session, user)
        transaction.authenticated = True
        response = await self.after_login(transaction, fresh)
        self.open_session(response, fresh)
        return response

    async def after_login(self, transaction: Transaction, session: Session) -> Response:
        """Return the redirect that follows a login: on to the consent page or to the client."""
        transaction.wish = replace(transaction.wish, browser_state=session.state)
        try:
            step = self.next_step(transaction, session)
        except AuthorizationFault as fault:
            self.transactions.pop(transaction.key)
            return self.deny(transaction.wish, fault)
        if step == "answer":
            self.transactions.pop(transaction.key)
            return await self.answer(transaction, session)
        self.bind(transaction, session)
        location = self.url(f"/continue?transaction={transaction.key}")
        return redirect_reply(location, self.redirect_headers())

    async def go_on(self, request: Request) -> Response:
        """Show the page on which a transaction stands."""
        transaction = self.transactions.get(request.query_params.get("transaction", ""))
        session = self.session_of(request)
        if transaction is None or session is None or transaction.session_key != session.key:
            return self.error_page(PageFault("This page has expired. Start again at the client."))
        return await self.proceed(transaction, session)

    async def consent(self, request: Request) -> Response:
        """Answer the consent form."""
        try:
            form, transaction, session = await self.submitted(request)
        except PageFault as fault:
            return self.error_page(fault)
        if session.user is None:
            return self.error_page(PageFault("Nobody is logged in here.", status=403))
        self.transactions.pop(transaction.key)
        if form.get("decision") != "approve":
            return self.deny(
                transaction.wish, AuthorizationFault("access_denied", "the person said no")
            )
        transaction.consented = True
        wish = transaction.wish
        before = session.consents.get(wish.client.client_id, frozenset())
        session.consents[wish.client.client_id] = before | self.asked_for(wish)
        return await self.proceed(transaction, session)

    # Decisions about submitted pages

    async def submitted(self, request: Request) -> tuple[Form, Transaction, Session]:
        """Return what a page of ours sent back; raises PageFault for anybody else's."""
        if not self.origin_is_ours(request):
            raise PageFault("This form was sent from another site.", status=403)
        try:
            form = await self.posted_form(request)
        except OAuthFault as fault:
            raise PageFault("The form cannot be read.") from fault
        transaction = self.transactions.get(form.get("transaction", ""))
        session = self.session_of(request)
        if transaction is None or session is None:
            raise PageFault("This page has expired. Start again at the client.", status=403)
        if not self.page_belongs_to(transaction, session, form.get("csrf_token", "")):
            raise PageFault("This page is not from this browser.", status=403)
        return form, transaction, session

    def origin_is_ours(self, request: Request) -> bool:
        """Return whether Origin allows the form; our Referrer-Policy makes browsers say null."""
        issuer = urlsplit(self.issuer())
        ours = f"{issuer.scheme}://{issuer.netloc}"
        return request.headers.get("origin", "null") in {"null", ours}

    def page_belongs_to(self, transaction: Transaction, session: Session, token: str) -> bool:
        """Return whether the page was shown in this browser (RFC 6749 section 10.12)."""
        same_browser = hmac.compare_digest(transaction.session_key, session.key)
        return same_browser and hmac.compare_digest(transaction.csrf_token, token)

    def new_subject(self) -> str:
        """Return the sub of a new account."""
        return f"user-{secrets.token_hex(8)}"

    def verify_password(self, username: str, password: str) -> UserConfig | None:
        """Return the person whose name and password these are."""
        user = self.users.get(username)
        expected = user.password if user is not None else fresh_secret()
        return user if hmac.compare_digest(expected.encode(), password.encode()) else None

    # Pages

    def login_page(
        self,
        transaction: Transaction,
        message: str = "",
        status: int = 200,
        username: str | None = None,
    ) -> Response:
        """Return the login page."""
        is_new = self.config.prompt_create and "create" in transaction.wish.prompts
        html = render(
            "signup" if is_new else "login",
            action=self.url("/signup" if is_new else "/login"),
            client=transaction.wish.client,
            transaction=transaction.key,
            csrf_token=transaction.csrf_token,
            message=message,
            username=transaction.wish.login_hint if username is None else username,
        )
        headers = self.page_headers(form_action="")
        if status == 429:  # noqa: PLR2004 - a status code
            headers["Retry-After"] = "30"
        return page_reply(html, status, headers)

    def consent_page(self, transaction: Transaction, session: Session) -> Response:
        """Return the consent page: the client, every scope, how long it lasts (RFC 6749 10.2)."""
        wish = transaction.wish
        lifetime_s = self.lifetime_s("access_token", wish.client.client_id)
        further = (
            *(f"{name}: see it" for name in sorted(wish.claims.names)),
            *(f"Only at {resource}" for resource in wish.resources),
        )
        view = ConsentView.of(wish.client, wish.scope, further, wish.redirect_uri, lifetime_s)
        if not (view.logo_uri or "https://").startswith("https://"):
            view = replace(view, logo_uri=None)
        html = render(
            "consent",
            action=self.url("/consent"),
            client=wish.client,
            transaction=transaction.key,
            csrf_token=transaction.csrf_token,
            username=session.user.username if session.user else "",
            view=view,
        )
        image = _origin(view.logo_uri) if view.logo_uri else "'none'"
        return page_reply(html, 200, self.page_headers(form_action="", image=image))


def _origin(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"
