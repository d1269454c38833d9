"""The folder of a run: where it cannot be written, one sentence says so."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from idprobe.errors import UsageError

__all__ = ["writing"]


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Raise UsageError that names the folder for whatever cannot be written while it lasts."""
    try:
        yield
    except OSError as error:
        why = error.strerror or type(error).__name__
        what = folder if error.filename is None else error.filename
        raise UsageError(
            f"{what} cannot be written ({why}): name another folder (--output)"
        ) from None
