"""The error tree of idprobe; nothing else is raised on purpose.

::

    IdprobeError
    ├── UsageError         a call that cannot be carried out as it was written
    ├── ProfileError       a profile that cannot be used: names file, key and fix
    ├── CatalogueError     a catalogue entry or a `when` term that makes no sense
    ├── NothingSelected    a call that leaves nothing to be judged
    ├── HarnessError       idprobe itself is broken, the server is not to blame
    ├── EvidenceError      wire data or recorded evidence that cannot be read as what it should be
    └── ProbeError         an experiment that was not made
        ├── ControlFailed  a step that had to work was refused
        ├── NoResponse     nothing came back
        ├── Refrained      our own rules of safety forbade to go on
        └── Unsuited       what the profile has does not allow the experiment
"""

from typing import Final, Protocol

__all__ = [
    "CatalogueError",
    "ControlFailed",
    "EvidenceError",
    "HarnessError",
    "IdprobeError",
    "NoResponse",
    "NothingSelected",
    "ProbeError",
    "ProfileError",
    "Refrained",
    "Unsuited",
    "UsageError",
]


class _Shown(Protocol):
    """Anything with a short, safe text: an Exchange, in practice."""

    def __str__(self) -> str: ...


class IdprobeError(Exception):
    """The root of all errors that idprobe raises on purpose; its text is one clear sentence."""


class UsageError(IdprobeError):
    """A command or call that cannot be carried out as it was written (exit code 2)."""


class ProfileError(IdprobeError):
    """A profile that cannot be used; the text names the file, the key and the fix (exit code 2)."""

    def __init__(self, where: str, key: str, fix: str) -> None:
        super().__init__(f"{where}: {key}: {fix}" if key else f"{where}: {fix}")
        self.where: Final = where
        self.key: Final = key
        self.fix: Final = fix


class CatalogueError(IdprobeError):
    """A catalogue entry, or a term of its `when`, that makes no sense."""


class NothingSelected(IdprobeError):
    """A call that leaves nothing to be judged, so that nothing was done (exit code 5)."""


class HarnessError(IdprobeError):
    """idprobe itself is broken: a check that cannot be loaded or run (exit code 4)."""


class EvidenceError(IdprobeError):
    """Wire data, or recorded evidence, that cannot be read as what it should be."""


class ProbeError(IdprobeError):
    """An experiment that was not made; whatever hangs on it is inconclusive."""


class ControlFailed(ProbeError):
    """A step that had to work was refused, so the experiment was not made."""

    def __init__(self, exchange: _Shown | None, why: str) -> None:
        super().__init__(f"{why}, got {exchange}" if exchange is not None else why)
        self.exchange: Final = exchange
        self.why: Final = why


class NoResponse(ProbeError):
    """Nothing usable came back: the connection, the deadline or the framing failed."""

    def __init__(self, exchange: _Shown, failure: str) -> None:
        super().__init__(f"{exchange}: {failure}")
        self.exchange: Final = exchange
        self.failure: Final = failure


class Refrained(ProbeError):
    """Our own rules forbade to go on: a host not allowed, a budget of wrong credentials used up."""


class Unsuited(ProbeError):
    """What the profile has does not allow the experiment: no client of the kind that it needs.

    What hangs on it is not applicable here; the text says what the profile would have to have.
    """
