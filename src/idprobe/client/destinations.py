"""Where requests go: a name is resolved once for a connection, judged, and dialled as an address.

The profile's own places may be anywhere, a private network included. Any other place is one that
the server chose: it has to be on the public internet, or on loopback if the server is there.
"""

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias, TypeVar

from idprobe.errors import Refrained
from idprobe.model.profile import (
    Network,
    Profile,
    is_loopback,
    is_usable_url,
    origin_of,
    place_of,
    secured,
)

__all__ = ["Destination", "Destinations", "Dial", "anywhere", "is_internal_name"]

T = TypeVar("T")
Dial: TypeAlias = Callable[[str, int], Awaitable[socket.socket]]
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

ATTEMPT_S: Final = 1.0
"""How long an address may take that is not the last of its name: one family may be cut off."""
NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
NAT64_LOCAL: Final = ipaddress.IPv6Network("64:ff9b:1::/48")
COMPATIBLE: Final = ipaddress.IPv6Network("::/96")
PLATFORM: Final = frozenset({ipaddress.IPv4Address("168.63.129.16")})
"""Public by its number, and the agent of the machine's own cloud platform (Azure)."""


@dataclass(frozen=True, slots=True)
class Destination:
    """One address of a place, as sockets take it."""

    family: int
    address: tuple[Any, ...]

    @property
    def host(self) -> str:
        """The address as text, with its zone if it has one."""
        return str(self.address[0])


class Destinations:
    """The places of a run: which addresses a name has, and whether they may be dialled."""

    def __init__(self, profile: Profile) -> None:
        self._network: Final[Network] = profile.network
        self._named: Final = _named(profile)
        self.is_local: Final = _is_local(profile)
        """Whether the server under test is on this machine's loopback."""
        self._reached: Final[dict[tuple[str, int], str]] = {}

    async def found(self, host: str, port: int) -> Sequence[Destination]:
        """Return the addresses of a place; raises Refrained if they are not for us, or OSError."""
        literal = _literal(host, port)
        host = host if literal is None else literal.host  # spelled as origin_of has it
        given = self._network.address_for(host, port)
        found = await _resolved(given or host, port)
        if given is None and (host, port) not in self._named:
            self._judge(host, found)
        return found

    def _judge(self, host: str, found: Sequence[Destination]) -> None:
        for one in found:
            address = ipaddress.ip_address(one.host)
            if self.is_local and not _meant(address).is_loopback:
                raise Refrained(f"{host} is not on loopback, as the server under test is")
            if not self.is_local and not is_public(address):
                raise Refrained(
                    f"{host} is at an address that is not public ({one.host}): name the endpoint "
                    f"under [endpoints] if requests may go there"
                )

    async def reach(
        self,
        host: str,
        port: int,
        connect: Callable[[Destination], Awaitable[T]],
        failures: tuple[type[Exception], ...] = (OSError,),
    ) -> T:
        """Return what connects to the first address that takes a connection.

        Raises what the last attempt does, Refrained, or OSError if the name is unknown.
        """
        found = await self.found(host, port)
        took = self._reached.get((host, port))
        *others, final = sorted(found, key=lambda one: one.host != took)
        for one in others:
            with contextlib.suppress(TimeoutError, *failures):
                async with asyncio.timeout(ATTEMPT_S):
                    connected = await connect(one)
                self._reached[host, port] = one.host
                return connected
        connected = await connect(final)
        self._reached[host, port] = final.host
        return connected

    async def dial(self, host: str, port: int) -> socket.socket:
        """Return a socket that is connected to a place; raises Refrained or OSError."""
        return await self.reach(host, port, _dialled)


async def anywhere(host: str, port: int) -> socket.socket:
    """Return a socket that is connected to the first address of a place, whatever that is."""
    return await _dialled((await _resolved(host, port))[0])


async def _dialled(destination: Destination) -> socket.socket:
    sock = socket.socket(destination.family, socket.SOCK_STREAM)
    sock.setblocking(False)  # noqa: FBT003 -- the call of the library
    try:
        await asyncio.get_running_loop().sock_connect(sock, destination.address)
    except BaseException:
        sock.close()
        raise
    return sock


async def _resolved(host: str, port: int) -> Sequence[Destination]:
    """Return the addresses of a name, in the order of the system; raises OSError without any."""
    literal = _literal(host, port)
    if literal is not None:
        return (literal,)
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise OSError("the host name is none that can be looked up") from None
    return tuple(dict.fromkeys(Destination(family, address) for family, *_, address in found))


@lru_cache(1024)
def _literal(host: str, port: int) -> Destination | None:
    """Return an address that is written as such, and needs no thread to be looked up."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if address.version == 4:  # noqa: PLR2004 -- the version of IP
        return Destination(socket.AF_INET, (str(address), port))
    return None if "%" in host else Destination(socket.AF_INET6, (str(address), port, 0, 0))


def is_public(address: Address) -> bool:
    """Return whether the public internet routes an address to somebody else's machine."""
    meant = _meant(address)
    special = meant.is_multicast or meant.is_unspecified or meant.is_reserved
    return meant.is_global and not special and meant not in PLATFORM


def _meant(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, or the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    within = address.ipv4_mapped or address.sixtofour
    if within is not None:
        return within
    if address.teredo is not None:
        return address.teredo[1]
    is_embedded = any(address in net for net in (NAT64, NAT64_LOCAL, COMPATIBLE))
    if is_embedded and int(address) > 1:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def is_internal_name(host: str) -> bool:
    """Return whether a host is internal by its name alone, in whichever way it is spelled."""
    name = host.rstrip(".")
    try:
        return not is_public(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        return not is_public(ipaddress.IPv4Address(socket.inet_aton(name)))
    except OSError:
        return "." not in name or name.rpartition(".")[2] in {"localhost", "internal", "local"}


def _named(profile: Profile) -> frozenset[tuple[str, int]]:
    """Return the places that the profile names, and where they are asked by plain http."""
    secure = {secured(origin_of(url)) for url in profile.named_urls if is_usable_url(url)}
    plain = {origin.replace("https:", "http:", 1) for origin in secure}
    own = {origin_of(url) for url in profile.named_urls if is_usable_url(url)}
    return frozenset(map(place_of, own | secure | plain))


def _is_local(profile: Profile) -> bool:
    """Return whether the issuer is on loopback, by its name and by what the profile says of it."""
    if not is_loopback(profile.issuer):
        return False
    host, port = place_of(profile.issuer)
    given = profile.network.address_for(host, port)
    return given is None or is_loopback(f"//[{given}]" if ":" in given else f"//{given}")
