"""What one replica of a server does, asked at the others ([[nodes]] of the profile).

Logins go to the server as its users know it; single requests go to a replica's own address, with
the Host that the server is known by, as a balancer in front of it would send them on.
"""

import asyncio
import time
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import (
    Tokens,
    authorize,
    redeem,
    redemption,
    refresh_request,
    revocation_request,
    userinfo_request,
)
from idprobe.model.exchange import Request
from idprobe.model.profile import Capability, Node, Role, host_of
from idprobe.probes import probe
from idprobe.probes.steps.authorization_request import is_openid
from idprobe.probes.steps.token_requests import get_tokens

__all__ = [
    "PATIENCE_S",
    "REPLICAS",
    "at",
    "code_at_replicas",
    "refresh_at_replicas",
    "revoked_at_replicas",
]

REPLICAS: Final = frozenset({Capability.AUTHORIZATION_CODE, Capability.REPLICAS})
PATIENCE_S: Final = 5.0
"""How long a replica may take to learn of a revocation; the text names no figure."""
BETWEEN_S: Final = 0.1


@probe(role=Role.WEB, needs=REPLICAS | {Capability.REVOCATION}, logs_in=True)
async def revoked_at_replicas(wire: Wire) -> None:
    """Revoke an access token at the first replica, `revoke`; ask the others before and after.

    Steps `before/NODE` and, until it is dead there or five seconds are over, `after/NODE`.
    """
    first, *others = wire.provider.profile.nodes
    tokens = await _tokens(wire)
    ask = _question(wire, tokens)
    for node in others:
        await wire.send(at(node, ask), f"before/{node.name}")
    await wire.send(at(first, revocation_request(wire.provider, tokens.access_token)), "revoke")
    begun = time.monotonic()
    for node in others:
        while (await wire.send(at(node, ask), f"after/{node.name}")).is_granted:
            if time.monotonic() - begun > PATIENCE_S:
                break
            await asyncio.sleep(BETWEEN_S)


@probe(role=Role.WEB, needs=REPLICAS, logs_in=True)
async def code_at_replicas(wire: Wire) -> None:
    """Redeem a code at the first replica, `redeem`; then at each other, `replay/NODE`.

    Before that each of the others redeems a code of its own, `control/NODE`.
    """
    first, *others = wire.provider.profile.nodes
    for node in others:
        authorized = await wire.run(authorize(wire.provider), "login-control")
        request = redemption(wire.provider, authorized)
        await wire.run(get_tokens(at(node, request)), f"control/{node.name}")
    for node in others:
        authorized = await wire.run(authorize(wire.provider), "login")
        request = redemption(wire.provider, authorized)
        await wire.run(get_tokens(at(first, request)), "redeem")
        await wire.send(at(node, request), f"replay/{node.name}")


@probe(
    role=Role.PUBLIC,
    needs=REPLICAS | {Capability.REFRESH_TOKEN, Capability.PUBLIC_CLIENT},
    logs_in=True,
)
async def refresh_at_replicas(wire: Wire) -> None:
    """Rotate a public client's refresh token at the first replica; replay it at each other.

    Steps `rotate` and `replay/NODE`; before that each of the others refreshes, `control/NODE`.
    """
    if wire.provider.profile.contract.get("refresh_reuse_leeway_s"):
        raise Unsuited("the contract lets a refresh token be used again for a while")
    first, *others = wire.provider.profile.nodes
    for node in others:
        token = await _refresh_token(wire)
        control = at(node, refresh_request(wire.provider, token))
        await wire.run(get_tokens(control), f"control/{node.name}")
    for node in others:
        token = await _refresh_token(wire)
        request = refresh_request(wire.provider, token)
        rotated = await wire.run(get_tokens(at(first, request)), "rotate")
        if rotated.refresh_token in {None, token}:
            raise Unsuited("the server does not rotate refresh tokens")
        await wire.send(at(node, request), f"replay/{node.name}")


def at(node: Node, request: Request) -> Request:
    """Return the request as it goes to a replica's own address."""
    address = urlsplit(node.url)
    origin = f"{address.scheme}://{address.netloc}"
    return replace(request.with_headers(("Host", host_of(request.origin))), origin=origin)


def _question(wire: Wire, tokens: Tokens) -> Request:
    """Return a request that an access token must be alive for; raises Unsuited without one."""
    if wire.provider.has_endpoint("userinfo_endpoint") and is_openid(wire.provider):
        return userinfo_request(wire.provider, tokens.access_token)
    raise Unsuited("there is no userinfo endpoint to use the token at")


async def _tokens(wire: Wire) -> Tokens:
    authorized = await wire.run(authorize(wire.provider), "login")
    return await wire.run(redeem(wire.provider, authorized), "tokens")


async def _refresh_token(wire: Wire) -> str:
    token = (await _tokens(wire)).refresh_token
    if token is None:
        raise Unsuited(f"the server gives the client {wire.provider.client.name} no refresh token")
    return token
