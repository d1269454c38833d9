"""Mutants that trip over one spelling of a request, as only generated requests show."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import base64
import re

from starlette.requests import Request

from idprobe_reference.faults import OAuthFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.mutants.tokens.token_reading import OtherForm
from idprobe_reference.requests.client_authentication import Presented
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer

_FORM = "application/x-www-form-urlencoded"


@mutant(breaks="WHATWG-URL-5.1/plus-then-percent-decoding")
class HexInLowerCaseIsKept(OtherForm):
    """Percent sequences with a hexadecimal digit in lower case are not decoded."""

    def form_of(self, octets: bytes) -> Form:
        return Form.parse(re.sub(rb"%(?=[0-9][a-f])", b"%25", octets))


@mutant(breaks="RFC6749-3.2/parameter-order-irrelevant")
class GrantTypeComesBeforeScope(OtherForm):
    """A grant type that comes after the scope is not found."""

    def form_of(self, octets: bytes) -> Form:
        form = Form.parse(octets)
        names = [name for name, _ in form.pairs]
        has_both = {"scope", "grant_type"} <= set(names)
        if has_both and names.index("grant_type") > names.index("scope"):
            return Form([pair for pair in form.pairs if pair[0] != "grant_type"])
        return form


@mutant(breaks="RFC6749-3.2/unknown-parameter-ignored")
class NamesWithSignsAreRefused(OtherForm):
    """A parameter with a sign that is no ASCII in its name makes a form unreadable."""

    def form_of(self, octets: bytes) -> Form:
        form = Form.parse(octets)
        if not all(name.isascii() for name, _ in form.pairs):
            raise OAuthFault("invalid_request", "the body is no form")
        return form


@mutant(breaks="RFC6749-3.2/empty-parameter-is-absent")
class EmptyRefreshTokenCounts(OtherForm):
    """A request that has a refresh_token without a value is refused."""

    def form_of(self, octets: bytes) -> Form:
        form = Form.parse(octets)
        if "" in form.everything("refresh_token"):
            raise OAuthFault("invalid_request", "refresh_token has no value")
        return form


@mutant(breaks="WHATWG-URL-5.1/empty-pairs-skipped")
class ManyAmpersandsAreRefused(OtherForm):
    """Four ampersands in a row make a form unreadable."""

    def form_of(self, octets: bytes) -> Form:
        if b"&&&&" in octets:
            raise OAuthFault("invalid_request", "the body is no form")
        return Form.parse(octets)


@mutant(breaks="WHATWG-URL-5.1/utf-8-decoding-lossy")
class SurrogatesCrash(OtherForm):
    """A surrogate in a form is answered with 500."""

    async def posted_form(self, request: Request) -> Form:
        octets = await self.body(request)
        if re.search(rb"%ED%[AB]", octets):
            raise OAuthFault("server_error", "the server crashed", status=500)
        return await super().posted_form(request)


@mutant(breaks="WHATWG-URL-5.1/bad-percent-sequences-kept")
class UnicodeEscapesCrash(OtherForm):
    """A percent sign before a `u` is answered with 500."""

    def form_of(self, octets: bytes) -> Form:
        if b"%u" in octets:
            raise OAuthFault("server_error", "the server crashed", status=500)
        return Form.parse(octets)


@mutant(breaks="RFC9110-8.3.1/media-type-case-insensitive")
class MediaTypeInMixedCaseIsUnknown(ReferenceServer):
    """The media type of a form has to be in one of three usual cases."""

    def media_type(self, request: Request) -> str:
        said = request.headers.get("content-type", "").partition(";")[0].strip()
        usual = {_FORM, _FORM.upper(), "Application/X-WWW-Form-URLEncoded"}
        return super().media_type(request) if said in usual else said


@mutant(breaks="RFC9110-8.3.1/media-type-parameters-tolerated")
class TabsBeforeCharsetAreRefused(ReferenceServer):
    """A tab before the charset of a form makes its media type unknown."""

    def media_type(self, request: Request) -> str:
        said = request.headers.get("content-type", "")
        return said if ";\t" in said else super().media_type(request)


@mutant(breaks="RFC9110-11.1/scheme-case-insensitive")
class BasicInMixedCaseIsUnknown(ReferenceServer):
    """The authentication scheme has to be written basic, Basic or BASIC."""

    def presented_credentials(self, request: Request, form: Form) -> Presented:
        scheme = request.headers.get("authorization", "Basic ").partition(" ")[0]
        if scheme not in {"basic", "Basic", "BASIC"}:
            raise OAuthFault("invalid_client", "the authentication scheme is not supported")
        return super().presented_credentials(request, form)


@mutant(breaks="RFC9112-7.1/chunked-decoded", medium="socket")
class ChunksOfKeptConnectionsAreLost(ReferenceServer):
    """A body in chunks is taken as empty if its connection is to be kept."""

    async def body(self, request: Request) -> bytes:
        octets = await super().body(request)
        kept = request.headers.get("connection", "").lower() == "keep-alive"
        return b"" if kept and "transfer-encoding" in request.headers else octets


@mutant(breaks="RFC6749-2.3.1/basic-credentials-form-decoded")
class HyphensOfBasicStayEncoded(ReferenceServer):
    """Basic credentials with a percent-encoded hyphen are not the client's."""

    def presented_credentials(self, request: Request, form: Form) -> Presented:
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic" and b"%2D" in base64.b64decode(encoded).upper():
            raise OAuthFault("invalid_client", "client authentication failed")
        return super().presented_credentials(request, form)
