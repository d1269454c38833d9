"""Mutants that have the password grant, and do not look who asks."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from typing import Any

from starlette.requests import Request

from idprobe.reference.faults import OAuthFault
from idprobe.reference.forms import Form
from idprobe.reference.mutants.registry import mutant
from idprobe.reference.server import ReferenceServer
from idprobe.reference.settings import ClientConfig
from idprobe.reference.stores import Grant

ANNOUNCED = {"OAUTH21-10/implicit-and-password-omitted": "the grant is announced"}


class PasswordServer(ReferenceServer):
    """Has the password grant: no mutant itself, as RFC 6749 allows it."""

    def metadata(self) -> dict[str, Any]:
        members = super().metadata()
        return {
            **members,
            "grant_types_supported": [*members["grant_types_supported"], "password"],
        }

    async def grant_tokens(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        if form.get("grant_type") != "password":
            return await super().grant_tokens(client, form)
        user = self.verify_password(form.get("username", ""), form.get("password", ""))
        if user is None:
            raise OAuthFault("invalid_grant", "user name or password is wrong")
        grant = Grant(client.client_id, frozenset({"openid"}), user=user, auth_time=self.now())
        token = await self.issue_access_token(grant, grant.scope)
        return self.token_response(token, None, None)


@mutant(breaks="RFC6749-4.3.2/require-client-authentication", also=ANNOUNCED)
class PasswordsNeedNoClient(PasswordServer):
    """Who knows a password needs no credentials of a client."""

    def authenticate_client(self, request: Request, form: Form) -> ClientConfig:
        presented = self.presented_credentials(request, form)
        client = self.clients.get(presented.client_id or "")
        if form.get("grant_type") == "password" and presented.method == "none" and client:
            return client
        return super().authenticate_client(request, form)


@mutant(breaks="RFC6749-4.3.2/authenticate-if-included", also=ANNOUNCED)
class PasswordsMakeUpForSecrets(PasswordServer):
    """Who knows a password may have the secret wrong."""

    def authenticate_client(self, request: Request, form: Form) -> ClientConfig:
        presented = self.presented_credentials(request, form)
        client = self.clients.get(presented.client_id or "")
        if form.get("grant_type") == "password" and presented.secret and client:
            return client
        return super().authenticate_client(request, form)


@mutant(breaks="RFC6749-4.3.2/validate-user-password", also=ANNOUNCED)
class AnyPasswordWillDo(PasswordServer):
    """The password of a user is not looked at."""

    async def grant_tokens(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        user = self.users.get(form.get("username", ""))
        if form.get("grant_type") == "password" and user is not None:
            rest = [pair for pair in form.items() if pair[0] != "password"]
            form = Form([*rest, ("password", user.password)])
        return await super().grant_tokens(client, form)
