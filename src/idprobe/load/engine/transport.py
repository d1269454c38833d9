"""How load reaches the server: where to, with which header section, and why it did not work.

An exchange has one deadline, connecting included; bodies are bounded; redirects are not followed,
proxies and authorities not taken from the environment.
"""

import errno
import socket
import ssl
from typing import Any, Final
from urllib.parse import urlsplit

from idprobe.client.trust import tls_context
from idprobe.errors import Refrained, UsageError
from idprobe.load.engine.framing import FramingError
from idprobe.load.engine.rate_limiter import RateLimiter
from idprobe.model.exchange import Headers, Request
from idprobe.model.profile import Profile, origin_of, place_of

__all__ = ["SocketAddress", "Transport", "reason_of", "shortage_of"]

SocketAddress = tuple[int, tuple[Any, ...]]
"""An address family, and an address of it."""

USER_AGENT: Final = "idprobe-load/0.1"


class Transport:
    """What all sessions of a run share: the profile's rules, and TLS settings made once."""

    def __init__(self, profile: Profile) -> None:
        if profile.network.proxy:
            raise UsageError(
                f"{profile.where}: network.proxy: load goes to the server directly: remove it"
            )
        self.limits: Final = profile.limits
        self.allowed_origins: Final = profile.allowed_origins
        self.network: Final = profile.network
        self.tls: Final = tls_context(profile.tls)
        self.working_addresses: Final[dict[tuple[str, int], SocketAddress]] = {}
        """Which address took a connection, of each host and port that has several."""
        self.rate_limiter = RateLimiter.of(profile.limits)

    def address(self, origin: str) -> tuple[str, int]:
        """Return where to connect for an origin; raises Refrained if the profile forbids it."""
        try:
            is_allowed = origin_of(origin) in self.allowed_origins
        except ValueError:
            raise Refrained("this is no address that requests are sent to") from None
        if not is_allowed:
            raise Refrained(
                f"the profile does not allow {origin_of(origin)}: name the endpoint under "
                f"[endpoints] if requests may go there"
            )
        host, port = place_of(origin)
        return self.network.address_for(host, port) or host, port

    def head(self, request: Request) -> bytes:
        """Return request line and header section."""
        ours: Headers = (
            ("Host", urlsplit(request.origin).netloc.rpartition("@")[2]),
            ("User-Agent", USER_AGENT),
            ("Accept-Encoding", "identity"),
        )
        given = {name.lower() for name, _ in request.headers}
        length: Headers = ()
        if request.body or request.method in {"POST", "PUT", "PATCH"}:
            length = (("Content-Length", str(len(request.body))),)
        defaults = tuple(pair for pair in ours if pair[0].lower() not in given)
        fields = (*defaults, *self.network.headers, *request.headers, *length)
        lines = b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in fields)
        method = request.method.encode("ascii")
        return b"%b %b HTTP/1.1\r\n%b\r\n" % (method, request.target, lines)


def reason_of(error: OSError | FramingError, limit_s: float) -> str:
    """Return in a few words why no answer came."""
    if isinstance(error, TimeoutError):
        return f"no complete response within {limit_s:g} s"
    if isinstance(error, FramingError):
        return f"the response breaks HTTP: {error}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or type(error).__name__}"
    for kind, why in _REASONS.items():
        if isinstance(error, kind):
            return why
    return f"no connection: {error.strerror or type(error).__name__}"


def shortage_of(error: Exception) -> str | None:
    """Return what this host had no more of, as the name of an errno; None for all other errors."""
    number = error.errno if isinstance(error, OSError) else None
    return errno.errorcode[number] if number in _SHORTAGES else None


_SHORTAGES: Final = {errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS}

_REASONS: Final[dict[type[OSError], str]] = {
    ConnectionRefusedError: "connection refused",
    ConnectionError: "connection broken off",
    socket.gaierror: "the host name is unknown",
}
