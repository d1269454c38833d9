"""What every caller is."""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from idprobe.load.callers.context import LoadContext
from idprobe.load.engine.engine import LoadFlow
from idprobe.load.tokens.lifetimes import TokenLifetime
from idprobe.model.profile import Provider, Role

__all__ = ["SAME_EACH_TIME", "Caller"]

SAME_EACH_TIME: Final = frozenset({"client_secret_basic", "client_secret_post", "none"})
"""Client authentications without a time in them, so that the request never changes."""


class Caller(ABC):
    """One caller of many: subclass it, say `role`, and write `iterate`.

    `prepare` runs once before load is measured. Where `prepares` is true, an open run has so many
    callers as were prepared and no more. `conclude` runs once when load is over, with nobody
    waiting: it looks at what would have disturbed the measurement.
    """

    role: ClassVar[Role] = Role.SERVICE
    with_user: ClassVar[bool] = False
    prepares: ClassVar[bool] = False

    def __init__(self, context: LoadContext, number: int) -> None:
        self.context = context
        self.number = number
        self.provider = self.seen_by(context, number)

    def seen_by(self, context: LoadContext, number: int) -> Provider:
        """Return the provider as this caller sees it."""
        return context.provider(self.role, number, with_user=self.with_user)

    @property
    def parts(self) -> Sequence[tuple["Caller", float]]:
        """What an iteration may be, each with its weight: one thing, by default."""
        return ((self, 1.0),)

    def held(self) -> Iterator[tuple[bytes, str]]:
        """Yield the tokens that it has for its next iteration, each with its client."""
        yield from ()

    def token_ended(self, rule: str, lifetime: TokenLifetime, good_at: float) -> None:
        """Judge that an access token was denied, which was good when it was asked for last.

        Raises WrongAnswer if it had to live. Some servers allow a client one token of each user.
        """
        context, holds = self.context, lifetime.holds(time.monotonic())
        if holds is None:
            context.findings.mentioned("an access token ended, and nobody had told when it would")
        elif holds and (context.mixed or context.logged_in_since(self.provider, good_at)):
            what = "an access token ended before its time, maybe by what another caller did"
            context.findings.mentioned(what)
        elif holds:
            what = "an access token was denied before its time (expires_in)"
            raise context.findings.wrong(rule, what)

    def prepare(self) -> LoadFlow:
        """Get what every iteration builds on: nothing, by default."""
        yield from ()

    @abstractmethod
    def iterate(self) -> LoadFlow:
        """Run the flow once; an error of ours that it raises is a failed iteration."""

    def conclude(self) -> LoadFlow:
        """Look at what is left when load is over: nothing, by default."""
        yield from ()
