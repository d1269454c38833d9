"""The moves of which stories of codes and tokens are made, and the strategy that draws them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from hypothesis import strategies as st

from idprobe.lifecycle import Act

__all__ = ["Chapter", "Move", "Scope", "Target", "brief_tales", "tales"]


class Target(StrEnum):
    """What a move is about."""

    ACCESS = "access token"
    REFRESH = "refresh token"


class Scope(StrEnum):
    """The scope that a move asks for."""

    UNSAID = "none said"
    LEAST = "what is bound to the protocol"
    LESS = "some"
    ALL = "all of the client's"


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that may be done next; `back` counts from the newest code or token."""

    act: Act
    target: Target = Target.ACCESS
    scope: Scope = Scope.UNSAID
    by_stranger: bool = False
    is_bound: bool = True
    """Whether an authorization has a code challenge."""
    back: int = 0


REFRESHES: Final = (
    Move(Act.REFRESH, Target.REFRESH),
    Move(Act.REFRESH, Target.REFRESH, Scope.LEAST),
    Move(Act.REFRESH, Target.REFRESH, Scope.ALL),
)
OF_OTHERS: Final = (
    Move(Act.REDEEM, by_stranger=True),
    Move(Act.REFRESH, Target.REFRESH, by_stranger=True),
    Move(Act.REVOKE, Target.REFRESH, by_stranger=True),
    Move(Act.REVOKE, Target.ACCESS, by_stranger=True),
)
QUESTIONS: Final = (Move(Act.USERINFO), Move(Act.INTROSPECT))
CODES: Final = (
    Move(Act.REDEEM_MISPROVEN),
    Move(Act.REDEEM_UNPROVEN),
    Move(Act.REDEEM),
    Move(Act.REDEEM, by_stranger=True),
    Move(Act.AUTHORIZE, scope=Scope.ALL),
    Move(Act.AUTHORIZE, scope=Scope.ALL, is_bound=False),
)
ENDINGS: Final = (
    Move(Act.REVOKE, Target.REFRESH),
    Move(Act.REVOKE, Target.ACCESS),
    Move(Act.REDEEM),
)
THEMES: Final = (
    REFRESHES[:2],
    REFRESHES,
    (*ENDINGS, *REFRESHES[:1], *QUESTIONS),
    (*ENDINGS, *REFRESHES[:1], Move(Act.INTROSPECT)),
    (*OF_OTHERS, *REFRESHES[:1]),
    CODES,
    (*CODES, *OF_OTHERS, *ENDINGS, *REFRESHES, *QUESTIONS, Move(Act.LOG_OUT)),
)
"""What a chapter is made of: moves that bear on one another, or all that there are."""
EARLY: Final = (
    *REFRESHES[:2],
    Move(Act.REDEEM),
    Move(Act.INTROSPECT),
    Move(Act.USERINFO),
    Move(Act.REVOKE, Target.ACCESS),
)
LATE: Final = (
    REFRESHES[0],
    Move(Act.AUTHORIZE, scope=Scope.ALL),
    Move(Act.REDEEM),
    Move(Act.INTROSPECT),
    Move(Act.USERINFO),
)
FEW: Final = 4
WAITS: Final = st.just(True)  # noqa: FBT003 -- the value itself, not a switch
BACK: Final = (0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3)
CHAPTERS: Final = 3
PLACES: Final = 6
"""How many moves a chapter has room for; a number of places that may stay empty shrinks well."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """What is done with one grant, and the scope that it is asked for."""

    moves: tuple[Move, ...]
    scope: Scope = Scope.ALL
    first: int = 0
    """Which of the refresh tokens that have to be dead is tried first at the end."""
    waits: bool = False
    """Whether it begins with the end of all access tokens, and no code."""


@st.composite
def chapters(draw: st.DrawFn) -> Chapter:
    """Draw a chapter of one theme: so that a few moves come often, one after the other."""
    theme = (None, *draw(st.sampled_from(THEMES)))
    places = [(draw(st.sampled_from(theme)), draw(st.sampled_from(BACK))) for _ in range(PLACES)]
    moves = tuple(replace(move, back=back) for move, back in places if move is not None)
    scope = draw(st.sampled_from([Scope.ALL, Scope.LESS]))
    return Chapter(moves, scope, draw(st.integers(0, FEW - 1)))


def tales() -> st.SearchStrategy[tuple[Chapter, ...]]:
    """Return what draws stories: chapters that each begin with a code; an empty one is none."""
    return st.tuples(*(chapters() for _ in range(CHAPTERS)))


def brief_tales() -> st.SearchStrategy[tuple[Chapter, ...]]:
    """Return what draws stories that wait once: few moves before it and after, as waiting is long.

    The tokens of two grants end in the same pause.
    """
    first, last = _few(EARLY), _few(LATE)
    return st.tuples(
        st.builds(Chapter, first), st.builds(Chapter, first), st.builds(Chapter, last, waits=WAITS)
    )


def _few(kinds: Sequence[Move]) -> st.SearchStrategy[tuple[Move, ...]]:
    places = st.tuples(*(st.sampled_from((None, *kinds)) for _ in range(FEW)))
    return places.map(lambda moves: tuple(move for move in moves if move is not None))
