"""Reading, updating and deleting registrations (RFC 7592)."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import token_request, visit
from idprobe.flows.registration import Registration, configuration_request
from idprobe.model.exchange import Request
from idprobe.model.profile import Capability, Provider
from idprobe.probes import Depth, Safety, probe
from idprobe.probes.steps.authorization_request import ordinary
from idprobe.probes.steps.throwaway_clients import CALLBACK, metadata_for, throwaway_clients

__all__ = [
    "registration_deleted",
    "registration_deleted_by_others",
    "registration_kept",
    "registration_methods",
    "registration_read_by_others",
    "registration_token_of_another",
    "registration_update_faults",
    "registration_update_values",
    "registration_updated",
]

REGISTRATION: Final = frozenset({Capability.REGISTRATION})
LATER_S: Final = 4.0
NEW: Final = "https://client.example/two"
NO_TOKEN: Final = "idprobe-no-such-token"  # noqa: S105 -- it opens nothing
CHOSEN: Final = "idprobe-chose-this-secret-itself-0123456789"
STRANGE_METHOD: Final = {"token_endpoint_auth_method": "idprobe_no_such_method"}
SERVER_MEMBERS: Final[Mapping[str, Any]] = {
    "registration_access_token": "idprobe-chose-this-token-itself",
    "registration_client_uri": "https://attacker.idprobe.example/register/1",
    "client_secret_expires_at": 4_000_000_000,
    "client_id_issued_at": 1,
}


def _update(registration: Registration, provider: Provider, **changes: Any) -> dict[str, Any]:
    """Return an update that changes nothing but what is said (RFC 7592 section 2.2)."""
    return metadata_for(provider, client_id=registration.client_id, **changes)


@probe(needs=REGISTRATION)
async def registration_read_by_others(wire: Wire) -> None:
    """Read a registration without its token, `anonymous`, and with a made-up one, `bad-token`."""
    async with throwaway_clients(wire) as throwaway:
        mine = await throwaway.manageable("register", metadata_for(wire.provider))
        place, _ = throwaway.place(mine)
        await wire.send(configuration_request("GET", place, None), "anonymous")
        await wire.send(configuration_request("GET", place, NO_TOKEN), "bad-token")
        await throwaway.manage("control", "GET", mine)


@probe(needs=REGISTRATION)
async def registration_methods(wire: Wire) -> None:
    """Send methods that the client configuration endpoint does not have: `patch` and `post`."""
    async with throwaway_clients(wire) as throwaway:
        mine = await throwaway.manageable("register", metadata_for(wire.provider))
        update = _update(mine, wire.provider)
        await throwaway.manage("patch", "PATCH", mine, update)
        await throwaway.manage("post", "POST", mine, update)
        await throwaway.manage("control", "GET", mine)


@probe(needs=REGISTRATION)
async def registration_updated(wire: Wire) -> None:
    """Replace a registration: `update`; then read it and ask with the old and the new URI."""
    async with throwaway_clients(wire) as throwaway:
        before = metadata_for(wire.provider, contacts=["contact@client.example"])
        mine = await throwaway.manageable("register", before)
        update = _update(mine, wire.provider, redirect_uris=[NEW])
        await throwaway.manage("update", "PUT", mine, update)
        await throwaway.manage("read", "GET", mine)
        provider = wire.provider.with_client(mine.client("registered", before))
        if not provider.has_endpoint("authorization_endpoint"):
            return
        for step, uri in (("old-uri", CALLBACK), ("new-uri", NEW)):
            asked = ordinary(provider, extra=(("redirect_uri", uri),))
            await wire.run(visit(provider, asked, user=False), step)


@probe(needs=REGISTRATION)
async def registration_update_faults(wire: Wire) -> None:
    """Update a registration with faults, a step for each; `after-bad-token` reads what is there."""
    provider = wire.provider
    async with throwaway_clients(wire) as throwaway:
        mine = await throwaway.manageable("register", metadata_for(provider))
        other = await throwaway.manageable("register-other", metadata_for(provider))
        await throwaway.manage("control", "PUT", mine, _update(mine, provider))
        chooser = provider.with_client(mine.client("registered", metadata_for(provider)))
        await wire.send(_with_secret(chooser, None), "by-own-secret-before")
        changed = _update(mine, provider, redirect_uris=[NEW])
        place, _ = throwaway.place(mine)
        await wire.send(configuration_request("PUT", place, NO_TOKEN, changed), "bad-token")
        await throwaway.manage("after-bad-token", "GET", mine)
        for step, update in {
            "without-client-id": {k: v for k, v in changed.items() if k != "client_id"},
            "foreign-client-id": {**changed, "client_id": other.client_id},
            "chosen-secret": {**changed, "client_secret": CHOSEN},
            "bad-redirect-uri": {**changed, "redirect_uris": ["x"]},
        }.items():
            await throwaway.manage(step, "PUT", mine, update)
        await wire.send(_with_secret(chooser, CHOSEN), "by-chosen-secret")
        await wire.send(_with_secret(chooser, None), "by-own-secret")


@probe(needs=REGISTRATION)
async def registration_update_values(wire: Wire) -> None:
    """Update with members that are the server's, `server-members`, and a value it cannot take."""
    provider = wire.provider
    async with throwaway_clients(wire) as throwaway:
        mine = await throwaway.manageable("register", metadata_for(provider))
        for member, value in SERVER_MEMBERS.items():
            step = f"server-{member.replace('_', '-')}"
            await throwaway.manage(step, "PUT", mine, {**_update(mine, provider), member: value})
        strange = _update(mine, provider, **STRANGE_METHOD)
        await throwaway.manage("strange-method", "PUT", mine, strange)
        await throwaway.manage("after", "GET", mine)


@probe(needs=REGISTRATION)
async def registration_deleted(wire: Wire) -> None:
    """Delete a registration, `delete`; then try all that it was good for."""
    provider = wire.provider
    async with throwaway_clients(wire) as throwaway:
        metadata = metadata_for(provider)
        mine = await throwaway.manageable("register", metadata)
        place, token = throwaway.place(mine)
        seen = provider.with_client(mine.client("registered", metadata))
        await wire.send(_bogus_code(seen), "token-before")
        if provider.has_endpoint("authorization_endpoint"):
            await wire.run(visit(seen, ordinary(seen), user=False), "authorize-before")
        await throwaway.manage("delete", "DELETE", mine)
        await wire.send(_bogus_code(seen), "token")
        if provider.has_endpoint("authorization_endpoint"):
            wire.fresh_browser()
            await wire.run(visit(seen, ordinary(seen), user=False), "authorize")
        update = _update(mine, provider)
        await wire.send(configuration_request("GET", place, token), "read")
        await wire.send(configuration_request("PUT", place, token, update), "update")
        await wire.send(configuration_request("DELETE", place, token), "delete-again")
        await wire.send(configuration_request("GET", place, token), "read-again")


@probe(needs=REGISTRATION)
async def registration_deleted_by_others(wire: Wire) -> None:
    """Delete a registration without a token and with a made-up one; is it still there: `after`."""
    async with throwaway_clients(wire) as throwaway:
        mine = await throwaway.manageable("register", metadata_for(wire.provider))
        place, _ = throwaway.place(mine)
        await wire.send(configuration_request("DELETE", place, None), "anonymous")
        await wire.send(configuration_request("DELETE", place, NO_TOKEN), "bad-token")
        await throwaway.manage("after", "GET", mine)


@probe(needs=REGISTRATION, depth=Depth.FULL)
async def registration_kept(wire: Wire) -> None:
    """Register and wait; then authenticate by the secret, `token`, and read the record, `read`."""
    provider = wire.provider
    async with throwaway_clients(wire) as throwaway:
        metadata = metadata_for(provider)
        mine = await throwaway.manageable("register", metadata)
        await asyncio.sleep(min(LATER_S, provider.profile.limits.max_wait_s))
        await wire.send(_bogus_code(provider.with_client(mine.client("kept", metadata))), "token")
        await throwaway.manage("read", "GET", mine)


# A server may revoke a token that is used where it does not belong (RFC 7592 section 2.1), and then
# nobody can delete its client any more: so this is made once, and only where it is wanted.
@probe(needs=REGISTRATION, safety=Safety.INTRUSIVE, depth=Depth.FULL)
async def registration_token_of_another(wire: Wire) -> None:
    """Use a client's token at another client: `read`, and `update` and `delete` while it lives."""
    async with throwaway_clients(wire) as throwaway:
        mine = await throwaway.manageable("register", metadata_for(wire.provider))
        other = await throwaway.manageable("register-other", metadata_for(wire.provider))
        place, _ = throwaway.place(mine)
        update = _update(mine, wire.provider, redirect_uris=[NEW])
        for step, request in {
            "read": configuration_request("GET", place, other.token),
            "update": configuration_request("PUT", place, other.token, update),
            "delete": configuration_request("DELETE", place, other.token),
        }.items():
            await wire.send(request, step)
            alive = await throwaway.manage(f"other-after-{step}", "GET", other)
            if not alive.is_granted:
                break
        await throwaway.manage("after", "GET", mine)


def _bogus_code(provider: Provider) -> Request:
    """Return a token request that fails for nothing but its code, if the client is known."""
    form = (
        ("grant_type", "authorization_code"),
        ("code", "idprobe-no-such-code"),
        ("redirect_uri", CALLBACK),
    )
    return token_request(provider, form)


def _with_secret(provider: Provider, secret: str | None) -> Request:
    """Return the same request with another secret; raises Unsuited if the client has none."""
    if provider.client.client_secret is None:
        raise Unsuited("the server gave the client no secret")
    if secret is None:
        return _bogus_code(provider)
    return _bogus_code(provider.with_client(replace(provider.client, client_secret=secret)))
