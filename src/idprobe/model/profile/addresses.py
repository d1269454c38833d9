"""What the URLs of a profile lead to."""

import ipaddress
import re
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

__all__ = ["host_of", "is_loopback", "is_usable_url", "origin_of", "place_of", "secured"]

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_NAME: Final = re.compile(r"[a-z0-9._-]+")
_IPV6: Final = re.compile(r"[0-9a-f:.]+(%[a-z0-9._-]+)?")


def host_of(url: str) -> str:
    """Return the host[:port] of a URL in lower case, a scheme's default port left out."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    if parts.port is None or parts.port == _DEFAULT_PORTS.get(parts.scheme):
        return host
    return f"{host}:{parts.port}"


@lru_cache(4096)
def origin_of(url: str) -> str:
    """Return the scheme://host[:port] of a URL, a scheme's default port left out.

    Two URLs with the same origin are reached by the same name, port and channel. Raises ValueError
    for what nothing is sent to: a scheme but http and https, a user name, a port or host that is
    none.
    """
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS or "@" in parts.netloc or parts.port == 0:
        raise ValueError("no http or https URL without a user name")
    host = _host(parts.hostname or "")
    if parts.port is None or parts.port == _DEFAULT_PORTS[parts.scheme]:
        return f"{parts.scheme}://{host}"
    return f"{parts.scheme}://{host}:{parts.port}"


def _host(name: str) -> str:
    """Return a host as a URL has it: an A-label for a name beyond ASCII, IPv6 in brackets."""
    if ":" in name:
        if not _IPV6.fullmatch(name.lower()):
            raise ValueError("no IPv6 address")
        return f"[{ipaddress.IPv6Address(name)}]"
    if not name.isascii():
        name = _a_label(name)
    if not _NAME.fullmatch(name.lower()):
        raise ValueError("no host name")
    return name.lower()


def _a_label(name: str) -> str:
    """Return a name as the library that connects reads it, so that no two readings differ."""
    import httpx  # noqa: PLC0415 -- names beyond ASCII are rare, and it is slow to import

    try:
        return httpx.URL(f"https://{name}").raw_host.decode("ascii")
    except httpx.InvalidURL:
        raise ValueError("no host name") from None


def place_of(url: str) -> tuple[str, int]:
    """Return the host, without brackets, and the port that a URL leads to; raises ValueError."""
    parts = urlsplit(origin_of(url))
    return parts.hostname or "", parts.port or _DEFAULT_PORTS[parts.scheme]


def secured(origin: str) -> str:
    """Return an origin with https for http, its port the default one if it had none."""
    return f"https://{origin.removeprefix('http://')}" if origin.startswith("http://") else origin


def is_usable_url(url: str) -> bool:
    """Return whether a URL is absolute, http or https, with a sound port and without user name."""
    try:
        origin_of(url)
    except ValueError:
        return False
    return True


def is_loopback(url: str) -> bool:
    """Return whether a URL leads to this machine: localhost, 127.0.0.0/8 or ::1."""
    host = (urlsplit(url).hostname or "").lower().rstrip(".")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
