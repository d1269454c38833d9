"""How our own sender sends, and what a run gives it for that."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from idprobe.client.destinations import Dial, anywhere
from idprobe.model.profile import Limits, Tls

__all__ = ["Framing", "How", "Means", "TlsRange"]


class Framing(StrEnum):
    """How the body is put on the wire; no header is added in either case."""

    AS_WRITTEN = "as written"
    CHUNKED = "chunked"


@dataclass(frozen=True, slots=True)
class TlsRange:
    """The versions that a handshake offers; the certificate is always verified."""

    lowest: ssl.TLSVersion
    highest: ssl.TLSVersion

    def __str__(self) -> str:
        names = dict.fromkeys((self.lowest.name, self.highest.name))
        return " to ".join(name.replace("_", ".") for name in names)


@dataclass(frozen=True, slots=True)
class How:
    """How to send: the framing, how long to wait for the server to close, which TLS to offer."""

    framing: Framing = Framing.AS_WRITTEN
    closing_s: float = 0.0
    offer: TlsRange | None = None
    pipelined: bool = False
    """Whether several requests go out before the first answer is read."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a run gives the sender: its limits, its TLS settings, how to make a context, to dial."""

    limits: Limits
    tls: Tls
    context_of: Callable[[Tls], ssl.SSLContext]
    dial: Dial = anywhere
