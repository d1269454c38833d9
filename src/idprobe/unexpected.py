"""What nobody foresaw, in one sentence: an exception as its type and place, never its text.

The text of an exception may quote what was read or sent, secrets included, so it is not shown. A
whole traceback is written only where the environment names a file for it (IDPROBE_DEBUG).
"""

import io
import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TextIO

__all__ = ["DEBUG", "place_of", "sentence_about", "tolerant", "write_traceback"]

DEBUG: Final = "IDPROBE_DEBUG"
"""Names the file that a traceback is written to; it may show secrets, and only its owner reads it.

A file that is there is not written over."""
OWN_FOLDER: Final = Path(__file__).parent


def sentence_about(error: BaseException) -> str:
    """Return what is said of an unexpected error; of one of the system, what the system says."""
    where = place_of(error)
    if isinstance(error, OSError) and error.errno is not None and error.strerror:
        path = f"{error.filename}: " if isinstance(error.filename, str) else ""
        return f"idprobe failed: {path}{error.strerror} ({type(error).__name__} at {where})"
    return (
        f"idprobe failed: {type(error).__name__} at {where}; please report it "
        f"({DEBUG}=FILE writes a traceback, which may show secrets)"
    )


def place_of(error: BaseException) -> str:
    """Return FILE:LINE of the innermost line of ours that the error passed, else of any."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(OWN_FOLDER)]
    found = (ours or frames)[-1:]
    if not found:
        return "an unknown place"
    path = Path(found[0].filename)
    name = path.relative_to(OWN_FOLDER).as_posix() if ours else path.name
    return f"{name}:{found[0].lineno}"


def write_traceback(error: BaseException, environ: Mapping[str, str] = os.environ) -> str | None:
    """Write the traceback where the environment says; return why that failed, if it did."""
    place = environ.get(DEBUG)
    if not place:
        return None
    try:
        number = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(traceback.format_exception(error))
    except OSError as failure:
        return f"{DEBUG}: {place} cannot be written ({failure.strerror})"
    return None


class _Pipe(io.FileIO):
    """A standard stream that swallows what nobody reads any more."""

    def write(self, data: object, /) -> int:
        """Write; where the reader is gone, all that follows goes nowhere."""
        try:
            return super().write(data)  # type: ignore[arg-type]  # what FileIO takes
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return len(memoryview(data))  # type: ignore[arg-type]  # what FileIO took


def tolerant(stream: TextIO | None) -> TextIO:
    """Return a standard stream that outlives its reader, so that the exit code stays the run's.

    One that was closed before we began becomes one that goes nowhere.
    """
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        return stream  # a test listens, or somebody who embeds us
    if os.name == "nt" or number not in {1, 2}:
        return stream
    stream.flush()
    pipe = io.BufferedWriter(_Pipe(number, "w", closefd=False))
    lively = stream.isatty() or stream is sys.stderr
    return io.TextIOWrapper(pipe, stream.encoding, stream.errors, line_buffering=lively)
