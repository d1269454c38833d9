"""Connections: plain or by TLS, and why there is none."""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from idprobe.client.raw.means import Means, TlsRange
from idprobe.model.exchange import Connection
from idprobe.model.profile import place_of

__all__ = [
    "HandshakeEndedError",
    "NotConnectedError",
    "connected",
    "connection_facts",
    "facts_of",
    "layered",
    "opened",
    "reason_of",
]

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Layers = tuple[asyncio.StreamReader, asyncio.StreamWriter, asyncio.Transport]


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
    context = None
    if urlsplit(origin).scheme == "https":
        tls = means.tls if offer is None else replace(means.tls, insecure=False)
        context = means.context_of(tls)
    if context is not None and offer is not None:
        context.minimum_version, context.maximum_version = offer.lowest, offer.highest
    async with opened(origin, means, context) as streams:
        yield streams


@asynccontextmanager
async def opened(
    origin: str, means: Means, context: ssl.SSLContext | None
) -> AsyncIterator[Streams]:
    """Give the streams of a connection, broken off at the end whatever is under way."""
    host, port = place_of(origin)
    with _told(by_tls=False):
        sock = await means.dial(host, port)
    with _told(by_tls=context is not None):
        try:
            reader, writer = await asyncio.open_connection(
                sock=sock, ssl=context, server_hostname=host if context else None
            )
        except BaseException:
            sock.close()
            raise
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


@asynccontextmanager
async def layered(origin: str, means: Means) -> AsyncIterator[Layers]:
    """Give the streams of a connection to an origin, and the transport of TCP below them."""
    async with opened(origin, means, None) as (reader, writer):
        below = writer.transport
        if not isinstance(below, asyncio.Transport):
            raise NotConnectedError("the transport cannot be paused")
        if urlsplit(origin).scheme == "https":
            with _told(by_tls=True):
                context, (host, _) = means.context_of(means.tls), place_of(origin)
                await writer.start_tls(context, server_hostname=host)
        yield reader, writer, below


@contextmanager
def _told(*, by_tls: bool) -> Iterator[None]:
    """Say of what fails inside whether the other side was reached."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise HandshakeEndedError(f"certificate: {error.verify_message}") from None
    except ssl.SSLError as error:
        raise HandshakeEndedError(_end_of(error)) from None
    except ConnectionResetError:
        if not by_tls:
            raise NotConnectedError("the connection was reset") from None
        raise HandshakeEndedError("closed") from None
    except OSError as error:
        raise NotConnectedError(reason_of(error)) from None


def _end_of(error: ssl.SSLError) -> str:
    """Return how a handshake ended: an alert of the other side, or what our side made of it."""
    reason = str(error.reason or type(error).__name__)
    before, alert, name = reason.partition("ALERT_")
    if alert and before in {"TLSV1_", "SSLV3_", "TLSV13_"}:
        return f"alert {name.lower()}"
    return f"ours {reason.lower()}"


def facts_of(writer: asyncio.StreamWriter) -> Connection:
    """Return what is known of the connection under a stream."""
    name: Any = writer.get_extra_info("peername")
    peer = f"{name[0]}:{name[1]}" if name else None
    return connection_facts(peer, writer.get_extra_info("ssl_object"))


def reason_of(error: Exception) -> str:
    """Return the first line of an error."""
    text = str(error).strip().splitlines()
    return text[0][:200] if text else type(error).__name__
