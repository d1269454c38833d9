"""Mutants of the registration endpoint: what it registers, and what it says (RFC 7591)."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.core import fresh_secret
from idprobe_reference.endpoints.authorization import Transaction
from idprobe_reference.endpoints.replies import json_reply
from idprobe_reference.faults import OAuthFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.mutants.tokens.token_form import with_body
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import Session

GOOD: Final = "https://client.example/cb"
EC_KEY: Final = {"keys": [{"kty": "EC"}]}
POST: Final = "client_secret_post"
WITHOUT_URIS: Final = (
    "RFC7591-2/redirect-uris-required-for-redirect-flows",
    "RFC7591-5/redirect-uris-demanded",
    "RFC6749-3.1.2.2/public-client-registers-redirect",
    "RFC6749-10.6/redirect-registration-public",
    "RFC6749-10.6/redirect-registration-confidential",
)


@mutant([*WITHOUT_URIS, "RFC6749-3.1.2.2/implicit-client-registers-redirect"], profile="speakup")
class RedirectUrisAreOptional(ReferenceServer):
    """Clients of every grant may register without a redirect URI, and name any at their login."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        if "redirect_uris" in body:
            return super().client_of_metadata(body, client_id, secret)
        client = super().client_of_metadata({**body, "redirect_uris": [GOOD]}, client_id, secret)
        return replace(client, redirect_uris=())

    def redirect_uri_for(self, client: ClientConfig, form: Form) -> str:
        given = form.get("redirect_uri")
        return (
            given if given and not client.redirect_uris else super().redirect_uri_for(client, form)
        )


@mutant(
    [
        "RFC7591-2/redirect-uris-supported",
        "RFC7591-3.2.1/all-metadata-returned",
        "RFC7591-2/grant-type-values",
        "RFC7591-2/response-type-values",
    ],
    also={"RFC6749-3.1.2.2/several-redirect-uris": "none of them is told"},
)
class RegistrationTellsLess(ReferenceServer):
    """The response leaves out what was registered."""

    def client_members(self, client: ClientConfig) -> dict[str, Any]:
        silent = {"redirect_uris", "grant_types", "response_types"}
        told = super().client_members(client)
        return {name: value for name, value in told.items() if name not in silent}


@mutant(
    ["RFC6749-3.1.2.2/several-redirect-uris", "OIDCR-3.2/redirect-uris-not-replaced"],
    also={"RFC7591-3.2.1/all-metadata-returned": "the others are not told"},
)
class OneRedirectUriIsEnough(ReferenceServer):
    """Only the first redirect URI is registered."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        client = super().client_of_metadata(body, client_id, secret)
        return replace(client, redirect_uris=client.redirect_uris[:1])


@mutant("RFC7591-2/auth-method-default")
class PostIsTheDefault(ReferenceServer):
    """A client that names no method authenticates in the body."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        body = {"token_endpoint_auth_method": POST, **body}
        return super().client_of_metadata(body, client_id, secret)


@mutant(
    [
        "RFC7591-2/auth-method-none-has-no-secret",
        "RFC6749-10.1/no-secret-for-native-or-browser-client",
    ]
)
class EverybodyGetsASecret(ReferenceServer):
    """Public clients get a secret too."""

    def client_members(self, client: ClientConfig) -> dict[str, Any]:
        return {"client_secret": fresh_secret(), **super().client_members(client)}


@mutant("RFC7591-2/grant-types-default")
class EveryGrantByDefault(ReferenceServer):
    """A client that names no grant gets client_credentials too."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        body = {"grant_types": ["authorization_code", "client_credentials"], **body}
        return super().client_of_metadata(body, client_id, secret)


@mutant(
    "RFC7591-2/response-types-default",
    also={"RFC7591-2/grant-types-default": "the implicit grant goes with it"},
    profile="speakup",
)
class EveryResponseTypeByDefault(ReferenceServer):
    """A client that names no response type gets the implicit ones too, and is not told of them."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        if "response_types" not in body and "grant_types" not in body:
            both = ["authorization_code", "implicit"]
            body = {**body, "response_types": ["code", "token"], "grant_types": both}
            body = {**body, "redirect_uris": [GOOD]}
        return super().client_of_metadata(body, client_id, secret)

    def client_members(self, client: ClientConfig) -> dict[str, Any]:
        told = super().client_members(client)
        silent = client.response_types == ("code", "token")
        return {**told, "response_types": ["code"]} if silent else told


@mutant("RFC7591-2/scope-default")
class ScopeIsAList(ReferenceServer):
    """The scope that was filled in is told as a list."""

    def client_members(self, client: ClientConfig) -> dict[str, Any]:
        return {**super().client_members(client), "scope": client.scope.split()}


@mutant("RFC7591-2/jwks-uri-and-jwks-exclusive")
class KeysComeTwice(ReferenceServer):
    """Keys are registered by value and by reference at once."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        alone = {name: value for name, value in body.items() if name != "jwks_uri"}
        client = super().client_of_metadata(alone, client_id, secret)
        told = {"jwks_uri": body["jwks_uri"]} if "jwks_uri" in body else {}
        return replace(client, display={**client.display, **told})


@mutant(["RFC7591-2/jwks-is-valid-set", "OIDCR-2/no-private-keys-in-jwks"])
class AnythingIsAKeySet(ReferenceServer):
    """Whatever is in jwks is registered."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        if "jwks" not in body or "jwks_uri" in body:
            return super().client_of_metadata(body, client_id, secret)
        client = super().client_of_metadata({**body, "jwks": EC_KEY}, client_id, secret)
        return replace(client, jwks=body["jwks"])


@mutant("RFC7591-2/unknown-metadata-ignored")
class UnknownMetadataAreRefused(ReferenceServer):
    """A member that the server does not know is an error."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        if any(name.startswith("xyz_") for name in body):
            raise OAuthFault("invalid_client_metadata", "a member is not known")
        return super().client_of_metadata(body, client_id, secret)


@mutant(["RFC7591-2/values-replaced-or-rejected", "RFC7592-2.2/replaced-values-returned"])
class UnknownMethodsStay(ReferenceServer):
    """An authentication method that nobody knows is registered."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        method = body.get("token_endpoint_auth_method")
        if not isinstance(method, str) or not method.startswith("idprobe_"):
            return super().client_of_metadata(body, client_id, secret)
        body = {**body, "token_endpoint_auth_method": POST}
        client = super().client_of_metadata(body, client_id, secret)
        return replace(client, token_endpoint_auth_method=method)  # type: ignore[arg-type]  # on purpose


@mutant(["RFC7591-2.1/inconsistent-state-prevented", "OIDCR-2/grant-types-fit-response-types"])
class ContradictionsStay(ReferenceServer):
    """Grant types and response types may contradict each other."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        if body.get("response_types") != ["code"] or not isinstance(body.get("grant_types"), list):
            return super().client_of_metadata(body, client_id, secret)
        agreed = {**body, "grant_types": ["authorization_code"]}
        client = super().client_of_metadata(agreed, client_id, secret)
        return replace(client, grant_types=tuple(body["grant_types"]))


@mutant(
    [
        "RFC7591-2/client-uri-shown",
        "RFC7591-2/logo-shown",
        "RFC7591-2/tos-shown",
        "RFC7591-2/policy-shown",
        "OAUTH21-7.9/informed-consent",
    ]
)
class ConsentShowsNothing(ReferenceServer):
    """Nothing of what a client says of itself is shown."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        return replace(super().client_of_metadata(body, client_id, secret), display={})


@mutant("RFC7591-2.2/untagged-value-shown-as-is")
class NamesAreChanged(ReferenceServer):
    """The name of a client is shown in other letters."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        client = super().client_of_metadata(body, client_id, secret)
        name = client.name.replace("ö", "o")
        return replace(client, display={**client.display, "client_name": name})


@mutant("RFC7591-3/post-json-accepted")
class JsonIsNotRead(ReferenceServer):
    """The endpoint does not take JSON."""

    async def register(self, request: Request) -> Response:
        del request
        return Response(status_code=415)


@mutant("RFC7591-3/open-registration")
class ClosedWithoutAWord(ReferenceServer):
    """Who has no access token gets an error that says nothing of one."""

    def check_initial_access(self, request: Request) -> None:
        if "authorization" not in request.headers:
            raise OAuthFault("invalid_request", "no")
        super().check_initial_access(request)


@mutant("RFC7591-3.2.2/bad-initial-access-token")
class BadInitialTokenIsABadRequest(ReferenceServer):
    """A made-up initial access token is a bad request."""

    def check_initial_access(self, request: Request) -> None:
        if "authorization" in request.headers:
            raise OAuthFault("invalid_request", "no")


@mutant("RFC7591-3.1.1/software-statement-ignored")
class EveryStatementIsBelieved(ReferenceServer):
    """A software statement is believed whoever signed it."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        name = {"client_name": "Statement"} if "software_statement" in body else {}
        return super().client_of_metadata({**body, **name}, client_id, secret)


@mutant(["RFC7591-3.2/status-201-json", "OIDCR-3.2/status-201"])
class RegisteredIs200(ReferenceServer):
    """A new client is told by 200."""

    def client_information(self, client: ClientConfig, status: int) -> Response:
        del status
        return super().client_information(client, 200)


@mutant("RFC6749-5.1/cache-control-no-store")
class RegistrationMayBeStored(ReferenceServer):
    """Nothing forbids to store a client's credentials."""

    def client_information(self, client: ClientConfig, status: int) -> Response:
        return json_reply(self.client_members(client), status, {})


@mutant(
    "RFC7591-3.2.1/client-id-present",
)
class ClientIdIsANumber(ReferenceServer):
    """The client_id is no text."""

    def client_members(self, client: ClientConfig) -> dict[str, Any]:
        return {**super().client_members(client), "client_id": 5}


@mutant("RFC7591-3.2.1/client-secret-expires-at")
class SecretsSayNotWhenTheyExpire(ReferenceServer):
    """A secret comes without the time of its end."""

    def client_members(self, client: ClientConfig) -> dict[str, Any]:
        members = super().client_members(client)
        members.pop("client_secret_expires_at", None)
        return members


@mutant("RFC7591-3.2.1/client-id-issued-at-number")
class IssueTimeIsAText(ReferenceServer):
    """The time of issue is told in words."""

    def client_members(self, client: ClientConfig) -> dict[str, Any]:
        return {**super().client_members(client), "client_id_issued_at": "today"}


@mutant("RFC7591-3.2.2/error-400-json")
class RegistrationErrorsAre422(ReferenceServer):
    """A registration that cannot be made is 422."""

    async def register(self, request: Request) -> Response:
        response = await super().register(request)
        if response.status_code == 400:  # noqa: PLR2004 - a status code
            response.status_code = 422
        return response


class _Renaming(ReferenceServer):
    """Renames the errors of registration."""

    renames: Sequence[tuple[str, str]] = ()

    async def register(self, request: Request) -> Response:
        response = await super().register(request)
        body = json.loads(bytes(response.body)) if response.status_code >= 400 else {}  # noqa: PLR2004
        code = dict(self.renames).get(body.get("error", ""))
        if code is None:
            return response
        return json_reply({**body, "error": code}, response.status_code, {})


@mutant(
    "RFC7591-3.2.2/error-present",
    also={
        "RFC7591-3.2.2/invalid-redirect-uri": "that code has it too",
        "RFC7591-3.2.2/invalid-client-metadata": "that code has it too",
    },
)
class ErrorCodesAreNotAscii(_Renaming):
    """Error codes have letters beyond ASCII."""

    renames = (
        ("invalid_redirect_uri", "ungültige_redirect_uri"),
        ("invalid_client_metadata", "ungültige_client_metadata"),
    )


@mutant("RFC7591-3.2.2/invalid-redirect-uri")
class BadRedirectUrisAreBadMetadata(_Renaming):
    """A bad redirect URI gets the error of other members."""

    renames = (("invalid_redirect_uri", "invalid_client_metadata"),)


@mutant("RFC7591-3.2.2/invalid-client-metadata")
class BadMetadataAreBadRequests(_Renaming):
    """Bad metadata get an error that says nothing of them."""

    renames = (("invalid_client_metadata", "invalid_request"),)


@mutant(["RFC7591-3.2.1/client-id-not-in-use", "RFC6749-2.2/client-id-unique"])
class SoftwareSharesItsClientId(ReferenceServer):
    """All clients of one software have one client_id."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        return super().client_of_metadata(body, body.get("software_id", client_id), secret)


@mutant(["RFC7591-3.2.1/client-secret-unique", "RFC7591-5/secret-not-shared"])
class SoftwareSharesItsSecret(ReferenceServer):
    """All clients of one software have one secret."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        secret = "the-one-secret-of-all" if "software_id" in body else secret
        return super().client_of_metadata(body, client_id, secret)


@mutant("RFC7591-3/rate-limit")
class TheThirdOneCrashes(ReferenceServer):
    """The third registration of a piece of software is answered by 500."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._count = 0

    async def register(self, request: Request) -> Response:
        is_software = b'"software_id"' in await request.body()
        self._count += is_software
        if is_software and self._count == 3:  # noqa: PLR2004 - the third
            return Response(status_code=500)
        return await super().register(request)


@mutant(
    ["RFC7591-3/transport-security", "RFC7591-5/tls-required"],
    also={
        "OIDCD-3/registration-endpoint-https": "it is the same endpoint",
        "RFC6749-10.8/no-credentials-in-clear": "it is an endpoint like the others",
        "OAUTH21-1.5/https-only": "it is an endpoint like the others",
    },
    medium="tls",
)
class RegistrationIsInTheClear(ReferenceServer):
    """The metadata announce the registration endpoint under http."""

    def metadata(self) -> dict[str, Any]:
        plain = self.url("/register").replace("https:", "http:")
        return {**super().metadata(), "registration_endpoint": plain}


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
