"""A few opaque tokens of a run, kept to be asked about when it is over.

They are a uniform sample of all that came, by Vitter's and Li's skipping: how many to pass over is
drawn once for each that is kept, so that a token which is not costs one comparison.
"""

import math
import random
from dataclasses import dataclass, field
from typing import Final

from idprobe.load.tokens.owners import Owner

__all__ = ["MOST_KEPT", "TokenSample"]

MOST_KEPT: Final = 100


@dataclass(slots=True, eq=False)
class TokenSample:
    """The sample; `due` is the number of the token that is to be kept next."""

    kept: list[tuple[bytes, Owner]] = field(default_factory=list)
    due: int = 1
    _chance: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 -- a sample
    _weight: float = 1.0

    def keep(self, number: int, token: bytes, owner: Owner) -> None:
        """Keep a token that is due, and draw which is next; a JWT says itself whose it is."""
        if len(self.kept) < MOST_KEPT:
            self.due = number + 1
            if not _is_jwt(token):
                self.kept.append((token, owner))
            if len(self.kept) == MOST_KEPT:
                self._draw(number)
            return
        if not _is_jwt(token):
            self.kept[self._chance.randrange(MOST_KEPT)] = token, owner
        self._draw(number)

    def _draw(self, number: int) -> None:
        self._weight *= math.exp(math.log(1 - self._chance.random()) / MOST_KEPT)
        skipped = math.log(1 - self._chance.random()) / math.log1p(-self._weight)
        self.due = number + math.floor(skipped) + 1


def _is_jwt(token: bytes) -> bool:
    return token.count(b".") == 2  # noqa: PLR2004 -- the dots of a JWT (RFC 7515 section 7.1)
