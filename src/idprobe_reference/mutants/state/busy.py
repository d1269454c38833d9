"""Mutants that are sound while one request comes after the other, and wrong when many come at once.

Each names the load scenario that shows it; an audit alone, one question at a time, need not.
"""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from idprobe_reference.endpoints.replies import json_reply
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.resource_indicators import Target
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import AccessToken, Code, Grant, RefreshToken
from idprobe_reference.tokens.issuing import IdTokenContext

A_MOMENT_S: Final = 0.002
PERIOD: Final = 10_000
MANY: Final = 20


class Busy(ReferenceServer):
    """Knows whether others are asking at the same moment."""

    asking = 0

    @asynccontextmanager
    async def among_others(self) -> AsyncIterator[bool]:
        """Take a moment, and tell whether somebody else came meanwhile."""
        self.asking += 1
        try:
            await asyncio.sleep(A_MOMENT_S)
            yield self.asking > 1
        finally:
            self.asking -= 1

    async def unless_busy(
        self, request: Request, usual: Callable[..., Any], answer: Response
    ) -> Response:
        """Return the usual answer, or another one where somebody else asks."""
        async with self.among_others() as busy:
            found: Response = await usual(request)
            return answer if busy else found


class Mixing(ReferenceServer):
    """Keeps whose token is being made where all requests find it."""

    at_work: Grant

    async def issue_access_token(
        self, grant: Grant, target: Target, until: int | None = None
    ) -> AccessToken:
        self.at_work = grant
        await asyncio.sleep(A_MOMENT_S)
        return await super().issue_access_token(self.at_work, target, until)


@mutant(
    breaks="RFC6749-10.3/token-of-one-client-under-load",
    medium="socket",
    scenario="client_credentials",
)
class TokensOfClientsMixedUp(Mixing):
    """Of two clients that come at once, both get a token of the second."""


@mutant(
    breaks="RFC6749-1.4/token-of-one-grant-under-load",
    medium="socket",
    profile="speakup",
    scenario="authorization_code_session",
)
class TokensOfUsersMixedUp(Mixing):
    """Of two users that come at once, both get a token of the second; it looks like any other."""


@mutant(
    breaks="RFC6749-10.3/token-of-one-client-under-load",
    medium="socket",
    profile="speakup",
    scenario="client_credentials",
)
class OneTokenInTenThousandIsAnothers(ReferenceServer):
    """Each ten-thousandth token is one that another client has; the next time is not far away."""

    issued = PERIOD - 50

    async def access_token_value(self, token: AccessToken) -> str:
        self.issued += 1
        if self.issued % PERIOD:
            return await super().access_token_value(token)
        others = (one for one in self.access_tokens if one.grant.client_id != token.grant.client_id)
        found = next(others, None)
        return await super().access_token_value(token) if found is None else found.value


@mutant(
    breaks="contract/fresh_token_per_request",
    medium="socket",
    profile="speakup",
    scenario="client_credentials",
)
class TokensAreHandedOutAgain(ReferenceServer):
    """Each twentieth token is one that its own client has had."""

    issued = 0

    async def access_token_value(self, token: AccessToken) -> str:
        self.issued += 1
        if self.issued % 20:
            return await super().access_token_value(token)
        own = (one for one in self.access_tokens if one.grant.client_id == token.grant.client_id)
        found = next(own, None)
        return await super().access_token_value(token) if found is None else found.value


@mutant(
    breaks="RFC6749-5.1/token-response-under-load",
    medium="socket",
    scenario="client_credentials",
)
class TextWhenBusy(Busy):
    """Who comes among others gets tokens as text/plain."""

    async def token(self, request: Request) -> Response:
        async with self.among_others() as busy:
            answer = await super().token(request)
            if busy and answer.status_code == 200:  # noqa: PLR2004 - the status of success
                answer.headers["content-type"] = "text/plain"
            return answer


@mutant(
    breaks="RFC6749-5.2/refusal-in-form-under-load",
    medium="socket",
    scenario="client_credentials",
)
class BareRefusalWhenBusy(Busy):
    """Who comes among others is refused by 400 and a word."""

    async def token(self, request: Request) -> Response:
        return await self.unless_busy(request, super().token, PlainTextResponse("busy", 400))


@mutant(breaks="RFC6749-5.2/no-page-under-load", medium="socket", scenario="client_credentials")
class PageWhenBusy(Busy):
    """Who comes among others gets a page for people."""

    async def token(self, request: Request) -> Response:
        return await self.unless_busy(request, super().token, HTMLResponse("<h1>busy</h1>", 500))


@mutant(
    breaks="RFC9110-10.2.3/retry-after-under-load",
    medium="socket",
    scenario="client_credentials",
)
class ComesBackSoonWhenBusy(Busy):
    """Who comes among others is told to come back soon, and not when."""

    async def token(self, request: Request) -> Response:
        later = json_reply({}, 503, {"Retry-After": "soon"})
        return await self.unless_busy(request, super().token, later)


@mutant(breaks="RFC6749-6/refresh-chain-under-load", medium="socket", scenario="refresh_chain")
class RefreshTokensLostWhenBusy(Busy):
    """Of two refresh tokens that are traded at once one brings a successor that is not stored."""

    async def token(self, request: Request) -> Response:
        async with self.among_others():
            return await super().token(request)

    def rotate_refresh_token(self, old: RefreshToken) -> RefreshToken:
        new = super().rotate_refresh_token(old)
        if self.asking > 1:
            self.refresh_tokens.pop(new.value)
        return new


@mutant(
    breaks="RFC6749-10.5/code-works-once-under-load",
    medium="socket",
    scenario="authorization_code",
)
class CodesLiveOnWhenBusy(Busy):
    """What is written of a code among others is lost: that it was used."""

    async def tokens_for_code(
        self, client: ClientConfig, code: Code, target: Target
    ) -> dict[str, Any]:
        async with self.among_others() as busy:
            code.used = not busy
            return await super().tokens_for_code(client, code, target)


@mutant(
    breaks="OIDCC-2/id-token-of-this-login-under-load",
    medium="socket",
    scenario="authorization_code_session",
)
class NoncesMixedUp(ReferenceServer):
    """Of two ID Tokens that are made at once both have the nonce of the second."""

    nonce: str | None = None

    async def issue_id_token(
        self, client: ClientConfig, grant: Grant, context: IdTokenContext
    ) -> str:
        self.nonce = context.nonce
        await asyncio.sleep(A_MOMENT_S)
        return await super().issue_id_token(client, grant, replace(context, nonce=self.nonce))


@mutant(breaks="OIDCC-5.3.2/userinfo-of-this-user-under-load", medium="socket", scenario="userinfo")
class UserInfoMixedUp(ReferenceServer):
    """Of two who ask at once both are told of the second's user."""

    asked_by: AccessToken

    async def userinfo_response(self, token: AccessToken) -> Response:
        self.asked_by = token
        await asyncio.sleep(A_MOMENT_S)
        return await super().userinfo_response(self.asked_by)


@mutant(
    breaks="RFC7662-2.2/fresh-token-active-under-load",
    medium="socket",
    scenario="introspection",
)
class NothingIsActiveWhenBusy(Busy):
    """Who asks among others, once many have asked, is told that the token is not active."""

    asked = 0

    async def introspect(self, request: Request) -> Response:
        self.asked += 1
        if self.asked <= MANY:
            return await super().introspect(request)
        return await self.unless_busy(request, super().introspect, json_reply({"active": False}))


@mutant(breaks="RFC8414-3.3/documents-under-load", medium="socket", scenario="metadata_and_keys")
class DocumentsOfAnotherWhenBusy(Busy):
    """Who comes among others gets the metadata of another issuer."""

    async def show_metadata(self, request: Request) -> Response:
        another = json_reply(self.metadata() | {"issuer": "https://another.example"})
        return await self.unless_busy(request, super().show_metadata, another)
