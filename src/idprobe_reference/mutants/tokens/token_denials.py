"""Mutants of the form of a token error, and of the methods of the token endpoint."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from idprobe_reference.faults import OAuthFault
from idprobe_reference.guard import Handler
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.mutants.tokens.token_form import with_body
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig


class _OtherErrors(ReferenceServer):
    """A server whose OAuth errors have other members."""

    def oauth_error(self, fault: OAuthFault) -> Response:
        response = super().oauth_error(fault)
        members = self.changed(json.loads(bytes(response.body)), fault)
        return with_body(response, json.dumps(members).encode())

    def changed(self, members: dict[str, Any], fault: OAuthFault) -> dict[str, Any]:
        del fault
        return members


class _OtherCode(_OtherErrors):
    """A server that answers `wrong` where `right` belongs."""

    right = ""
    wrong = ""

    def changed(self, members: dict[str, Any], fault: OAuthFault) -> dict[str, Any]:
        return {**members, "error": self.wrong} if fault.code == self.right else members


@mutant(
    breaks="RFC6749-5.2/error-present",
    also={"OIDCC-3.1.3.4/error-form": "it is the same rule"},
)
class ErrorsHaveNoCode(_OtherErrors):
    """Errors have a description and no code."""

    def changed(self, members: dict[str, Any], fault: OAuthFault) -> dict[str, Any]:
        del fault
        return {"error_description": members["error_description"]}


@mutant(
    breaks=[
        "RFC6749-5.2/error-charset",
        "RFC6749-A.7/error-syntax",
        "RFC6749-8.5/error-code-syntax",
        "RFC6749-8.5/error-code-registered",
        "RFC6749-5.2/unsupported-grant-type",
        "RFC6749-A.10/grant-type-syntax",
    ],
    also={
        "RFC6749-10.7/password-grant-minimised": "the code is none of those for an unknown grant",
        "RFC9700-2.4/password-grant-absent": "the code is none of those for an unknown grant",
        "OAUTH21-10/implicit-and-password-omitted": "the code is none of those of an unknown grant",
    },
)
class ErrorCodeHasQuote(_OtherCode):
    """An unknown grant type is answered with a code that has a quote."""

    right = "unsupported_grant_type"
    wrong = 'unsupported"grant_type'


@mutant(breaks=["RFC6749-5.2/error-uri-syntax", "RFC6749-A.9/error-uri-syntax"])
class ErrorUriHasSpace(_OtherErrors):
    """Errors have an error_uri with a space."""

    def changed(self, members: dict[str, Any], fault: OAuthFault) -> dict[str, Any]:
        return {**members, "error_uri": f"https://example.test/errors/{fault.code} page"}


@mutant(breaks="RFC6749-5.2/invalid-grant")
class UnknownCodeIsInvalidRequest(_OtherCode):
    """A code or refresh token that is not good is answered with invalid_request."""

    right = "invalid_grant"
    wrong = "invalid_request"


@mutant(
    breaks="RFC6749-5.2/invalid-client",
    also={
        "RFC6749-3.2.1/confidential-client-must-authenticate": "the code is none of its two",
        "RFC6749-2.3.1/body-credentials-optional": "the refusal has another code",
    },
)
class WrongSecretIsAccessDenied(_OtherCode):
    """A client that cannot be authenticated is answered with access_denied."""

    right = "invalid_client"
    wrong = "access_denied"


@mutant(breaks="RFC6749-5.2/invalid-request-missing-parameter")
class MissingParameterIsInvalidGrant(ReferenceServer):
    """A token request without what its grant needs is answered with invalid_grant."""

    async def grant_tokens(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        try:
            return await super().grant_tokens(client, form)
        except OAuthFault as fault:
            if fault.code != "invalid_request":
                raise
            raise OAuthFault("invalid_grant", fault.description) from fault


@mutant(
    breaks=[
        "RFC6749-10.7/password-grant-minimised",
        "RFC9700-2.4/password-grant-absent",
        "OAUTH21-10/implicit-and-password-omitted",
        "contract/no_password_grant",
    ]
)
class PasswordGrantIsOffered(ReferenceServer):
    """The password grant is known, though these credentials are not good."""

    async def grant_tokens(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        if form.get("grant_type") == "password":
            raise OAuthFault("invalid_grant", "the password is wrong")
        return await super().grant_tokens(client, form)


@mutant(
    breaks=[
        "RFC9110-15.5/error-content",
        "RFC6749-5.2/error-present",
        "RFC6749-5.2/media-type-json",
    ],
    also={"OIDCC-3.1.3.4/error-form": "there is no form"},
)
class ErrorsAreEmpty(ReferenceServer):
    """Errors have a status and nothing else."""

    def oauth_error(self, fault: OAuthFault) -> Response:
        return Response(status_code=super().oauth_error(fault).status_code)


class _OtherErrorBody(ReferenceServer):
    """A server whose OAuth errors have other bytes."""

    def oauth_error(self, fault: OAuthFault) -> Response:
        response = super().oauth_error(fault)
        return with_body(response, self.changed(bytes(response.body)))

    def changed(self, body: bytes) -> bytes:
        return body


@mutant(
    breaks=["RFC8259-2/json-grammar", "RFC8259-10/generator-strict", "RFC8259-7/strings-escaped"],
    also={
        "RFC6749-5.2/error-present": "no code can be read",
        "OIDCC-3.1.3.4/error-form": "no code can be read",
    },
)
class ErrorsAreNotEscaped(_OtherErrorBody):
    """Errors have a quote in a string that is not escaped."""

    def changed(self, body: bytes) -> bytes:
        return body.replace(b'_description":"', b'_description":"say "no": ')


@mutant(
    breaks="RFC8259-8.1/utf-8",
    also={
        "RFC6749-5.2/error-present": "no code can be read",
        "OIDCC-3.1.3.4/error-form": "no code can be read",
    },
)
class ErrorsAreLatin1(_OtherErrorBody):
    """Errors have a text in Latin-1."""

    def changed(self, body: bytes) -> bytes:
        return body.replace(b'_description":"', b'_description":"caf\xe9 ')


@mutant(
    breaks="RFC8259-8.1/no-byte-order-mark",
    also={
        "RFC6749-5.2/error-present": "no code can be read",
        "RFC6749-5.2/media-type-json": "it does not start as an object does",
        "OIDCC-3.1.3.4/error-form": "no code can be read",
    },
)
class ErrorsStartWithMark(_OtherErrorBody):
    """Errors start with a byte order mark."""

    def changed(self, body: bytes) -> bytes:
        return b"\xef\xbb\xbf" + body


@mutant(breaks="RFC9110-11.2/auth-params-once")
class ChallengeRepeatsRealm(ReferenceServer):
    """The Basic challenge has realm twice."""

    def authentication_challenge(self) -> str:
        return 'Basic realm="idprobe", realm="again"'


@mutant(
    breaks="RFC9110-15.5.2/challenge-applicable",
    also={"RFC6749-5.2/invalid-client-www-authenticate": "it is not for Basic"},
)
class ChallengeIsForBearer(ReferenceServer):
    """Wrong client credentials are answered with a challenge for Bearer."""

    def authentication_challenge(self) -> str:
        return 'Bearer realm="idprobe"'


@mutant(breaks="RFC7617-2.1/charset-only-utf-8")
class ChallengeIsInLatin1(ReferenceServer):
    """The Basic challenge has another charset than UTF-8."""

    def authentication_challenge(self) -> str:
        return 'Basic realm="idprobe", charset="ISO-8859-1"'


@mutant(
    breaks=[
        "RFC9110-11.6.1/challenge-in-401",
        "RFC6749-5.2/invalid-client-www-authenticate",
    ]
)
class NoChallengeIn401(ReferenceServer):
    """Wrong client credentials are answered with a 401 without a challenge."""

    def oauth_error(self, fault: OAuthFault) -> Response:
        response = super().oauth_error(fault)
        if "www-authenticate" in response.headers:
            del response.headers["www-authenticate"]
        return response


class OtherGet(ReferenceServer):
    """A server whose token endpoint answers GET."""

    def routes(self) -> dict[str, Mapping[str, Handler]]:
        routes = super().routes()
        token = f"{self.path}/token"
        return {**routes, token: {**routes[token], "GET": self.got}}

    async def got(self, request: Request) -> Response:
        del request
        return PlainTextResponse("Only POST here.", 405, {"Allow": "POST"})


@mutant(breaks=["RFC9110-10.2.1/allow-in-405", "RFC9110-15.5.6/allow-in-405"])
class NoAllowIn405(OtherGet):
    """GET at the token endpoint is answered with 405 without Allow."""

    async def got(self, request: Request) -> Response:
        del request
        return PlainTextResponse("Only POST here.", 405)


@mutant(breaks="RFC9110-9.1/known-method-405")
class GetIsNotFound(OtherGet):
    """GET at the token endpoint is answered with 404."""

    async def got(self, request: Request) -> Response:
        del request
        return PlainTextResponse("Nothing here.", 404)


@mutant(
    breaks=["RFC6749-3.2/post-only", "OIDCC-3.1.3.1/token-request-by-form-post"],
    also={"RFC9110-9.1/known-method-405": "GET is served"},
)
class TokensComeByGet(OtherGet):
    """The token endpoint serves GET as it does POST."""

    async def got(self, request: Request) -> Response:
        return await self.token(request)

    async def posted_form(self, request: Request) -> Form:
        if request.method == "GET":
            return Form.parse(request.url.query.encode())
        return await super().posted_form(request)


@mutant(breaks="RFC9110-9.1/known-method-405")
class TraceIsServed(ReferenceServer):
    """TRACE at the token endpoint shows what was sent."""

    def routes(self) -> dict[str, Mapping[str, Handler]]:
        routes = super().routes()
        token = f"{self.path}/token"
        return {**routes, token: {**routes[token], "TRACE": self.echo}}

    async def echo(self, request: Request) -> Response:
        return PlainTextResponse(str(dict(request.headers)))
