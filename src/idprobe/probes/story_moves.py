"""The moves of which stories of codes and tokens are made, and the strategy that draws them."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from hypothesis import strategies as st

from idprobe.lifecycle import Act

__all__ = ["Chapter", "Move", "Scope", "Target", "tales"]


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
REVOCATIONS: Final = (Move(Act.REVOKE, Target.REFRESH), Move(Act.REVOKE, Target.ACCESS))
RARE: Final = (
    Move(Act.REDEEM),
    Move(Act.INTROSPECT, Target.REFRESH),
    Move(Act.AUTHORIZE, scope=Scope.ALL),
    Move(Act.AUTHORIZE, scope=Scope.ALL, is_bound=False),
    Move(Act.LOG_OUT),
    Move(Act.REDEEM_UNPROVEN),
    Move(Act.REDEEM_MISPROVEN),
    Move(Act.REDEEM, by_stranger=True),
    Move(Act.REFRESH, Target.REFRESH, by_stranger=True),
    Move(Act.REVOKE, Target.REFRESH, by_stranger=True),
    Move(Act.REVOKE, Target.ACCESS, by_stranger=True),
)
"""What comes in few chapters, and there often."""
USUAL: Final = (
    *REFRESHES[:1] * 5,
    *REFRESHES,
    *(Move(Act.USERINFO),) * 2,
    *(Move(Act.INTROSPECT),) * 2,
    Move(Act.REDEEM),
    *REVOCATIONS,
)
"""What may come in every chapter: mostly what ends nothing, so that there is something to end."""
BACK: Final = (0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3)
CHAPTERS: Final = 3
HALF: Final = 8
OFTEN: Final = 4


@dataclass(frozen=True, slots=True)
class Chapter:
    """What is done with one grant, and the scope that it is asked for."""

    moves: tuple[Move, ...]
    scope: Scope = Scope.ALL


@st.composite
def chapters(draw: st.DrawFn) -> Chapter:
    """Draw a chapter of a few kinds of moves: so that each of them comes repeatedly."""
    kinds = draw(st.lists(st.sampled_from(RARE), max_size=3))
    move = st.builds(
        lambda move, back: replace(move, back=back),
        st.sampled_from([*USUAL, *kinds * OFTEN]),
        st.sampled_from(BACK),
    )
    first, second = (draw(st.lists(move, max_size=HALF)) for _ in range(2))
    return Chapter((*first, *second), draw(st.sampled_from([Scope.ALL, Scope.LESS])))


def tales() -> st.SearchStrategy[tuple[Chapter, ...]]:
    """Return what draws stories: chapters that each begin with a code; an empty one is none."""
    return st.tuples(*(chapters() for _ in range(CHAPTERS)))
