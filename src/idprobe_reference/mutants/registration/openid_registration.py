"""Mutants of what OpenID Connect adds to registration."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from idprobe_reference.endpoints.registration import Record
from idprobe_reference.faults import AuthorizationFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import Grant
from idprobe_reference.tokens.issuing import IdTokenContext

LATER: Final[Mapping[str, str]] = {"token_endpoint_auth_signing_alg": "none"}


class _Lenient(ReferenceServer):
    """Registers some members without a look at them."""

    unseen: tuple[str, ...] = ()

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        kept = {name: body[name] for name in self.unseen if name in body}
        rest = {name: one for name, one in body.items() if name not in self.unseen}
        client = super().client_of_metadata(rest, client_id, secret)
        return replace(client, display={**client.display, **kept})


@mutant("OIDCR-2/application-type-default-web")
class NativeIsTheDefault(ReferenceServer):
    """A client that names no application_type is native."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        return super().client_of_metadata({"application_type": "native", **body}, client_id, secret)


class _LooseUris(ReferenceServer, ABC):
    """Registers some redirect URIs without a look at them."""

    @abstractmethod
    def passes(self, body: Mapping[str, Any], uri: str) -> bool: ...

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        uris = body.get("redirect_uris") or ()
        if not uris or isinstance(uris, str) or not any(self.passes(body, uri) for uri in uris):
            return super().client_of_metadata(body, client_id, secret)
        good = {**body, "redirect_uris": ["https://client.example/cb"]}
        client = super().client_of_metadata(good, client_id, secret)
        return replace(client, redirect_uris=tuple(uris))


@mutant("OIDCR-2/web-implicit-https-only", profile="speakup")
class ImplicitClientsAreInTheClear(_LooseUris):
    """A web client of the implicit flow may register an http redirect URI."""

    def passes(self, body: Mapping[str, Any], uri: str) -> bool:
        return "implicit" in list(body.get("grant_types", ())) and uri.startswith("http://client")


@mutant("OIDCR-2/web-implicit-no-localhost", profile="speakup")
class ImplicitClientsAreLocal(_LooseUris):
    """A web client of the implicit flow may register localhost."""

    def passes(self, body: Mapping[str, Any], uri: str) -> bool:
        return "implicit" in body.get("grant_types", ()) and uri.startswith("https://localhost")


@mutant("OIDCR-2/native-redirect-uris")
class NativeClientsAreAnywhere(_LooseUris):
    """A native client may register an http redirect URI of any host."""

    def passes(self, body: Mapping[str, Any], uri: str) -> bool:
        return body.get("application_type") == "native" and uri.startswith("http://client")


@mutant("OIDCR-2/redirect-uri-constraints-verified")
class OnlyTheFirstUriIsLookedAt(_LooseUris):
    """The second redirect URI may be anything."""

    def passes(self, body: Mapping[str, Any], uri: str) -> bool:
        return bool(uri != body["redirect_uris"][0])


@mutant("OIDCR-2/id-token-alg-none-restricted", profile="speakup")
class FrontChannelIdTokensAreUnsigned(ReferenceServer):
    """A client of the implicit flow may register unsigned ID Tokens."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        if body.get("id_token_signed_response_alg") != "none":
            return super().client_of_metadata(body, client_id, secret)
        rest = {name: one for name, one in body.items() if not name.endswith("response_alg")}
        client = super().client_of_metadata(rest, client_id, secret)
        return replace(client, id_token_signed_response_alg="none")  # noqa: S106 - an algorithm


@mutant("OIDCR-2/jwks-uri-https")
class KeysAreFetchedInTheClear(_Lenient):
    """A jwks_uri may be http."""

    unseen = ("jwks_uri",)

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        return super().client_of_metadata(body, client_id, secret)


@mutant("OIDCR-2/initiate-login-uri-https")
class LoginsBeginInTheClear(_Lenient):
    """An initiate_login_uri may be http."""

    unseen = ("initiate_login_uri",)

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        return super().client_of_metadata(body, client_id, secret)


@mutant("OIDCR-9.1/display-urls-share-host")
class LogosAreOfAnyHost(_Lenient):
    """A logo may be of any host."""

    unseen = ("logo_uri",)

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        return super().client_of_metadata(body, client_id, secret)


@mutant("OIDCR-3.2/replaced-values-returned")
class UnknownAlgorithmsAreReplacedInSilence(ReferenceServer):
    """For an algorithm that nobody knows another is registered, which the response leaves out."""

    strange = "XS999"

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        if body.get("id_token_signed_response_alg") != self.strange:
            return super().client_of_metadata(body, client_id, secret)
        rest = {**body, "id_token_signed_response_alg": "RS256"}
        client = super().client_of_metadata(rest, client_id, secret)
        return replace(client, display={**client.display, "software_id": self.strange})

    def client_members(self, client: ClientConfig) -> dict[str, Any]:
        members = super().client_members(client)
        if client.display.get("software_id") == self.strange:
            del members["id_token_signed_response_alg"]
        return members


@mutant("OIDCR-2/auth-alg-none-forbidden")
class UnsignedAssertionsAreRegistered(ReferenceServer):
    """A client may register to authenticate with unsigned assertions."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        alg = body.get("token_endpoint_auth_signing_alg")
        if alg != "none":
            return super().client_of_metadata(body, client_id, secret)
        rest = {**body, "token_endpoint_auth_signing_alg": None}
        client = super().client_of_metadata(rest, client_id, secret)
        return replace(client, token_endpoint_auth_signing_alg=alg)


@mutant("OIDCR-3.3/invalid-client-metadata-code")
class UnknownSubjectTypesStay(_Lenient):
    """A subject_type that nobody knows is registered."""

    unseen = ("subject_type",)

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        return super().client_of_metadata(body, client_id, secret)


# What is registered is what the server does.


@mutant("OIDCR-2/id-token-alg-honoured")
class EveryIdTokenIsRs256(ReferenceServer):
    """The algorithm that a client registered for its ID Tokens is forgotten."""

    def id_token_alg(self, client: ClientConfig) -> str:
        del client
        return "RS256"


@mutant(
    "OIDCR-2/id-token-alg-default-rs256",
)
class Es256IsTheQuietDefault(ReferenceServer):
    """ID Tokens of clients that named no algorithm are signed with ES256."""

    def id_token_alg(self, client: ClientConfig) -> str:
        del client
        return "ES256"


@mutant("OIDCR-2/require-auth-time-honoured")
class RequiredAuthTimeIsMissing(ReferenceServer):
    """A client that registered require_auth_time gets no auth_time."""

    def id_token_claims(
        self, client: ClientConfig, grant: Grant, context: IdTokenContext
    ) -> dict[str, Any]:
        claims = super().id_token_claims(client, grant, context)
        if client.require_auth_time:
            del claims["auth_time"]
        return claims


@mutant("OIDCR-2/default-acr-values-voluntary")
class DefaultAcrIsACommand(ReferenceServer):
    """Whoever cannot meet default_acr_values does not get in."""

    def details_of(
        self, client: ClientConfig, form: Form, types: frozenset[str]
    ) -> dict[str, object]:
        if client.default_acr_values:
            raise AuthorizationFault("access_denied", "that is not good enough")
        return super().details_of(client, form, types)


@mutant("OIDCR-2/default-max-age-enforced")
class DefaultMaxAgeIsForgotten(ReferenceServer):
    """Nobody looks at default_max_age."""

    def max_age_of(self, client: ClientConfig, form: Form) -> int | None:
        return super().max_age_of(replace(client, default_max_age=None), form)


@mutant("OIDCR-2/default-max-age-enforced")
class DefaultMaxAgeIsTheLastWord(ReferenceServer):
    """The max_age of a request does not override default_max_age."""

    def max_age_of(self, client: ClientConfig, form: Form) -> int | None:
        asked = super().max_age_of(client, form)
        return asked if client.default_max_age is None else client.default_max_age


# The endpoints.


@mutant("OIDCR-3.1/json-post")
class FormsAreRegistrations(ReferenceServer):
    """A client can be registered by a form."""

    async def posted_json(self, request: Request) -> dict[str, Any]:
        if self.media_type(request) == "application/json":
            return await super().posted_json(request)
        pairs = parse_qsl((await self.body(request)).decode())
        return {name: [value] if name.endswith("uris") else value for name, value in pairs}


@mutant(
    "OIDCR-3.2/json-response",
    also={"RFC7591-3.2/status-201-json": "it wants JSON too"},
)
class RegistrationsAreAnsweredAsText(ReferenceServer):
    """A new client is told in JSON that calls itself text."""

    def client_information(self, client: ClientConfig, status: int) -> Response:
        response = super().client_information(client, status)
        headers = {"Cache-Control": "no-store"}
        return PlainTextResponse(response.body, status, headers)


@mutant(
    ["OIDCR-3.2/configuration-uri-and-token-together", "OIDCR-4.1/no-url-construction-expected"],
)
class ThePlaceIsASecret(ReferenceServer):
    """A client gets a registration access token and is not told where to use it."""

    def client_members(self, client: ClientConfig) -> dict[str, Any]:
        members = super().client_members(client)
        return {name: one for name, one in members.items() if name != "registration_client_uri"}


@mutant("OIDCR-3.2/configuration-uri-and-token-together")
class ThePlaceHasNoKey(ReferenceServer):
    """A client is told where its registration is, and gets no token for it."""

    def client_members(self, client: ClientConfig) -> dict[str, Any]:
        members = super().client_members(client)
        return {name: one for name, one in members.items() if name != "registration_access_token"}


@mutant(
    "OIDCR-3/cors",
    also={"OIDCD-3/client-accessed-endpoints-cors": "it is one of them"},
)
class PagesMayNotRegister(ReferenceServer):
    """The registration endpoint has no CORS."""

    def paths_without_cors(self) -> frozenset[str]:
        return super().paths_without_cors() | {f"{self.path}/register"}


@mutant("OIDCR-4/configuration-cors")
class PagesMayNotReadRegistrations(ReferenceServer):
    """The client configuration endpoint has no CORS."""

    def paths_without_cors(self) -> frozenset[str]:
        return super().paths_without_cors() | {f"{self.path}/register/{{client_id}}"}


@mutant(
    "OIDCR-4/registration-token-required",
    also={"RFC7592-2.1/bad-token-error": "a missing token is no error"},
)
class AnybodyReadsRegistrations(ReferenceServer):
    """A registration is read without any token."""

    def registered(self, request: Request) -> tuple[ClientConfig, Record]:
        client_id = request.path_params["client_id"]
        bare = request.method == "GET" and "authorization" not in request.headers
        if bare and client_id in self.records:
            return self.clients[client_id], self.records[client_id]
        return super().registered(request)


@mutant(
    "OIDCR-4.2/read-is-idempotent",
    also={
        "RFC7592-3/all-metadata-returned": "what was told at first changes too",
    },
)
class ReadingMakesYounger(ReferenceServer):
    """Every look at a registration tells a later time of issue."""

    def client_members(self, client: ClientConfig) -> dict[str, Any]:
        self.looks = getattr(self, "looks", 0) + 1
        members = super().client_members(client)
        return {**members, "client_id_issued_at": members["client_id_issued_at"] + self.looks}
