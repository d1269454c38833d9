"""Requests that a server has whole at one moment: their last octets are held back together.

They go to one address, or, where the profile names replicas, to each of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from idprobe.errors import Unsuited
from idprobe.exchange import Exchange, Request
from idprobe.flows import (
    Tokens,
    authorize,
    redeem,
    redemption,
    refresh,
    refresh_request,
)
from idprobe.probes import Safety, probe
from idprobe.probes.http_framing import written
from idprobe.probes.replicas import REPLICAS, at
from idprobe.profile import Capability, Role
from idprobe.wire import Wire

__all__ = [
    "code_released",
    "code_released_at_replicas",
    "refresh_released",
    "refresh_released_at_replicas",
]

CODE: Final = frozenset({Capability.AUTHORIZATION_CODE})
REFRESH: Final = CODE | {Capability.REFRESH_TOKEN, Capability.PUBLIC_CLIENT}
RACERS: Final = 5

Spread = Callable[[Wire, Request], Sequence[Request]]


@probe(role=Role.WEB, needs=CODE, logs_in=True, exclusive=True, safety=Safety.INTRUSIVE)
async def code_released(wire: Wire) -> None:
    """Redeem one code by requests released at one moment, `race`; then another one alone."""
    await _code(wire, _to_one)


@probe(role=Role.WEB, needs=REPLICAS, logs_in=True, exclusive=True, safety=Safety.INTRUSIVE)
async def code_released_at_replicas(wire: Wire) -> None:
    """Redeem one code at all replicas at one moment, `race`; then another one alone."""
    await _code(wire, _to_each)


@probe(role=Role.PUBLIC, needs=REFRESH, logs_in=True, exclusive=True, safety=Safety.INTRUSIVE)
async def refresh_released(wire: Wire) -> None:
    """Trade one refresh token by requests released at one moment, `race`.

    Before that another one is traded, `control`; after it each token that came, `successor`.
    """
    await _refresh(wire, _to_one)


@probe(
    role=Role.PUBLIC,
    needs=REPLICAS | REFRESH,
    logs_in=True,
    exclusive=True,
    safety=Safety.INTRUSIVE,
)
async def refresh_released_at_replicas(wire: Wire) -> None:
    """Trade one refresh token at all replicas at one moment; steps as in `refresh_released`."""
    await _refresh(wire, _to_each)


async def _code(wire: Wire, spread: Spread) -> None:
    authorized = await wire.run(authorize(wire.provider), "login")
    await wire.race(spread(wire, redemption(wire.provider, authorized)), "race")
    again = await wire.run(authorize(wire.provider), "login-control")
    await wire.run(redeem(wire.provider, again), "control")


async def _refresh(wire: Wire, spread: Spread) -> None:
    provider = wire.provider
    if provider.profile.contract.get("refresh_reuse_leeway_s"):
        raise Unsuited("the contract lets a refresh token be used again for a while")
    first = await _refresh_token(wire)
    traded = await wire.run(refresh(provider, first), "control")
    if traded.refresh_token in {None, first}:
        raise Unsuited("the server does not rotate refresh tokens")
    request = refresh_request(provider, await _refresh_token(wire))
    for successor in _successors(await wire.race(spread(wire, request), "race")):
        await wire.send(refresh_request(provider, successor), "successor")


def _successors(exchanges: Sequence[Exchange]) -> list[str]:
    """Return the refresh tokens that came, each once."""
    granted = [one.response for one in exchanges if one.response and one.response.is_success]
    tokens = [Tokens.from_response(response).refresh_token for response in granted]
    return list(dict.fromkeys(token for token in tokens if token))


def _to_one(wire: Wire, request: Request) -> Sequence[Request]:
    return [_whole(wire, request)] * RACERS


def _to_each(wire: Wire, request: Request) -> Sequence[Request]:
    """Return one request for each replica, so that none of them sees anything twice."""
    whole = _whole(wire, request)
    nodes = wire.provider.profile.nodes
    return [replace(whole, origin=at(node, request).origin) for node in nodes]


def _whole(wire: Wire, request: Request) -> Request:
    """Return a request with the header lines that it needs where nothing is added to it."""
    length = ("Content-Length", str(len(request.body)))
    return written(wire, request, length, ("Connection", "close"))


async def _refresh_token(wire: Wire) -> str:
    authorized = await wire.run(authorize(wire.provider), "login")
    token = (await wire.run(redeem(wire.provider, authorized), "tokens")).refresh_token
    if token is None:
        raise Unsuited(f"the server gives the client {wire.provider.client.name} no refresh token")
    return token
