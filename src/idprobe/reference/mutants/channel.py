"""Mutants of the channel: plain http, old TLS."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import ssl
from typing import Any, Final

from starlette.responses import Response

from idprobe.reference.authorization import Transaction
from idprobe.reference.mutants.registry import mutant
from idprobe.reference.mutants.token_form import with_body
from idprobe.reference.server import ReferenceServer
from idprobe.reference.stores import Session

ENDPOINTS: Final = ("authorization", "token", "revocation", "introspection")
IN_THE_CLEAR: Final = (
    "RFC6749-3.1/tls-required",
    "RFC6749-3.2/tls-required",
    "RFC6749-2.3.1/tls-for-password-authentication",
    "RFC6749-10.4/refresh-token-over-tls-only",
    "RFC6750-5.2/confidentiality-on-the-wire",
)


@mutant(breaks=IN_THE_CLEAR, medium="tls")
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


@mutant(breaks="RFC7636-7.5/tls-per-bcp195", medium="tls")
class OldTlsIsSpoken(ReferenceServer):
    """TLS 1.0 and suites without encryption are still good."""

    def settle_tls(self, context: ssl.SSLContext) -> None:
        context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED


@mutant(breaks="RFC6749-10.11/tls-on-user-facing-endpoints", medium="tls")
class ConsentLeavesTls(ReferenceServer):
    """The consent form is sent without TLS."""

    def consent_page(self, transaction: Transaction, session: Session) -> Response:
        page = super().consent_page(transaction, session)
        return with_body(page, bytes(page.body).replace(b'action="https:', b'action="http:'))
