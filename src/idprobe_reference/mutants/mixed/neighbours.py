"""Mutants that wake a check whose neighbours, of the same requirement, would stay silent."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from idprobe_reference.faults import AuthorizationFault
from idprobe_reference.mutants.metadata.openid_document import ConfigurationIsElsewhere
from idprobe_reference.mutants.registration.registration import GOOD
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig


@mutant(
    ["OAUTH21-10.1/response-type-token-gone", "RFC8252-8.2/no-implicit-for-native-apps"],
)
class TokensGoToNativeAppsByRedirect(ReferenceServer):
    """response_type=token is served, though no metadata say so."""

    def check_response_type(self, client: ClientConfig, form: Form) -> None:
        if form.get("response_type") != "token":
            super().check_response_type(client, form)


@mutant(
    ["OIDCD-4/document-at-well-known-path", "OIDCC-15.2/discovery-supported"],
    also={"OIDCD-4/content-type-json": "a redirect has no JSON"},
    path="/tenant/",
)
class ConfigurationOfTenantIsElsewhere(ConfigurationIsElsewhere):
    """The configuration of an issuer with a slash at its end is behind a redirect."""


@mutant(
    ["RFC8414-3.3/issuer-identical", "OIDCD-4.3/issuer-equals-url-prefix"],
    path="/tenant/",
)
class MetadataOfTenantHasNoSlash(ReferenceServer):
    """The issuer in the metadata lacks the slash that the one in use ends with."""

    def metadata(self) -> dict[str, Any]:
        return {**super().metadata(), "issuer": self.issuer().rstrip("/")}


@mutant("RFC6749-3.1/empty-parameter-is-absent")
class EmptyResponseTypeCounts(ReferenceServer):
    """A response_type without a value is one that is not supported."""

    def check_response_type(self, client: ClientConfig, form: Form) -> None:
        if "" in form.everything("response_type"):
            raise AuthorizationFault("unsupported_response_type", "there is no such response type")
        super().check_response_type(client, form)


@mutant("RFC6749-3.1/empty-parameter-is-absent")
class EmptyScopeIsRefused(ReferenceServer):
    """An authorization request with a scope without a value is refused for it."""

    def check_response_type(self, client: ClientConfig, form: Form) -> None:
        super().check_response_type(client, form)
        if "" in form.everything("scope"):
            raise AuthorizationFault("invalid_scope", "the scope is empty")


@mutant("OIDCR-2/redirect-uris-required")
class EmptyRedirectUrisAreEnough(ReferenceServer):
    """A client may register an empty list of redirect URIs."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        if body.get("redirect_uris") != []:
            return super().client_of_metadata(body, client_id, secret)
        client = super().client_of_metadata({**body, "redirect_uris": [GOOD]}, client_id, secret)
        return replace(client, redirect_uris=())


@mutant("RFC7521-4.2/client-id-same-client")
class ClientIdBesideAssertionsIsRefused(ReferenceServer):
    """A client_id that names the client of the assertion is refused, too."""

    def named_client_fits(self, client: ClientConfig, client_id: str | None) -> bool:
        del client
        return client_id is None


@mutant(
    ["RFC9700-4.13/proxy-headers-sanitised", "RFC8414-3.3/unconfigured-host-not-followed"],
    features=["tls_terminating_proxy"],
)
class LoginsFollowForwardedHost(ReferenceServer):
    """A browser that sends X-Forwarded-Host is led to that host to log in."""

    async def authorize(self, request: Request) -> Response:
        host = request.headers.get("x-forwarded-host")
        if host is not None:
            return RedirectResponse(f"https://{host}/login", 303)
        return await super().authorize(request)
