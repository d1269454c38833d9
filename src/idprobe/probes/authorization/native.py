"""Native apps: their redirect URIs, PKCE, and consent that nobody gives for them (RFC 8252)."""

from typing import Any, Final
from urllib.parse import urlsplit

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import (
    Authorized,
    Landed,
    authorization_parameters,
    authorization_request,
    authorize,
    fresh_pkce,
    redemption,
    visit,
    without,
)
from idprobe.flows.registration import Registration
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes import probe
from idprobe.probes.steps.authorization_request import ordinary, plain_scope, tried
from idprobe.probes.steps.throwaway_clients import ThrowawayClients, throwaway_clients

__all__ = [
    "embedded_user_agents",
    "native_app_again",
    "native_app_without_pkce",
    "native_clients_registered",
    "native_code_redeemed",
    "native_redirects",
    "native_token_by_redirect",
]

NATIVE: Final = frozenset({Capability.AUTHORIZATION_CODE, Capability.NATIVE_CLIENT})
LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})
PORT: Final = 51_004
OWN_SCHEME: Final = "com.example.idprobe"
WEB_VIEWS: Final = {
    "android": "Mozilla/5.0 (Linux; Android 14; idprobe; wv) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Version/4.0 Chrome/126.0.0.0 Mobile Safari/537.36",
    "ios": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Mobile/15E148",
}
REDIRECTS: Final = {
    "https": "https://app.client.example/cb",
    "scheme": f"{OWN_SCHEME}:/cb",
    "loopback": "http://127.0.0.1/cb",
    "loopback-6": "http://[::1]/cb",
}
POOR_REDIRECTS: Final = {
    "bare-scheme": "idprobe:/cb",
    "bare-scheme-with-host": "idprobe://cb",
}


@probe(role=Role.NATIVE, needs=NATIVE)
async def embedded_user_agents(wire: Wire) -> None:
    """Begin a login as web views of two platforms do: `android`, `ios`.

    As browsers do before and after that: `usual`, `again`.
    """
    usual = authorization_request(wire.provider, ordinary(wire.provider))
    await wire.send(usual, "usual")
    for step, name in WEB_VIEWS.items():
        wire.fresh_browser()
        request = authorization_request(wire.provider, ordinary(wire.provider))
        await wire.send(request.with_headers(("User-Agent", name)), step)
    wire.fresh_browser()
    await wire.send(authorization_request(wire.provider, ordinary(wire.provider)), "again")


@probe(role=Role.NATIVE, needs=NATIVE, logs_in=True)
async def native_code_redeemed(wire: Wire) -> None:
    """Log in to a native app and redeem its code by PKCE alone; step `tokens`."""
    authorized = await wire.run(authorize(wire.provider), "authorize")
    await wire.send(redemption(wire.provider, authorized, method="none"), "tokens")


@probe(role=Role.NATIVE, needs=NATIVE, logs_in=True)
async def native_app_without_pkce(wire: Wire) -> None:
    """Ask for a code without a challenge: `bare`; with one before and after."""
    scope = plain_scope(wire.provider)
    await wire.run(authorize(wire.provider, scope=scope), "authorize")
    bare = without(ordinary(wire.provider), "code_challenge", "code_challenge_method")
    await tried(wire, "bare", bare)
    await wire.run(authorize(wire.provider, scope=scope), "control")


@probe(role=Role.NATIVE, needs=NATIVE, logs_in=True)
async def native_token_by_redirect(wire: Wire) -> None:
    """Ask for a token by the implicit flow, `token`; for a code after that."""
    request = authorization_parameters(
        wire.provider, response_type="token", scope=plain_scope(wire.provider)
    )
    await tried(wire, "token", request)
    await wire.run(authorize(wire.provider, scope=plain_scope(wire.provider)), "control")


@probe(role=Role.NATIVE, needs=NATIVE, logs_in=True)
async def native_app_again(wire: Wire) -> None:
    """Approve an app whose redirect URI anybody can have, and ask once more: `again`."""
    uri = _unproven_uri(wire.provider)
    scope = plain_scope(wire.provider)
    await wire.run(authorize(wire.provider, scope=scope, redirect_uri=uri), "authorize")
    await tried(wire, "again", ordinary(wire.provider, extra=(("redirect_uri", uri),)))


def _unproven_uri(provider: Provider) -> str:
    """Return a redirect URI that proves nothing about the app: no https (section 8.6)."""
    for uri in provider.client.redirect_uris:
        if not uri.startswith("https:"):
            return uri
    raise Unsuited(f"all redirect URIs of the client {provider.client.name} are https")


@probe(role=Role.NATIVE, needs=NATIVE, logs_in=True)
async def native_redirects(wire: Wire) -> None:
    """Ask with redirect URIs that are almost the registered ones; a step for each difference."""
    for uri in wire.provider.client.redirect_uris:
        scope = plain_scope(wire.provider)
        await wire.run(authorize(wire.provider, scope=scope, redirect_uri=uri), "authorize")
        for step, value in _near_misses(uri).items():
            await tried(wire, step, ordinary(wire.provider, extra=(("redirect_uri", value),)))
    await wire.run(authorize(wire.provider, scope=plain_scope(wire.provider)), "control")


def _near_misses(uri: str) -> dict[str, str]:
    """Return URIs that differ from a loopback or private-use one in more than the port."""
    parts = urlsplit(uri)
    other_path = parts._replace(path=f"{parts.path.rstrip('/')}/idprobe").geturl()
    if parts.scheme == "https":
        return {}
    if parts.hostname not in LOOPBACK:
        return {
            "scheme-path": other_path,
            "scheme-host": f"{parts.scheme}://idprobe{parts.path}",
            "scheme-query": f"{uri}?idprobe=1",
        }
    return {
        "loopback-path": other_path,
        "loopback-query": f"{uri}?idprobe=1",
        "loopback-name": parts._replace(netloc=f"localhost:{PORT}").geturl(),
        "loopback-neighbour": parts._replace(netloc=f"127.0.0.2:{PORT}").geturl(),
        "loopback-https": parts._replace(scheme="https", netloc=f"127.0.0.1:{PORT}").geturl(),
        "loopback-port-and-path": urlsplit(other_path)
        ._replace(netloc=f"127.0.0.1:{PORT}")
        .geturl(),
        "loopback-bad-port": parts._replace(netloc="127.0.0.1:idprobe").geturl(),
    }


@probe(needs={Capability.REGISTRATION, Capability.LOGIN}, logs_in=True)
async def native_clients_registered(wire: Wire) -> None:
    """Register native apps with each kind of redirect URI: steps KIND, and KIND-flow for a login.

    Loopback URIs are used with another port, and its code redeemed: KIND-tokens. Kinds that should
    be refused have no login; `scheme-only` and `host-only` are tried with a path if they pass.
    """
    async with throwaway_clients(wire) as throwaway:
        first = await throwaway.register("web-app", _native("https://client.example/cb"))
        await _log_in(wire, first, "web-app", "https://client.example/cb")
        for kind, uri in REDIRECTS.items():
            await _try_kind(throwaway, kind, uri, _with_port(uri))
        for kind, uri in POOR_REDIRECTS.items():
            await throwaway.offer(kind, _native(uri))
        await _try_kind(throwaway, "scheme-only", f"{OWN_SCHEME}:", f"{OWN_SCHEME}:/cb")
        await _try_kind(throwaway, "host-only", "http://127.0.0.1", f"http://127.0.0.1:{PORT}/cb")


def _native(uri: str) -> dict[str, Any]:
    return {
        "client_name": "idprobe throw-away app",
        "application_type": "native",
        "redirect_uris": [uri],
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    }


def _with_port(uri: str) -> str:
    """Return a loopback URI with a port, any other as it is."""
    parts = urlsplit(uri)
    if parts.hostname not in LOOPBACK:
        return uri
    return parts._replace(netloc=f"{parts.netloc}:{PORT}").geturl()


async def _try_kind(throwaway: ThrowawayClients, kind: str, registered: str, used: str) -> None:
    """Register an app with one URI and log in to it with another, if the first is accepted."""
    response = await throwaway.offer(kind, _native(registered))
    if response.is_granted:
        await _log_in(throwaway.wire, Registration.from_response(response), kind, used)


async def _log_in(wire: Wire, registration: Registration, kind: str, uri: str) -> None:
    client = registration.client(kind, _native(uri))
    provider = wire.provider.with_client(client)
    pkce = fresh_pkce()
    scope = "openid" if "openid" in _scopes(provider) else ""
    parameters = authorization_parameters(provider, scope=scope, pkce=pkce, redirect_uri=uri)
    ended = await wire.run(visit(provider, parameters), f"{kind}-flow")
    if isinstance(ended, Landed) and ended.landing.get("code"):
        code = Authorized(ended.landing, parameters, pkce)
        await wire.send(redemption(provider, code, method="none"), f"{kind}-tokens")


def _scopes(provider: Provider) -> frozenset[str]:
    """Return what the clients of the profile may ask for."""
    return frozenset(word for one in provider.profile.clients.values() for word in one.scopes)
