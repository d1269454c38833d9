"""Mutants that register what harms others: URIs, identifiers, links (RFC 7591 section 5)."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from dataclasses import replace
from typing import Any

from starlette.responses import Response

from idprobe_reference.endpoints.authorization import Transaction
from idprobe_reference.mutants.registration.registration import GOOD
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.mutants.tokens.token_form import with_body
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import Session


@mutant(
    [
        "RFC6749-3.1.2/redirect-uri-absolute",
        "RFC6749-3.1.2/redirect-uri-without-fragment",
        "OAUTH21-2.3/redirect-uri-absolute-without-fragment",
        "RFC7591-3.2.2/invalid-redirect-uri",
        "RFC9700-2.6/no-http-redirect-uris",
        "RFC7592-2.2/invalid-field-error",
        "OIDCR-2/redirect-uri-constraints-verified",
    ],
    also={"RFC7591-2/redirect-uris-required-for-redirect-flows": "an empty list passes too"},
)
class AnyRedirectUriIsRegistered(ReferenceServer):
    """Every text is registered as a redirect URI."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        uris = body.get("redirect_uris")
        if not isinstance(uris, list):
            return super().client_of_metadata(body, client_id, secret)
        client = super().client_of_metadata({**body, "redirect_uris": [GOOD]}, client_id, secret)
        return replace(client, redirect_uris=tuple(uris))


@mutant(
    [
        "RFC9700-2.6/no-http-redirect-uris",
        "RFC9700-2.6/responses-not-in-clear",
        "RFC6749-10.8/codes-not-in-clear",
    ]
)
class PlainHttpIsRegistered(ReferenceServer):
    """A redirect URI may be plain http."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        uris = body.get("redirect_uris")
        if uris != ["http://client.example/cb"]:
            return super().client_of_metadata(body, client_id, secret)
        client = super().client_of_metadata({**body, "redirect_uris": [GOOD]}, client_id, secret)
        return replace(client, redirect_uris=tuple(uris))


class _Loose(AnyRedirectUriIsRegistered):
    """Registers every redirect URI and reads it loosely."""

    def redirect_uri_matches(self, registered: str, given: str, client: ClientConfig) -> bool:
        prefix, wildcard, rest = registered.partition("*")
        if wildcard:
            return given.startswith(prefix) and given.endswith(rest)
        return given.startswith(registered) or super().redirect_uri_matches(
            registered, given, client
        )


@mutant(
    "RFC6749-3.1.2.2/complete-uri-registered",
    also={"RFC9700-2.1/exact-redirect-matching": "a wildcard is a pattern, too"},
)
class RegisteredOriginsArePrefixes(_Loose):
    """A registered origin stands for all that is below it."""


@mutant("RFC9700-2.1/exact-redirect-matching")
class WildcardsCanBeRegistered(ReferenceServer):
    """A wildcard can be registered and stands for any host."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        uris = body.get("redirect_uris")
        if not isinstance(uris, list) or not any("*" in str(uri) for uri in uris):
            return super().client_of_metadata(body, client_id, secret)
        client = super().client_of_metadata({**body, "redirect_uris": [GOOD]}, client_id, secret)
        return replace(client, redirect_uris=tuple(uris))

    def redirect_uri_matches(self, registered: str, given: str, client: ClientConfig) -> bool:
        prefix, wildcard, rest = registered.partition("*")
        if not wildcard:
            return super().redirect_uri_matches(registered, given, client)
        return given.startswith(prefix) and given.endswith(rest)


@mutant("RFC7591-5/displayed-uris-same-host")
class ScriptsAreLinks(ReferenceServer):
    """A script is registered as the client's home page."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        uri = str(body.get("client_uri", ""))
        if not uri.startswith("javascript:"):
            return super().client_of_metadata(body, client_id, secret)
        body = {name: value for name, value in body.items() if name != "client_uri"}
        client = super().client_of_metadata(body, client_id, secret)
        return replace(client, display={**client.display, "client_uri": uri})


@mutant("RFC6749-A.1/client-id-syntax")
class ClientIdsAreNotAscii(ReferenceServer):
    """A client_id has letters beyond ASCII."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        return super().client_of_metadata(body, f"ключ-{client_id}", secret)


@mutant("RFC6749-A.2/client-secret-syntax")
class SecretsAreNotAscii(ReferenceServer):
    """A client_secret has letters beyond ASCII."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        return super().client_of_metadata(body, client_id, f"тайна-{secret}")


@mutant(["RFC9700-2.6/client-chosen-identity-prevented", "RFC9700-4.15.1/client-id-not-confusable"])
class ClientsChooseTheirId(ReferenceServer):
    """A client that asks for a client_id gets it."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        return super().client_of_metadata(body, str(body.get("client_id", client_id)), secret)


@mutant(
    ["RFC9700-4.11.2/as-not-open-redirector", "RFC9700-4.11.2/redirect-only-to-trusted-uris"],
)
class StrangersAreSentOn(ReferenceServer):
    """An error goes to the client before anybody has logged in."""

    def login_is_needed_for_error(self, session: Session | None) -> bool:
        del session
        return False


@mutant("RFC7591-5/user-protected-from-linked-content")
class TermsAreFramed(ReferenceServer):
    """The consent page shows the client's terms in a frame."""

    def consent_page(self, transaction: Transaction, session: Session) -> Response:
        page = super().consent_page(transaction, session)
        terms = transaction.wish.client.display.get("tos_uri", "")
        frame = f'<iframe src="{terms}"></iframe></body>'.encode()
        return with_body(page, bytes(page.body).replace(b"</body>", frame))
