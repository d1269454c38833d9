"""What the server says of itself: its metadata documents and its keys."""

from dataclasses import replace
from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import EvidenceError, NoResponse, Unsuited
from idprobe.flows import (
    authorization_parameters,
    authorization_request,
    fresh_pkce,
    keys_request,
    metadata_request,
    well_known_urls,
)
from idprobe.model.exchange import Request
from idprobe.model.profile import Capability, Role
from idprobe.probes import Safety, probe

__all__ = [
    "document_of_plain_issuer",
    "document_of_slash_issuer",
    "foreign_host",
    "foreign_host_authorization",
    "keys_document",
    "metadata_documents",
    "metadata_requests",
    "preflights",
    "strange_scripts",
]

ORIGIN: Final = "https://client.example.org"
FOREIGN: Final = "idprobe.invalid"
FOREIGN_PORT: Final = "44321"
FOREIGN_PREFIX: Final = "/idprobe-prefix"
WELL_KNOWN: Final = "/.well-known/"
CROSS_ORIGIN: Final = {
    "token": ("token_endpoint", "POST"),
    "userinfo": ("userinfo_endpoint", "GET"),
    "keys": ("jwks_uri", "GET"),
    "registration": ("registration_endpoint", "POST"),
    "authorization": ("authorization_endpoint", "GET"),
    "revocation": ("revocation_endpoint", "POST"),
}
CALLED_BY_CLIENTS: Final = ("token", "revocation", "introspection")


@probe(safety=Safety.PASSIVE)
async def metadata_documents(wire: Wire) -> None:
    """Fetch the metadata from each place where it may be; a step is named for its file."""
    failures = []
    for url in well_known_urls(wire.provider.profile):
        try:
            await wire.send(metadata_request(url), _file_of(url))
        except NoResponse as failure:
            failures.append(failure)
    if len(failures) == len(wire.exchanges):
        raise failures[0]


@probe(needs={Capability.JWKS}, safety=Safety.PASSIVE)
async def keys_document(wire: Wire) -> None:
    """Fetch the JWK set."""
    await wire.send(keys_request(wire.provider), "keys")


@probe(needs={Capability.METADATA}, safety=Safety.PASSIVE)
async def document_of_plain_issuer(wire: Wire) -> None:
    """Fetch the metadata of an issuer that does not end in a slash."""
    if wire.provider.issuer.endswith("/"):
        raise Unsuited("the issuer ends in a slash")
    await _fetch_derived(wire)


@probe(needs={Capability.METADATA}, safety=Safety.PASSIVE)
async def document_of_slash_issuer(wire: Wire) -> None:
    """Fetch the metadata of an issuer that ends in a slash, which does not count in the URL."""
    if not wire.provider.issuer.endswith("/"):
        raise Unsuited("the issuer does not end in a slash")
    await _fetch_derived(wire)


@probe(needs={Capability.METADATA}, safety=Safety.PASSIVE)
async def metadata_requests(wire: Wire) -> None:
    """Fetch the metadata by GET, by HEAD, with a query, for a script, and where there is none."""
    url = await _served_at(wire)
    await wire.send(Request.get(url), "bare")
    await wire.send(replace(Request.get(url), method="HEAD"), "head")
    await wire.send(Request.get(url, (("idprobe", "1"),)), "query")
    await wire.send(Request.get(url, headers=(("Origin", ORIGIN),)), "origin")
    before, _, after = url.partition(WELL_KNOWN)
    nowhere = f"{before}/idprobe-no-such-path{WELL_KNOWN}{after}"
    await wire.send(Request.get(nowhere), "nowhere")
    await wire.send(Request.get(url), "again")


@probe(needs={Capability.METADATA}, safety=Safety.PASSIVE)
async def foreign_host(wire: Wire) -> None:
    """Fetch the metadata as from another place: `host`, a step for each header, then `usual`."""
    url = await _served_at(wire)
    await wire.send(Request.get(url, headers=(("Host", FOREIGN),)), "host")
    forwarded = {
        "X-Forwarded-Host": FOREIGN,
        "Forwarded": f"host={FOREIGN}",
        "X-Forwarded-Proto": "http" if url.startswith("https:") else "https",
        "X-Forwarded-Port": FOREIGN_PORT,
        "X-Forwarded-Prefix": FOREIGN_PREFIX,
    }
    for name, value in forwarded.items():
        await wire.send(Request.get(url, headers=((name, value),)), name.lower())
    await wire.send(Request.get(url), "usual")


@probe(role=Role.WEB, needs={Capability.AUTHORIZATION_CODE})
async def foreign_host_authorization(wire: Wire) -> None:
    """Begin a login under another Host; steps `host`, `forwarded-host`, then `usual`."""
    parameters = authorization_parameters(wire.provider, pkce=fresh_pkce())
    request = authorization_request(wire.provider, parameters)
    await wire.send(request.with_headers(("Host", FOREIGN)), "host")
    await wire.send(request.with_headers(("X-Forwarded-Host", FOREIGN)), "x-forwarded-host")
    await wire.send(request, "usual")


@probe(needs={Capability.METADATA})
async def strange_scripts(wire: Wire) -> None:
    """Call each endpoint for clients without parameters, as scripts of other origins would.

    Steps `ENDPOINT/foreign` and `ENDPOINT/null`, the origin of a script from nowhere.
    """
    for name in CALLED_BY_CLIENTS:
        if not wire.provider.has_endpoint(f"{name}_endpoint"):
            continue
        request = Request.post_form(wire.provider.endpoint(f"{name}_endpoint"), ())
        for step, origin in {"foreign": ORIGIN, "null": "null"}.items():
            await wire.send(request.with_headers(("Origin", origin)), f"{name}/{step}")


@probe(needs={Capability.METADATA})
async def preflights(wire: Wire) -> None:
    """Ask each endpoint as a script of another origin would (OPTIONS); a step for each endpoint."""
    for step, (name, method) in CROSS_ORIGIN.items():
        if not wire.provider.has_endpoint(name):
            continue
        headers = (("Origin", ORIGIN), ("Access-Control-Request-Method", method))
        request = Request.get(wire.provider.endpoint(name), headers=headers)
        await wire.send(replace(request, method="OPTIONS"), step)


async def _fetch_derived(wire: Wire) -> None:
    """Fetch the documents at the URLs that are made from the issuer."""
    profile = replace(wire.provider.profile, metadata_url=None)
    for url in well_known_urls(profile):
        await wire.send(metadata_request(url), _file_of(url))


async def _served_at(wire: Wire) -> str:
    """Return the first URL that serves metadata; raises EvidenceError if none does."""
    for url in well_known_urls(wire.provider.profile):
        if (await wire.send(metadata_request(url), _file_of(url))).is_success:
            return url
    raise EvidenceError("the server has no metadata document")


def _file_of(url: str) -> str:
    return url.rpartition(WELL_KNOWN)[2].partition("/")[0]
