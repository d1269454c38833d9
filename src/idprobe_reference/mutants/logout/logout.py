"""Mutants of the logout that a client starts (OpenID Connect RP-Initiated Logout 1.0)."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import asyncio
import json
from base64 import urlsafe_b64decode
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_plus

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.faults import PageFault
from idprobe_reference.mutants.bending import bend, having
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import Grant, Session
from idprobe_reference.tokens.issuing import IdTokenContext

LATER_S = 0.5
HINT_S = 8
"""Long enough for any experiment that does not wait for the end."""

bend(
    "metadata",
    "LogoutIsNowhere",
    "The end_session_endpoint of the metadata is relative.",
    "OIDCRIL-2.1/end-session-endpoint-advertised",
    having(end_session_endpoint="/logout"),
)


@mutant(
    "OIDCRIL-2.1/end-session-endpoint-https",
    also={
        "RFC6749-10.8/no-credentials-in-clear": "hints go there in the clear",
        "OAUTH21-1.5/https-only": "it is an endpoint like the others",
    },
    medium="tls",
)
class LogoutIsInTheClear(ReferenceServer):
    """The metadata announce the Logout Endpoint under http."""

    def metadata(self) -> dict[str, Any]:
        plain = self.url("/logout").replace("https:", "http:")
        return {**super().metadata(), "end_session_endpoint": plain}


@mutant(
    "OIDCRIL-2/get-supported",
    also={
        "OIDCRIL-2/yes-logs-out": "nobody is logged out by GET",
        "OIDCRIL-2/user-asked": "nobody is asked by GET",
    },
)
class LogoutIsPostOnly(ReferenceServer):
    """A logout by GET is refused."""

    async def log_out(self, request: Request) -> Response:
        if request.method == "GET":
            return self.error_page(PageFault("Use POST."))
        return await super().log_out(request)


@mutant("OIDCRIL-2/post-supported")
class LogoutIsGetOnly(ReferenceServer):
    """A logout by POST is refused."""

    async def authorization_form(self, request: Request) -> Form:
        form = await super().authorization_form(request)
        posted = request.method == "POST" and request.url.path.endswith("/logout")
        if posted and "logout" not in form:
            raise PageFault("Use GET.")
        return form


@mutant(
    "OIDCRIL-2/yes-logs-out",
    also={"OIDCRIL-2/get-supported": "the logout does nothing"},
)
class SessionOutlivesLogout(ReferenceServer):
    """A logout that was confirmed leaves the session as it is."""

    def end_session(self, session: Session) -> None:
        del session

    def confirmed(self, request: Request, form: Form) -> Response:
        response = super().confirmed(request, form)
        if "set-cookie" in response.headers:
            del response.headers["set-cookie"]
        return response


@mutant(
    [
        "OIDCRIL-2/user-asked",
        "OIDCRIL-2/user-asked-without-hint",
        "OIDCRIL-2/user-asked-for-foreign-hint",
        "OIDCRIL-6/confirmation-without-valid-hint",
    ]
)
class NobodyIsAskedToLogOut(ReferenceServer):
    """Every logout that makes sense is carried out at once."""

    def ask(self, session: Session, target: str | None) -> Response:
        self.end_session(session)
        return self.logged_out(target)


@mutant(
    ["OIDCRIL-2/user-asked-without-hint", "OIDCRIL-6/confirmation-without-valid-hint"],
)
class LinkLogsOut(ReferenceServer):
    """A logout that says nothing at all is carried out at once."""

    async def log_out(self, request: Request) -> Response:
        session = self.session_of(request)
        if request.method == "GET" and not request.url.query and session is not None:
            self.end_session(session)
        return await super().log_out(request)


@mutant(
    "OIDCRIL-2/user-asked-for-foreign-hint",
    also={"OIDCRIL-2/user-asked": "a hint spares the question"},
)
class AnyHintSparesTheQuestion(ReferenceServer):
    """A hint is enough to log out whoever is logged in."""

    def logout_hint_claims(self, hint: str) -> dict[str, Any] | None:
        claims = super().logout_hint_claims(hint)
        self.hinted = claims is not None
        return claims

    def ask(self, session: Session, target: str | None) -> Response:
        if not getattr(self, "hinted", False):
            return super().ask(session, target)
        self.hinted = False
        self.end_session(session)
        return self.logged_out(target)


@mutant("OIDCRIL-2/state-passed-back")
class LogoutStateIsLost(ReferenceServer):
    """The state of a logout does not come back."""

    def logged_out(self, target: str | None) -> Response:
        return super().logged_out(target.partition("?state=")[0] if target else None)


@mutant("OIDCRIL-2/state-passed-back")
class LogoutStateIsShortened(ReferenceServer):
    """The state of a logout comes back without its spaces."""

    def logged_out(self, target: str | None) -> Response:
        return super().logged_out(target.replace("+", "") if target else None)


@mutant("OIDCRIL-2/ui-locales-never-an-error")
class LogoutSpeaksOneLanguage(ReferenceServer):
    """A logout in another language is an error."""

    def logout_target(self, form: Form) -> str | None:
        if "ui_locales" in form:
            raise PageFault("This language is not spoken here.")
        return super().logout_target(form)


@mutant(
    [
        "OIDCRIL-2/hint-issuer-validated",
        "OIDCRIL-4/failed-validation-aborts",
        "OIDCRIL-4/no-redirect-on-error",
    ]
)
class LogoutHintIsNotVerified(ReferenceServer):
    """Nobody verifies the signature of a hint."""

    def logout_hint_claims(self, hint: str) -> dict[str, Any] | None:
        if hint.count(".") != 2 or "." in hint[:4]:  # noqa: PLR2004 - the parts of a JWS
            return None
        claims: dict[str, Any] = json.loads(urlsafe_b64decode(hint.split(".")[1] + "=="))
        return claims


@mutant(
    [
        "OIDCRIL-4/failed-validation-aborts",
        "OIDCRIL-4/no-redirect-on-error",
        "OIDCRIL-2/hint-issuer-validated",
    ]
)
class BadLogoutHintIsIgnored(ReferenceServer):
    """A hint that cannot be validated is as good as a client_id."""

    def logout_client(self, form: Form) -> ClientConfig | None:
        try:
            return super().logout_client(form)
        except PageFault:
            if form.get("client_id") is not None:
                raise
            target = form.get("post_logout_redirect_uri", "")
            known = self.clients.values()
            return next((c for c in known if target in c.post_logout_redirect_uris), None)


@mutant(["OIDCRIL-2/client-id-matches-hint", "OIDCRIL-4/no-redirect-on-error"])
class LogoutIgnoresClientId(ReferenceServer):
    """Beside a hint nobody looks at client_id."""

    def logout_client(self, form: Form) -> ClientConfig | None:
        claims = self.logout_hint_claims(form.get("id_token_hint", ""))
        return super().logout_client(form) if claims is None else self.clients.get(claims["aud"])


@mutant("OIDCRIL-2/expired-hint-accepted")
class ExpiredHintIsRefused(ReferenceServer):
    """ID Tokens are short-lived, and no hint once they have expired."""

    def id_token_claims(
        self, client: ClientConfig, grant: Grant, context: IdTokenContext
    ) -> dict[str, Any]:
        claims = super().id_token_claims(client, grant, context)
        return {**claims, "exp": claims["iat"] + HINT_S}

    def logout_hint_claims(self, hint: str) -> dict[str, Any] | None:
        claims = super().logout_hint_claims(hint)
        expired = claims is not None and self.clock() > claims["exp"]
        return None if expired else claims


@mutant("OIDCRIL-2/https-post-logout-uri")
class PublicClientsLeaveInTheClear(ReferenceServer):
    """A public client may register a post_logout_redirect_uri of http."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        uris = tuple(body.pop("post_logout_redirect_uris", ()))
        client = super().client_of_metadata(body, client_id, secret)
        return replace(client, post_logout_redirect_uris=uris)


@mutant("OIDCRIL-3.1/post-logout-uris-registrable")
class LogoutAddressesAreChanged(ReferenceServer):
    """A post_logout_redirect_uri is registered with another path."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        client = super().client_of_metadata(body, client_id, secret)
        uris = tuple(f"{uri}/" for uri in client.post_logout_redirect_uris)
        return replace(client, post_logout_redirect_uris=uris)


@mutant("OIDCRIL-3/no-redirect-without-hint-or-proof")
class AddressAloneIsFollowed(ReferenceServer):
    """A post_logout_redirect_uri is followed if any client registered it."""

    def logout_client(self, form: Form) -> ClientConfig | None:
        client = super().logout_client(form)
        target = form.get("post_logout_redirect_uri", "")
        known = self.clients.values()
        return client or next((c for c in known if target in c.post_logout_redirect_uris), None)


@mutant("OIDCRIL-4/idempotent")
class SecondLogoutIsAnError(ReferenceServer):
    """Logging out where nobody is logged in is an error."""

    async def log_out(self, request: Request) -> Response:
        session = self.session_of(request)
        if session is None or session.user is None:
            return self.error_page(PageFault("Nobody is logged in here."))
        return await super().log_out(request)


@mutant("OIDCRIL-2/yes-logs-out")
class LogoutNeedsAnAddress(ReferenceServer):
    """A logout that names no address is reported as done, and nothing is done."""

    def ask(self, session: Session, target: str | None) -> Response:
        return self.logged_out(None) if target is None else super().ask(session, target)


@mutant("ASVS-3.3.1/session-ends-at-logout")
class LogoutForgetsTheCookieOnly(ReferenceServer):
    """A logout takes the cookie from the browser, and leaves the session as it is."""

    def end_session(self, session: Session) -> None:
        del session


@mutant("RFC6749-10.14/input-sanitised")
class LogoutSplitsItsHeaders(ReferenceServer):
    """A line break in the state of a logout begins a header."""

    def logged_out(self, target: str | None) -> Response:
        response = super().logged_out(target)
        if "\nX-Idprobe:" in unquote_plus(target or ""):
            response.headers["X-Idprobe"] = "injected"
        return response


@mutant("OIDCRIL-2/other-rps-notified-first")
class ClientsAreToldLater(ReferenceServer):
    """The browser goes back to the client, and the others are told of the logout after that."""

    async def log_out(self, request: Request) -> Response:
        response = await self.answer_logout(request)
        self.later = asyncio.create_task(self.tell_later())
        return response

    async def tell_later(self) -> None:
        """Wait until the browser is away, and tell the clients."""
        await asyncio.sleep(LATER_S)
        await self.tell_clients()
