"""Mutants of what the registration endpoint takes and how it answers (RFC 7591 section 3)."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import json
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.endpoints.replies import json_reply
from idprobe_reference.faults import OAuthFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig


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
