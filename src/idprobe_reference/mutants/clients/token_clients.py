"""Mutants that take the wrong proof for a client, and mutants of what was promised."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import base64
import dataclasses
from collections import Counter
from typing import Any, Final

from starlette.requests import Request

from idprobe_reference.faults import OAuthFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.client_authentication import Presented
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import AccessToken

GOOD_USES: Final = 4


@mutant(breaks="RFC6749-2.3.1/basic-supported")
class BasicIsRefused(ReferenceServer):
    """Credentials in the Authorization header make a request invalid."""

    def presented_credentials(self, request: Request, form: Form) -> Presented:
        if "authorization" in request.headers:
            raise OAuthFault("invalid_request", "credentials belong into the body")
        return super().presented_credentials(request, form)


@mutant(breaks="RFC6749-2.3.1/basic-credentials-form-decoded", profile="speakup", alone=True)
class BasicIsNotFormDecoded(ReferenceServer):
    """Basic credentials are taken as they are, without form-decoding."""

    def presented_credentials(self, request: Request, form: Form) -> Presented:
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return super().presented_credentials(request, form)
        client_id, _, secret = base64.b64decode(encoded).decode().partition(":")
        return Presented("client_secret_basic", client_id, secret)


@mutant(breaks=["RFC6749-2.3.1/credentials-not-in-uri", "OIDCC-9/client-secret-post"])
class CredentialsInTheUriAreTaken(ReferenceServer):
    """A client may authenticate in the request URI."""

    def check_query_credentials(self, request: Request) -> None:
        pass

    def presented_credentials(self, request: Request, form: Form) -> Presented:
        client = self.clients.get(request.query_params.get("client_id", ""))
        if client is None or "client_secret" not in request.query_params:
            return super().presented_credentials(request, form)
        secret = request.query_params["client_secret"]
        return Presented(client.token_endpoint_auth_method, client.client_id, secret)


@mutant(breaks="RFC6749-3.2.1/public-client-sends-client-id")
class PublicClientIsGuessed(ReferenceServer):
    """A public client that does not name itself is the one that its code belongs to."""

    def authenticate_client(self, request: Request, form: Form) -> ClientConfig:
        code = self.codes.get(form.get("code", ""))
        if code is not None and "client_id" not in form:
            client = self.clients.get(code.grant.client_id)
            if client is not None and client.is_public:
                return client
        return super().authenticate_client(request, form)


@mutant(breaks="RFC6749-4.4/confidential-clients-only")
class PublicClientsGetClientCredentials(ReferenceServer):
    """A public client gets tokens of its own."""

    def grant_type_is_allowed(self, client: ClientConfig, grant_type: str) -> bool:
        if client.is_public and grant_type == "client_credentials":
            return True
        return super().grant_type_is_allowed(client, grant_type)


@mutant(breaks="RFC6749-2.3.2/method-mapped-to-client")
class AssertionsNeedNoName(ReferenceServer):
    """The client_id beside a client assertion does not count."""

    def presented_credentials(self, request: Request, form: Form) -> Presented:
        presented = super().presented_credentials(request, form)
        if presented.method == "private_key_jwt":
            return dataclasses.replace(presented, client_id=None)
        return presented


@mutant(breaks="RFC6749-4.4.3/no-refresh-token")
class OfflineAccessNeedsNoUser(ReferenceServer):
    """Client credentials bring a refresh token if they ask for offline_access."""

    async def grant_client_credentials(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        scope = form.get("scope", "").split()
        if "offline_access" not in scope:
            return await super().grant_client_credentials(client, form)
        rest = Form([("scope", " ".join(value for value in scope if value != "offline_access"))])
        members = await super().grant_client_credentials(client, rest)
        return {**members, "refresh_token": self.refresh_token_value()}


@mutant(breaks=["contract/client_secret_in_body", "OIDCC-9/client-secret-post"], profile="speakup")
class SecretInTheBodyIsRefused(ReferenceServer):
    """Credentials in the body make a request invalid."""

    def presented_credentials(self, request: Request, form: Form) -> Presented:
        if "client_secret" in form:
            raise OAuthFault("invalid_request", "credentials belong into the header")
        return super().presented_credentials(request, form)


@mutant(breaks="contract/access_token_until_expiry", profile="speakup")
class AccessTokensWorkOnce(ReferenceServer):
    """An access token is good for one use."""

    def access_token_is_active(self, token: AccessToken) -> bool:
        active = super().access_token_is_active(token)
        token.revoked = True
        return active


@mutant(
    breaks="contract/access_token_until_expiry",
    also={"RFC7009-2.1/token-belongs-to-client": "perhaps another client tried to end it before"},
    profile="speakup",
    alone=True,
)
class AccessTokensWearOut(ReferenceServer):
    """An access token is good for four uses."""

    def access_token_is_active(self, token: AccessToken) -> bool:
        uses = self.__dict__.setdefault("uses", Counter[str]())
        uses[token.value] += 1
        return super().access_token_is_active(token) and uses[token.value] <= GOOD_USES


@mutant(breaks="contract/refresh_token_works", profile="speakup")
class RefreshTokensNeverWork(ReferenceServer):
    """No refresh token is good."""

    async def refresh(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        del client, form
        raise OAuthFault("invalid_grant", "the refresh token is not good")


@mutant(breaks="contract/implicit_without_backend", profile="speakup")
class ImplicitLandsInTheQuery(ReferenceServer):
    """Tokens of the implicit flow are in the query of the redirect."""

    def default_response_mode(self, types: frozenset[str]) -> str:
        del types
        return "query"
