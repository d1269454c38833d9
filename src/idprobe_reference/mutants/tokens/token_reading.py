"""Mutants that read a token request wrongly: its header, its encoding, its names, its scope."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import dataclasses
import re
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.requests import Request

from idprobe_reference.faults import OAuthFault
from idprobe_reference.mutants.http.errors import UnknownScopesAreGranted
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.authorization_request import Wish
from idprobe_reference.requests.client_authentication import Presented
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import AccessToken, Grant, RefreshToken, Session


class OtherForm(ReferenceServer):
    """A server that reads the octets of a form in its own way."""

    async def posted_form(self, request: Request) -> Form:
        await super().posted_form(request)
        return self.form_of(await self.body(request))

    async def body(self, request: Request) -> bytes:
        octets: bytes = getattr(request.state, "octets", b"")
        if not hasattr(request.state, "octets"):
            octets = request.state.octets = await super().body(request)
        return octets

    def form_of(self, octets: bytes) -> Form:
        return Form.parse(octets)


@mutant(breaks="RFC6749-1.9/names-and-values-case-sensitive")
class NamesIgnoreCase(OtherForm):
    """Parameter names are read without regard to case."""

    def form_of(self, octets: bytes) -> Form:
        return Form([(name.lower(), value) for name, value in Form.parse(octets).pairs])


class _FormWithEmptyValues(Form):
    """A form in which an empty value is one."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        super().__init__(pairs)
        self._values = dict(pairs)


@mutant(
    breaks=["RFC6749-3.2/empty-parameter-is-absent"],
    also={"WHATWG-URL-5.1/first-equals-splits": "an empty scope is refused"},
)
class EmptyParametersCount(OtherForm):
    """A parameter without a value counts as sent."""

    def form_of(self, octets: bytes) -> Form:
        return _FormWithEmptyValues(list(Form.parse(octets).pairs))


@mutant(breaks="RFC6749-3.2/unknown-parameter-ignored")
class UnknownParametersAreRefused(OtherForm):
    """A parameter that nobody knows makes a request invalid."""

    def form_of(self, octets: bytes) -> Form:
        form = Form.parse(octets)
        if any("unknown" in name for name, _ in form.pairs):
            raise OAuthFault("invalid_request", "there is an unknown parameter")
        return form


@mutant(breaks="RFC9110-5.1/unknown-fields-ignored")
class UnknownHeadersAreRefused(OtherForm):
    """A header field that nobody knows makes a request invalid."""

    async def posted_form(self, request: Request) -> Form:
        if any(name.startswith("x-") for name in request.headers):
            raise OAuthFault("invalid_request", "there is an unknown header field")
        return await super().posted_form(request)


@mutant(breaks="RFC9110-8.3.1/media-type-case-insensitive")
class MediaTypeIsCaseSensitive(ReferenceServer):
    """The media type of a form has to be in lower case."""

    def media_type(self, request: Request) -> str:
        return request.headers.get("content-type", "").partition(";")[0].strip()


@mutant(breaks="RFC9110-8.3.1/media-type-parameters-tolerated")
class MediaTypeHasNoParameters(ReferenceServer):
    """The media type of a form may have no parameters."""

    def media_type(self, request: Request) -> str:
        return request.headers.get("content-type", "").strip().lower()


@mutant(
    breaks=["RFC6749-B/plus-is-space", "WHATWG-URL-5.1/plus-then-percent-decoding"],
    also={"contract/scope_is_space_separated": "one of the two spellings of a space is lost"},
)
class PlusIsPlus(OtherForm):
    """A plus sign in a form is one."""

    def form_of(self, octets: bytes) -> Form:
        return Form.parse(octets.replace(b"+", b"%2B"))


@mutant(
    breaks="WHATWG-URL-5.1/plus-then-percent-decoding",
    also={"contract/scope_is_space_separated": "one of the two spellings of a space is lost"},
)
class PercentTwentyIsNoSpace(OtherForm):
    """A space that is written %20 in a form stays as it is written."""

    def form_of(self, octets: bytes) -> Form:
        return Form.parse(octets.replace(b"%20", b"%2520"))


@mutant(breaks="RFC6749-4.4.2/grant-type-exact")
class OverlongFormsAreRead(ReferenceServer):
    """A letter that is written in two octets, which UTF-8 forbids, is read as that letter."""

    async def body(self, request: Request) -> bytes:
        return re.sub(rb"%(C[01])%([89AB][0-9A-F])", _short, await super().body(request))


def _short(overlong: re.Match[bytes]) -> bytes:
    """Return the octet that stands for an overlong form of two."""
    lead, trail = (int(octet, 16) for octet in overlong.groups())
    return b"%%%02X" % ((lead & 1) << 6 | trail & 0x3F)


@mutant(breaks="WHATWG-URL-5.1/plus-then-percent-decoding")
class NamesAreNotDecoded(OtherForm):
    """Percent sequences in names stay as they are."""

    def form_of(self, octets: bytes) -> Form:
        names = re.compile(rb"(?:^|(?<=&))[^=&]+")
        return Form.parse(names.sub(lambda name: name[0].replace(b"%", b"%25"), octets))


@mutant(breaks="WHATWG-URL-5.1/ampersand-only")
class SemicolonsSeparate(OtherForm):
    """Semicolons separate parameters too."""

    def form_of(self, octets: bytes) -> Form:
        return Form.parse(octets.replace(b";", b"&"))


@mutant(breaks="WHATWG-URL-5.1/empty-pairs-skipped")
class EmptyPairsAreRefused(OtherForm):
    """Two ampersands in a row make a form unreadable."""

    def form_of(self, octets: bytes) -> Form:
        if b"&&" in octets:
            raise OAuthFault("invalid_request", "the body is no form")
        return Form.parse(octets)


@mutant(breaks="WHATWG-URL-5.1/first-equals-splits")
class BareNamesAreRefused(OtherForm):
    """A name without an equals sign makes a form unreadable."""

    def form_of(self, octets: bytes) -> Form:
        if any(part and b"=" not in part for part in octets.split(b"&")):
            raise OAuthFault("invalid_request", "the body is no form")
        return Form.parse(octets)


@mutant(breaks="WHATWG-URL-5.1/bad-percent-sequences-kept")
class BadPercentSequencesCrash(OtherForm):
    """A percent sign without digits is answered with 500."""

    def form_of(self, octets: bytes) -> Form:
        if re.search(rb"%(?![0-9A-Fa-f]{2})", octets):
            raise OAuthFault("server_error", "the server crashed", status=500)
        return Form.parse(octets)


@mutant(breaks="WHATWG-URL-5.1/utf-8-decoding-lossy")
class BytesThatAreNoTextCrash(OtherForm):
    """A form that is not UTF-8 is answered with 500."""

    async def posted_form(self, request: Request) -> Form:
        try:
            unquote_to_bytes(await self.body(request)).decode()
        except UnicodeDecodeError as error:
            raise OAuthFault("server_error", "the server crashed", status=500) from error
        return await super().posted_form(request)


@mutant(breaks="RFC9110-11.1/scheme-case-insensitive")
class SchemeIsCaseSensitive(ReferenceServer):
    """The authentication scheme has to be written Basic."""

    def presented_credentials(self, request: Request, form: Form) -> Presented:
        header = request.headers.get("authorization", "Basic ")
        if not header.startswith("Basic "):
            raise OAuthFault("invalid_client", "the authentication scheme is not supported")
        return super().presented_credentials(request, form)


@mutant(breaks="RFC6749-3.3/scope-case-sensitive")
class ScopesIgnoreCase(ReferenceServer):
    """Client credentials get a scope in whatever case they ask for it."""

    def scope_for_client_credentials(
        self, client: ClientConfig, requested: str | None
    ) -> frozenset[str]:
        lowered = requested.lower() if requested is not None else None
        return super().scope_for_client_credentials(client, lowered)


@mutant(breaks="RFC6749-3.3/scope-syntax")
class MalformedScopesAreGranted(ReferenceServer):
    """Client credentials get scope values with a quote or a backslash in them."""

    def scope_for_client_credentials(
        self, client: ClientConfig, requested: str | None
    ) -> frozenset[str]:
        if requested is not None and re.search(r'["\\]', requested):
            return frozenset(requested.split())
        return super().scope_for_client_credentials(client, requested)


@mutant(
    breaks=[
        "RFC6749-3.3/granted-scope-told-if-different",
        "RFC6749-5.1/scope-told-if-different",
        "RFC6749-5.2/invalid-scope",
    ],
    also={"RFC6749-3.3/scope-syntax": "the scope that was granted is not told"},
)
class NarrowedScopeIsNotTold(ReferenceServer):
    """Client credentials get what they may have of a scope, and are not told."""

    def scope_for_client_credentials(
        self, client: ClientConfig, requested: str | None
    ) -> frozenset[str]:
        if requested is None:
            return super().scope_for_client_credentials(client, None)
        return frozenset(requested.split()) & client.scopes

    def token_response(
        self, access_token: AccessToken, refresh_token: RefreshToken | None, id_token: str | None
    ) -> dict[str, Any]:
        members = super().token_response(access_token, refresh_token, id_token)
        members.pop("scope", None)
        return members


@mutant(
    breaks="RFC6749-5.2/invalid-scope",
    also={
        "RFC6749-10.3/scope-depends-on-client": "every scope is granted",
        "RFC6749-3.3/scope-syntax": "the scope that was granted is not told",
        "OAUTH21-3.2.3/scope-returned": "no response has a scope",
        "RFC8707-2.2/effective-scope-told": "no response has a scope",
    },
)
class UnknownScopesAreGrantedInSilence(UnknownScopesAreGranted, NarrowedScopeIsNotTold):
    """Client credentials get whatever scope they ask for, as an answer without a scope says."""


@mutant(breaks="RFC6749-3.3/omitted-scope-default-or-error")
class MissingScopeIsInvalidRequest(ReferenceServer):
    """Client credentials without a scope are answered with invalid_request."""

    def scope_for_client_credentials(
        self, client: ClientConfig, requested: str | None
    ) -> frozenset[str]:
        if requested is None:
            raise OAuthFault("invalid_request", "scope is missing")
        return super().scope_for_client_credentials(client, requested)


@mutant(breaks="RFC6749-3.3/scope-order-irrelevant")
class OrderOfScopeMatters(ReferenceServer):
    """A scope that is not in the order of the alphabet loses its first value."""

    def grant_of(self, wish: Wish, session: Session) -> Grant:
        grant = super().grant_of(wish, session)
        if list(wish.scope) != sorted(wish.scope):
            return dataclasses.replace(grant, scope=frozenset(wish.scope[1:]))
        return grant
