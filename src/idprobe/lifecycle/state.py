"""What is certain of the codes and tokens of a story; values alone, nothing is decided here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from idprobe.lifecycle.claims import Claim

__all__ = [
    "NOTHING",
    "Code",
    "State",
    "Step",
    "Thing",
    "Token",
    "all_grants",
    "doubted_in",
    "ended_access",
    "ended_grant",
    "ended_refresh",
    "grant_of",
    "is_over",
    "known",
    "with_token",
]

PAST_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code."""

    grant: int
    role: str
    scope: frozenset[str] | None
    is_bound: bool
    issued_s: float
    is_used: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """An access token or a refresh token, and what is certain of it."""

    grant: int
    role: str
    is_refresh: bool
    granted: frozenset[str] | None
    """What the person agreed to."""
    told: frozenset[str] | None
    """What the response said, or else the request."""
    ends_s: float | None = None
    """Until when it is good at least; None if nobody told."""
    over_s: float | None = None
    """From when on it is expired at the latest; None if nobody told."""
    is_spent: bool = False
    maybe: bool = False
    dead: frozenset[Claim] = frozenset()
    """The claims by which it has to be dead."""
    tried_by_others: bool = False
    """Whether another client has tried to revoke it."""
    was_active: bool = False
    was_served: bool = False
    is_inactive: bool = False
    is_turned_away: bool = False


Thing: TypeAlias = Code | Token


class State:
    """The codes and tokens of a story; equal states know the same."""

    __slots__ = ("_hash", "things")

    def __init__(self, things: Mapping[str, Thing]) -> None:
        self.things = things
        self._hash: int | None = None

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self.things.items()))
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, State) and self.things == other.things

    def code(self, value: str) -> Code | None:
        """Return a code, None if it is none that we saw issued."""
        thing = self.things.get(value)
        return thing if isinstance(thing, Code) else None

    def token(self, value: str) -> Token | None:
        """Return a token, None if it is none that we saw issued."""
        thing = self.things.get(value)
        return thing if isinstance(thing, Token) else None


NOTHING: Final = State({})


@dataclass(frozen=True, slots=True)
class Step:
    """What an event leads to: the state after it, claims that it breaks, and that it tried."""

    state: State
    broken: frozenset[Claim] = frozenset()
    tried: frozenset[Claim] = frozenset()


def is_over(token: Token, at_s: float) -> bool:
    """Return whether a token has expired at a time, by clocks that count whole seconds."""
    return token.over_s is not None and at_s > token.over_s + PAST_S


def known(state: State) -> tuple[list[tuple[str, Code]], list[tuple[str, Token]]]:
    """Return the codes and the tokens of a state, in the order in which they were issued."""
    codes = [(value, one) for value, one in state.things.items() if isinstance(one, Code)]
    tokens = [(value, one) for value, one in state.things.items() if isinstance(one, Token)]
    return codes, tokens


def with_token(state: State, value: str, token: Token) -> State:
    """Return the state where a token is another."""
    return State({**state.things, value: token})


def grant_of(state: State, value: str) -> set[int]:
    """Return the grant of a code or token, in a set that is empty for what we saw nobody issue."""
    thing = state.things.get(value)
    return set() if thing is None else {thing.grant}


def all_grants(state: State) -> set[int]:
    """Return every grant of a state."""
    return {one.grant for one in state.things.values()}


def doubted_in(state: State, grants: Iterable[int]) -> State:
    """Return the state where the tokens of some grants may have ended."""
    chosen = set(grants)
    if not chosen:
        return state
    things = {
        value: replace(one, maybe=True)
        if isinstance(one, Token) and one.grant in chosen and not one.maybe
        else one
        for value, one in state.things.items()
    }
    return State(things)


def ended_grant(state: State, grant: int, claim: Claim) -> State:
    """Return the state where by a claim all tokens of a grant have to be dead."""
    ended = ended_access(state, grant, claim)
    return doubted_in(ended_refresh(ended, grant, claim), {grant})


def ended_access(state: State, grant: int, claim: Claim) -> State:
    """Return the state where by a claim the access tokens of a grant have to be dead."""
    return _end(state, grant, claim, is_refresh=False)


def ended_refresh(state: State, grant: int, claim: Claim) -> State:
    """Return the state where by a claim the refresh tokens of a grant have to be dead."""
    return _end(state, grant, claim, is_refresh=True)


def _end(state: State, grant: int, claim: Claim, *, is_refresh: bool) -> State:
    things = {
        value: replace(one, dead=one.dead | {claim}, maybe=True)
        if isinstance(one, Token) and one.grant == grant and one.is_refresh is is_refresh
        else one
        for value, one in state.things.items()
    }
    return State(things)
