"""Mutants that have the password grant, and do not look who asks."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes, urlencode

from starlette.requests import Request

from idprobe_reference.faults import OAuthFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.requests.resource_indicators import Target
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig, UserConfig
from idprobe_reference.stores import Grant

ANNOUNCED = {
    "OAUTH21-10/implicit-and-password-omitted": "the grant is announced",
    "RFC6749-10.7/password-grant-minimised": "the grant is there",
    "RFC9700-2.4/password-grant-absent": "the grant is there",
    "contract/no_password_grant": "the grant is there",
}


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
        username = form.get("username", "")
        if self.user_throttle.wait_s(username) > 0:
            raise OAuthFault("invalid_grant", "wait", status=429, headers={"Retry-After": "30"})
        user = self.verify_password(username, form.get("password", ""))
        if user is None:
            self.user_throttle.failed(username)
            raise OAuthFault("invalid_grant", "user name or password is wrong")
        self.user_throttle.succeeded(username)
        grant = Grant(client.client_id, frozenset({"openid"}), user=user, auth_time=self.now())
        token = await self.issue_access_token(grant, Target(grant.scope))
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


@mutant(
    breaks="RFC6749-5.2/invalid-grant",
    also={"OAUTH21-10/implicit-and-password-omitted": "passwords are announced"},
)
class WrongPasswordsAreBadRequests(PasswordServer):
    """A wrong password is told as if the request were not understood."""

    async def grant_tokens(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        try:
            return await super().grant_tokens(client, form)
        except OAuthFault as fault:
            waits = fault.status == HTTPStatus.TOO_MANY_REQUESTS
            if form.get("grant_type") == "password" and not waits:
                raise OAuthFault("invalid_request", fault.description) from fault
            raise


@mutant(breaks="RFC6749-4.3.2/brute-force-protection", also=ANNOUNCED)
class PasswordsCanBeGuessed(PasswordServer):
    """Nobody counts wrong passwords."""

    def verify_password(self, username: str, password: str) -> UserConfig | None:
        self.user_throttle.succeeded(username)
        return super().verify_password(username, password)


@mutant(breaks="RFC6749-10.10/user-credentials-protected")
class LoginsCanBeGuessed(ReferenceServer):
    """Nobody counts wrong passwords at the login form."""

    def verify_password(self, username: str, password: str) -> UserConfig | None:
        self.user_throttle.succeeded(username)
        return super().verify_password(username, password)


@mutant(breaks="RFC6749-A.15/username-unicode", also=ANNOUNCED)
class NamesAreAscii(PasswordServer):
    """The grant knows no user whose name is beyond ASCII."""

    async def grant_tokens(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        if not form.get("username", "").isascii():
            raise OAuthFault("invalid_grant", "user name or password is wrong")
        return await super().grant_tokens(client, form)


@mutant(
    breaks="RFC6749-A.16/password-unicode",
    also={**ANNOUNCED, "RFC6749-B/body-decoded-as-utf-8": "UTF-8 is not read there"},
)
class PasswordsAreAscii(PasswordServer):
    """The grant takes no password beyond ASCII."""

    async def grant_tokens(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        if not form.get("password", "").isascii():
            raise OAuthFault("invalid_grant", "user name or password is wrong")
        return await super().grant_tokens(client, form)


@mutant(breaks="RFC6749-B/body-decoded-as-utf-8", also=ANNOUNCED)
class FormsMayBeLatin1(PasswordServer):
    """What is not UTF-8 is read as the encoding of old browsers."""

    async def body(self, request: Request) -> bytes:
        octets = await super().body(request)
        try:
            unquote_to_bytes(octets).decode()
        except UnicodeDecodeError:
            if octets.isascii():
                return urlencode(parse_qsl(octets.decode(), encoding="cp1252")).encode()
        return octets
