"""The redirect_uri of an authorization request: exact, or nothing leaves for it."""

from typing import Final
from urllib.parse import urlsplit

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import authorization_parameters, authorize, fresh_pkce, visit
from idprobe.model.profile import Capability, Client, Provider, Role
from idprobe.model.profile.addresses import is_loopback
from idprobe.probes import probe
from idprobe.probes.steps.authorization_request import (
    approval,
    is_openid,
    ordinary,
    plain_scope,
    tried,
)

__all__ = [
    "client_without_redirect_uri",
    "loopback_port_varied",
    "redirect_uri_ambiguous",
    "redirect_uri_foreign",
    "redirect_uri_near_misses",
    "redirect_uri_omitted",
    "redirect_uri_with_another_query",
    "redirect_uri_with_query",
]

TWO: Final = 2
CODE: Final = frozenset({Capability.AUTHORIZATION_CODE})
ATTACKER: Final = "https://attacker.idprobe.example/cb"
RELATIVE: Final = {"relative": "/cb", "without-scheme": "//attacker.idprobe.example/cb"}


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def redirect_uri_near_misses(wire: Wire) -> None:
    """Ask with a redirect_uri that is almost the registered one; a step for each difference."""
    await wire.run(approval(wire.provider), "authorize")
    for step, uri in near_misses(wire.provider.client.redirect_uris[0]).items():
        if uri not in wire.provider.client.redirect_uris:
            await tried(wire, step, ordinary(wire.provider, extra=(("redirect_uri", uri),)))
    for uri in wire.provider.client.redirect_uris:
        if "?" in uri:
            other = f"{uri.partition('?')[0]}?idprobe=1"
            await tried(
                wire, "other-query", ordinary(wire.provider, extra=(("redirect_uri", other),))
            )
    await wire.run(approval(wire.provider), "control")


def near_misses(uri: str) -> dict[str, str]:
    """Return URIs that differ from an absolute one in one thing each, by the name of the thing."""
    parts = urlsplit(uri)
    path = parts.path or "/"
    folder, _, last = path.rpartition("/")
    other_case = path.upper() if path.upper() != path else path.lower()
    paths = {
        "trailing-slash": path.rstrip("/") if path.endswith("/") and path != "/" else f"{path}/",
        "extra-segment": f"{path.rstrip('/')}/idprobe",
        "dot-segments": f"{folder}/idprobe/../{last}",
        "encoded-dots": f"{folder}/idprobe/%2e%2e/{last}",
        "path-case": other_case,
        "shorter-path": "/",
        "encoded-letter": f"{folder}/%{ord(last[0]):02X}{last[1:]}" if last else "",
    }
    misses = {
        name: parts._replace(path=value).geturl()
        for name, value in paths.items()
        if value and value != path
    }
    misses["added-query"] = f"{uri}{'&' if parts.query else '?'}idprobe=1"
    misses["fragment"] = f"{uri}#idprobe"
    return {**misses, **(_other_authorities(uri) if parts.hostname else {})}


def _other_authorities(uri: str) -> dict[str, str]:
    """Return the URI with other schemes, hosts and ports; a loopback port may vary (RFC 8252)."""
    parts = urlsplit(uri)
    host, netloc = parts.hostname or "", parts.netloc
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    misses = {
        "scheme": parts._replace(scheme="http" if parts.scheme == "https" else "https").geturl(),
        "longer-host": parts._replace(netloc=f"{host}.idprobe.example").geturl(),
        "sibling-host": parts._replace(netloc=f"idprobe.{host}").geturl(),
        "host-case": parts._replace(netloc=netloc.upper()).geturl(),
        "trailing-dot": parts._replace(netloc=netloc.replace(host, f"{host}.", 1)).geturl(),
        "userinfo": parts._replace(netloc=f"idprobe@{netloc}").geturl(),
        "host-as-userinfo": parts._replace(netloc=f"{host}@attacker.idprobe.example").geturl(),
        "backslash": parts._replace(netloc=f"attacker.idprobe.example\\@{netloc}").geturl(),
    }
    if port is not None and not is_loopback(uri):
        misses["other-port"] = parts._replace(netloc=f"{host}:{port + 1}").geturl()
        if parts.port is None:
            misses["default-port"] = parts._replace(netloc=f"{host}:{port}").geturl()
    return misses


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def redirect_uri_foreign(wire: Wire) -> None:
    """Ask with somebody else's redirect_uri, without and with a session and with other faults."""
    elsewhere = ("redirect_uri", ATTACKER)
    await tried(wire, "stranger", ordinary(wire.provider, extra=(elsewhere,)), user=False)
    await wire.run(approval(wire.provider), "authorize")
    faults = {
        "logged-in": (),
        "with-bad-response-type": (("response_type", "bogus"),),
        "with-bad-scope": (("scope", '"bad'),),
        "with-prompt-none": (("prompt", "none"),),
    }
    for step, more in faults.items():
        await tried(wire, step, ordinary(wire.provider, extra=(elsewhere, *more)))
    for step, uri in {**RELATIVE, "malformed": "https://a b<é>.example/cb"}.items():
        await tried(wire, step, ordinary(wire.provider, extra=(("redirect_uri", uri),)))
    await wire.run(approval(wire.provider), "control")


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def redirect_uri_ambiguous(wire: Wire) -> None:
    """Leave redirect_uri out at a client that has several; step `omitted`."""
    if len(wire.provider.client.redirect_uris) < TWO:
        raise Unsuited(f"the client {wire.provider.client.name} has one redirect_uri only")
    await _omitted(wire)


@probe(role=Role.SECOND, needs=CODE | {Capability.OPENID}, logs_in=True)
async def redirect_uri_omitted(wire: Wire) -> None:
    """Leave redirect_uri out of an OpenID Connect request; step `omitted`."""
    if not is_openid(wire.provider):
        raise Unsuited(f"the client {wire.provider.client.name} has no scope openid")
    await _omitted(wire)


async def _omitted(wire: Wire) -> None:
    await wire.run(approval(wire.provider), "authorize")
    await tried(wire, "omitted", ordinary(wire.provider, omit=("redirect_uri",)))
    await wire.run(approval(wire.provider), "control")


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def redirect_uri_with_query(wire: Wire) -> None:
    """Use a registered redirect_uri that has a query: steps `success`, `error`."""
    uri = _uri_with_query(wire.provider)
    scope = plain_scope(wire.provider)
    await wire.run(authorize(wire.provider, scope=scope, redirect_uri=uri), "success")
    bad = (("redirect_uri", uri), ("response_type", "bogus"))
    await tried(wire, "error", ordinary(wire.provider, extra=bad))


async def _authorized_again(wire: Wire, scope: str, uri: str) -> None:
    """Ask with a registered URI once more: `control`."""
    await wire.run(authorize(wire.provider, scope=scope, redirect_uri=uri), "control")


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def redirect_uri_with_another_query(wire: Wire) -> None:
    """Ask with a registered URI whose query differs: `value`, `removed`, `added`."""
    uri = _uri_with_query(wire.provider)
    scope, parts = plain_scope(wire.provider), urlsplit(uri)
    await wire.run(authorize(wire.provider, scope=scope, redirect_uri=uri), "authorize")
    name, _, rest = parts.query.partition("=")
    queries = {
        "value": f"{name}=idprobe{rest}",
        "removed": "",
        "added": f"{parts.query}&idprobe=1",
    }
    for step, query in queries.items():
        other = parts._replace(query=query).geturl()
        if other not in wire.provider.client.redirect_uris:
            await tried(wire, step, ordinary(wire.provider, extra=(("redirect_uri", other),)))
    await _authorized_again(wire, scope, uri)


def _uri_with_query(provider: Provider) -> str:
    found = (uri for uri in provider.client.redirect_uris if urlsplit(uri).query)
    uri = next(found, None)
    if uri is None:
        raise Unsuited(f"no redirect_uri of the client {provider.client.name} has a query")
    return uri


@probe(needs={Capability.AUTHORIZATION_CODE}, logs_in=True)
async def loopback_port_varied(wire: Wire) -> None:
    """Ask as a native app whose loopback redirect_uri has another port than registered: `port`."""
    client, uri = _native_client(wire.provider)
    provider = wire.provider.with_client(client)
    await wire.run(authorize(provider, scope=plain_scope(provider), redirect_uri=uri), "authorize")
    parts = urlsplit(uri)
    varied = parts._replace(netloc=f"{parts.hostname}:51004").geturl()
    pairs = ordinary(provider, extra=(("redirect_uri", varied),))
    await wire.run(visit(provider, pairs), "port")
    for step, other in {
        "port-and-query": f"{varied}?idprobe=1",
        "port-and-path": f"{varied}/x",
    }.items():
        bent = ordinary(provider, extra=(("redirect_uri", other),))
        await wire.run(visit(provider, bent), step)
    await wire.run(authorize(provider, scope=plain_scope(provider), redirect_uri=uri), "control")


def _native_client(provider: Provider) -> tuple[Client, str]:
    """Return a native client with a loopback redirect_uri, and that; raises Unsuited without."""
    for client in provider.profile.clients.values():
        for uri in client.redirect_uris:
            host = urlsplit(uri).hostname
            if client.application_type == "native" and host == "127.0.0.1":
                return client, uri
    raise Unsuited("the profile has no native client with a redirect_uri on 127.0.0.1")


@probe(role=Role.WEB, others=(Role.SERVICE,), needs=CODE, logs_in=True)
async def client_without_redirect_uri(wire: Wire) -> None:
    """Ask for a code as a client that has no redirect_uri, naming one: step `any`."""
    provider = wire.acting_as(Role.SERVICE)
    if provider.client.redirect_uris:
        raise Unsuited(f"the client {provider.client.name} has a redirect_uri")
    parameters = authorization_parameters(
        provider, redirect_uri=ATTACKER, pkce=fresh_pkce(), nonce=None
    )
    await tried(wire, "any", parameters)
    await wire.run(approval(wire.provider), "control")
