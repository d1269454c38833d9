"""What the URLs of a profile lead to."""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

__all__ = ["host_of", "is_loopback", "is_usable_url"]

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def host_of(url: str) -> str:
    """Return the host[:port] of a URL in lower case, a scheme's default port left out."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    if parts.port is None or parts.port == _DEFAULT_PORTS.get(parts.scheme):
        return host
    return f"{host}:{parts.port}"


def is_usable_url(url: str) -> bool:
    """Return whether a URL is absolute, http or https, with a sound port and without user name."""
    try:
        parts = urlsplit(url)
        sound = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return sound and parts.scheme in _DEFAULT_PORTS and "@" not in parts.netloc


def is_loopback(url: str) -> bool:
    """Return whether a URL leads to this machine: localhost, 127.0.0.0/8 or ::1."""
    host = (urlsplit(url).hostname or "").lower().rstrip(".")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
