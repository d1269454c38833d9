"""A browser and clients that talk to the reference server in process."""

import asyncio
import html
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit

import httpx
import pytest

from idprobe_reference.config import ALICE_PASSWORD, reference_config, speakup_config
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ServerConfig

ISSUER = "https://idp.test"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
_ACTION = re.compile(r'<form method="post" action="([^"]+)">')


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class InProcess(httpx.BaseTransport):
    """An ASGI application as the transport of a synchronous client."""

    def __init__(self, app: Any, runner: asyncio.Runner) -> None:
        self._transport = httpx.ASGITransport(app)
        self._runner = runner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return self._runner.run(self._once(request))

    async def _once(self, request: httpx.Request) -> httpx.Response:
        response = await self._transport.handle_async_request(request)
        body = await response.aread()
        return httpx.Response(response.status_code, headers=response.headers, content=body)


class Desk:
    """One server, one browser, and all its clients."""

    def __init__(
        self,
        config: ServerConfig,
        runner: asyncio.Runner,
        server_class: type[ReferenceServer] = ReferenceServer,
    ) -> None:
        self.clock = Clock()
        self.config = config
        self.server = server_class(config, clock=self.clock)
        self._runner = runner
        self.http = self.fresh_browser()

    def fresh_browser(self) -> httpx.Client:
        transport = InProcess(self.server.app, self._runner)
        return httpx.Client(transport=transport, base_url=ISSUER, trust_env=False)

    def wish(self, client: str = "web", **parameters: str | None) -> dict[str, str]:
        """Return a complete authorization request; None takes a parameter away."""
        complete: dict[str, str | None] = {
            "client_id": client,
            "redirect_uri": self.server.clients[client].redirect_uris[0],
            "response_type": "code",
            "scope": "openid",
            "state": "some state",
            "nonce": "some nonce",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **parameters,
        }
        return {name: value for name, value in complete.items() if value is not None}

    def ask(self, wish: dict[str, str], browser: httpx.Client | None = None) -> httpx.Response:
        return (browser or self.http).get("/authorize", params=wish)

    def submit(
        self, page: httpx.Response, browser: httpx.Client | None = None, **fields: str
    ) -> httpx.Response:
        """Send the form of a page and follow the server's own redirects."""
        hidden = {n: html.unescape(v) for n, v in _HIDDEN.findall(page.text)}
        action = html.unescape(_ACTION.findall(page.text)[0])
        response = (browser or self.http).post(action, data={**hidden, **fields})
        if response.is_redirect and response.headers["location"].startswith(ISSUER):
            return (browser or self.http).get(response.headers["location"])
        return response

    def log_in(
        self, page: httpx.Response, browser: httpx.Client | None = None, **fields: str
    ) -> httpx.Response:
        fields = {"username": "alice", "password": ALICE_PASSWORD, **fields}
        return self.submit(page, browser, **fields)

    def carry(
        self, response: httpx.Response, browser: httpx.Client | None = None
    ) -> httpx.Response:
        """Log in and agree, as far as the pages ask for it."""
        if 'name="password"' in response.text:
            response = self.log_in(response, browser)
        if 'value="approve"' in response.text:
            response = self.submit(response, browser, decision="approve")
        return response

    def answer(self, client: str = "web", **parameters: str | None) -> dict[str, str]:
        """Return the parameters that reach the client."""
        return self.parameters(self.carry(self.ask(self.wish(client, **parameters))))

    def parameters(self, response: httpx.Response) -> dict[str, str]:
        """Return what a redirect carries: its query, or its fragment."""
        assert response.status_code == 303, response.text
        parts = urlsplit(response.headers["location"])
        return dict(parse_qsl(parts.fragment or parts.query, strict_parsing=True))

    def token(self, client: str = "web", **form: str) -> httpx.Response:
        """Send a token request with the client's own way of authentication."""
        return self.post("/token", client, **form)

    def post(self, path: str, client: str = "web", **form: str) -> httpx.Response:
        registered = self.server.clients[client]
        secret = registered.client_secret or ""
        if registered.token_endpoint_auth_method == "client_secret_basic":
            basic = httpx.BasicAuth(quote_plus(client), quote_plus(secret))
            return self.http.post(path, data=form, auth=basic)
        credentials = {"client_id": client} | ({"client_secret": secret} if secret else {})
        return self.http.post(path, data={**credentials, **form})

    def redeem(self, code: str, client: str = "web", /, **form: str) -> httpx.Response:
        complete = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.server.clients[client].redirect_uris[0],
            "code_verifier": VERIFIER,
            **form,
        }
        return self.token(client, **{name: value for name, value in complete.items() if value})

    def tokens(self, client: str = "web", **parameters: str | None) -> Any:
        """Return the token response of a whole code flow."""
        wish = {"scope": "openid offline_access", "prompt": "consent", **parameters}
        response = self.redeem(self.answer(client, **wish)["code"], client)
        assert response.status_code == 200, response.text
        return response.json()

    def refresh(self, refresh_token: str, client: str = "web", **form: str) -> httpx.Response:
        return self.token(client, grant_type="refresh_token", refresh_token=refresh_token, **form)

    def userinfo(self, access_token: str) -> httpx.Response:
        return self.http.get("/userinfo", headers={"Authorization": f"Bearer {access_token}"})


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def desk(runner: asyncio.Runner) -> Desk:
    """The strictest server."""
    return Desk(reference_config(ISSUER), runner)


@pytest.fixture
def speakup(runner: asyncio.Runner) -> Desk:
    """Our user's server."""
    return Desk(speakup_config(ISSUER), runner)


@pytest.fixture
def make_desk(runner: asyncio.Runner) -> Any:
    """A maker of desks for other configurations and for mutants."""

    def make(config: ServerConfig, server_class: type[ReferenceServer] = ReferenceServer) -> Desk:
        return Desk(config, runner, server_class)

    return make
