"""Mutants of WebFinger, of comparing strings, and of clients that nobody knew before."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote, unquote

from starlette.requests import Request

from idprobe_reference.faults import OAuthFault
from idprobe_reference.mutants.bending import bend, having
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import Code

COMPOSED: Final = "NFC"


@mutant(breaks="OIDCC-14/no-unicode-normalization")
class LettersAreNormalized(ReferenceServer):
    """Redirect URIs are compared in one form of their letters."""

    def redirect_uri_matches(self, registered: str, given: str, client: ClientConfig) -> bool:
        usual = quote(unicodedata.normalize(COMPOSED, unquote(given)), safe=":/?#&=%")
        return super().redirect_uri_matches(registered, given, client) or usual == registered


@mutant(breaks="OIDCC-14/code-point-comparison")
class ClientsOfAnyCase(ReferenceServer):
    """The case of a client_id does not count at the authorization endpoint."""

    def client_for_authorization(self, form: Form) -> ClientConfig:
        named = form.get("client_id", "").casefold()
        found = [one for one in self.clients if one.casefold() == named]
        if form.repeated() or not found:
            return super().client_for_authorization(form)
        return self.clients[found[0]]


@mutant(breaks="OIDCC-15.2/registration-supported")
class NobodyIsRegistered(ReferenceServer):
    """Every registration is refused."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        del body, client_id, secret
        raise OAuthFault("invalid_client_metadata", "nobody is registered here")


@mutant(breaks="OIDCC-15.3/unanticipated-by-discovery-and-registration")
class NewcomersAreNotServed(ReferenceServer):
    """A client that registered itself gets no tokens."""

    def authenticate_client(self, request: Request, form: Form) -> ClientConfig:
        client = super().authenticate_client(request, form)
        if client.client_id in self.records:
            raise OAuthFault("unauthorized_client", "this client waits for somebody's yes")
        return client


@mutant(breaks="OIDCC-3.1.2.1/redirect-uri-http-only-where-allowed")
class PublicClientsAreInTheClear(ReferenceServer):
    """A public web client may have an http redirect URI."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        uris = body.get("redirect_uris") or [""]
        public = body.get("token_endpoint_auth_method") == "none"
        if not public or not str(uris[0]).startswith("http://client.example"):
            return super().client_of_metadata(body, client_id, secret)
        good = {**body, "redirect_uris": ["https://client.example/cb"]}
        client = super().client_of_metadata(good, client_id, secret)
        return replace(client, redirect_uris=tuple(uris))


@mutant(
    breaks="OIDCC-3.1.3.2/redirect-uri-omitted",
    also={"RFC6749-4.1.3/redirect-uri-present": "it is one fault"},
)
class RedirectUriIsLeftOut(ReferenceServer):
    """A token request may leave redirect_uri out."""

    def redemption_uri_matches(self, code: Code, given: str | None) -> bool:
        return given is None or super().redemption_uri_matches(code, given)


@mutant(breaks="OIDCD-2/webfinger-cors")
class PagesMayNotAskWebFinger(ReferenceServer):
    """No page of another origin may read WebFinger."""

    def paths_without_cors(self) -> frozenset[str]:
        return super().paths_without_cors() | {"/.well-known/webfinger"}


@mutant(breaks="OIDCD-2/webfinger-tls", medium="tls")
class WebFingerIsServedInTheClear(ReferenceServer):
    """Whoever speaks no TLS is served without it."""

    def speaks_plainly(self) -> bool:
        return True


def _linked(**members: Any) -> Any:
    def change(body: Mapping[str, Any]) -> dict[str, Any]:
        return {**body, "links": [{**link, **members} for link in body["links"]]}

    return change


for one in (
    ("descriptor", "WebFingerHasNoLinks", "WebFinger knows people and no issuer.",
     "OIDCD-2/webfinger-issuer-link", having(links=[])),
    ("descriptor", "WebFingerTellsAQuery", "The issuer that WebFinger tells has a query.",
     "OIDCD-2/webfinger-issuer-https", _linked(href="http://127.0.0.1:8081?a=b"),
     ["OIDCD-3/issuer-equals-webfinger"]),
    ("descriptor", "WebFingerTellsAnotherIssuer", "WebFinger tells another issuer.",
     "OIDCD-3/issuer-equals-webfinger", _linked(href="https://other.example")),
):  # fmt: skip
    bend(*one)
