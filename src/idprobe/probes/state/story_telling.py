"""Telling a server one story: each move with what there is at that moment.

After the last move of a chapter every token that has to be dead is looked at once more.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import EvidenceError, NoResponse
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
from idprobe.lifecycle import NOTHING, Act, State, after, is_over, known, stories
from idprobe.model.exchange import Exchange, Request, Response
from idprobe.model.profile import Provider, Role
from idprobe.probes.state.story_moves import Chapter, Move, Scope, Target
from idprobe.probes.steps.authorization_request import is_openid

__all__ = ["AFTER_S", "Teller"]

LAST: Final = 4
NEWEST: Final = 2
ENOUGH: Final = 4
BOUND: Final = frozenset({"openid", "offline_access"})
AFTER_S: Final = 1.5
"""Clocks count whole seconds: so long after its end a token is over."""
LOOK: Final = "look"
"""How a step ends that no move asked for: it only looks."""


@dataclass(slots=True, eq=False)
class Teller:
    """Does the moves of one story, each with what there is at that moment."""

    wire: Wire
    owner: Role
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
        """Begin each chapter with a code, do its moves, and look at the end what is left.

        One that waits goes on with what there is.
        """
        filled = [chapter for chapter in chapters if chapter.moves or chapter.waits]
        for number, chapter in enumerate(filled, start=1):
            if chapter.waits:
                await self._wait(chapter)
            else:
                await self._begin(chapter.scope)
            for move in chapter.moves:
                await self._do(move)
            await self._sweep(chapter, is_last=number == len(filled))

    @property
    def provider(self) -> Provider:
        """The server, as the client whose story it is sees it."""
        return self.wire.provider

    def _step(self, act: Act, provider: Provider | None = None) -> str:
        self.number += 1
        role = self.owner if provider is None or provider is self.provider else self.stranger
        leeway_s = self.provider.profile.contract.get("refresh_reuse_leeway_s")
        leeway = f"+{float(leeway_s):g}s" if leeway_s and role is self.owner else ""
        return f"{self.number:02}/{role}{leeway}/{act}"

    async def _begin(self, scope: Scope) -> None:
        """Get a code as usual: without that there is no story."""
        self.is_redeemed = False
        flow = authorize(self.provider, scope=self._scope(scope))
        authorized = await self.wire.run(flow, self._step(Act.AUTHORIZE))
        self.codes[authorized.code or ""] = authorized
        self._heed()

    async def _wait(self, chapter: Chapter) -> None:
        """Wait until every access token that there is has expired; there is one, and was used."""
        if not self.codes:
            await self._begin(chapter.scope)
        if not self.is_redeemed:
            await self._redeem(Move(Act.REDEEM))
            await self._sweep(chapter, is_last=False)
        ends = [one.over_s for _, one in known(self.state)[1] if one.over_s is not None]
        left_s = max(ends, default=0.0) + AFTER_S - time.time()
        await asyncio.sleep(min(max(0.0, left_s), self.provider.profile.limits.max_wait_s))

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
        looks = [Act.USERINFO, Act.INTROSPECT]
        if not (move.by_stranger and move.act is Act.REVOKE):
            looks = []
        elif move.target is Target.REFRESH:
            looks = looks[1:]
        for look in looks:
            await self._look(look, value)
        await self._use(move, value)
        for look in looks:
            await self._look(look, value)

    def _chosen(self, move: Move) -> str | None:
        """Return the token of a move: the newest that may live, then the newest that must not.

        None if there is none like it, or if it is dead and was tried often enough.
        """
        wants_refresh = move.target is Target.REFRESH
        fitting = [pair for pair in known(self.state)[1] if pair[1].is_refresh is wants_refresh]
        if move.act is not Act.REVOKE:
            fitting.sort(key=lambda pair: not self._is_doomed(pair[0]))
        if not fitting:
            return None
        value, _ = fitting[-1 - move.back % len(fitting)]
        self.chosen[value] += 1
        return value if self.chosen[value] <= ENOUGH or not self._is_doomed(value) else None

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

    async def _look(self, act: Act, value: str) -> None:
        """Ask after a token though no move says so."""
        await self._use(Move(act), value, LOOK)

    async def _use(self, move: Move, value: str, *more: str) -> None:
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
        await self._send(make(), "/".join((self._step(move.act, provider), *more)))

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

    async def _sweep(self, chapter: Chapter, *, is_last: bool) -> None:
        """Look at the newest tokens and at those that have to be dead; refresh with these last.

        What has to be dead only since then is tried too: a refused refresh token may end a family.
        """
        tokens = [value for value, _ in known(self.state)[1]]
        fresh = [value for value in tokens if is_last or value not in self.swept]
        doomed = [value for value in fresh if self._is_doomed(value)]
        doomed = [*doomed[:LAST], *doomed[LAST:][-LAST:]]
        chosen = {*doomed, *tokens[-NEWEST:]}
        await self._try_out([value for value in tokens if value in chosen], chapter.first)
        late = [one for one in tokens if self._is_doomed(one) and one not in {*self.swept, *doomed}]
        self.swept.update(doomed)
        await self._try_out(late, 0)

    async def _try_out(self, tokens: Sequence[str], first: int) -> None:
        """Ask after tokens, then refresh with those that have to be dead, one of them first."""
        for value in tokens:
            await self._ask_after(value)
        refreshed = [one for one in tokens if self._is_refresh(one) and self._is_doomed(one)]
        first %= max(1, len(refreshed))
        for value in (*refreshed[first:], *refreshed[:first]):
            await self._use(Move(Act.REFRESH), value)

    async def _ask_after(self, value: str) -> None:
        if not self._is_refresh(value):
            await self._look(Act.USERINFO, value)
        await self._look(Act.INTROSPECT, value)
        token = self.state.token(value)
        if token is not None and token.is_inactive and not token.is_refresh:
            await self._look(Act.USERINFO, value)

    def _is_refresh(self, value: str) -> bool:
        token = self.state.token(value)
        return token is not None and token.is_refresh

    def _is_doomed(self, value: str) -> bool:
        """Return whether a token has to be dead."""
        token = self.state.token(value)
        return token is not None and (
            bool(token.dead or token.is_inactive or token.is_turned_away)
            or is_over(token, time.time())
        )
