"""Stories of codes and tokens: drawn move by move, told to the server, shrunk where a claim breaks.

A step is called STORY/NUMBER/ROLE/ACT. Each story has a browser of its own and begins with a login.
After its last move every token that has to be dead is tried once more.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from idprobe.errors import EvidenceError, NoResponse
from idprobe.exchange import Exchange, Request, Response
from idprobe.flows import (
    Authorized,
    Tokens,
    authorization_parameters,
    authorize,
    fresh_pkce,
    introspection_request,
    redemption,
    refresh_request,
    revocation_request,
    userinfo_request,
    visit,
)
from idprobe.flows.logout import leave
from idprobe.flows.moves import Landed
from idprobe.lifecycle import NOTHING, Act, Claim, State, Token, after, known, run_through, stories
from idprobe.probes import Depth, probe
from idprobe.probes.asking import is_openid
from idprobe.probes.honest import honest_tokens
from idprobe.probes.story_moves import Chapter, Move, Scope, Target, tales
from idprobe.profile import Capability, Provider, Role
from idprobe.reading.examples import Example
from idprobe.searching import Search
from idprobe.wire import Wire

__all__ = ["public_token_stories", "token_stories"]

CODE: Final = frozenset({Capability.AUTHORIZATION_CODE})
ROUNDS: Final = 8
"""How many claims a run finds broken at most, each with a story of its own."""
LAST: Final = 4
NEWEST: Final = 2
ENOUGH: Final = 4
BOUND: Final = frozenset({"openid", "offline_access"})


@probe(role=Role.WEB, needs=CODE, logs_in=True, depth=Depth.FULL, searches=True)
async def token_stories(wire: Wire) -> None:
    """Redeem, refresh, revoke and use codes and tokens in ever other orders, and shrink a story."""
    await _rounds("token_stories", wire, Role.SECOND)


@probe(
    role=Role.PUBLIC,
    needs=CODE | {Capability.PUBLIC_CLIENT},
    logs_in=True,
    depth=Depth.FULL,
    searches=True,
)
async def public_token_stories(wire: Wire) -> None:
    """Do the same as a client that cannot authenticate."""
    await _rounds("public_token_stories", wire, Role.WEB)


async def _rounds(name: str, wire: Wire, stranger: Role) -> None:
    """Search until nothing more is broken: each round passes over what was found before it."""
    await honest_tokens(wire, wire.provider)
    found: set[Claim] = set()
    effort, tried, replay = wire.effort, 0, ""
    until = time.monotonic() + effort.seconds
    for _ in range(ROUNDS):
        judge = _Judge(frozenset(found))
        search = Search(
            name,
            wire,
            tales(),
            lambda aside, chapters: _Teller(aside, stranger).tell(chapters),
            judge.flaw,
            replace(effort, seconds=max(0.0, until - time.monotonic())),
            tried=tried,
            shows=judge.shows,
        )
        await search.run()
        replay = replay or str(wire.searched["reproduce"])
        tried = search.tried
        is_over = tried >= effort.tries or time.monotonic() > until
        if judge.target is None or is_over or effort.replay is not None:
            break
        found.add(judge.target)
    wire.searched = {"examples": tried, "seed": effort.seed, "reproduce": replay}
    await honest_tokens(wire, wire.provider)


@dataclass(slots=True, eq=False)
class _Judge:
    """Says whether a story breaks a claim; the first that one breaks is the round's target."""

    known: frozenset[Claim]
    target: Claim | None = None

    def flaw(self, example: Example) -> str:
        """Return the claim that a story breaks, empty if none that is new."""
        broken, _ = self._read(example)
        new = sorted(broken.keys() - self.known, key=lambda claim: (broken[claim], claim))
        if self.target is None and new:
            self.target = new[0]
        return self.target or "" if self.target in new else ""

    def shows(self, example: Example) -> frozenset[str]:
        """Return the claims that a story puts to the test."""
        return frozenset(self._read(example)[1])

    def _read(self, example: Example) -> tuple[dict[Claim, int], frozenset[Claim]]:
        told = stories(list(example))
        return run_through(told.get(str(example.number), []))


@dataclass(slots=True, eq=False)
class _Teller:
    """Does the moves of one story, each with what there is at that moment."""

    wire: Wire
    stranger: Role
    number: int = 0
    state: State = NOTHING
    codes: dict[str, Authorized] = field(default_factory=dict)
    id_token: str | None = None
    read: int = 0
    is_redeemed: bool = False
    """Whether the code of this chapter was sent as it should be."""
    swept: set[str] = field(default_factory=set)
    chosen: Counter[str] = field(default_factory=Counter)

    async def tell(self, chapters: Sequence[Chapter]) -> None:
        """Begin each chapter with a code, do its moves, and look at the end what is left."""
        filled = [chapter for chapter in chapters if chapter.moves]
        for number, chapter in enumerate(filled, start=1):
            await self._begin(chapter.scope)
            for move in chapter.moves:
                await self._do(move)
            await self._sweep(is_last=number == len(filled))

    @property
    def provider(self) -> Provider:
        return self.wire.provider

    def _step(self, act: Act, provider: Provider | None = None) -> str:
        self.number += 1
        owner = Role.PUBLIC if self.provider.client.is_public else Role.WEB
        role = owner if provider is None or provider is self.provider else self.stranger
        leeway_s = self.provider.profile.contract.get("refresh_reuse_leeway_s")
        leeway = f"+{float(leeway_s):g}s" if leeway_s and role is owner else ""
        return f"{self.number:02}/{role}{leeway}/{act}"

    async def _begin(self, scope: Scope) -> None:
        """Get a code as usual: without that there is no story."""
        self.is_redeemed = False
        flow = authorize(self.provider, scope=self._scope(scope))
        authorized = await self.wire.run(flow, self._step(Act.AUTHORIZE))
        self.codes[authorized.code or ""] = authorized
        self._heed()

    async def _do(self, move: Move) -> None:
        match move.act:
            case Act.AUTHORIZE:
                await self._authorize(move)
            case Act.LOG_OUT:
                await self._log_out()
            case Act.REDEEM | Act.REDEEM_UNPROVEN | Act.REDEEM_MISPROVEN:
                await self._redeem(move)
            case Act.REFRESH | Act.REVOKE | Act.INTROSPECT | Act.USERINFO:
                if not self.is_redeemed:
                    await self._redeem(Move(Act.REDEEM))
                value = self._chosen(move)
                if value is not None:
                    await self._watched(move, value)

    async def _watched(self, move: Move, value: str) -> None:
        """Do a move; whether another client's revocation had an effect is looked at at once."""
        looks = [Move(Act.USERINFO), Move(Act.INTROSPECT)]
        if not (move.by_stranger and move.act is Act.REVOKE):
            looks = []
        elif move.target is Target.REFRESH:
            looks = looks[1:]
        for look in looks:
            await self._use(look, value)
        await self._use(move, value)
        for look in looks:
            await self._use(look, value)

    def _chosen(self, move: Move) -> str | None:
        """Return the token of a move: the newest that may live, then the newest that must not.

        None if there is none like it, or if it is dead and was tried often enough.
        """
        wants_refresh = move.target is Target.REFRESH
        fitting = [pair for pair in known(self.state)[1] if pair[1].is_refresh is wants_refresh]
        if move.act is not Act.REVOKE:
            fitting.sort(key=lambda pair: not _is_doomed(pair[1]))
        if not fitting:
            return None
        value, token = fitting[-1 - move.back % len(fitting)]
        self.chosen[value] += 1
        return value if self.chosen[value] <= ENOUGH or not _is_doomed(token) else None

    async def _authorize(self, move: Move) -> None:
        """Authorize again; a server may refuse what is asked for, and the story goes on."""
        pkce = fresh_pkce() if move.is_bound else None
        scope = self._scope(move.scope)
        parameters = authorization_parameters(self.provider, scope=scope, pkce=pkce)
        step = self._step(Act.AUTHORIZE)
        ending = await self.wire.run(visit(self.provider, parameters), step)
        if isinstance(ending, Landed) and ending.landing.get("code"):
            authorized = Authorized(ending.landing, parameters, pkce)
            self.codes[authorized.code or ""] = authorized
        self._heed()

    def _scope(self, scope: Scope) -> str | None:
        words = self.provider.client.scopes
        bound = [word for word in words if word in BOUND]
        free = [word for word in words if word not in BOUND]
        match scope:
            case Scope.UNSAID:
                return None
            case Scope.LEAST:
                return " ".join(bound) or None
            case Scope.LESS:
                return " ".join((*bound, *free[: len(free) // 2])) or None
            case Scope.ALL:
                return self.provider.client.scope or None

    async def _log_out(self) -> None:
        if not self.provider.has_endpoint("end_session_endpoint"):
            return
        hint = (("id_token_hint", self.id_token),) if self.id_token else ()
        await self.wire.run(leave(self.provider, hint), self._step(Act.LOG_OUT))
        self._heed()

    async def _redeem(self, move: Move) -> None:
        value = [*self.codes][-1 - move.back % len(self.codes)]
        authorized = self.codes[value]
        provider = self._actor(move)
        self.is_redeemed |= move.act is Act.REDEEM and not move.by_stranger
        omit = ("code_verifier",) if move.act is Act.REDEEM_UNPROVEN else ()
        wrong = fresh_pkce().verifier if move.act is Act.REDEEM_MISPROVEN else None
        if authorized.pkce is None and move.act is not Act.REDEEM:
            return
        request = redemption(provider, authorized, verifier=wrong, omit=omit)
        await self._send(request, self._step(move.act, provider))

    async def _use(self, move: Move, value: str) -> None:
        provider = self._actor(move)
        makers: dict[Act, tuple[str, Callable[[], Request]]] = {
            Act.REFRESH: (
                "token_endpoint",
                lambda: refresh_request(provider, value, self._scope(move.scope)),
            ),
            Act.REVOKE: ("revocation_endpoint", lambda: revocation_request(provider, value)),
            Act.INTROSPECT: (
                "introspection_endpoint",
                lambda: introspection_request(provider, value),
            ),
            Act.USERINFO: ("userinfo_endpoint", lambda: userinfo_request(provider, value)),
        }
        endpoint, make = makers[move.act]
        if not provider.has_endpoint(endpoint) or not self._may(move.act, provider):
            return
        await self._send(make(), self._step(move.act, provider))

    def _may(self, act: Act, provider: Provider) -> bool:
        """Return whether a client is one that may do that at all."""
        if act is Act.USERINFO:
            return is_openid(provider)
        return act is not Act.INTROSPECT or provider.client.is_confidential

    def _actor(self, move: Move) -> Provider:
        client = self.provider.profile.client_for(self.stranger) if move.by_stranger else None
        return self.provider if client is None else self.provider.with_client(client)

    async def _send(self, request: Request, step: str) -> None:
        with suppress(NoResponse):  # the story has the request without an answer
            self._note(await self.wire.send(request, step))
        self._heed()

    def _note(self, response: Response) -> None:
        with suppress(EvidenceError):
            self.id_token = Tokens.from_response(response).id_token or self.id_token

    def _heed(self) -> None:
        """Bring the model up to what was sent since."""
        new: list[Exchange] = [
            replace(one, step=f"0/{one.step}") for one in self.wire.exchanges[self.read :]
        ]
        self.read = len(self.wire.exchanges)
        for events in stories(new).values():
            for event in events:
                self.state = after(self.state, event).state

    async def _sweep(self, *, is_last: bool) -> None:
        """Look at the newest tokens and at those that have to be dead; refresh with these last."""
        tokens = known(self.state)[1]
        fresh = [pair for pair in tokens if is_last or pair[0] not in self.swept]
        doomed = [value for value, one in fresh if _is_doomed(one)]
        doomed = [*doomed[:LAST], *doomed[LAST:][-LAST:]]
        self.swept.update(doomed)
        newest = [value for value, _ in tokens][-NEWEST:]
        chosen = [(value, one) for value, one in tokens if value in {*doomed, *newest}]
        for value, one in chosen:
            if not one.is_refresh:
                await self._use(Move(Act.USERINFO), value)
            await self._use(Move(Act.INTROSPECT), value)
        for value, one in chosen:
            if one.is_refresh and value in doomed:
                await self._use(Move(Act.REFRESH), value)


def _is_doomed(token: Token) -> bool:
    return bool(token.dead) or token.is_inactive or token.is_turned_away
