"""Several clients that use one family of tokens at the same time, and every call with its return.

A step is called FAMILY/NUMBER/ROLE/ACT/LANE. Each family begins with a login and a code; then its
lanes redeem, refresh, use and revoke what there is, each call at a moment of its own.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import EvidenceError, NoResponse, Unsuited
from idprobe.flows import (
    Authorized,
    Tokens,
    authorize,
    introspection_request,
    redemption,
    refresh_request,
    revocation_request,
    userinfo_request,
)
from idprobe.lifecycle import Act
from idprobe.model.exchange import Request, Response
from idprobe.model.profile import Capability, Node, Role
from idprobe.probes import Depth, probe
from idprobe.probes.state.replicas import REPLICAS, at
from idprobe.probes.steps.authorization_request import is_openid

__all__ = [
    "FAMILIES",
    "history",
    "history_at_replicas",
    "public_history",
    "public_history_at_replicas",
]

CODE: Final = frozenset({Capability.AUTHORIZATION_CODE})
PUBLIC: Final = CODE | {Capability.REFRESH_TOKEN, Capability.PUBLIC_CLIENT}
LANES: Final = 4
FAMILIES: Final = 12
LAST: Final = 3
PAUSE_S: Final = 0.004
CALLS: Final = 4
"""How many calls a lane makes in peace, and how many while a token ends."""
OFTEN: Final = 0.5
SELDOM: Final = 0.25
SECONDS: Final = 20.0
CLOCK_S: Final = 0.0005
READINGS: Final = 20


class Ending(Enum):
    """What becomes of a family."""

    CODE = "the code is redeemed by all at once"
    ACCESS_TOKEN = "an access token is revoked"  # noqa: S105 -- words
    REFRESH_TOKEN = "a refresh token is revoked"  # noqa: S105 -- words
    ROTATION = "a refresh token is traded by two at once"


ENDINGS: Final = tuple(Ending)


@probe(role=Role.WEB, needs=CODE, logs_in=True, exclusive=True, depth=Depth.FULL)
async def history(wire: Wire) -> None:
    """Let clients use, trade and revoke the same tokens at once; families of a few calls each."""
    await _families(wire, [None] * LANES)


@probe(role=Role.PUBLIC, needs=PUBLIC, logs_in=True, exclusive=True, depth=Depth.FULL)
async def public_history(wire: Wire) -> None:
    """Do the same as a public client, whose refresh tokens are rotated."""
    _without_leeway(wire)
    await _families(wire, [None] * LANES)


@probe(role=Role.WEB, needs=REPLICAS, logs_in=True, exclusive=True, depth=Depth.FULL)
async def history_at_replicas(wire: Wire) -> None:
    """Let each of the clients ask a replica of its own."""
    await _families(wire, wire.provider.profile.nodes)


@probe(role=Role.PUBLIC, needs=REPLICAS | PUBLIC, logs_in=True, exclusive=True, depth=Depth.FULL)
async def public_history_at_replicas(wire: Wire) -> None:
    """Do the same as a public client, each lane at a replica of its own."""
    _without_leeway(wire)
    await _families(wire, wire.provider.profile.nodes)


def _without_leeway(wire: Wire) -> None:
    if wire.provider.profile.contract.get("refresh_reuse_leeway_s"):
        raise Unsuited("the contract lets a refresh token be used again for a while")


@dataclass(slots=True, eq=False)
class _Family:
    """The tokens that hang on one login, and what is still to be done with them."""

    wire: Wire
    name: str
    chance: random.Random
    nodes: Sequence[Node | None]
    authorized: Authorized
    number: int = 1
    access: list[str] = field(default_factory=list)
    refreshable: list[str] = field(default_factory=list)

    @property
    def role(self) -> str:
        return _role(self.wire)

    async def go_on(self, ending: Ending) -> None:
        """Redeem the code; use what came in peace; end something; see what is left."""
        await self._in_lanes(self._redeem, LANES if ending is Ending.CODE else 1)
        if not self.access:
            return
        await self._in_lanes(self._peace)
        ender = self.chance.randrange(LANES)
        await self._in_lanes(lambda lane: self._storm(lane, ending if lane == ender else None))
        await self._in_lanes(self._look_back)

    async def _in_lanes(self, work: Callable[[int], Awaitable[None]], lanes: int = LANES) -> None:
        await asyncio.gather(*(work(lane) for lane in range(lanes)))

    async def _redeem(self, lane: int) -> None:
        request = redemption(self.wire.provider, self.authorized)
        await self._pause()
        await self._call(lane, Act.REDEEM, request)

    async def _peace(self, lane: int) -> None:
        """Do what ends no token: use the newest one; in one lane, trade the newest one too."""
        for _ in range(CALLS):
            await self._pause()
            if lane == 0 and self.refreshable and self.chance.random() < OFTEN:
                await self._refresh(lane)
            else:
                await self._use(lane, self.access[-1])

    async def _storm(self, lane: int, ending: Ending | None) -> None:
        """Use the newest tokens, one of which ends: two lanes trade it, or one revokes it."""
        doomed = self.access[-1]
        for number in range(CALLS):
            await self._pause()
            if number == 1 and ending is not None:
                await self._end(lane, ending, doomed)
            elif lane == 0 and self.refreshable and self.chance.random() < SELDOM:
                await self._refresh(lane)
            else:
                await self._use(lane, doomed)

    async def _end(self, lane: int, ending: Ending, doomed: str) -> None:
        provider = self.wire.provider
        if ending is Ending.ROTATION and self.refreshable:
            others = [one for one in range(LANES) if one != lane]
            await asyncio.gather(self._refresh(lane), self._refresh(self.chance.choice(others)))
        elif ending is not Ending.CODE and provider.has_endpoint("revocation_endpoint"):
            by_refresh = ending is Ending.REFRESH_TOKEN and self.refreshable
            token = self.refreshable[-1] if by_refresh else doomed
            self.access.append(doomed)
            await self._call(lane, Act.REVOKE, revocation_request(provider, token))

    async def _look_back(self, lane: int) -> None:
        """Use once more what there was: what has ended must not come back."""
        for access in self.access[-LAST:]:
            await self._use(lane, access)
        if self.refreshable and lane <= 1:
            await self._refresh(lane, self.refreshable[-1 if lane == 0 else 0])

    async def _refresh(self, lane: int, token: str = "") -> None:
        token = token or self.refreshable[-1]
        await self._call(lane, Act.REFRESH, refresh_request(self.wire.provider, token))

    async def _use(self, lane: int, access: str) -> None:
        """Use an access token at one of the places that there are for it, if there is any."""
        provider = self.wire.provider
        uses: list[tuple[Act, Request]] = []
        if provider.has_endpoint("userinfo_endpoint") and is_openid(provider):
            uses.append((Act.USERINFO, userinfo_request(provider, access)))
        if provider.has_endpoint("introspection_endpoint") and provider.client.is_confidential:
            uses.append((Act.INTROSPECT, introspection_request(provider, access)))
        if uses:
            await self._call(lane, *self.chance.choice(uses))

    async def _pause(self) -> None:
        await asyncio.sleep(self.chance.random() * PAUSE_S)

    async def _call(self, lane: int, act: Act, request: Request) -> None:
        node = self.nodes[lane % len(self.nodes)]
        self.number += 1
        where = f"lane {lane + 1}" if node is None else node.name
        step = f"{self.name}/{self.number:02}/{self.role}/{act}/{where}"
        with suppress(NoResponse):  # the history has the call without an answer
            sent = request if node is None else at(node, request)
            self._keep(await self.wire.send(sent, step))

    def _keep(self, response: Response) -> None:
        with suppress(EvidenceError):  # no tokens came
            tokens = Tokens.from_response(response)
            self.access.append(tokens.access_token)
            self.refreshable += [tokens.refresh_token] if tokens.refresh_token else []


async def _families(wire: Wire, nodes: Sequence[Node | None]) -> None:
    """Play families until there are enough, or time is up; raises EvidenceError if clocks jump."""
    chance = random.Random(wire.provider.issuer)  # noqa: S311 -- no secret comes of it
    before, begun = _clock_s(), time.monotonic()
    for number in range(1, FAMILIES + 1):
        if time.monotonic() - begun > SECONDS:
            break
        name = f"family-{number}"
        step = f"{name}/01/{_role(wire)}/{Act.AUTHORIZE}"
        authorized = await wire.run(authorize(wire.provider), step)
        family = _Family(wire, name, chance, nodes, authorized)
        await family.go_on(ENDINGS[number % len(ENDINGS)])
    if abs(_clock_s() - before) > CLOCK_S:
        raise EvidenceError("the clock of this machine was set while calls were under way")


def _role(wire: Wire) -> str:
    return Role.PUBLIC.value if wire.provider.client.is_public else Role.WEB.value


def _clock_s() -> float:
    """Return how far the clock is ahead of one that nobody sets; read when we were not kept."""

    def read() -> tuple[float, float]:
        begun, now, ended = time.monotonic(), time.time(), time.monotonic()
        return ended - begun, now - ended

    return min(read() for _ in range(READINGS))[1]
