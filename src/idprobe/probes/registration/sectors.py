"""Pairwise clients and their sectors (OpenID Connect Core section 8.1, Registration section 5)."""

from typing import Any, Final

from idprobe.client.listener import Reply
from idprobe.client.wire import Wire
from idprobe.errors import ControlFailed, Unsuited
from idprobe.flows import authorize, redeem
from idprobe.flows.registration import registration_of
from idprobe.model.profile import Capability
from idprobe.probes import probe
from idprobe.probes.steps.callbacks import document
from idprobe.probes.steps.throwaway_clients import (
    CALLBACK,
    ThrowawayClients,
    metadata_for,
    throwaway_clients,
)

__all__ = ["sector_documents", "sectors_shared"]

BY_CODE: Final = frozenset(
    {Capability.REGISTRATION, Capability.AUTHORIZATION_CODE, Capability.OPENID}
)
PAIRWISE: Final = {"subject_type": "pairwise"}
OTHER: Final = "https://other.example/cb"
PLAIN: Final = "http://sector.idprobe.example/list.json"


def _is_offered(wire: Wire) -> None:
    listed = wire.provider.metadata.get("subject_types_supported")
    if not isinstance(listed, list) or "pairwise" not in listed:
        raise Unsuited("the metadata does not list pairwise in subject_types_supported")


async def _may_be_ours(throwaway: ThrowawayClients, uri: str) -> None:
    """Prove that a sector at our address is registered; Unsuited where only https will do."""
    members = {**PAIRWISE, "sector_identifier_uri": uri}
    response = await throwaway.enter("good", metadata_for(throwaway.wire.provider, **members))
    if uri.startswith("http:") and not response.is_granted:
        raise Unsuited(
            "the server registers no sector at a plain http address, and our listener has no "
            "other: name an https public_url under [listener]"
        )
    if registration_of(response) is None:
        raise ControlFailed(throwaway.wire.exchanges[-1], "good: wanted a client registered")


async def _login(throwaway: ThrowawayClients, step: str, **members: Any) -> None:
    """Register a pairwise client and log in to it: its tokens are those of the step."""
    wire = throwaway.wire
    metadata = metadata_for(wire.provider, **{**PAIRWISE, **members})
    registration = await throwaway.register(f"register-{step}", metadata)
    client = registration.client(step, {**metadata, "scope": "openid"})
    provider = wire.provider.with_client(client)
    authorized = await wire.run(authorize(provider, scope="openid"), f"login-{step}")
    await wire.run(redeem(provider, authorized), step)


@probe(needs=BY_CODE | {Capability.LISTENER}, logs_in=True)
async def sectors_shared(wire: Wire) -> None:
    """Log in to clients of two hosts in one sector, `one` and `other`; in one of its host: `host`.

    The calls to the sector documents are `call-one` and `call-host`.
    """
    _is_offered(wire)
    async with throwaway_clients(wire) as throwaway:
        listed = document([CALLBACK, OTHER])
        sector, twin = (wire.listen(f"call-{name}", listed, ".json") for name in ("one", "host"))
        await _may_be_ours(throwaway, sector.url)
        await _login(throwaway, "one", sector_identifier_uri=sector.url)
        await _login(throwaway, "other", redirect_uris=[OTHER], sector_identifier_uri=sector.url)
        await _login(throwaway, "host", sector_identifier_uri=twin.url)


@probe(needs={Capability.REGISTRATION, Capability.LISTENER})
async def sector_documents(wire: Wire) -> None:
    """Register pairwise clients with a good sector, `good`, and with faulty ones, a step for each.

    `plain` is an http address of somebody else; `leading` redirects to `call-elsewhere`.
    """
    _is_offered(wire)
    async with throwaway_clients(wire) as throwaway:
        good = wire.listen("call-good", document([CALLBACK]), ".json")
        pairwise = metadata_for(wire.provider, **PAIRWISE)
        await _may_be_ours(throwaway, good.url)
        elsewhere = wire.listen("call-elsewhere", document([CALLBACK]), ".json")
        leading = Reply(302, headers=(("Location", elsewhere.url),))
        replies = {
            "object": document({"redirect_uris": [CALLBACK]}),
            "others": document([OTHER]),
            "missing": Reply(404, b"nothing here", "text/plain"),
            "leading": leading,
        }
        uris = {
            step: wire.listen(f"call-{step}", reply, ".json").url for step, reply in replies.items()
        }
        for step, uri in {**uris, "plain": PLAIN}.items():
            await throwaway.offer(step, {**pairwise, "sector_identifier_uri": uri})
        await throwaway.register("good-again", {**pairwise, "sector_identifier_uri": good.url})
