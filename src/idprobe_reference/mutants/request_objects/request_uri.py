"""Mutants of what the server fetches: Request Objects, sectors, keys that a token names."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.request import HTTPRedirectHandler, ProxyHandler, build_opener

import httpx
from joserfc import jws

from idprobe_reference.faults import AuthorizationFault
from idprobe_reference.mutants.bending import bend, having
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.outbound import Fetched, OutboundError
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig

BY_REFERENCE: Final = "request_uri"

for one in (
    ("metadata", "NoReferences", "The metadata say that there is no request_uri.",
     "OIDCC-15.2/request-uri-supported", having(request_uri_parameter_supported=False)),
    ("reference_is_safe", "UnsignedFromAnywhere", "Unsigned objects may come from http URLs.",
     "OIDCC-6/request-uri-https-unless-signed", lambda _: True),
    ("request_uri_is_registered", "StrangersAreFetched", "Any request_uri is fetched.",
     "OIDCD-3/request-uri-preregistration", lambda _: True),
    ("sector_covers", "SectorsOfOthers", "A sector may list other redirect URIs.",
     "OIDCR-5/sector-uri-covers-redirect-uris", lambda _: True),
):  # fmt: skip
    bend(*one)


@mutant(
    "OIDCC-6.2/referenced-values-win",
    also={"OIDCC-6.2/fragment-change-invalidates-cache": "the state inside is not seen"},
)
class OuterValuesBeatReferences(ReferenceServer):
    """Parameters outside win over those of a referenced Request Object."""

    def merged(self, form: Form, claims: Mapping[str, Any]) -> Form:
        inner = {n: v for n, v in claims.items() if BY_REFERENCE not in form or n not in form}
        return super().merged(form, inner)


@mutant("OIDCC-6.2/response-type-and-client-id-match")
class ReferencesMayDisagree(ReferenceServer):
    """response_type and client_id may differ in a referenced Request Object."""

    def request_object_agrees(self, form: Form, claims: Mapping[str, Any]) -> bool:
        return BY_REFERENCE in form or super().request_object_agrees(form, claims)

    def merged(self, form: Form, claims: Mapping[str, Any]) -> Form:
        kept = {n: v for n, v in claims.items() if n not in {"response_type", "client_id"}}
        return super().merged(form, kept if BY_REFERENCE in form else claims)


@mutant(
    "OIDCC-6.2/contents-are-a-request-object",
    also={"OIDCC-3.1.2.6/invalid-request-uri-code": "it is no error any more"},
)
class PagesAreIgnored(ReferenceServer):
    """What is no Request Object is ignored, and the plain parameters are used."""

    def request_claims(self, client: ClientConfig, token: str) -> dict[str, Any]:
        try:
            return super().request_claims(client, token)
        except AuthorizationFault:
            if token.count(".") == 2 and len(token) > 100:  # noqa: PLR2004 -- a JWT all the same
                raise
            return {}

    def object_of(self, fetched: Fetched) -> str:
        return fetched.body.decode()


@mutant("OIDCC-3.1.2.6/invalid-request-uri-code")
class MissingObjectsAreDenied(ReferenceServer):
    """A Request Object that is not there is access_denied."""

    def object_named(self, client: ClientConfig, form: Form) -> str | None:
        try:
            return super().object_named(client, form)
        except AuthorizationFault as fault:
            raise AuthorizationFault("access_denied", fault.description) from fault


@mutant("OIDCC-6.2/fragment-change-invalidates-cache")
class ObjectsAreKeptForever(ReferenceServer):
    """A Request Object is fetched once, whatever the fragment."""

    async def prepare(self, form: Form) -> None:
        uri, marked = form.get(BY_REFERENCE, ""), "#" in form.get(BY_REFERENCE, "")
        kept: dict[str, Form] = self.__dict__.setdefault("_kept", {})
        await super().prepare(form)
        if marked:
            kept.setdefault(uri.partition("#")[0], form)

    def object_named(self, client: ClientConfig, form: Form) -> str | None:
        kept: dict[str, Form] = self.__dict__.get("_kept", {})
        first = kept.get(form.get(BY_REFERENCE, "").partition("#")[0], form)
        return super().object_named(client, first)


@mutant("OIDCC-6.2/long-request-uri")
class LongReferencesAreRefused(ReferenceServer):
    """A request_uri of more than 255 characters is refused."""

    def request_uri_is_registered(self, client: ClientConfig, uri: str) -> bool:
        return len(uri) < 256 and super().request_uri_is_registered(client, uri)  # noqa: PLR2004 -- a column


@mutant("OIDCC-6.2.3/fetched-by-get")
class ObjectsAreFetchedByPost(ReferenceServer):
    """A Request Object is fetched with POST."""

    async def prepare(self, form: Form) -> None:
        get = self.outbound.get

        async def post(url: str, accept: str) -> Fetched:
            return await (get(url, accept) if ".jwt" not in url else self.outbound.post(url, ""))

        self.outbound.get = post  # type: ignore[method-assign] # for this request
        try:
            await super().prepare(form)
        finally:
            self.outbound.get = get  # type: ignore[method-assign] # as it was


@mutant("OIDCR-2/request-object-alg-enforced")
class ReferencesOfAnyAlgorithm(ReferenceServer):
    """The registered algorithm is enforced for Request Objects by value alone."""

    def object_named(self, client: ClientConfig, form: Form) -> str | None:
        self.__dict__["_by_reference"] = BY_REFERENCE in form
        return super().object_named(client, form)

    def request_object_algorithms(self, client: ClientConfig) -> tuple[str, ...]:
        by_reference = self.__dict__.get("_by_reference")
        return ("RS256", "ES256") if by_reference else super().request_object_algorithms(client)


@mutant("OIDCR-2/request-uris-https-unless-signed")
class PlainReferencesAreRegistered(ReferenceServer):
    """A request_uri of http is registered for a client without keys."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        plain = [uri for uri in body.get("request_uris", ()) if uri.startswith("http://client.")]
        asked = {**body, "request_uris": []} if plain else body
        client = super().client_of_metadata(asked, client_id, secret)
        return replace(client, request_uris=tuple(plain)) if plain else client


class _Following(ReferenceServer):
    """A server that fetches with a client of its own."""

    async def fetched(self, url: str, *, follow: bool, timeout_s: float) -> Fetched:
        async with httpx.AsyncClient(trust_env=False, follow_redirects=follow) as client:
            answer = await client.get(url, timeout=timeout_s)
        media_type = answer.headers.get("content-type", "").partition(";")[0]
        if not answer.is_success:
            raise OutboundError("it answers something else")
        return Fetched(answer.status_code, media_type, answer.content)


class _NotFollowed(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def _read_whole(url: str, timeout_s: float) -> Fetched:
    """Fetch in a few large reads: the loop of a busy process would be late for many small ones."""
    direct = build_opener(ProxyHandler({}), _NotFollowed)
    try:
        with direct.open(url, timeout=timeout_s) as answer:
            return Fetched(answer.status, answer.headers.get_content_type(), answer.read())
    except OSError as error:
        raise OutboundError("it cannot be reached") from error


def _fetching(*, follow: bool, timeout_s: float) -> Any:
    async def prepare(self: _Following, form: Form) -> None:
        async def get(url: str, _accept: str) -> Fetched:
            try:
                return await self.fetched(url, follow=follow, timeout_s=timeout_s)
            except httpx.HTTPError as error:
                raise OutboundError("it cannot be reached") from error

        self.outbound.get = get  # type: ignore[method-assign,assignment] # from now on
        await ReferenceServer.prepare(self, form)

    return prepare


@mutant("ASVS-5.2.6/redirects-not-followed")
class RedirectsAreFollowed(_Following):
    """What a client's address redirects to is fetched."""

    prepare = _fetching(follow=True, timeout_s=3)


@mutant("ASVS-12.1.1/fetches-bounded")
class FetchesWithoutBounds(_Following):
    """What a client's address serves is read to its end, however long that takes."""

    async def fetched(self, url: str, *, follow: bool, timeout_s: float) -> Fetched:
        del follow
        return await asyncio.to_thread(_read_whole, url, timeout_s)

    prepare = _fetching(follow=False, timeout_s=60)


@mutant("OIDCR-5/sector-uri-https-json")
class AnySectorDocument(ReferenceServer):
    """A sector document that is an object counts as well."""

    def read_sector(self, fetched: Fetched) -> list[str]:
        try:
            return super().read_sector(fetched)
        except ValueError:
            return ["https://client.example/cb"]


@mutant(
    "OIDCR-5/sector-uri-validated-at-registration",
    also={
        "OIDCR-5/sector-uri-covers-redirect-uris": "nobody looks",
        "OIDCR-5/sector-uri-https-json": "nobody looks",
    },
)
class SectorsAreNotRead(ReferenceServer):
    """A sector document is not fetched."""

    async def check_sector(self, client: ClientConfig) -> None:
        if client.sector_identifier_uri is None:
            await super().check_sector(client)


@mutant("OIDCC-8.1/sector-identifier-uri-used")
class SectorsAreNotUsed(ReferenceServer):
    """The sector is the host of the redirect URI, whatever sector_identifier_uri says."""

    def sector_of(self, client: ClientConfig) -> str:
        return super().sector_of(replace(client, sector_identifier_uri=None))


@mutant("OIDCC-8.1/sector-is-host-of-uri")
class SectorIsTheWholeUri(ReferenceServer):
    """The sector is all of sector_identifier_uri."""

    def sector_of(self, client: ClientConfig) -> str:
        return client.sector_identifier_uri or super().sector_of(client)


@mutant("RFC8725-3.10/jku-x5u-not-followed-blindly")
class TokensNameTheirKeys(ReferenceServer):
    """The keys that a token names by jku verify it."""

    async def learn_keys(self, client: ClientConfig, token: str) -> None:
        await super().learn_keys(client, token)
        with contextlib.suppress(Exception):
            jku = str(jws.extract_compact(token.encode("ascii")).protected["jku"])
            found = await self.fetched_keys(jku)
            self.__dict__["_named"] = list((found or {}).get("keys", ()))

    def jwks_of(self, client: ClientConfig) -> Mapping[str, Any]:
        known: Sequence[Any] = super().jwks_of(client)["keys"]
        return {"keys": [*known, *self.__dict__.get("_named", ())]}


@mutant("OIDCC-10.1.1/unfamiliar-kid-fetched")
class ClientKeysAreFetchedOnce(ReferenceServer):
    """The keys at jwks_uri are fetched once, whatever kid comes later."""

    async def learn_keys(self, client: ClientConfig, token: str) -> None:
        if not self.jwks_of(client)["keys"]:
            await super().learn_keys(client, token)
