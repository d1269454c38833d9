"""Connections: plain or by TLS, and why there is none."""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from idprobe.exchange import Connection
from idprobe.raw.means import Means, TlsRange

__all__ = [
    "HandshakeEndedError",
    "NotConnectedError",
    "address_of",
    "connected",
    "connection_facts",
    "facts_of",
    "opened",
    "reason_of",
]

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class NotConnectedError(Exception):
    """No connection was made."""


class HandshakeEndedError(Exception):
    """The other side was reached, and the TLS handshake did not complete."""


def connection_facts(peer: str | None, tls: ssl.SSLObject | None) -> Connection:
    """Return what is known of a connection that stands."""
    if tls is None:
        return Connection(peer)
    certificate = tls.getpeercert(binary_form=True)
    cipher = tls.cipher()
    return Connection(
        peer,
        tls.version(),
        cipher[0] if cipher else None,
        hashlib.sha256(certificate).hexdigest() if certificate else None,
    )


@asynccontextmanager
async def connected(origin: str, means: Means, offer: TlsRange | None) -> AsyncIterator[Streams]:
    """Give the streams of a connection to an origin, by TLS where the origin says so."""
    host, port = address_of(origin)
    context = None
    if urlsplit(origin).scheme == "https":
        tls = means.tls if offer is None else replace(means.tls, insecure=False)
        context = means.context_of(tls)
    if context is not None and offer is not None:
        context.minimum_version, context.maximum_version = offer.lowest, offer.highest
    async with opened(host, port, context) as streams:
        yield streams


@asynccontextmanager
async def opened(host: str, port: int, context: ssl.SSLContext | None) -> AsyncIterator[Streams]:
    """Give the streams of a connection, broken off at the end whatever is under way."""
    try:
        reader, writer = await asyncio.open_connection(
            host, port, ssl=context, server_hostname=host if context else None
        )
    except ssl.SSLCertVerificationError as error:
        raise HandshakeEndedError(f"certificate: {error.verify_message}") from None
    except ssl.SSLError as error:
        raise HandshakeEndedError(_end_of(error)) from None
    except ConnectionResetError:
        if context is None:
            raise NotConnectedError("the connection was reset") from None
        raise HandshakeEndedError("closed") from None
    except OSError as error:
        raise NotConnectedError(reason_of(error)) from None
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


def _end_of(error: ssl.SSLError) -> str:
    """Return how a handshake ended: an alert of the other side, or what our side made of it."""
    reason = str(error.reason or type(error).__name__)
    before, alert, name = reason.partition("ALERT_")
    if alert and before in {"TLSV1_", "SSLV3_", "TLSV13_"}:
        return f"alert {name.lower()}"
    return f"ours {reason.lower()}"


def address_of(origin: str) -> tuple[str, int]:
    """Return the host and port of an origin."""
    parts = urlsplit(origin)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def facts_of(writer: asyncio.StreamWriter) -> Connection:
    """Return what is known of the connection under a stream."""
    name: Any = writer.get_extra_info("peername")
    peer = f"{name[0]}:{name[1]}" if name else None
    return connection_facts(peer, writer.get_extra_info("ssl_object"))


def reason_of(error: Exception) -> str:
    """Return the first line of an error."""
    text = str(error).strip().splitlines()
    return text[0][:200] if text else type(error).__name__
