"""Stories of codes and tokens: drawn move by move, told to the server, shrunk where a claim breaks.

A step is called STORY/NUMBER/ROLE/ACT. Each story has a browser of its own and begins with a login.
After its last move every token that has to be dead is tried once more.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.lifecycle import Claim, run_through, stories
from idprobe.model.profile import Capability, Role
from idprobe.model.trace import Trace
from idprobe.probes import Depth, probe
from idprobe.probes.state.story_moves import brief_tales, tales
from idprobe.probes.state.story_telling import AFTER_S, Teller
from idprobe.probes.steps.token_requests import honest_tokens
from idprobe.reading.answers import Flaw
from idprobe.reading.properties.examples import Example
from idprobe.searching import Search

__all__ = ["brief_token_stories", "public_token_stories", "token_stories"]

CODE: Final = frozenset({Capability.AUTHORIZATION_CODE})
ROUNDS: Final = 8
"""How many claims a run finds broken at most, each with a story of its own."""
WAITING: Final = 1 / 3
"""The part of the time that stories may take which wait."""
EXPIRY: Final = frozenset({Claim.EXPIRED_SERVED, Claim.EXPIRED_ACTIVE})
ROTATION: Final = frozenset({Claim.ROTATED_ENDS, Claim.REUSE_ENDS})
CLAIMS: Final = {
    "token_stories": frozenset(Claim) - ROTATION - EXPIRY,
    "public_token_stories": ROTATION | {Claim.CODE_OF_CLIENT},
    "brief_token_stories": EXPIRY,
}
"""What each probe's stories are told for: the claims that a check reads in them."""


@dataclass(frozen=True, slots=True)
class _Plot:
    """Who tells stories, who gets in the way, and whether they wait for the end of tokens."""

    name: str
    owner: Role
    stranger: Role
    waits: bool = False


@probe(role=Role.WEB, needs=CODE, logs_in=True, depth=Depth.FULL, searches=True)
async def token_stories(wire: Wire) -> None:
    """Redeem, refresh, revoke and use codes and tokens in ever other orders, and shrink a story."""
    await _rounds(wire, _Plot("token_stories", Role.WEB, Role.SECOND))


@probe(
    role=Role.PUBLIC,
    needs=CODE | {Capability.PUBLIC_CLIENT},
    logs_in=True,
    depth=Depth.FULL,
    searches=True,
)
async def public_token_stories(wire: Wire) -> None:
    """Do the same as a client that cannot authenticate."""
    await _rounds(wire, _Plot("public_token_stories", Role.PUBLIC, Role.WEB))


@probe(role=Role.BRIEF, needs=CODE, logs_in=True, depth=Depth.FULL, searches=True)
async def brief_token_stories(wire: Wire) -> None:
    """Do the same as a client whose access tokens are short-lived, and wait once for their end."""
    lifetime_s = (await honest_tokens(wire, wire.provider)).expires_in
    if lifetime_s is None:
        raise Unsuited("the token response does not say when the access token expires")
    if lifetime_s + AFTER_S > wire.provider.profile.limits.max_wait_s:
        raise Unsuited(f"it lives for {lifetime_s:g} s, too long for max_wait_s of [limits]")
    owner = Role.PUBLIC if wire.provider.client.is_public else Role.BRIEF
    await _rounds(wire, _Plot("brief_token_stories", owner, Role.SECOND, waits=True))


async def _rounds(wire: Wire, plot: _Plot) -> None:
    """Search until nothing more is broken: each round passes over what was found before it."""
    await honest_tokens(wire, wire.provider)
    effort, tried, left = wire.effort, 0, CLAIMS[plot.name]
    shown: list[Mapping[str, Any]] = []
    clear: set[str] = set()
    until = time.monotonic() + effort.seconds * (WAITING if plot.waits else 1)
    drawn = brief_tales() if plot.waits else tales()
    for _ in range(ROUNDS):
        judge = _Judge(left)
        search = Search(
            plot.name,
            wire,
            drawn,
            lambda aside, chapters: Teller(aside, plot.owner, plot.stranger).tell(chapters),
            judge.flaw,
            replace(effort, seconds=max(0.0, until - time.monotonic())),
            tried=tried,
            shows=judge.shows,
            parts=lambda chapters: [repr(one.moves) for one in chapters if one.moves],
            is_clear=judge.is_clear,
            clear=clear,
        )
        await search.run()
        shown += wire.searched["found"]
        tried = search.tried
        is_over = tried >= effort.tries or time.monotonic() > until
        if judge.target is None or is_over or effort.replay is not None:
            break
        left -= {judge.target}
        if not left:
            break
    wire.searched = {
        "examples": tried,
        "seed": effort.seed,
        "reproduce": next((one["reproduce"] for one in shown), ""),
        "found": shown,
    }
    await honest_tokens(wire, wire.provider)


@dataclass(slots=True, eq=False)
class _Judge:
    """Says whether a story breaks a claim; the first that one breaks is the round's target."""

    sought: frozenset[Claim]
    target: Claim | None = None
    _seen: tuple[Trace, Mapping[Claim, int], frozenset[Claim]] | None = None

    def flaw(self, example: Example) -> Flaw | None:
        """Return the claim that a story breaks, None if none that is sought."""
        broken, _ = self._read(example)
        new = sorted(broken.keys() & self.sought, key=lambda claim: (broken[claim], claim))
        if self.target is None and new:
            self.target = new[0]
        return Flaw(self.target) if self.target in new else None

    def shows(self, example: Example) -> frozenset[str]:
        """Return the claims that a story puts to the test."""
        return self._read(example)[1]

    def is_clear(self, example: Example) -> bool:
        """Return whether a story breaks nothing that is sought."""
        return not self._read(example)[0].keys() & self.sought

    def _read(self, example: Example) -> tuple[Mapping[Claim, int], frozenset[Claim]]:
        """Return what a story breaks and what it tries; the last one is remembered."""
        if self._seen is None or self._seen[0] is not example.trace:
            told = stories(list(example)).get(str(example.number), [])
            self._seen = (example.trace, *run_through(told))
        return self._seen[1:]
