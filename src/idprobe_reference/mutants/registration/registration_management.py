"""Mutants of the client configuration endpoint (RFC 7592)."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import itertools
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.core import fresh_secret
from idprobe_reference.endpoints.replies import json_reply
from idprobe_reference.faults import BearerFault
from idprobe_reference.guard import Handler
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import AccessToken, Grant

OK: Final = 200
SHORT_S: Final = 3
NOBODY: Final = (
    "RFC7592-2.1/unknown-client-401",
    "RFC7592-2.2/unknown-client-401",
    "RFC7592-2.3/unknown-client-401",
    "RFC7592-5/registration-access-token-dies-with-client",
)


@mutant("RFC7592-2/unsupported-method-error")
class EveryMethodIsTaken(ReferenceServer):
    """PATCH and POST are answered as if they were understood."""

    def routes(self) -> dict[str, Mapping[str, Handler]]:
        place = f"{self.path}/register/{{client_id}}"
        found = super().routes()
        taken = {"PATCH": self.configuration, "POST": self.configuration}
        return {**found, place: {**found[place], **taken}}


@mutant(["RFC7592-2.1/read-200-json", "OIDCR-4.3/read-status-and-type"])
class ReadingIs203(ReferenceServer):
    """A registration is read by 203."""

    def client_information(self, client: ClientConfig, status: int) -> Response:
        return super().client_information(client, 203 if status == OK else status)


@mutant(["RFC7592-2.1/client-id-unchanged", "RFC7592-2.2/client-id-unchanged"])
class ClientIdsChange(ReferenceServer):
    """Whoever looks at a registration is told another client_id."""

    def client_information(self, client: ClientConfig, status: int) -> Response:
        members = self.client_members(client)
        if status == OK:
            members["client_id"] = f"{client.client_id}-2"
        return json_reply(members, status, self.token_response_headers())


@mutant([*NOBODY, "OIDCR-4.4/never-404", "OIDCR-4.4/invalid-is-401"])
class DeletedClientsAreNotFound(ReferenceServer):
    """A client that is not there is 404."""

    async def configuration(self, request: Request) -> Response:
        if request.path_params["client_id"] not in self.clients:
            return json_reply({"error": "not_found"}, 404, {})
        return await super().configuration(request)


@mutant(
    [
        *NOBODY,
        "OIDCR-4.4/invalid-is-401",
        "RFC7592-2.1/unknown-client-token-revoked",
        "RFC7592-2.3/deleted-client-unusable",
        "RFC7592-2.3/grants-and-tokens-invalidated",
    ]
)
class DeletingDoesNothing(ReferenceServer):
    """A deleted client lives on."""

    def unregister(self, client: ClientConfig) -> Response:
        del client
        return Response(status_code=204)


@mutant("RFC7592-2.3/grants-and-tokens-invalidated")
class TokensOutliveTheirClient(ReferenceServer):
    """The tokens of a deleted client live on."""

    def grant_is_active(self, grant: Grant) -> bool:
        return not grant.revoked

    async def userinfo_response(self, token: AccessToken) -> Response:
        if token.grant.client_id in self.clients:
            return await super().userinfo_response(token)
        return json_reply(self.userinfo_claims(token))


@mutant(["RFC7592-2.3/delete-204", "RFC7592-2.3/delete-unsupported-405"])
class DeletingIs200(ReferenceServer):
    """A deleted client is told by 200."""

    def unregister(self, client: ClientConfig) -> Response:
        super().unregister(client)
        return json_reply({}, 200, {})


@mutant(["RFC7592-2.2/update-replaces", "RFC7592-2.2/omitted-fields-deleted"])
class UpdatesAdd(ReferenceServer):
    """An update adds to what there is."""

    def updated(self, client: ClientConfig, body: dict[str, Any]) -> ClientConfig:
        after = super().updated(client, body)
        uris = dict.fromkeys((*client.redirect_uris, *after.redirect_uris))
        display = {**client.display, **after.display}
        return replace(after, redirect_uris=tuple(uris), display=display)


@mutant("RFC7592-2.2/client-id-must-match")
class UpdatesNameAnybody(ReferenceServer):
    """An update may name another client, or none."""

    def updated(self, client: ClientConfig, body: dict[str, Any]) -> ClientConfig:
        return super().updated(client, {**body, "client_id": client.client_id})


@mutant(["RFC7592-2.2/client-secret-must-match", "RFC7592-2.2/secret-not-chosen-by-client"])
class ClientsChooseTheirSecret(ReferenceServer):
    """A client that sends a secret has it from then on."""

    def updated(self, client: ClientConfig, body: dict[str, Any]) -> ClientConfig:
        secret = body.get("client_secret", client.client_secret)
        return super().updated(replace(client, client_secret=secret), body)


@mutant("RFC7592-2.2/server-fields-not-accepted")
class ClientsSetTheTimeOfIssue(ReferenceServer):
    """A client says itself when it was registered."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._said: dict[str, Any] = {}

    def updated(self, client: ClientConfig, body: dict[str, Any]) -> ClientConfig:
        issued_at = body.pop("client_id_issued_at", None)
        if issued_at is not None:
            self._said[client.client_id] = issued_at
        return super().updated(client, body)

    def client_members(self, client: ClientConfig) -> dict[str, Any]:
        members = super().client_members(client)
        return {
            **members,
            "client_id_issued_at": self._said.get(client.client_id, members["client_id_issued_at"]),
        }


@mutant("RFC7592-2/transport-security", medium="tls")
class ConfigurationIsInTheClear(ReferenceServer):
    """The client configuration endpoint is told under http."""

    def client_members(self, client: ClientConfig) -> dict[str, Any]:
        members = super().client_members(client)
        plain = str(members["registration_client_uri"]).replace("https:", "http:")
        return {**members, "registration_client_uri": plain}


class _Forgetful(ReferenceServer):
    """Leaves a member out once the client is registered."""

    forgets = ""

    def client_information(self, client: ClientConfig, status: int) -> Response:
        members = self.client_members(client)
        if status == OK:
            del members[self.forgets]
        return json_reply(members, status, self.token_response_headers())


@mutant("RFC7592-3/registration-client-uri-present")
class ThePlaceIsToldOnce(_Forgetful):
    """Reading does not tell the place again."""

    forgets = "registration_client_uri"


@mutant("RFC7592-3/registration-access-token-present")
class TheTokenIsToldOnce(_Forgetful):
    """Reading does not tell the token again."""

    forgets = "registration_access_token"


@mutant(["RFC7592-3/all-metadata-returned", "OIDCR-4.3/read-returns-all-metadata"])
class ReadingTellsLess(_Forgetful):
    """Reading leaves out the name."""

    forgets = "client_name"


@mutant("RFC7592-5/registration-access-token-rotated")
class TheNewTokenDoesNotWork(ReferenceServer):
    """An update brings a new token that opens nothing."""

    async def configuration(self, request: Request) -> Response:
        response = await super().configuration(request)
        if request.method != "PUT" or response.status_code != OK:
            return response
        members = {**json.loads(bytes(response.body)), "registration_access_token": fresh_secret()}
        return json_reply(members, OK, self.token_response_headers())


@mutant("RFC7592-5/registration-access-token-entropy")
class RegistrationTokensAreCounted(ReferenceServer):
    """Registration access tokens are numbers in a row."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._numbers = itertools.count(10_000_000)

    def registration_token(self) -> str:
        return str(next(self._numbers))


class _Forbidding(ReferenceServer):
    """Refuses a method to clients that hold their token, by a status that says another thing."""

    forbids = ""

    async def configuration(self, request: Request) -> Response:
        if request.method == self.forbids:
            try:
                self.registered(request)
            except BearerFault as fault:
                return self.bearer_error(fault)
            return json_reply({"error": "access_denied"}, 400, {})
        return await super().configuration(request)


@mutant(
    "RFC7592-2.1/not-permitted-403",
    also={"RFC7592-2.1/read-200-json": "it is not read by 200"},
)
class ReadingIsABadRequest(_Forbidding):
    """No client may read its record, and is told by 400."""

    forbids = "GET"


@mutant("RFC7592-2.2/not-permitted-403")
class UpdatingIsABadRequest(_Forbidding):
    """No client may update its record, and is told by 400."""

    forbids = "PUT"


@mutant(
    "RFC7592-2.3/not-permitted-403",
    also={
        "RFC7592-2.3/delete-204": "it is neither 204 nor 405",
        "RFC7592-2.3/delete-unsupported-405": "it is neither 204 nor 405",
        "OIDCR-4.4/invalid-is-401": "the client is still there",
    },
)
class DeletingIsABadRequest(_Forbidding):
    """No client may delete itself, and is told by 400."""

    forbids = "DELETE"


@mutant("RFC7592-5/registration-access-token-lasting")
class RegistrationTokensAreForTheMoment(ReferenceServer):
    """A registration access token is good for three seconds."""

    def registered(self, request: Request) -> Any:
        client, record = super().registered(request)
        if self.now() - record.issued_at >= SHORT_S:
            raise BearerFault("invalid_token", "the access token has expired", status=401)
        return client, record


@mutant("RFC7591-3.2.1/client-secret-expiry-effective", medium="socket")
class ExpiredSecretsWork(ReferenceServer):
    """A secret is said to expire soon, and works on."""

    def client_members(self, client: ClientConfig) -> dict[str, Any]:
        members = super().client_members(client)
        if "client_secret" not in members:
            return members
        expires_at = members["client_id_issued_at"] + 1
        return {**members, "client_secret_expires_at": expires_at}


@mutant("RFC7591-3.2.1/client-secret-expiry-effective")
class SecretsForEverAreForTheMoment(ReferenceServer):
    """A secret that is said never to expire works for three seconds."""

    def secret_matches(self, client: ClientConfig, secret: str) -> bool:
        record = self.records.get(client.client_id)
        late = record is not None and self.now() - record.issued_at >= SHORT_S
        return not late and super().secret_matches(client, secret)
