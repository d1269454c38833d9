"""Properties of redirect_uri: one string is registered, and nothing that is almost it will do.

RFC 6749 section 3.1.2.3 and RFC 9700 section 4.1.3 compare character by character; the port of a
loopback address of a native app is the one exception (RFC 8252 section 7.3).
"""

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.model.profile import Capability, Provider, Role
from idprobe.model.profile.addresses import is_loopback
from idprobe.probes.properties.properties import searched
from idprobe.probes.steps.authorization_request import approval, ordinary, tried
from idprobe.reading.properties.redirected import (
    flaw_redirect_uri_accepted,
    flaw_redirect_uri_refused,
)

__all__ = ["loopback_ports", "redirect_uris_nearly_registered"]

CODE: Final = frozenset({Capability.AUTHORIZATION_CODE})
HIGHEST_PORT: Final = 65535
HOST: Final = "attacker.idprobe.example"
TWISTS: Final[Mapping[str, Callable[[str], str]]] = {
    "slash": lambda uri: f"{uri}/",
    "query": lambda uri: f"{uri}{'&' if '?' in uri else '?'}a=1",
    "fragment": lambda uri: f"{uri}#a",
    "parameter": lambda uri: f"{uri};a=1",
    "space": lambda uri: f"{uri} ",
    "newline": lambda uri: f"{uri}\n",
    "nul": lambda uri: f"{uri}\0",
    "dot at the end": lambda uri: f"{uri}.",
    "encoded slash": lambda uri: f"{uri}%2f",
    "encoded hash": lambda uri: f"{uri}%23",
    "two slashes": lambda uri: _path(uri, lambda path: f"/{path}"),
    "three slashes": lambda uri: _path(uri, lambda path: f"//{path}"),
    "two slashes inside": lambda uri: _path(uri, lambda path: "//".join(path.rsplit("/", 1))),
    "dot segment": lambda uri: _path(uri, lambda path: f"/.{path}"),
    "up and down": lambda uri: _path(uri, lambda path: f"/a/..{path}"),
    "encoded dots": lambda uri: _path(uri, lambda path: f"/a/%2e%2E{path}"),
    "encoded backslash": lambda uri: _path(uri, lambda path: f"/a%5c..{path}"),
    "letter encoded": lambda uri: _path(uri, _encoded),
    "other case": lambda uri: _path(uri, str.swapcase),
    "longer": lambda uri: f"{uri}a",
    "shorter": lambda uri: uri[:-1],
    "userinfo": lambda uri: _host(uri, lambda host: f"a@{host}"),
    "password": lambda uri: _host(uri, lambda host: f"a:b@{host}"),
    "host as user": lambda uri: _host(uri, lambda host: f"{host}@{HOST}"),
    "host in front": lambda uri: _host(uri, lambda host: f"{HOST}\\@{host}"),
    "host as label": lambda uri: _host(uri, lambda host: f"{host.partition(':')[0]}.{HOST}"),
    "sibling": lambda uri: _host(uri, lambda host: f"a.{host}"),
    "wide letter": lambda uri: _host(uri, lambda host: f"\uff41.{host}"),
    "host in capitals": lambda uri: _host(uri, str.upper),
    "scheme in capitals": lambda uri: uri[:4].upper() + uri[4:],
}


def _path(uri: str, change: Callable[[str], str]) -> str:
    parts = urlsplit(uri)
    return uri.replace(parts.path, change(parts.path), 1) if len(parts.path) > 1 else f"{uri}/a"


def _host(uri: str, change: Callable[[str], str]) -> str:
    netloc = urlsplit(uri).netloc
    return uri.replace(netloc, change(netloc), 1) if netloc else f"{uri}a"


def _encoded(path: str) -> str:
    """Return a path with its last character percent-encoded."""
    return f"{path[:-1]}%{ord(path[-1]):02X}"


def nearly_registered(provider: Provider) -> SearchStrategy[str]:
    """Return what a few twists make of a registered redirect_uri, none of them registered."""
    registered = provider.client.redirect_uris
    one = st.sampled_from(list(TWISTS))
    names = st.one_of(one.map(lambda name: [name]), st.lists(one, min_size=1, max_size=2))
    return st.builds(_twisted, st.sampled_from(registered), names).filter(
        lambda uri: uri not in registered
    )


def _twisted(uri: str, names: list[str]) -> str:
    for name in names:
        uri = TWISTS[name](uri)
    return uri


async def session(wire: Wire) -> None:
    """Log in, and land with a code."""
    await wire.run(approval(wire.provider), "login")


@searched(
    nearly_registered,
    flaw_redirect_uri_accepted,
    role=Role.WEB,
    needs=CODE,
    logs_in=True,
    control=session,
)
async def redirect_uris_nearly_registered(wire: Wire, uri: str) -> None:
    """Ask for a code with a redirect_uri that is almost the registered one."""
    await tried(wire, "asked", ordinary(wire.provider, extra=(("redirect_uri", uri),)))


def with_ports(provider: Provider) -> SearchStrategy[str]:
    """Return a native client's loopback address with any port, or with none (RFC 8252 7.3)."""
    uris = [uri for uri in provider.client.redirect_uris if _takes_ports(uri)]
    if not uris:
        raise Unsuited(f"the client {provider.client.name} has no loopback redirect_uri")
    ports = st.one_of(st.sampled_from([1024, 8080, HIGHEST_PORT]), st.integers(1, HIGHEST_PORT))
    return st.builds(_with_port, st.sampled_from(uris), ports)


def _takes_ports(uri: str) -> bool:
    return uri.startswith("http://") and is_loopback(uri) and urlsplit(uri).hostname != "localhost"


def _with_port(uri: str, port: int) -> str:
    host = urlsplit(uri).netloc.rpartition(":")[0] or urlsplit(uri).netloc
    return uri.replace(urlsplit(uri).netloc, f"{host}:{port}", 1)


@searched(
    with_ports,
    flaw_redirect_uri_refused,
    role=Role.NATIVE,
    needs=CODE,
    logs_in=True,
    control=session,
)
async def loopback_ports(wire: Wire, uri: str) -> None:
    """Ask for a code at any port of a native app's loopback address."""
    await tried(wire, "asked", ordinary(wire.provider, extra=(("redirect_uri", uri),)))
