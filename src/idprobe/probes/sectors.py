"""Pairwise clients and their sectors (OpenID Connect Core section 8.1, Registration section 5)."""

from typing import Any, Final

from idprobe.errors import Unsuited
from idprobe.flows import authorize, redeem
from idprobe.listener import Reply
from idprobe.probes import probe
from idprobe.probes.calling import document
from idprobe.probes.desk import CALLBACK, Desk, metadata_for, open_desk
from idprobe.profile import Capability
from idprobe.wire import Wire

__all__ = ["pairwise_clients", "sector_documents", "sectors_shared"]

BY_CODE: Final = frozenset(
    {Capability.REGISTRATION, Capability.AUTHORIZATION_CODE, Capability.OPENID}
)
PAIRWISE: Final = {"subject_type": "pairwise"}
OTHER: Final = "https://other.example/cb"
THIRD: Final = "https://third.example/cb"
SAME: Final = "https://client.example/other"
PLAIN: Final = "http://sector.idprobe.example/list.json"


def _is_offered(wire: Wire) -> None:
    listed = wire.provider.metadata.get("subject_types_supported")
    if not isinstance(listed, list) or "pairwise" not in listed:
        raise Unsuited("the metadata does not list pairwise in subject_types_supported")


async def _login(desk: Desk, step: str, **members: Any) -> None:
    """Register a pairwise client and log in to it: its tokens are those of the step."""
    wire = desk.wire
    metadata = metadata_for(wire.provider, **{**PAIRWISE, **members})
    registration = await desk.register(f"register-{step}", metadata)
    client = registration.client(step, {**metadata, "scope": "openid"})
    provider = wire.provider.with_client(client)
    authorized = await wire.run(authorize(provider, scope="openid"), f"login-{step}")
    await wire.run(redeem(provider, authorized), step)


@probe(needs=BY_CODE, logs_in=True)
async def pairwise_clients(wire: Wire) -> None:
    """Log in to pairwise clients: `one`, `same-host`, `again` in a fresh browser, `other-host`.

    `third-host` has a host of its own, too, and `public` is a client of public subjects. One with
    redirect URIs on two hosts and no sector is registered as well: `two-hosts`.
    """
    _is_offered(wire)
    async with open_desk(wire) as desk:
        await _login(desk, "one")
        await _login(desk, "same-host", redirect_uris=[SAME])
        await _login(desk, "other-host", redirect_uris=[OTHER])
        await _login(desk, "third-host", redirect_uris=[THIRD])
        await _login(desk, "public", subject_type="public")
        wire.fresh_browser()
        await _login(desk, "again")
        both = metadata_for(wire.provider, **PAIRWISE, redirect_uris=[CALLBACK, OTHER])
        await desk.offer("two-hosts", both)


@probe(needs=BY_CODE | {Capability.LISTENER}, logs_in=True)
async def sectors_shared(wire: Wire) -> None:
    """Log in to clients of two hosts in one sector, `one` and `other`; in one of its host: `host`.

    The calls to the sector documents are `call-one` and `call-host`.
    """
    _is_offered(wire)
    async with open_desk(wire) as desk:
        listed = document([CALLBACK, OTHER])
        sector, twin = (wire.listen(f"call-{name}", listed, ".json") for name in ("one", "host"))
        await _login(desk, "one", sector_identifier_uri=sector.url)
        await _login(desk, "other", redirect_uris=[OTHER], sector_identifier_uri=sector.url)
        await _login(desk, "host", sector_identifier_uri=twin.url)


@probe(needs={Capability.REGISTRATION, Capability.LISTENER})
async def sector_documents(wire: Wire) -> None:
    """Register pairwise clients with a good sector, `good`, and with faulty ones, a step for each.

    `plain` is an http address of somebody else; `leading` redirects to `call-elsewhere`.
    """
    _is_offered(wire)
    async with open_desk(wire) as desk:
        good = wire.listen("call-good", document([CALLBACK]), ".json")
        pairwise = metadata_for(wire.provider, **PAIRWISE)
        await desk.register("good", {**pairwise, "sector_identifier_uri": good.url})
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
            await desk.offer(step, {**pairwise, "sector_identifier_uri": uri})
        await desk.register("good-again", {**pairwise, "sector_identifier_uri": good.url})
