"""Offline access (OpenID Connect Core section 11): when it counts, and who agreed to it."""

from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import authorize, redeem
from idprobe.model.profile import Capability, Role
from idprobe.probes import probe
from idprobe.probes.steps.authorization_request import ordinary, tried, tried_for_tokens
from idprobe.probes.steps.throwaway_clients import metadata_for, throwaway_clients

__all__ = [
    "OFFLINE",
    "offline_access_by_native_client",
    "offline_access_by_web_client",
    "offline_access_of_new_client",
    "offline_access_without_code",
]

OFFLINE: Final = "openid offline_access"
NEEDS: Final = frozenset(
    {Capability.AUTHORIZATION_CODE, Capability.OPENID, Capability.OFFLINE_ACCESS}
)
CONSENT: Final = (("prompt", "consent"),)
SILENT: Final = (("prompt", "none"),)


@probe(role=Role.WEB, needs=NEEDS, logs_in=True)
async def offline_access_by_web_client(wire: Wire) -> None:
    """Ask for offline access: `unprompted`, `declined`, `granted`; `tokens-STEP` each.

    The session begins with a login that does not ask for it: `login`.
    """
    await wire.run(authorize(wire.provider, scope="openid"), "login")
    await tried_for_tokens(wire, "unprompted", scope=OFFLINE)
    await _decline_and_grant(wire)


@probe(needs=NEEDS | {Capability.REGISTRATION}, logs_in=True)
async def offline_access_of_new_client(wire: Wire) -> None:
    """Ask silently for offline access that nobody can have agreed to yet: `silent`.

    The client is new. Before, the user agrees to openid alone: `login`; in the end to all of it:
    `granted`, `tokens-granted`.
    """
    async with throwaway_clients(wire) as throwaway:
        metadata = metadata_for(
            wire.provider, grant_types=["authorization_code", "refresh_token"], scope=OFFLINE
        )
        registration = await throwaway.register("register", metadata)
        wire.provider = wire.provider.with_client(registration.client("registered", metadata))
        await wire.run(authorize(wire.provider, scope="openid"), "login")
        await tried_for_tokens(wire, "silent", scope=OFFLINE, extra=SILENT, user=False)
        await tried_for_tokens(wire, "granted", scope=OFFLINE, extra=CONSENT)


@probe(role=Role.NATIVE, needs=NEEDS | {Capability.NATIVE_CLIENT}, logs_in=True)
async def offline_access_by_native_client(wire: Wire) -> None:
    """Ask for offline access as a native app: `declined`, then `granted`, `tokens-granted`."""
    if "offline_access" not in wire.provider.client.scopes:
        raise Unsuited(f"the client {wire.provider.client.name} has no scope offline_access")
    await _decline_and_grant(wire)


@probe(
    role=Role.IMPLICIT,
    needs={Capability.IMPLICIT, Capability.OPENID, Capability.OFFLINE_ACCESS},
    logs_in=True,
)
async def offline_access_without_code(wire: Wire) -> None:
    """Ask for offline access by a response type that has no code: `asked`; without it: `login`."""
    provider = wire.provider
    types = "id_token token"
    if all(set(one.split()) != set(types.split()) for one in provider.client.response_types):
        raise Unsuited(f"the client {provider.client.name} is not set up for {types}")
    if "offline_access" not in provider.client.scopes:
        raise Unsuited(f"the client {provider.client.name} may not ask for offline access at all")
    await wire.run(authorize(provider, response_type=types, scope="openid"), "login")
    extra = (("scope", OFFLINE), *CONSENT)
    await tried(wire, "asked", ordinary(provider, response_type=types, extra=extra))


async def _decline_and_grant(wire: Wire) -> None:
    declined = ordinary(wire.provider, extra=(("scope", OFFLINE), *CONSENT))
    await tried(wire, "declined", declined, deny=True)
    authorized = await wire.run(authorize(wire.provider, scope=OFFLINE, extra=CONSENT), "granted")
    await wire.run(redeem(wire.provider, authorized), "tokens-granted")
