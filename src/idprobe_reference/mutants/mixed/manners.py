"""Mutants of how tokens come and go: bearer tokens, refreshes, revocation, introspection."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from idprobe_reference.faults import BearerFault, OAuthFault
from idprobe_reference.guard import Handler
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig


@mutant(breaks="RFC6750-2.2/no-form-body-with-get")
class GetHasABody(ReferenceServer):
    """A resource takes the token from the body of a GET."""

    async def bearer_in_body(self, request: Request) -> str:
        body = await request.body()
        if request.method == "GET" and body:
            return Form.parse(body).get("access_token", "")
        return await super().bearer_in_body(request)


@mutant(breaks=["RFC6750-2.3/query-response-private", "RFC6750-2.3/query-parameter-not-used"])
class TokenInQueryIsTakenAndKept(ReferenceServer):
    """A resource takes the token from the query, and caches may keep its answer."""

    async def userinfo(self, request: Request) -> Response:
        token = self.access_token_of(request.query_params.get("access_token", ""))
        if token is None:
            return await super().userinfo(request)
        return JSONResponse(self.userinfo_claims(token), headers={"Cache-Control": "public"})


@mutant(
    breaks=[
        "RFC6750-2.1/authorization-header-supported",
        "OIDCC-5.3/get-supported",
        "OIDCC-3.1.3.3/bearer-supported",
        "OIDCC-5.3/bearer-accepted",
        "OIDCC-5.3.2/withheld-claims-are-no-error",
        "OIDCC-5.3/post-supported",
        "RFC6750-2.2/form-body-supported",
    ],
    also={"OIDCC-5.3.2/content-type-present": "nothing is served"},
)
class UserinfoIsClosed(ReferenceServer):
    """UserInfo answers 410 to everybody."""

    async def userinfo(self, request: Request) -> Response:
        del request
        return PlainTextResponse("it was here once", 410)


@mutant(breaks="OIDCC-5.3/bearer-accepted")
class BearerIsCaseSensitive(ReferenceServer):
    """The scheme Bearer has to be spelled just so."""

    async def bearer_value(self, request: Request) -> str:
        if request.headers.get("authorization", "").startswith("bearer "):
            raise BearerFault("", "an access token is needed", status=401)
        return await super().bearer_value(request)


@mutant(breaks="RFC6750-5.2/no-token-in-clear-cookie")
class AccessTokenIsACookie(ReferenceServer):
    """The access token comes in a cookie as well."""

    async def token(self, request: Request) -> Response:
        try:
            client, form = await self.client_request(request)
            members = await self.grant_tokens(client, form)
        except OAuthFault as fault:
            return self.oauth_error(fault)
        response = JSONResponse(members, headers=self.token_response_headers())
        response.set_cookie("token", members["access_token"])
        return response


@mutant(
    breaks=["RFC7009-2.1/client-authenticated", "RFC7009-2.1/token-belongs-to-client"],
    also={"RFC7009-2.2.1/error-format": "a wrong secret is no error"},
)
class AnybodyRevokes(ReferenceServer):
    """Revocation asks for no credentials."""

    async def revoke(self, request: Request) -> Response:
        try:
            token = self.find_token(self.token_parameter(await self.posted_form(request)))
        except OAuthFault as fault:
            return self.oauth_error(fault)
        if token is not None:
            self.revoke_token(token)
        return JSONResponse({})


@mutant(
    breaks=[
        "RFC7009-2.1/token-required",
        "RFC7662-2.1/token-required",
        "RFC7009-2.2.1/error-format",
    ]
)
class TokenMayBeMissing(ReferenceServer):
    """A request about no token at all is answered as one about an unknown token."""

    def token_parameter(self, form: Form) -> str:
        return form.get("token", "")


@mutant(
    breaks=["RFC7662-2.1/authorization-required", "RFC7662-4/authentication-required"],
    also={"RFC7662-2.3/bad-client-credentials-401": "a wrong secret is no error"},
)
class AnybodyIntrospects(ReferenceServer):
    """Introspection asks for no credentials."""

    async def introspection_request(self, request: Request) -> tuple[ClientConfig, Form]:
        return self.clients["web"], await self.posted_form(request)


@mutant(breaks="RFC7662-2.1/search-past-wrong-hint")
class HintsAreBelieved(ReferenceServer):
    """Introspection looks where the hint says, and nowhere else."""

    async def introspection_request(self, request: Request) -> tuple[ClientConfig, Form]:
        client, form = await super().introspection_request(request)
        hint, token = form.get("token_type_hint"), form.get("token", "")
        is_access_token = self.access_tokens.get(token) is not None
        if hint is None or is_access_token == (hint == "access_token"):
            return client, form
        return client, Form([("token", "nothing")])


@mutant(breaks="RFC7662-4/get-refused")
class IntrospectionByGetIsEmpty(ReferenceServer):
    """Introspection by GET answers with an empty object."""

    def routes(self) -> dict[str, Mapping[str, Handler]]:
        routes = super().routes()
        path = f"{self.path}/introspect"

        async def nothing(_request: Request) -> Response:
            return JSONResponse({})

        return {**routes, path: {**routes[path], "GET": nothing}}


@mutant(breaks="OIDCD-4.2/error-has-http-status")
class EveryPathIsAPage(ReferenceServer):
    """Where there is nothing a page says so, with 200."""

    def routes(self) -> dict[str, Mapping[str, Handler]]:
        async def nothing(_request: Request) -> Response:
            return PlainTextResponse("nothing is here")

        return {**super().routes(), f"{self.path}/{{rest:path}}": {"GET": nothing}}


@mutant(
    breaks="RFC6749-6/refresh-token-parameter-required",
)
class RefreshWithoutTokenIsInvalidGrant(ReferenceServer):
    """A refresh without a refresh token is an invalid grant."""

    async def refresh(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        if "refresh_token" not in form:
            raise OAuthFault("invalid_grant", "there is no refresh token")
        return await super().refresh(client, form)


@mutant(breaks="OIDCC-12.3/error-form")
class BadRefreshIs422(ReferenceServer):
    """A bad refresh is 422."""

    async def refresh(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        try:
            return await super().refresh(client, form)
        except OAuthFault as fault:
            raise OAuthFault(fault.code, fault.description, status=422) from fault


@mutant(breaks="RFC6749-6/rotation")
class RefreshEndsSilently(ReferenceServer):
    """A refresh ends the refresh token and brings no other."""

    async def refresh(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        members = await super().refresh(client, form)
        members.pop("refresh_token")
        return members


@mutant(
    breaks=["OIDCC-3.1.3.3/access-token-returned", "RFC6749-5.1/access-token-present"],
    also={"RFC6749-5.1/strings-as-json-strings": "there is no access_token to look at"},
)
class OpenidBringsNoAccessToken(ReferenceServer):
    """The token response to an OpenID request has no access token."""

    async def redeem_code(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        members = await super().redeem_code(client, form)
        members.pop("access_token")
        return members
