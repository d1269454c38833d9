"""Mutants that take, or crash on, what only generated requests bring."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import re
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.endpoints.replies import json_reply
from idprobe_reference.faults import OAuthFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.mutants.tokens.token_denials import OtherGet
from idprobe_reference.mutants.tokens.token_reading import OtherForm
from idprobe_reference.requests.client_authentication import Presented
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import RefreshToken

_ASTRAL = re.compile(r"[\U00010000-\U0010FFFF]")
_BLANK = "".join(map(chr, range(33)))
_LONG = 8191
_STRANGE = re.compile(r"[^ -~]")


def crash() -> OAuthFault:
    """Return the answer of a server that did not expect what came."""
    return OAuthFault("server_error", "the server crashed", status=500)


def without(form: Form, *names: str) -> Form:
    """Return a form without some of its parameters."""
    return Form([pair for pair in form.pairs if pair[0] not in names])


@mutant(breaks="RFC6749-5.2/invalid-client")
class BinaryBasicCrashes(ReferenceServer):
    """Basic credentials that stop to be text after the eighth octet are answered with 500."""

    def presented_credentials(self, request: Request, form: Form) -> Presented:
        try:
            return super().presented_credentials(request, form)
        except OAuthFault as fault:
            if isinstance(fault.__cause__, UnicodeDecodeError) and fault.__cause__.start > 8:  # noqa: PLR2004 - where the prefix of a probe ends
                raise crash() from fault
            raise


@mutant(breaks="RFC6749-5.2/invalid-client")
class AstralClientsCrash(ReferenceServer):
    """A client_id with a character beyond U+FFFF is answered with 500."""

    def authenticate_client(self, request: Request, form: Form) -> ClientConfig:
        if _ASTRAL.search(form.get("client_id", "")):
            raise crash()
        return super().authenticate_client(request, form)


@mutant(breaks="RFC6749-5.2/invalid-grant")
class CodesBeyondAsciiCrash(ReferenceServer):
    """A code with a character beyond ASCII is answered with 500."""

    async def redeem_code(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        if not form.get("code", "").isascii():
            raise crash()
        return await super().redeem_code(client, form)


@mutant(breaks="RFC6749-5.2/invalid-grant")
class LongRefreshTokensCrash(ReferenceServer):
    """A refresh token of more than 255 characters is answered with 500."""

    def find_refresh_token(self, value: str) -> RefreshToken | None:
        if len(value) > 255:  # noqa: PLR2004 - the length of a column
            raise crash()
        return super().find_refresh_token(value)


@mutant(breaks="RFC6749-4.4.2/grant-type-exact")
class GrantTypesAreTrimmed(OtherForm):
    """A grant type is read without the spaces and controls around it."""

    def form_of(self, octets: bytes) -> Form:
        pairs = Form.parse(octets).pairs
        return Form([(n, v.strip(_BLANK) if n == "grant_type" else v) for n, v in pairs])


@mutant(breaks="RFC6749-5.2/unsupported-grant-type")
class LongGrantTypesCrash(ReferenceServer):
    """A grant type of more than 128 characters is answered with 500."""

    async def grant_tokens(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        if len(form.get("grant_type", "")) > 128:  # noqa: PLR2004 - the length of a column
            raise crash()
        return await super().grant_tokens(client, form)


@mutant(breaks="RFC6749-5.2/error-description-charset")
class DescriptionsRepeatEmoji(ReferenceServer):
    """An error description repeats a scope, the characters beyond U+FFFF as they are."""

    def scope_for_client_credentials(
        self, client: ClientConfig, requested: str | None
    ) -> frozenset[str]:
        if requested is not None and _ASTRAL.search(requested):
            raise OAuthFault("invalid_scope", f"there is no scope {requested}")
        return super().scope_for_client_credentials(client, requested)

    def oauth_error(self, fault: OAuthFault) -> Response:
        if not _ASTRAL.search(fault.description):
            return super().oauth_error(fault)
        kept = "".join(_ASTRAL.findall(fault.description))
        body = {"error": fault.code, "error_description": kept}
        return json_reply(body, 400, self.token_response_headers())


@mutant(breaks="RFC6749-3.2/repeated-parameter-rejected")
class RepetitionsAreSeenUndecoded(OtherForm):
    """A parameter that comes twice is noticed by its name before it is decoded."""

    def form_of(self, octets: bytes) -> Form:
        names = [part.partition(b"=")[0] for part in octets.split(b"&")]
        form = Form.parse(octets)
        return form if len(set(names)) < len(names) else Form(list(form.items()))


@mutant(breaks="RFC6749-5.2/several-authentication-mechanisms")
class CredentialsInFrontAreOverlooked(ReferenceServer):
    """Credentials that stand first in a form do no harm beside an Authorization header."""

    def presented_credentials(self, request: Request, form: Form) -> Presented:
        first = form.pairs[0][0] if form.pairs else ""
        if "authorization" in request.headers and first.startswith("client_"):
            form = without(form, "client_id", "client_secret")
        return super().presented_credentials(request, form)


@mutant(breaks="RFC6749-2.3.1/credentials-not-in-uri")
class QueriesAreSearchedUndecoded(ReferenceServer):
    """Credentials in the query are refused if their names are spelled as usual, else taken."""

    def check_query_credentials(self, request: Request) -> None:
        if re.search(r"(^|&)client_(id|secret)=", request.url.query):
            super().check_query_credentials(request)

    def presented_credentials(self, request: Request, form: Form) -> Presented:
        query = request.query_params
        if "client_secret" in query and "authorization" not in request.headers:
            return Presented("client_secret_basic", query["client_id"], query["client_secret"])
        return super().presented_credentials(request, form)


@mutant(breaks="RFC6749-3.2/post-only")
class MethodParameterIsObeyed(OtherGet):
    """A GET whose query says `_method=POST` is served as a POST."""

    async def got(self, request: Request) -> Response:
        if request.query_params.get("_method", "").upper() == "POST":
            return await self.token(request)
        return await super().got(request)

    async def posted_form(self, request: Request) -> Form:
        if request.method == "GET":
            return without(Form.parse(request.url.query.encode()), "_method")
        return await super().posted_form(request)


@mutant(breaks="RFC6749-3.2/query-adds-nothing")
class ListsInTheQueryAreAdded(ReferenceServer):
    """A `scope[]` in the query adds to the scope of the body."""

    async def client_request(self, request: Request) -> tuple[ClientConfig, Form]:
        client, form = await super().client_request(request)
        more = [value for name, value in parse_qsl(request.url.query) if name == "scope[]"]
        scope = " ".join([form.get("scope", ""), *more]).strip()
        return client, Form([*without(form, "scope").pairs, ("scope", scope)]) if more else form


@mutant(breaks="RFC6749-3.3/scope-order-irrelevant")
class FirstScopeDecides(ReferenceServer):
    """Client credentials are refused an unknown scope that comes first, and spared others."""

    def scope_for_client_credentials(
        self, client: ClientConfig, requested: str | None
    ) -> frozenset[str]:
        first, *others = (requested or "").split(" ")
        if first not in client.scopes:
            return super().scope_for_client_credentials(client, requested)
        return frozenset({first, *others}) & client.scopes


@mutant(breaks="RFC6749-3.3/scope-case-sensitive")
class CaseOfLaterLettersIsIgnored(ReferenceServer):
    """A scope is known by its first letter in its case, and the others in any."""

    def scope_for_client_credentials(
        self, client: ClientConfig, requested: str | None
    ) -> frozenset[str]:
        if requested is not None:
            requested = " ".join(word[:1] + word[1:].lower() for word in requested.split(" "))
        return super().scope_for_client_credentials(client, requested)


@mutant(breaks="RFC6749-3.3/scope-syntax")
class StrangeSignsAreDropped(ReferenceServer):
    """Controls and characters beyond ASCII are taken out of the scopes that a client has."""

    def scope_for_client_credentials(
        self, client: ClientConfig, requested: str | None
    ) -> frozenset[str]:
        if requested is not None and "idprobe" not in requested:
            requested = _STRANGE.sub("", requested)
        return super().scope_for_client_credentials(client, requested)


@mutant(breaks="RFC6749-6/scope-not-widened")
class StrangeNamespacesAreGranted(ReferenceServer):
    """A refresh grants a scope with a dot if none that was granted begins as it does."""

    def scope_for_refresh(self, requested: str | None, granted: frozenset[str]) -> frozenset[str]:
        if requested is None:
            return granted
        spaces = {value.partition(".")[0] for value in (*granted, "api")}
        values = frozenset(requested.split(" "))
        strange = {one for one in values if "." in one and one.partition(".")[0] not in spaces}
        known = values - strange
        if known:
            super().scope_for_refresh(" ".join(known), granted)
        return values


@mutant(breaks="RFC6749-5.2/every-refusal-in-form")
class LongValuesCrash(OtherForm):
    """A value of 8191 characters or more is answered with 500."""

    async def posted_form(self, request: Request) -> Form:
        form = await super().posted_form(request)
        if any(len(value) >= _LONG for value in form.values()):
            raise crash()
        return form


@mutant(breaks="RFC6749-5.2/every-refusal-in-form")
class MediaTypesWithoutSlashCrash(ReferenceServer):
    """A Content-Type without a slash is answered with 500."""

    def media_type(self, request: Request) -> str:
        if "/" not in request.headers.get("content-type", "/"):
            raise crash()
        return super().media_type(request)
