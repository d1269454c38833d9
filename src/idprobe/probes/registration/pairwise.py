"""Clients that know a person by a name of their own (OpenID Connect Core section 8.1)."""

from typing import Any, Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import authorize, redeem
from idprobe.probes import probe
from idprobe.probes.steps.throwaway_clients import metadata_for, throwaway_clients
from idprobe.probes.tokens.protection import NEEDS, at_work

__all__ = ["pairwise_hosts_mixed", "pairwise_subjects"]

PAIRWISE: Final[dict[str, Any]] = {"subject_type": "pairwise"}
HOSTS: Final = 5


def _at(host: str) -> dict[str, Any]:
    return {"redirect_uris": [f"https://{host}.client.example/cb"]}


@probe(needs=NEEDS, logs_in=True)
async def pairwise_subjects(wire: Wire) -> None:
    """Log one user in to a public client, `token/public`, and to pairwise ones, `token/HOST`.

    The first host has a second login, `token/again`, and a second client, `token/sibling`.
    """
    if "pairwise" not in wire.provider.metadata.get("subject_types_supported", ()):
        raise Unsuited("the metadata do not list pairwise subjects")
    async with throwaway_clients(wire) as throwaway:
        await at_work(throwaway, "public", **_at("host0"), subject_type="public")
        first = await at_work(throwaway, "host0", **_at("host0"), **PAIRWISE)
        wire.fresh_browser()
        authorized = await wire.run(authorize(first, scope="openid"), "authorize/again")
        await wire.run(redeem(first, authorized), "token/again")
        sibling: dict[str, Any] = {"redirect_uris": ["https://host0.client.example/other"]}
        await at_work(throwaway, "sibling", **sibling, **PAIRWISE)
        for number in range(1, HOSTS):
            await at_work(throwaway, f"host{number}", **_at(f"host{number}"), **PAIRWISE)


@probe(needs=NEEDS)
async def pairwise_hosts_mixed(wire: Wire) -> None:
    """Register a pairwise client of two hosts: `mixed`; before and after it one of one host."""
    if "pairwise" not in wire.provider.metadata.get("subject_types_supported", ()):
        raise Unsuited("the metadata do not list pairwise subjects")
    async with throwaway_clients(wire) as throwaway:
        good = metadata_for(wire.provider, **_at("host0"), **PAIRWISE)
        await throwaway.register("control", good)
        both = [*_at("host0")["redirect_uris"], *_at("host1")["redirect_uris"]]
        await throwaway.offer("mixed", {**good, "redirect_uris": both})
        await throwaway.register("control-again", good)
