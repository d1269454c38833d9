"""How hard a run tries where it generates its requests: how many, for how long, from which seed."""

from dataclasses import dataclass
from typing import Final, Self

from idprobe.errors import UsageError

__all__ = ["ARRIVAL_S", "Effort", "Replay"]

PARTS: Final = 3
ARRIVAL_S: Final = 20.0
"""How long a call may be under way that the server makes."""


@dataclass(frozen=True, slots=True)
class Replay:
    """One generated example, to be tried again: what `--reproduce` takes and a report shows."""

    probe: str
    version: str
    """The version of Hypothesis that wrote the choices; another one may read them differently."""
    choices: str

    def __str__(self) -> str:
        return f"{self.probe}:{self.version}:{self.choices}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return what a report shows as text; raises UsageError."""
        parts = text.strip().split(":", PARTS - 1)
        if len(parts) != PARTS or not all(parts) or not text.isascii():
            raise UsageError("--reproduce takes what a report shows: PROPERTY:VERSION:CHOICES")
        return cls(*parts)


@dataclass(frozen=True, slots=True)
class Effort:
    """What a search may spend: examples, tries in all (those that shrink included), seconds.

    With `replay` the example of that probe is tried and nothing is generated.
    """

    examples: int = 10
    tries: int = 200
    seconds: float = 60.0
    seed: int = 0
    replay: Replay | None = None
    shrinks: bool = True
    """Whether what fails is made smaller, for somebody to read."""
    arrival_s: float = ARRIVAL_S
    """How long a call is waited for that the server makes."""
