"""Mutants of the form of a token response."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.authorization_request import Wish
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import AccessToken, RefreshToken


def with_body(response: Response, body: bytes) -> Response:
    """Return a response with another body."""
    kept = {name: value for name, value in response.headers.items() if name != "content-length"}
    return Response(body, response.status_code, kept)


class _OtherTokenResponse(ReferenceServer):
    """A server whose token responses are changed at the end."""

    async def token(self, request: Request) -> Response:
        response = await super().token(request)
        return self.changed(response) if response.status_code == 200 else response  # noqa: PLR2004 - a status code

    def changed(self, response: Response) -> Response:
        return response


class _OtherMembers(ReferenceServer):
    """A server whose token responses have other members."""

    def token_response(
        self, access_token: AccessToken, refresh_token: RefreshToken | None, id_token: str | None
    ) -> dict[str, Any]:
        return self.changed(super().token_response(access_token, refresh_token, id_token))

    def changed(self, members: dict[str, Any]) -> dict[str, Any]:
        return members


@mutant(breaks="RFC6749-5.1/status-200")
class TokensComeWith201(_OtherTokenResponse):
    """Tokens are answered with 201."""

    def changed(self, response: Response) -> Response:
        response.status_code = 201
        return response


@mutant(
    breaks=[
        "RFC6749-5.1/access-token-present",
        "RFC6749-5.1/strings-as-json-strings",
    ],
    also={"OIDCC-3.1.3.3/access-token-returned": "it is the same rule"},
)
class TokenResponseWithoutAccessToken(_OtherMembers):
    """Token responses have no access_token."""

    def changed(self, members: dict[str, Any]) -> dict[str, Any]:
        del members["access_token"]
        return members


@mutant(breaks=["RFC6749-5.1/media-type-json", "OIDCC-3.1.3.3/json-media-type"])
class TokenResponseIsPlainText(_OtherTokenResponse):
    """Token responses are sent as text/plain."""

    def changed(self, response: Response) -> Response:
        response.headers["content-type"] = "text/plain"
        return response


@mutant(
    breaks=["RFC9110-8.3/content-type-present", "RFC6749-5.1/media-type-json"],
    also={"OIDCC-3.1.3.3/json-media-type": "there is no media type"},
)
class TokenResponseWithoutContentType(_OtherTokenResponse):
    """Token responses do not say what they are."""

    def changed(self, response: Response) -> Response:
        del response.headers["content-type"]
        return response


@mutant(breaks="RFC9110-5.3/singleton-fields-once")
class TokenResponseHasTwoContentTypes(_OtherTokenResponse):
    """Token responses have Content-Type twice."""

    def changed(self, response: Response) -> Response:
        response.headers.append("content-type", "application/json")
        return response


@mutant(
    breaks=["RFC6749-5.1/cache-control-no-store", "RFC9111-5.2.2.5/no-store-directive-form"],
    also={"OIDCC-3.1.3.3/cache-control-no-store": "it is the same rule"},
)
class NoStoreIsPartOfAnotherWord(ReferenceServer):
    """Cache-Control has no-store within another word."""

    def token_response_headers(self) -> dict[str, str]:
        return {"Cache-Control": "private, x-no-store", "Pragma": "no-cache"}


@mutant(breaks=["RFC6749-3.2/response-parameter-once", "RFC8259-4/names-unique"])
class TokenResponseRepeatsMember(_OtherTokenResponse):
    """Token responses have token_type twice."""

    def changed(self, response: Response) -> Response:
        return with_body(response, b'{"token_type":"Bearer",' + bytes(response.body)[1:])


@mutant(
    breaks=["RFC6749-8.1/token-type-name", "RFC6749-A.13/token-type-syntax"],
    also={"OIDCC-3.1.3.3/token-type-bearer": "Bearer token is not Bearer"},
)
class TokenTypeHasSpace(_OtherMembers):
    """token_type is two words."""

    def changed(self, members: dict[str, Any]) -> dict[str, Any]:
        return {**members, "token_type": "Bearer token"}


@mutant(breaks=["RFC6749-8.2/parameter-names", "RFC6749-A.18/parameter-name-syntax"])
class TokenResponseHasMemberWithSpace(_OtherMembers):
    """Token responses have a member whose name has a space."""

    def changed(self, members: dict[str, Any]) -> dict[str, Any]:
        return {**members, "example.com refresh hint": "soon"}


@mutant(breaks=["RFC6749-5.1/strings-as-json-strings", "RFC6749-A.4/scope-syntax"])
class ScopeIsAnArray(_OtherMembers):
    """Token responses tell the scope as an array."""

    def changed(self, members: dict[str, Any]) -> dict[str, Any]:
        return {**members, "scope": str(members.get("scope", "")).split()}


@mutant(breaks=["RFC6749-A.4/scope-syntax", "OIDCC-14/single-space-delimiter"])
class ScopesAreFarApart(_OtherMembers):
    """Token responses tell the scope with two spaces between its values."""

    def changed(self, members: dict[str, Any]) -> dict[str, Any]:
        return {**members, "scope": str(members.get("scope", "")).replace(" ", "  ")}


@mutant(breaks="RFC6749-A.12/access-token-syntax")
class AccessTokenHasLineEnd(ReferenceServer):
    """Access tokens end with a line feed."""

    async def access_token_value(self, token: AccessToken) -> str:
        return await super().access_token_value(token) + "\n"


@mutant(breaks="RFC6749-A.17/refresh-token-syntax")
class RefreshTokenIsNotAscii(ReferenceServer):
    """Refresh tokens have a character beyond ASCII."""

    def refresh_token_value(self) -> str:
        return super().refresh_token_value() + "\u00e9"


@mutant(
    breaks="RFC6749-10.10/guess-probability-2-128",
    also={"RFC6749-10.10/guess-probability-2-160": "less than 128 bits are less than 160"},
)
class CodesAreShort(ReferenceServer):
    """Codes have 72 random bits."""

    def code_value(self, _wish: Wish) -> str:
        return super().code_value(_wish)[:12]


@mutant(breaks="RFC6749-10.10/guess-probability-2-128", profile="speakup", alone=True)
class EverybodyHasOneToken(ReferenceServer):
    """All access tokens are the same."""

    async def access_token_value(self, token: AccessToken) -> str:
        del token
        return "Yk3vQ0x7Rw2uLr9sTn5mPa8dEj4hGc6bFi1oZqKtVXe"


@mutant(breaks="RFC6749-10.10/guess-probability-2-160")
class CodesHave144Bits(ReferenceServer):
    """Codes have 144 random bits."""

    def code_value(self, _wish: Wish) -> str:
        return super().code_value(_wish)[:24]


@mutant(breaks="RFC6749-A.11/code-syntax")
class CodeIsNotAscii(ReferenceServer):
    """Codes have a character beyond ASCII."""

    def code_value(self, _wish: Wish) -> str:
        return super().code_value(_wish) + "\u00e9"


@mutant(
    breaks=[
        "RFC8259-6/number-grammar",
        "RFC8259-2/json-grammar",
        "RFC8259-10/generator-strict",
    ]
)
class ExpiryHasLeadingZero(_OtherTokenResponse):
    """expires_in starts with a zero."""

    def changed(self, response: Response) -> Response:
        body = bytes(response.body).replace(b'"expires_in":', b'"expires_in":0')
        return with_body(response, body)


@mutant(breaks="RFC6749-A.14/expires-in-syntax")
class ExpiryHasFraction(_OtherMembers):
    """expires_in has a fraction."""

    def changed(self, members: dict[str, Any]) -> dict[str, Any]:
        return {**members, "expires_in": members["expires_in"] + 0.5}


@mutant(breaks="RFC8259-8.1/no-byte-order-mark")
class TokenResponseStartsWithMark(_OtherTokenResponse):
    """Token responses start with a byte order mark."""

    def changed(self, response: Response) -> Response:
        return with_body(response, b"\xef\xbb\xbf" + bytes(response.body))


@mutant(breaks="RFC8259-8.1/utf-8")
class TokenResponseIsLatin1(_OtherTokenResponse):
    """Token responses have a text in Latin-1."""

    def changed(self, response: Response) -> Response:
        return with_body(response, b'{"example.note":"caf\xe9",' + bytes(response.body)[1:])


@mutant(breaks="RFC6749-5.1/access-token-present")
class RefreshBringsNoAccessToken(ReferenceServer):
    """A refresh token brings the next one and no access token."""

    async def refresh(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        members = await super().refresh(client, form)
        del members["access_token"]
        return members
