"""Mutants that take forms from other sites, and care little for cookies and pages."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.core import fresh_secret
from idprobe_reference.endpoints.authorization import Transaction
from idprobe_reference.faults import OAuthFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import UserConfig
from idprobe_reference.stores import Session


class AnyFormIsTaken(ReferenceServer):
    """Takes every form whatever page it is from: no mutant itself, as cookies protect it."""

    def origin_is_ours(self, request: Request) -> bool:
        del request
        return True

    def page_belongs_to(self, transaction: Transaction, session: Session, token: str) -> bool:
        del transaction, session, token
        return True


@mutant(breaks="RFC6749-10.12/authorization-endpoint-csrf")
class FormsOfOtherSitesAreTaken(AnyFormIsTaken):
    """Every form is taken, and the session cookie goes along from other sites."""

    def cookie_attributes(self) -> str:
        return super().cookie_attributes().replace("SameSite=Lax", "SameSite=None")


@mutant(breaks="ASVS-4.2.2/login-form-csrf")
class LoginsOfOtherSitesAreTaken(AnyFormIsTaken):
    """A login form is good in a browser that it was not shown in."""

    def session_of(self, request: Request) -> Session | None:
        found = super().session_of(request)
        return Session(fresh_secret()) if found is None and request.method == "POST" else found


@mutant(
    breaks="ASVS-3.2.1/session-renewed-at-login",
    also=dict.fromkeys(
        ("ASVS-3.4.2/session-cookie-http-only", "ASVS-3.4.3/session-cookie-same-site"),
        "no cookie is set",
    ),
)
class SessionsOutliveLogins(ReferenceServer):
    """A login goes on with the session of before."""

    def session_after_login(self, before: Session, user: UserConfig) -> Session:
        return replace(super().session_after_login(before, user), key=before.key)

    def open_session(self, response: Response, session: Session) -> None:
        if session.user is None:
            super().open_session(response, session)
        else:
            until = self.clock() + self.config.session_lifetime_s
            self.sessions.put(session.key, session, until)


@mutant(breaks="ASVS-3.4.2/session-cookie-http-only")
class ScriptsReadTheSession(ReferenceServer):
    """The session cookie is there for scripts too."""

    def cookie_attributes(self) -> str:
        return super().cookie_attributes().replace("; HttpOnly", "")


@mutant(breaks="ASVS-3.4.3/session-cookie-same-site")
class CookiesSayNothingOfSites(ReferenceServer):
    """No cookie has SameSite."""

    def cookie_attributes(self) -> str:
        return super().cookie_attributes().replace("; SameSite=Lax", "")

    def state_cookie_attributes(self) -> str:
        return super().state_cookie_attributes().partition("; SameSite")[0]


@mutant(breaks="ASVS-3.4.1/cookies-secure", medium="tls")
class CookiesTravelInTheClear(ReferenceServer):
    """The session cookie is not Secure."""

    def cookie_name(self) -> str:
        return "idprobe_session"

    def cookie_attributes(self) -> str:
        return super().cookie_attributes().replace("; Secure", "")


@mutant(breaks="ASVS-8.2.1/pages-not-cached")
class RedirectsMayBeStored(ReferenceServer):
    """The redirect with a code may be stored."""

    def redirect_headers(self) -> dict[str, str]:
        return {**super().redirect_headers(), "Cache-Control": "private"}


@mutant(breaks="ASVS-14.4.4/pages-not-sniffed")
class PagesMayBeSniffed(ReferenceServer):
    """Pages do not say that their type is their type."""

    def page_headers(
        self, *, script: str = "'none'", image: str = "'none'", form_action: str = "'self'"
    ) -> dict[str, str]:
        headers = super().page_headers(script=script, image=image, form_action=form_action)
        del headers["X-Content-Type-Options"]
        return headers


@mutant(breaks="ASVS-14.4.5/strict-transport-security", medium="tls")
class BrowsersMayComeWithoutTls(ReferenceServer):
    """No answer has Strict-Transport-Security."""

    def headers_of_all(self) -> dict[str, str]:
        return {}


@mutant(breaks="ASVS-7.4.1/errors-tell-no-internals")
class ErrorsTellTheirPlace(ReferenceServer):
    """error_description says where in the program the error is."""

    def oauth_error(self, fault: OAuthFault) -> Response:
        where = f"{fault.description} at Token.redeem(/srv/idprobe/token.js:17:4)"
        return super().oauth_error(OAuthFault(fault.code, where, status=fault.status))
