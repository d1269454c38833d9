"""What became of an exchange of our own sender that brought no response, in words."""

from typing import Final

import h11

from idprobe.client.raw.connecting import HandshakeEndedError, NotConnectedError, reason_of
from idprobe.model.exchange import TransportFailure
from idprobe.model.profile import Limits

__all__ = ["FAILURES", "failure_of"]

FAILURES: Final = (HandshakeEndedError, NotConnectedError, h11.RemoteProtocolError, OSError)
"""The ways for an exchange to fail; a deadline is among them, as an OSError."""


def failure_of(error: Exception, limits: Limits) -> str:
    """Return one of FAILURES as the failure of an exchange."""
    match error:
        case HandshakeEndedError():
            return f"{TransportFailure.NOT_CONNECTED}: the handshake ended: {error}"
        case NotConnectedError():
            return f"{TransportFailure.NOT_CONNECTED}: {error}"
        case TimeoutError():
            return f"{TransportFailure.TIMED_OUT} {limits.exchange_s:g} s"
        case h11.RemoteProtocolError():
            return f"{TransportFailure.NOT_HTTP}: {error}"
        case _:
            return f"{TransportFailure.BROKEN_OFF}: {reason_of(error)}"
