"""The reference server as one ASGI application."""

import functools
import ssl
from collections.abc import Mapping
from typing import Final

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from idprobe_reference.doorway import HelloReader
from idprobe_reference.endpoints.accounts import Accounts
from idprobe_reference.endpoints.logout import Logout
from idprobe_reference.endpoints.metadata import Metadata
from idprobe_reference.endpoints.registration import Registrations
from idprobe_reference.endpoints.session_state import SessionFrames
from idprobe_reference.endpoints.token_management import TokenManagement
from idprobe_reference.endpoints.webfinger import WebFinger
from idprobe_reference.guard import Endpoint, Guard, Handler

__all__ = ["ReferenceServer"]

_OPENID: Final = "/.well-known/openid-configuration"
_WEBFINGER: Final = "/.well-known/webfinger"
_OAUTH: Final = "/.well-known/oauth-authorization-server"


class ReferenceServer(
    Metadata, TokenManagement, Registrations, Logout, SessionFrames, Accounts, WebFinger
):
    """An identity server that is correct in every requirement that the suite tests.

    It is made of small decisions; a mutant is a subclass that overrides one of them.
    """

    @functools.cached_property
    def app(self) -> ASGIApp:
        """The server as an ASGI application."""
        routes = [
            Route(path, Endpoint(handlers, cors=path not in self.paths_without_cors()))
            for path, handlers in self.routes().items()
        ]
        return Guard(Starlette(routes=routes), self.headers_of_all())

    def settle_tls(self, context: ssl.SSLContext) -> None:
        """Set what TLS offers: nothing older than TLS 1.2 (RFC 9325 section 3.1.1)."""
        context.minimum_version = ssl.TLSVersion.TLSv1_2

    def speaks_plainly(self) -> bool:
        """Return whether plain http is served on the port of TLS."""
        return False

    def hello_reader(self) -> HelloReader | None:
        """Return what answers a hello in place of TLS: nothing does."""
        return None

    def headers_of_all(self) -> dict[str, str]:
        """Return the headers of every answer: over TLS browsers are told to stay there."""
        if not self.is_secure():
            return {}
        return {"Strict-Transport-Security": "max-age=31536000"}

    def paths_without_cors(self) -> frozenset[str]:
        """Return the paths that browsers are sent to, which have no CORS (RFC 9700 2.6)."""
        pages = ("/authorize", "/continue", "/login", "/consent", "/logout", "/signup", "/session")
        return frozenset(self.path + page for page in pages)

    def routes(self) -> dict[str, Mapping[str, Handler]]:
        """Return the handlers of each path by method."""
        under = self.path
        routes: dict[str, Mapping[str, Handler]] = {
            f"{under}{_OPENID}": {"GET": self.show_metadata},
            f"{_OAUTH}{under}": {"GET": self.show_metadata},
            f"{under}/jwks": {"GET": self.show_jwks},
            f"{under}/authorize": {"GET": self.authorize, "POST": self.authorize},
            f"{under}/continue": {"GET": self.go_on},
            f"{under}/login": {"POST": self.log_in},
            f"{under}/consent": {"POST": self.consent},
            f"{under}/token": {"POST": self.token},
            f"{under}/userinfo": {"GET": self.userinfo, "POST": self.userinfo},
            f"{under}/introspect": {"POST": self.introspect},
            f"{under}/revoke": {"POST": self.revoke},
            f"{under}/logout": {"GET": self.log_out, "POST": self.log_out},
            f"{under}/api": {"GET": self.api},
        }
        if self.config.webfinger:
            routes[_WEBFINGER] = {"GET": self.webfinger}
        if self.config.session_management:
            routes[f"{under}/session"] = {"GET": self.show_frame}
        if self.config.prompt_create:
            routes[f"{under}/signup"] = {"POST": self.sign_up}
        if self.config.registration != "off":
            routes[f"{under}/register"] = {"POST": self.register}
            routes[f"{under}/register/{{client_id}}"] = {
                "GET": self.configuration,
                "PUT": self.configuration,
                "DELETE": self.configuration,
            }
        return routes
