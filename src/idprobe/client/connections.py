"""How httpx connects: each transport one connection, to a judged address, by the profile's TLS."""

import asyncio
import ssl
from collections.abc import Iterable
from functools import partial
from typing import Final

import httpcore
import httpx

from idprobe.client.connection_pool import ConnectionPool
from idprobe.client.destinations import Destination, Destinations
from idprobe.client.trust import tls_context
from idprobe.model.profile import Profile, Tls

__all__ = ["transport_for"]

KEEPALIVE_S: Final = 2.0
"""We drop an idle connection sooner than servers do, so that no POST meets a closing one."""


def transport_for(profile: Profile, destinations: Destinations) -> httpx.AsyncBaseTransport:
    """Return what carries the requests of a run.

    Behind a proxy it is the proxy that resolves names and dials.
    """
    context = tls_context(profile.tls)
    if profile.network.proxy is not None:
        return ConnectionPool(partial(_by_proxy, _proxy(profile.network.proxy), context))
    return ConnectionPool(partial(_OneConnection, context, _Network(destinations)))


def _proxy(url: str) -> httpx.Proxy:
    """Return a proxy; one that is spoken to by TLS is held to the system's store."""
    by_tls = url.lower().startswith("https:")
    return httpx.Proxy(url, ssl_context=tls_context(Tls()) if by_tls else None)


def _by_proxy(proxy: httpx.Proxy, context: ssl.SSLContext) -> httpx.AsyncHTTPTransport:
    limits = httpx.Limits(max_connections=1, keepalive_expiry=KEEPALIVE_S)
    return httpx.AsyncHTTPTransport(verify=context, trust_env=False, proxy=proxy, limits=limits)


class _OneConnection(httpx.AsyncHTTPTransport):
    """A transport of one connection, which a network of ours makes."""

    def __init__(self, context: ssl.SSLContext, network: httpcore.AsyncNetworkBackend) -> None:
        super().__init__(verify=context, trust_env=False)
        # httpx passes no network on; what it made for itself has no connection yet
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=1,
            keepalive_expiry=KEEPALIVE_S,
            network_backend=network,
        )


class _Network(httpcore.AsyncNetworkBackend):
    """Connects to addresses alone; the name stays what TLS and Host are about."""

    def __init__(self, destinations: Destinations) -> None:
        self._destinations: Final = destinations
        self._sockets: Final = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 -- the signature of the library
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Return a stream to the first address that takes a connection; raises Refrained."""

        async def connect(destination: Destination) -> httpcore.AsyncNetworkStream:
            return await self._sockets.connect_tcp(
                destination.host, port, timeout, local_address, socket_options
            )

        failures = (httpcore.ConnectError, httpcore.ConnectTimeout)
        try:
            return await self._destinations.reach(host, port, connect, failures)
        except OSError as error:  # the name is unknown
            raise httpcore.ConnectError(str(error)) from error

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 -- the signature of the library
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002 -- the same
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: no profile names a socket of this machine."""
        raise httpcore.ConnectError(f"{path} is no place of the network")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
