"""The calls that the server makes itself: to addresses that clients chose, so with every care.

https alone, no redirect followed, no address that is not public, few octets and little time. Hosts
that the configuration names may be private and called by plain http: tests live on loopback.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final
from urllib.parse import urlsplit

import httpx

__all__ = ["Fetched", "Outbound", "OutboundError"]

MAX_BYTES: Final = 65_536
DEADLINE_S: Final = 6.0
_FORM: Final = "application/x-www-form-urlencoded"


class OutboundError(Exception):
    """A call that was not made, or brought nothing; the text is fit for the client."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What somebody answered."""

    status: int
    media_type: str
    body: bytes = field(repr=False)


@cache
def _trust() -> ssl.SSLContext:
    """Return whom to trust; reading all of them takes longer than a call."""
    return httpx.create_ssl_context(trust_env=False)


class Outbound:
    """The decisions about calls to others."""

    def __init__(self, trusted_hosts: Collection[str] = ()) -> None:
        self._trusted: Final = frozenset(trusted_hosts)

    def may_call(self, url: str) -> bool:
        """Return whether a URL may be called at all: https, or plain http to a trusted host."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            return False
        if not host or "@" in parts.netloc or not url.isascii() or not url.isprintable():
            return False
        return parts.scheme == "https" or (parts.scheme == "http" and host in self._trusted)

    async def get(self, url: str, accept: str) -> Fetched:
        """Return what is at a URL, status 200 alone; raises OutboundError."""
        answer = await self._call("GET", url, {"Accept": accept})
        if answer.status != 200:  # noqa: PLR2004 - a status code
            raise OutboundError(f"it answers {answer.status}")
        return answer

    async def post(self, url: str, form: str) -> Fetched:
        """Post a form and return the answer; raises OutboundError."""
        return await self._call("POST", url, {"Content-Type": _FORM}, form.encode())

    async def _call(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None = None
    ) -> Fetched:
        if not self.may_call(url):
            raise OutboundError("this address is not called")
        try:
            async with asyncio.timeout(DEADLINE_S):
                address = await self._address(url)
                return await self._fetch(method, url, address, headers, body)
        except TimeoutError as error:
            raise OutboundError("it takes too long") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise OutboundError("it cannot be reached") from error

    async def _address(self, url: str) -> str:
        """Return the one address that is called, so that a name cannot mean another one later."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(one[4][0]) for one in found]
        if host not in self._trusted and not self.addresses_are_public(addresses):
            raise OutboundError("this address is not called")
        return addresses[0]

    def addresses_are_public(self, addresses: Sequence[str]) -> bool:
        """Return whether none of the addresses is private, loopback, link-local or the like."""
        return all(ipaddress.ip_address(one.partition("%")[0]).is_global for one in addresses)

    async def _fetch(
        self, method: str, url: str, address: str, headers: dict[str, str], body: bytes | None
    ) -> Fetched:
        target = httpx.URL(url)
        pinned = target.copy_with(host=address)
        request = httpx.Request(
            method,
            pinned,
            headers={
                **headers,
                "Host": target.netloc.decode("ascii"),
                "Accept-Encoding": "identity",
            },
            content=body,
            extensions={"sni_hostname": target.host},
        )
        async with httpx.AsyncHTTPTransport(verify=_trust(), trust_env=False) as transport:
            response = await transport.handle_async_request(request)
            content = bytearray()
            try:
                async for chunk in response.aiter_raw():
                    content += chunk
                    if len(content) > self.most_bytes():
                        raise OutboundError("it is too large")
            finally:
                await response.aclose()
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Fetched(response.status_code, media_type, bytes(content))

    def most_bytes(self) -> int:
        """Return how much of an answer is read."""
        return MAX_BYTES
