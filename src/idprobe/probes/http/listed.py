"""What the metadata list, tried value by value."""

from collections.abc import Sequence
from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import token_request
from idprobe.model.profile import Capability, Client, Role
from idprobe.probes import probe
from idprobe.probes.steps.authorization_request import ordinary, tried
from idprobe.probes.steps.token_requests import can_get_tokens, honest_form, honest_tokens

__all__ = ["listed_authentication_methods", "listed_grant_types", "listed_response_types"]

BY_REDIRECT: Final = frozenset({"implicit"})
"""The grants that the token endpoint has no part in."""


@probe(needs={Capability.METADATA, Capability.CONFIDENTIAL_CLIENT}, logs_in=True)
async def listed_grant_types(wire: Wire) -> None:
    """Name each grant that is listed, and nothing else, at the token endpoint: `grant/N`."""
    client = next(filter(can_get_tokens, _confidential(wire)), None)
    if client is None:
        raise Unsuited("no confidential client of the profile has a grant that can be gone through")
    provider = wire.provider.with_client(client)
    await honest_tokens(wire, provider)
    grants = [one for one in _listed(wire, "grant_types_supported") if one not in BY_REDIRECT]
    for number, grant in enumerate(grants, 1):
        await wire.send(token_request(provider, (("grant_type", grant),)), f"grant/{number}")
    await honest_tokens(wire, provider)


@probe(role=Role.WEB, needs={Capability.METADATA, Capability.LOGIN}, logs_in=True)
async def listed_response_types(wire: Wire) -> None:
    """Ask for each response type that is listed, by a client that is registered for it: `type/N`.

    Each client has a browser of its own.
    """
    clients = wire.provider.profile.clients.values()
    for number, wanted in enumerate(_listed(wire, "response_types_supported"), 1):
        able = [one for one in clients if _has_type(one, wanted)]
        if able:
            wire.fresh_browser()
            provider = wire.provider.with_client(able[0])
            await tried(wire, f"type/{number}", ordinary(provider, response_type=wanted))
    if not wire.exchanges:
        raise Unsuited("no client of the profile has a response type that is listed")


@probe(needs={Capability.METADATA, Capability.CONFIDENTIAL_CLIENT}, logs_in=True)
async def listed_authentication_methods(wire: Wire) -> None:
    """Get tokens by each method that is listed and that a client is registered for: `method/N`."""
    listed = _listed(wire, "token_endpoint_auth_methods_supported")
    for number, method in enumerate(listed, 1):
        able = [one for one in _confidential(wire) if one.token_endpoint_auth_method == method]
        client = next(filter(can_get_tokens, able), None)
        if client is not None:
            provider = wire.provider.with_client(client)
            form = await honest_form(wire, provider)
            await wire.send(token_request(provider, form), f"method/{number}")
    if not wire.exchanges:
        raise Unsuited("no client of the profile uses a method that is listed")


def _confidential(wire: Wire) -> Sequence[Client]:
    return [one for one in wire.provider.profile.clients.values() if one.is_confidential]


def _has_type(client: Client, wanted: str) -> bool:
    words = set(wanted.split())
    has = any(set(one.split()) == words for one in client.response_types)
    return has and bool(client.redirect_uris)


def _listed(wire: Wire, name: str) -> Sequence[str]:
    """Return the values of a member of the metadata; raises Unsuited where it is absent."""
    values = wire.provider.metadata.get(name)
    if not isinstance(values, list):
        raise Unsuited(f"the metadata have no {name}")
    return [value for value in values if isinstance(value, str)]
