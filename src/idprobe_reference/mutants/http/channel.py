"""Mutants of the channel: plain http, old TLS."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import functools
import ssl
import warnings
from collections.abc import Callable
from typing import Any, Final

from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from idprobe_reference.doorway import HelloReader
from idprobe_reference.endpoints.authorization import Transaction
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.mutants.tokens.token_form import with_body
from idprobe_reference.server import ReferenceServer
from idprobe_reference.stores import Session

BCP_195: Final = "it says what BCP 195 says"
APPLICATION_PROTOCOLS: Final = b"\x08http/1.1"
SSL_3: Final = b"\x03\x00"
TLS_1_1: Final = b"\x03\x02"
TLS_1_3_ALONE: Final = bytes.fromhex("002b0003 020304")
USUAL_SUITE: Final = b"\xc0\x2f"
ALERT: Final = bytes.fromhex("1503030002 0246")
TLS_1_2: Final = b"\x03\x03"
BOTH_VERSIONS: Final = bytes.fromhex("002b0005 0403040303")
ENDPOINTS: Final = ("authorization", "token", "revocation", "introspection")
IN_THE_CLEAR: Final = (
    "RFC6749-3.1/tls-required",
    "RFC6749-3.2/tls-required",
    "RFC6749-2.3.1/tls-for-password-authentication",
    "RFC6749-10.4/refresh-token-over-tls-only",
    "RFC6750-5.2/confidentiality-on-the-wire",
)


def closed(inner: ASGIApp, is_closed: Callable[[str], bool]) -> ASGIApp:
    """Return an application that finds nothing at some paths of plain http."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["scheme"] == "http" and is_closed(scope["path"]):
            await PlainTextResponse("Not found.", 404)(scope, receive, send)
        else:
            await inner(scope, receive, send)

    return app


@mutant(breaks=[*IN_THE_CLEAR, "OIDCC-5.3/tls"], medium="tls")
class PlainHttpIsServedToo(ReferenceServer):
    """Whoever speaks no TLS is served without it."""

    def speaks_plainly(self) -> bool:
        return True


@mutant(
    breaks=[
        *IN_THE_CLEAR,
        "RFC6749-10.9/tls-server-authentication",
        "RFC6750-5.2/tls-implemented",
    ],
    also=dict.fromkeys(
        (
            "OAUTH21-1.5/https-only",
            "OIDCD-3/authorization-endpoint-https",
            "OIDCD-3/token-endpoint-https",
            "RFC6749-10.3/tokens-over-tls-only",
            "RFC6749-10.8/no-credentials-in-clear",
            "RFC7009-2/endpoint-https",
            "RFC7009-2/http-service-not-published",
            "RFC7662-2/transport-security",
            "RFC7521-4/tls-used",
        ),
        "the metadata are looked at too",
    ),
    medium="tls",
)
class EndpointsAreAnnouncedInTheClear(ReferenceServer):
    """The metadata announce the endpoints under http."""

    def metadata(self) -> dict[str, Any]:
        members = super().metadata()
        clear = {f"{name}_endpoint" for name in ENDPOINTS}
        return {
            name: value.replace("https:", "http:") if name in clear else value
            for name, value in members.items()
        }


@mutant(
    breaks=[
        "RFC7636-7.5/tls-per-bcp195",
        "RFC9325-3.1.1/no-tls-1-0",
        "RFC9325-3.1.1/no-tls-1-1",
        "RFC9325-4.1/no-null-or-rc4",
        "OIDCC-16.17/ciphersuite-confidential-and-integral",
    ],
    medium="tls",
)
class OldTlsIsSpoken(ReferenceServer):
    """TLS 1.0 and suites without encryption are still good."""

    def settle_tls(self, context: ssl.SSLContext) -> None:
        context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED


@mutant(
    breaks="RFC9325-3.1.1/no-tls-1-1",
    also={"RFC7636-7.5/tls-per-bcp195": BCP_195},
    medium="tls",
)
class Tls11IsSpoken(ReferenceServer):
    """TLS 1.1 is still good."""

    def settle_tls(self, context: ssl.SSLContext) -> None:
        context.set_ciphers("DEFAULT@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it is as deprecated as it should be
            context.minimum_version = ssl.TLSVersion.TLSv1_1


@mutant(
    breaks="RFC9325-3.1.1/tls-1-2-supported",
    also={
        "RFC7636-7.5/tls-per-bcp195": BCP_195,
        "RFC9325-3.1.1/no-tls-1-1": "what it speaks is old",
        "RFC9325-3.1.1/tls-1-3-supported": "TLS 1.3 is newer still",
    },
    medium="tls",
)
class NothingNewerThanTls11(ReferenceServer):
    """A hello of TLS 1.2 or 1.3 is answered by 1.1: by hand, or no library would reach it."""

    def hello_reader(self) -> HelloReader:
        def read(octets: bytes) -> bytes:
            if not _is_hello(octets, TLS_1_2):
                return b""
            if TLS_1_3_ALONE in octets:
                return ALERT
            return _server_hello(TLS_1_1) if USUAL_SUITE in octets else b""

        return read


@mutant(breaks="RFC9325-3.1.1/tls-1-3-supported", medium="tls")
class NothingNewerThanTls12(ReferenceServer):
    """TLS 1.3 is not spoken yet."""

    def settle_tls(self, context: ssl.SSLContext) -> None:
        super().settle_tls(context)
        context.maximum_version = ssl.TLSVersion.TLSv1_2


def _is_hello(octets: bytes, version: bytes) -> bool:
    """Return whether octets are a hello of that version, not written by a library of today."""
    return octets[9:11] == version and APPLICATION_PROTOCOLS not in octets


def _server_hello(version: bytes) -> bytes:
    """Return the record of a hello that chooses a version and the suite RSA with AES-128."""
    choice = version + bytes(32) + b"\x00\x00\x2f\x00"
    message = b"\x02" + len(choice).to_bytes(3, "big") + choice
    return b"\x16" + version + len(message).to_bytes(2, "big") + message


@mutant(
    breaks="RFC9325-3.1.1/no-ssl",
    also={"RFC7636-7.5/tls-per-bcp195": BCP_195},
    medium="tls",
)
class Ssl3IsSpoken(ReferenceServer):
    """SSL 3 is still good: by hand, as no library speaks it."""

    def hello_reader(self) -> HelloReader:
        return lambda octets: _server_hello(SSL_3) if _is_hello(octets, SSL_3) else b""


@mutant(breaks="RFC9325-3.1.1/tls-1-3-preferred", medium="tls")
class Tls12IsPreferred(ReferenceServer):
    """Who offers TLS 1.3 and 1.2 gets 1.2: by hand, as no library prefers it."""

    def hello_reader(self) -> HelloReader:
        def read(octets: bytes) -> bytes:
            both = BOTH_VERSIONS in octets and _is_hello(octets, TLS_1_2)
            return _server_hello(TLS_1_2) if both else b""

        return read


@mutant(breaks="RFC8414-3/well-known-path-https", medium="tls")
class MetadataAreInTheClear(ReferenceServer):
    """Plain http is answered, though by nothing but the metadata."""

    def speaks_plainly(self) -> bool:
        return True

    @functools.cached_property
    def app(self) -> ASGIApp:
        return closed(super().app, lambda path: "/.well-known/" not in path)


@mutant(
    breaks="RFC7009-2/http-service-too",
    also=dict.fromkeys((*IN_THE_CLEAR, "OIDCC-5.3/tls"), "all other endpoints are in the clear"),
    medium="tls",
)
class PlainRevocationIsNotFound(ReferenceServer):
    """Under plain http everything is served but the one service that could be."""

    def speaks_plainly(self) -> bool:
        return True

    @functools.cached_property
    def app(self) -> ASGIApp:
        return closed(super().app, lambda path: path.endswith("/revoke"))


@mutant(breaks="RFC6749-10.11/tls-on-user-facing-endpoints", medium="tls")
class ConsentLeavesTls(ReferenceServer):
    """The consent form is sent without TLS."""

    def consent_page(self, transaction: Transaction, session: Session) -> Response:
        page = super().consent_page(transaction, session)
        return with_body(page, bytes(page.body).replace(b'action="https:', b'action="http:'))
