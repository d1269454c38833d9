"""The channel to the server: which TLS it speaks, and what it says to those who speak none."""

import contextlib
from collections.abc import Iterator
from typing import Final

from idprobe.client.raw import OFFERS
from idprobe.client.wire import Wire
from idprobe.errors import NoResponse, Unsuited
from idprobe.flows import (
    authorization_request,
    basic_credentials,
    metadata_request,
    userinfo_request,
    well_known_urls,
)
from idprobe.model.exchange import Request
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes import Safety, probe
from idprobe.probes.steps.authorization_request import ordinary
from idprobe.probes.steps.token_requests import JSON

__all__ = ["documents_in_the_clear", "plain_twins", "tls_offers"]

DUMMY: Final = "idprobe-no-such-client"
PLACES: Final = (
    "authorization_endpoint",
    "token_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "registration_endpoint",
    "userinfo_endpoint",
    "end_session_endpoint",
    "jwks_uri",
)
POSTED: Final = {
    "token": (("grant_type", "refresh_token"), ("refresh_token", "idprobe-no-such-token")),
    "revocation": (("token", "idprobe-no-such-token"),),
    "introspection": (("token", "idprobe-no-such-token"),),
}


@probe(role=Role.WEB, needs={Capability.SECURE_CHANNEL})
async def plain_twins(wire: Wire) -> None:
    """Ask each endpoint with dummy values where it is announced, then under http: `NAME-plain`.

    A server that does not answer plain http is at its best.
    """
    if wire.provider.profile.tls.insecure:
        raise Unsuited("[tls] of the profile says that certificates are not verified")
    for name, request in _requests(wire.provider):
        announced = wire.send if request.origin.startswith("https:") else wire.send_in_the_clear
        with contextlib.suppress(NoResponse):
            await announced(request, name)
        with contextlib.suppress(NoResponse):
            await wire.send_in_the_clear(request, f"{name}-plain")


def _requests(provider: Provider) -> Iterator[tuple[str, Request]]:
    """Yield a request to each endpoint, none with a credential that opens anything."""
    if provider.has_endpoint("authorization_endpoint"):
        yield "authorization", authorization_request(provider, ordinary(provider))
    if provider.has_endpoint("userinfo_endpoint"):
        yield "userinfo", userinfo_request(provider, DUMMY)
    headers = (basic_credentials(DUMMY, DUMMY), JSON)
    for name, form in POSTED.items():
        if provider.has_endpoint(f"{name}_endpoint"):
            url = provider.endpoint(f"{name}_endpoint")
            yield name, Request.post_form(url, form, headers=headers)


@probe(needs={Capability.SECURE_CHANNEL}, safety=Safety.PASSIVE)
async def documents_in_the_clear(wire: Wire) -> None:
    """Fetch the metadata where they are, `NAME`, and under http: `NAME-plain`."""
    for url in well_known_urls(wire.provider.profile):
        request = metadata_request(url)
        step = url.rpartition("/.well-known/")[2].partition("/")[0]
        if not (await wire.send(request, step)).is_success:
            continue
        with contextlib.suppress(NoResponse):
            await wire.send_in_the_clear(request, f"{step}-plain")


@probe(needs={Capability.SECURE_CHANNEL}, safety=Safety.PASSIVE)
async def tls_offers(wire: Wire) -> None:
    """Say a hello of each kind to each host of the server: steps `HELLO host`, `usual host`."""
    for origin in _origins(wire.provider):
        for offer in OFFERS:
            await wire.greet(Request.get(origin), f"{offer} {origin}", offer)


def _origins(provider: Provider) -> list[str]:
    urls = [provider.issuer, *(provider.endpoint(n) for n in PLACES if provider.has_endpoint(n))]
    urls += [provider.profile.resource_url or provider.issuer]
    origins = dict.fromkeys(Request.get(url).origin for url in urls)
    return [origin for origin in origins if origin.startswith("https:")]
