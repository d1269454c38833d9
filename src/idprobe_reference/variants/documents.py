"""Variants of JSON documents: order, spelling, members that nobody has to know."""

import functools
import json
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.endpoints.token_management import Token
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import AccessToken
from idprobe_reference.variants.layers import Answer, Rewriting
from idprobe_reference.variants.registry import variant

__all__: list[str] = []

_MORE: Final = {"x_idprobe": {"a": [1, None, "ä"]}, "https://idprobe.example/more": True}


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _reversed(one) for name, one in reversed(value.items())}
    return [_reversed(one) for one in value] if isinstance(value, list) else value


@variant("RFC 8259 section 4")
class MembersAreReversed(Rewriting):
    """The members of every JSON object come in the opposite order."""

    def rewritten(self, answer: Answer) -> Answer:
        return answer.rewritten(lambda value: json.dumps(_reversed(value)))


@variant("RFC 8259 section 4", shape="speakup")
class MembersAreSorted(Rewriting):
    """The members of every JSON object come in the order of their names."""

    def rewritten(self, answer: Answer) -> Answer:
        return answer.rewritten(functools.partial(json.dumps, sort_keys=True))


@variant("RFC 8259 section 2")
class JsonIsIndented(Rewriting):
    """JSON has white space wherever it may: tabs, line ends, before and after it all."""

    def rewritten(self, answer: Answer) -> Answer:
        def write(value: Any) -> str:
            text = json.dumps(value, ensure_ascii=False, indent="\t", separators=(" ,", " : "))
            return f"\r\n \t{text}\r\n\n"

        return answer.rewritten(write)


@variant("RFC 8259 section 7", shape="speakup")
class JsonIsEscaped(Rewriting):
    """Texts in JSON have escapes wherever they may: every solidus, all that is not ASCII."""

    def rewritten(self, answer: Answer) -> Answer:
        return answer.rewritten(lambda value: json.dumps(value).replace("/", "\\/"))


@variant("RFC 9110 section 8.3.1")
class JsonHasCharset(Rewriting):
    """The media type of JSON has a parameter, and letters in both cases."""

    def rewritten(self, answer: Answer) -> Answer:
        if not answer.is_json:
            return answer
        return answer.with_header("content-type", "Application/JSON;charset=UTF-8")


@variant("RFC 6749 section 5.1, RFC 8414 section 3.2, OpenID Connect Core section 5.3.2")
class TokenResponsesSayMore(ReferenceServer):
    """Token responses, UserInfo and metadata have members that nobody has to know."""

    def token_response(self, *given: Any, **named: Any) -> dict[str, Any]:
        return {"x_idprobe": {"a": [1, None, "ä"]}, **super().token_response(*given, **named)}

    def userinfo_claims(self, token: AccessToken) -> dict[str, Any]:
        return {**_MORE, **super().userinfo_claims(token)}

    def metadata(self) -> dict[str, Any]:
        more = {
            "service_documentation": self.url("/documentation"),
            "op_policy_uri": self.url("/policy"),
            "op_tos_uri": self.url("/terms"),
            "ui_locales_supported": ["en", "de"],
        }
        return {**_MORE, **more, **super().metadata()}


@variant("RFC 7662 section 2.2")
class IntrospectionSaysMore(ReferenceServer):
    """Introspection tells of live tokens whatever RFC 7662 knows, and a member of its own."""

    def introspection(self, client: ClientConfig, token: Token | None) -> dict[str, Any]:
        members = super().introspection(client, token)
        if token is None or not members["active"]:
            return members
        return {**_MORE, **members, "nbf": token.issued_at, "jti": "introspected"}


@variant("RFC 7662 section 2.2", shape="speakup")
class IntrospectionSaysLess(ReferenceServer):
    """Introspection tells the audience of one as a text, and no sub of a client's own token."""

    def introspection(self, client: ClientConfig, token: Token | None) -> dict[str, Any]:
        members = super().introspection(client, token)
        if len(members.get("aud", ())) == 1:
            members["aud"] = members["aud"][0]
        return members


@variant("RFC 7009 section 2.2: clients ignore the content")
class RevocationHasNoBody(ReferenceServer):
    """What is revoked is answered with an empty body."""

    async def revoke(self, request: Request) -> Response:
        response = await super().revoke(request)
        if response.status_code != 200:  # noqa: PLR2004 - a status code
            return response
        return Response(b"", headers=self.token_response_headers())


@variant("RFC 7591 section 3.2.1")
class RegistrationSaysMore(ReferenceServer):
    """Registered clients are told of metadata that they did not ask for."""

    def client_members(self, client: ClientConfig) -> dict[str, Any]:
        return {**_MORE, "software_version": "1", **super().client_members(client)}


@variant("RFC 7517 section 8.5.2: a JWK Set has a media type of its own")
class KeysHaveTheirMediaType(ReferenceServer):
    """The JWK Set is application/jwk-set+json."""

    async def show_jwks(self, request: Request) -> Response:
        response = await super().show_jwks(request)
        response.headers["Content-Type"] = "application/jwk-set+json"
        return response


@variant("RFC 8414 section 2: what is supported is a set", shape="speakup")
class ListsAreReversed(ReferenceServer):
    """The lists of metadata and of the JWK Set come in the opposite order."""

    def metadata(self) -> dict[str, Any]:
        return {n: v[::-1] if isinstance(v, list) else v for n, v in super().metadata().items()}

    def jwks(self) -> dict[str, Any]:
        return {"keys": super().jwks()["keys"][::-1]}


@variant("RFC 9111 section 4.2, RFC 9110 section 8.8: documents may be kept", shape="speakup")
class DocumentsHaveValidators(ReferenceServer):
    """Metadata and keys may be kept for a day, with an ETag and a date of their last change."""

    def metadata_headers(self) -> dict[str, str]:
        return {
            "Cache-Control": 'public,max-age="86400", s-maxage=86400, stale-if-error=86400',
            "ETag": 'W/"5f1d"',
            "Last-Modified": "Mon, 02 Jan 2023 03:04:05 GMT",
        }


@variant("RFC 9110 section 5.6.6: parameters may be quoted, names have no case")
class CharsetIsQuoted(Rewriting):
    """The charset of JSON is quoted, that of pages is in capitals, after white space."""

    def rewritten(self, answer: Answer) -> Answer:
        if answer.is_json:
            return answer.with_header("content-type", 'application/json ; charset="utf-8"')
        if answer.header("content-type").startswith("text/html"):
            return answer.with_header("content-type", "Text/HTML;Charset=UTF-8")
        return answer
