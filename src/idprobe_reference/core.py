"""What every part of the server shares: its memory, its clock, its URLs, its way to answer."""

import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.endpoints.pages import STYLE_SOURCE, render
from idprobe_reference.endpoints.replies import clean_description, json_reply, page_reply
from idprobe_reference.faults import OAuthFault, PageFault
from idprobe_reference.outbound import Outbound
from idprobe_reference.requests.forms import BadFormError, Form
from idprobe_reference.settings import ClientConfig, ServerConfig, UserConfig
from idprobe_reference.stores import (
    AccessToken,
    Code,
    Grant,
    RefreshToken,
    Session,
    Store,
    Throttle,
)
from idprobe_reference.tokens.keys import SigningKeys, shared_keys

__all__ = ["MAX_BODY_BYTES", "Core", "fresh_secret"]

MAX_BODY_BYTES: Final = 65_536
_FORM: Final = "application/x-www-form-urlencoded"
_USED_CODE_REMEMBERED_S: Final = 3600


def fresh_secret() -> str:
    """Return 256 random bits in 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


class Core:
    """The memory of one server and the decisions that all endpoints share."""

    def __init__(
        self,
        config: ServerConfig,
        *,
        clock: Callable[[], float] = time.time,
        keys: SigningKeys | None = None,
    ) -> None:
        self.config: Final = config
        self.clock: Final = clock
        self.keys: Final = keys or shared_keys()
        self.outbound: Outbound = Outbound(config.trusted_hosts)
        self.clients: dict[str, ClientConfig] = {c.client_id: c for c in config.clients}
        self.users: dict[str, UserConfig] = {user.username: user for user in config.users}
        self.sessions: Final[Store[Session]] = Store(clock)
        self.codes: Final[Store[Code]] = Store(clock)
        self.access_tokens: Final[Store[AccessToken]] = Store(clock)
        self.refresh_tokens: Final[Store[RefreshToken]] = Store(clock)
        self.pairwise_salt: Final = fresh_secret().encode()
        self.used_assertions: Final[Store[bool]] = Store(clock)
        self.client_throttle: Final = Throttle(clock)
        self.user_throttle: Final = Throttle(clock)
        self.path: Final = urlsplit(config.issuer).path.rstrip("/")
        self._base: Final = config.issuer.rstrip("/")

    def now(self) -> int:
        """Return the time in whole seconds since 1970."""
        return int(self.clock())

    def lifetime_s(self, kind: str, client_id: str) -> int:
        """Return for how many seconds what a client is given is good: its own setting, or ours."""
        client = self.clients.get(client_id)
        ours: int = getattr(self.config, f"{kind}_lifetime_s")
        return ours if client is None else client.lifetimes.get(kind, ours)

    def url(self, path: str) -> str:
        """Return the absolute URL of `path` at this server; no request header has a say in it."""
        return f"{self._base}{path}"

    def issuer(self) -> str:
        """Return the issuer identifier, the same everywhere."""
        return self.config.issuer

    # Remembering

    def remember_code(self, code: Code) -> None:
        """Keep a code, longer than it is good for: its reuse has to be seen."""
        self.codes.put(code.value, code, self.clock() + _USED_CODE_REMEMBERED_S)

    def remember_access_token(self, token: AccessToken) -> None:
        """Keep an access token until it expires."""
        self.access_tokens.put(token.value, token, token.expires_at + 1)

    def remember_refresh_token(self, token: RefreshToken) -> None:
        """Keep a refresh token until it expires, used or not."""
        self.refresh_tokens.put(token.value, token, token.expires_at + 1)

    def revoke_family(self, grant: Grant) -> None:
        """Make all tokens of `grant` useless."""
        grant.revoked = True

    def grant_is_active(self, grant: Grant) -> bool:
        """Return whether the grant behind a token still stands, its client included."""
        return not grant.revoked and grant.client_id in self.clients

    def access_token_is_active(self, token: AccessToken) -> bool:
        """Return whether `token` may be used now."""
        if token.revoked or not self.grant_is_active(token.grant):
            return False
        return self.clock() < token.expires_at

    # Signing

    async def sign(self, alg: str, typ: str, claims: Mapping[str, object]) -> str:
        """Return a signed JWT; RSA signs in a thread, as it would hold up the event loop."""
        more = self.further_header(typ)
        if alg.startswith("RS"):
            return await run_in_threadpool(self.keys.sign, alg, typ, claims, more)
        return self.keys.sign(alg, typ, claims, more)

    def further_header(self, _typ: str) -> dict[str, Any]:
        """Return what a JOSE header has besides alg, typ and kid: nothing."""
        return {}

    # Reading

    async def body(self, request: Request) -> bytes:
        """Return the body; raises OAuthFault if it is larger than MAX_BODY_BYTES."""
        octets = bytearray()
        async for chunk in request.stream():
            octets += chunk
            if len(octets) > MAX_BODY_BYTES:
                raise OAuthFault(
                    "invalid_request",
                    f"the body has more than {MAX_BODY_BYTES} octets",
                    status=413,
                    headers={"Connection": "close"},
                )
        return bytes(octets)

    async def posted_form(self, request: Request) -> Form:
        """Return the parameters of a form body; raises OAuthFault where they cannot be read."""
        if self.media_type(request) != _FORM:
            raise OAuthFault("invalid_request", f"the body has to be {_FORM}")
        try:
            return Form.parse(await self.body(request))
        except BadFormError as error:
            raise OAuthFault("invalid_request", f"the body is {error}") from error

    def media_type(self, request: Request) -> str:
        """Return the media type of the body, without parameters, in lower case."""
        return request.headers.get("content-type", "").partition(";")[0].strip().lower()

    # Answering

    def token_response_headers(self) -> dict[str, str]:
        """Return the headers of a response that may carry credentials (RFC 6749 section 5.1)."""
        return {"Cache-Control": "no-store", "Pragma": "no-cache"}

    def token_error_status(self, error: str) -> int:
        """Return the status of a token error (RFC 6749 section 5.2)."""
        return 401 if error == "invalid_client" else 400

    def authentication_challenge(self) -> str:
        """Return the challenge of a 401 for a client (RFC 6749 section 5.2, RFC 7617)."""
        return 'Basic realm="idprobe", charset="UTF-8"'

    def oauth_error(self, fault: OAuthFault) -> Response:
        """Return a fault as the JSON that RFC 6749 section 5.2 wants."""
        status = fault.status or self.token_error_status(fault.code)
        headers = {**self.token_response_headers(), **fault.headers}
        if status == 401 and "WWW-Authenticate" not in headers:  # noqa: PLR2004 - a status code
            headers["WWW-Authenticate"] = self.authentication_challenge()
        body = {"error": fault.code, "error_description": clean_description(fault.description)}
        return json_reply(body, status, headers)

    def page_headers(
        self, *, script: str = "'none'", image: str = "'none'", form_action: str = "'self'"
    ) -> dict[str, str]:
        """Return the headers of a page: not framed, not kept, not told to others (RFC 9700)."""
        form = f" form-action {form_action};" if form_action else ""
        return {
            "Cache-Control": "no-store",
            "Pragma": "no-cache",
            "Content-Security-Policy": (
                f"default-src 'none'; style-src {STYLE_SOURCE}; script-src {script};"
                f" img-src {image};{form} base-uri 'none'; frame-ancestors 'none'"
            ),
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }

    def redirect_headers(self) -> dict[str, str]:
        """Return the headers of a redirect that may carry a code or a token."""
        return {"Cache-Control": "no-store", "Pragma": "no-cache", "Referrer-Policy": "no-referrer"}

    def error_page(self, fault: PageFault) -> Response:
        """Return a fault as a page for the person."""
        html = render(
            "notice", title="This request cannot be served", message=fault.description, role="alert"
        )
        return page_reply(html, fault.status, self.page_headers())
