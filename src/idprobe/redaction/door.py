"""The door through which text with a server's words in it passes on its way to a screen."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from idprobe.errors import IdprobeError
from idprobe.formats.sanitise import clipped, sanitise
from idprobe.redaction.vault import Vault

__all__ = ["Shown", "redacted_errors", "shown"]

MOST: Final = 600
"""So many characters of one text are shown; the evidence has all of it."""


class Shown(str):
    """Text that may be shown: bounded, without secrets, and without what steers a terminal.

    Only `shown` makes it, so that a function which takes it cannot be given anything else.
    """

    __slots__ = ()


def shown(text: str, vault: Vault, most: int = MOST) -> Shown:
    """Return the text as it may be shown; `most` is in characters."""
    return Shown(clipped(sanitise(vault.scrub(text)), most))


@contextmanager
def redacted_errors(vault: Vault) -> Iterator[None]:
    """Let no error of ours leave with a secret in its text."""
    try:
        yield
    except IdprobeError as error:
        error.args = tuple(shown(str(one), vault, 4 * MOST) for one in error.args)
        raise
