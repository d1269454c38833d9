"""Requests that a server has whole at one moment: their last octets are held back together.

They go to one address, or, where the profile names replicas, to each of them. A race is run again
and again, on connections that stay open, until somebody wins who should not, or the trials or the
time are used up.
"""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Final

from idprobe.client.raw import Tracks
from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import (
    Authorized,
    authorize,
    redeem,
    redemption,
    refresh,
    refresh_request,
    revocation_request,
)
from idprobe.model.exchange import Exchange, Request, Response
from idprobe.model.profile import Capability, Role
from idprobe.probes import Safety, probe
from idprobe.probes.http.http_framing import written
from idprobe.probes.state.replicas import REPLICAS, at
from idprobe.probes.steps.authorization_request import approval

__all__ = [
    "code_released",
    "code_released_at_replicas",
    "refresh_released",
    "refresh_released_at_replicas",
    "revocation_released",
]

CODE: Final = frozenset({Capability.AUTHORIZATION_CODE})
REFRESH: Final = CODE | {Capability.REFRESH_TOKEN, Capability.PUBLIC_CLIENT}
RACERS: Final = 6
PAIR: Final = 2
TRIALS: Final = 24
ALONE: Final = 3
PATIENCE_S: Final = 60.0
"""After so many seconds no further trial is begun."""

Spread = Callable[[Wire, Request], Sequence[Request]]


@probe(role=Role.WEB, needs=CODE, logs_in=True, exclusive=True, safety=Safety.INTRUSIVE)
async def code_released(wire: Wire) -> None:
    """Redeem codes, each by requests released at one moment, `race/N`; others alone, `alone/N`."""
    await _codes(wire, _to_one)


@probe(role=Role.WEB, needs=REPLICAS, logs_in=True, exclusive=True, safety=Safety.INTRUSIVE)
async def code_released_at_replicas(wire: Wire) -> None:
    """Redeem codes at all replicas at one moment; steps as in `code_released`."""
    await _codes(wire, _to_each)


@probe(role=Role.PUBLIC, needs=REFRESH, logs_in=True, exclusive=True, safety=Safety.INTRUSIVE)
async def refresh_released(wire: Wire) -> None:
    """Trade refresh tokens, each by requests released at one moment, `race/N`.

    After each race every token that came is traded, `successor/N`; others are traded alone before,
    `alone/N`. Every other race is one of two requests: a third may be seen as a replay, and end
    what two have won.
    """
    await _refreshes(wire, _to_one, PAIR)


@probe(
    role=Role.PUBLIC,
    needs=REPLICAS | REFRESH,
    logs_in=True,
    exclusive=True,
    safety=Safety.INTRUSIVE,
)
async def refresh_released_at_replicas(wire: Wire) -> None:
    """Trade refresh tokens at all replicas at one moment; steps as in `refresh_released`."""
    await _refreshes(wire, _to_each, len(wire.provider.profile.nodes))


@probe(
    role=Role.PUBLIC,
    needs=REFRESH | {Capability.REVOCATION},
    logs_in=True,
    exclusive=True,
    safety=Safety.INTRUSIVE,
)
async def revocation_released(wire: Wire) -> None:
    """Revoke refresh tokens at the moment when they are traded, `race/N`.

    After each race what is left is tried, `after/N`. Before that one after the other: a token that
    was revoked is traded, `revoked-first`; a token is traded and then revoked, and its successor
    tried, `traded-first`.
    """
    provider = wire.provider
    token = await _refresh_token(wire)
    await wire.send(revocation_request(provider, token, hint="refresh_token"), "revoke")
    await wire.send(refresh_request(provider, token), "revoked-first")
    token = await _refresh_token(wire)
    successor = (await wire.run(refresh(provider, token), "control")).refresh_token or token
    await wire.send(revocation_request(provider, token, hint="refresh_token"), "revoke")
    if (await wire.send(refresh_request(provider, successor), "traded-first")).is_granted:
        raise Unsuited("to revoke a refresh token that was traded leaves its successor alive")
    async with wire.tracks() as tracks:
        await _refreshes_alone(wire, tracks, _to_one)
        async for number in _trials():
            token = await _refresh_token(wire)
            ending = _whole(wire, revocation_request(provider, token, hint="refresh_token"))
            trading = _whole(wire, refresh_request(provider, token))
            requests = [ending] * RACERS
            requests[number % RACERS] = trading
            came = await wire.race(requests, f"race/{number}", tracks)
            last = next(iter(_successors(came)), token)
            left = await wire.send(refresh_request(provider, last), f"after/{number}")
            if left.is_granted:
                return


async def _codes(wire: Wire, spread: Spread) -> None:
    async with wire.tracks() as tracks:
        request = redemption(wire.provider, await _code(wire))
        await _warm_up(wire, tracks, spread(wire, request))
        for number in range(ALONE):
            request = _whole(wire, redemption(wire.provider, await _code(wire)))
            await wire.race([request], f"alone/{number}", tracks)
        async for number in _trials():
            request = redemption(wire.provider, await _code(wire))
            came = await wire.race(spread(wire, request), f"race/{number}", tracks)
            if len(_served(came)) > 1:
                break
    await wire.run(redeem(wire.provider, await _code(wire)), "control")


async def _refreshes(wire: Wire, spread: Spread, few: int) -> None:
    provider = wire.provider
    first = await _refresh_token(wire)
    traded = await wire.run(refresh(provider, first), "control")
    if traded.refresh_token in {None, first}:
        raise Unsuited("the server does not rotate refresh tokens")
    leeway_s = provider.profile.contract.get("refresh_reuse_leeway_s")
    async with wire.tracks() as tracks:
        await _refreshes_alone(wire, tracks, spread)
        async for number in _trials():
            request = refresh_request(provider, await _refresh_token(wire))
            racers = spread(wire, request)[: None if number % 2 else few]
            came = await wire.race(racers, f"race/{number}", tracks)
            successors, served = _successors(came), len(_served(came))
            if leeway_s and served > 1:
                raise Unsuited(_grace(leeway_s, served, len(successors)))
            requests = [refresh_request(provider, successor) for successor in successors]
            heirs = [await wire.send(one, f"successor/{number}") for one in requests]
            if sum(heir.is_granted for heir in heirs) > 1:
                break


async def _refreshes_alone(wire: Wire, tracks: Tracks, spread: Spread) -> None:
    """Trade refresh tokens one by one, on connections that were warmed up."""
    provider = wire.provider
    for number in range(ALONE):
        request = refresh_request(provider, await _refresh_token(wire))
        if not number:
            await _warm_up(wire, tracks, spread(wire, request))
        await wire.race([_whole(wire, request)], f"alone/{number}", tracks)


def _grace(leeway_s: object, served: int, successors: int) -> str:
    what = "the same successor" if successors == 1 else f"{successors} successors"
    return (
        f"the contract lets a refresh token be used again for {leeway_s} s, and so it is: "
        f"{served} requests of one moment were served, with {what}"
    )


async def _trials() -> AsyncIterator[int]:
    begun = time.monotonic()
    for number in range(TRIALS):
        if time.monotonic() - begun > PATIENCE_S:
            return
        yield number


async def _warm_up(wire: Wire, tracks: Tracks, requests: Sequence[Request]) -> None:
    """Open the connections and let the endpoint answer on each, by requests without parameters."""
    bare = [replace(one, method="GET", headers=_without_body(one), body=b"") for one in requests]
    await wire.race(bare, "warm", tracks)


def _without_body(request: Request) -> tuple[tuple[str, str], ...]:
    about_bodies = {"content-length", "content-type", "authorization"}
    return tuple(pair for pair in request.headers if pair[0].lower() not in about_bodies)


def _served(exchanges: Sequence[Exchange]) -> list[Response]:
    return [one.response for one in exchanges if one.response and one.response.is_granted]


def _successors(exchanges: Sequence[Exchange]) -> list[str]:
    """Return the refresh tokens that came, each once."""
    members = (response.json_object for response in _served(exchanges) if response.body)
    tokens = (one.get("refresh_token") for one in members)
    return list(dict.fromkeys(token for token in tokens if isinstance(token, str)))


def _to_one(wire: Wire, request: Request) -> Sequence[Request]:
    return [_whole(wire, request)] * RACERS


def _to_each(wire: Wire, request: Request) -> Sequence[Request]:
    """Return requests for the replicas in turn, at least two for each."""
    whole = _whole(wire, request)
    nodes = wire.provider.profile.nodes
    times = max(2, RACERS // len(nodes))
    return [replace(whole, origin=at(node, request).origin) for node in nodes] * times


def _whole(wire: Wire, request: Request) -> Request:
    """Return a request with the header lines that it needs where nothing is added to it."""
    return written(wire, request, ("Content-Length", str(len(request.body))))


async def _code(wire: Wire) -> Authorized:
    """Return a fresh code of the session."""
    return await wire.run(approval(wire.provider), "login")


async def _refresh_token(wire: Wire) -> str:
    authorized = await wire.run(authorize(wire.provider), "login")
    token: str | None = (await wire.run(redeem(wire.provider, authorized), "tokens")).refresh_token
    if token is None:
        raise Unsuited(f"the server gives the client {wire.provider.client.name} no refresh token")
    return token
