"""A ClientHello written by hand, and the first record that answers it (RFC 5246, RFC 8446).

It offers what no library of today speaks: SSL 3, RC4, suites without encryption. A ServerHello in
answer is the negotiation itself; no key is exchanged and no octet of an application is sent.
"""

import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["OFFERS", "Answer", "Offer", "client_hello", "read_answer"]

SSL_3_0: Final = 0x0300
TLS_1_0: Final = 0x0301
TLS_1_1: Final = 0x0302
TLS_1_2: Final = 0x0303
TLS_1_3: Final = 0x0304

VERSIONS: Final = {
    SSL_3_0: "SSLv3",
    TLS_1_0: "TLSv1",
    TLS_1_1: "TLSv1.1",
    TLS_1_2: "TLSv1.2",
    TLS_1_3: "TLSv1.3",
}
_NEW: Final = (0x1301, 0x1302, 0x1303)
_GCM: Final = (0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0x009E, 0x009F, 0x009C, 0x009D)
_CBC: Final = (0xC009, 0xC00A, 0xC013, 0xC014, 0x0033, 0x0039, 0x002F, 0x0035)
_3DES: Final = (0xC008, 0xC012, 0x0016, 0x000A)
_RC4: Final = (0xC007, 0xC011, 0x0005, 0x0004)
_NULL: Final = (0xC006, 0xC010, 0x003B, 0x0002, 0x0001)
_ANONYMOUS: Final = (0xC018, 0xC019, 0x00A6, 0x00A7, 0x0034, 0x003A, 0x001B, 0x0018, 0xC015)
_EXPORT: Final = (0x0003, 0x0006, 0x0008, 0x000B, 0x000E, 0x0011, 0x0014, 0x0017, 0x0019)
_DES: Final = (0x0009, 0x000C, 0x000F, 0x0012, 0x0015, 0x001A)

_ALERTS: Final = {
    0: "close_notify",
    10: "unexpected_message",
    40: "handshake_failure",
    47: "illegal_parameter",
    50: "decode_error",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    109: "missing_extension",
    112: "unrecognized_name",
}
_ALERT: Final = 21
_HANDSHAKE: Final = 22
_SERVER_HELLO: Final = 2
_SUPPORTED_VERSIONS: Final = 43
_KEY_SHARE: Final = 51
_X25519: Final = 0x001D
RECORD_HEAD: Final = 5


@dataclass(frozen=True, slots=True)
class Offer:
    """What a hello offers: versions and suites; `name` is how a trace calls it.

    Up to TLS 1.2 there is one version, the highest; from TLS 1.3 on they are listed (RFC 8446
    section 4.2.1).
    """

    name: str
    version: int
    suites: Sequence[int]
    listed: Sequence[int] = ()


OFFERS: Final = {
    offer.name: offer
    for offer in (
        Offer("usual", TLS_1_2, (*_GCM, *_CBC)),
        Offer("SSLv3", SSL_3_0, (*_CBC, *_3DES, *_RC4)),
        Offer("TLSv1", TLS_1_0, (*_CBC, *_3DES, *_RC4)),
        Offer("TLSv1.1", TLS_1_1, (*_CBC, *_3DES, *_RC4)),
        Offer("NULL", TLS_1_2, _NULL),
        Offer("anonymous", TLS_1_2, _ANONYMOUS),
        Offer("RC4", TLS_1_2, _RC4),
        Offer("EXPORT", TLS_1_2, (*_EXPORT, *_DES)),
        Offer("3DES", TLS_1_2, _3DES),
        Offer("TLSv1.3", TLS_1_2, _NEW, (TLS_1_3,)),
        Offer("both", TLS_1_2, (*_NEW, *_GCM), (TLS_1_3, TLS_1_2)),
    )
}
"""The hellos by name; `usual` is the control: the same shape, with what servers of today speak.

`TLSv1.3` offers that version alone, `both` that and TLS 1.2.
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said to a hello: the version and suite it chose, or how it ended."""

    version: str | None = None
    suite: str | None = None
    end: str | None = None


def client_hello(offer: Offer, host: str) -> bytes:
    """Return the record of a hello that names the host, unless that is an address."""
    suites = b"".join(suite.to_bytes(2, "big") for suite in offer.suites)
    body = (
        offer.version.to_bytes(2, "big")
        + secrets.token_bytes(32)
        + b"\x00"
        + _block(suites, 2)
        + b"\x01\x00"
        + _block(_extensions(host) + _listed(offer.listed), 2)
    )
    message = b"\x01" + _block(body, 3)
    record_version = min(offer.version, TLS_1_0).to_bytes(2, "big")
    return bytes([_HANDSHAKE]) + record_version + _block(message, 2)


def read_answer(record: bytes) -> Answer:
    """Return what the first record of a server says; nothing at all is a closed connection."""
    if not record:
        return Answer(end="closed")
    kind, content = record[0], record[RECORD_HEAD:]
    if kind == _ALERT and len(content) > 1:
        return Answer(end=f"alert {_ALERTS.get(content[1], content[1])}")
    if kind == _HANDSHAKE and content[:1] == bytes([_SERVER_HELLO]):
        return _server_hello(content[4:])
    return Answer()


def _server_hello(body: bytes) -> Answer:
    """Return the choice of a ServerHello: version, random, session, suite (RFC 5246 7.4.1.3)."""
    session_bytes = body[34] if len(body) > 34 else 0  # noqa: PLR2004 -- 2 of version, 32 of random
    suite = body[35 + session_bytes : 37 + session_bytes]
    version = _listed_version(body[38 + session_bytes :]) or int.from_bytes(body[:2], "big")
    return Answer(VERSIONS.get(version, f"{version:#06x}"), f"0x{suite.hex()}")


def _extensions(host: str) -> bytes:
    name = b""
    if not _is_address(host):
        name = _extension(0, _block(b"\x00" + _block(host.encode("idna"), 2), 2))
    groups = _block(bytes.fromhex("001d001700180019"), 2)
    algorithms = _block(bytes.fromhex("0403080408050806040105030501060306010203020102020101"), 2)
    return (
        name
        + _extension(10, groups)
        + _extension(11, b"\x01\x00")
        + _extension(13, algorithms)
        + _extension(0xFF01, b"\x00")
    )


def _listed(versions: Sequence[int]) -> bytes:
    """Return the extensions of a hello that lists its versions: those, and a key to agree on."""
    if not versions:
        return b""
    names = b"".join(version.to_bytes(2, "big") for version in versions)
    share = _X25519.to_bytes(2, "big") + _block(secrets.token_bytes(32), 2)
    return _extension(_SUPPORTED_VERSIONS, _block(names, 1)) + _extension(
        _KEY_SHARE, _block(share, 2)
    )


def _listed_version(extensions: bytes) -> int:
    """Return the version that a ServerHello chose from the list; 0 if it names none."""
    rest = extensions[2:]
    while len(rest) >= 4:  # noqa: PLR2004 -- 2 of kind, 2 of length
        kind, length = int.from_bytes(rest[:2], "big"), int.from_bytes(rest[2:4], "big")
        if kind == _SUPPORTED_VERSIONS:
            return int.from_bytes(rest[4:6], "big")
        rest = rest[4 + length :]
    return 0


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _extension(kind: int, data: bytes) -> bytes:
    return kind.to_bytes(2, "big") + _block(data, 2)


def _block(data: bytes, length_bytes: int) -> bytes:
    """Return data after its own length."""
    return len(data).to_bytes(length_bytes, "big") + data
