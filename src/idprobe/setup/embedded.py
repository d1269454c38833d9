"""The embedded server: `idprobe_reference`, which we start as a process and never import.

Whoever asks and who answers must not share an interpreter: each would slow the other.
"""

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from idprobe.errors import ProbeError, UsageError
from idprobe.model.profile import Profile, with_issuer

__all__ = ["EmbeddedServer", "mutants", "served", "started"]

END_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A reference server that listens."""

    issuer: str
    ca_file: Path | None
    """Whom to trust if it speaks TLS."""
    process: subprocess.Popen[bytes]


@contextlib.contextmanager
def served(
    profile: Profile, *, tls: bool = False, meanwhile: Callable[[], object] = lambda: None
) -> Iterator[Profile]:
    """Start the embedded server if the profile asks for it; yield the profile with its issuer.

    `meanwhile` is done while it starts. Raises ProbeError if it does not.
    """
    if profile.embedded is None:
        yield profile
        return
    with started("--as", profile.embedded, *["--tls"] * tls, meanwhile=meanwhile) as server:
        yield with_issuer(profile, server.issuer, server.ca_file)


@contextlib.contextmanager
def started(
    *options: str, meanwhile: Callable[[], object] = lambda: None
) -> Iterator[EmbeddedServer]:
    """Start a reference server by its options, and end it with the context.

    It ends with us, however we end; Ctrl-C is ours alone. Raises UsageError if it refuses the
    options, ProbeError if it does not start.
    """
    pipe = subprocess.PIPE
    command = _command(*options)
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, start_new_session=True) as process:  # noqa: S603 -- our own module
        try:
            meanwhile()
            told = _told(process.stdout.readline() if process.stdout else b"")
            ca_file = told["ca_file"] and Path(told["ca_file"])
            yield EmbeddedServer(told["issuer"], ca_file, process)
        finally:
            _end(process)


def mutants() -> list[dict[str, Any]]:
    """Return the mutants that the embedded server can be: the name of each and what it breaks."""
    command = _command("--list-mutants")
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)  # noqa: S603 -- our own module
    found: list[dict[str, Any]] = _told(done.stdout)["mutants"]
    return found


def _command(*options: str) -> list[str]:
    return [sys.executable, "-m", "idprobe_reference", *options]


def _told(line: bytes) -> dict[str, Any]:
    """Return what the process said; raises UsageError if that is an error."""
    if not line:
        raise ProbeError("the embedded server did not start")
    told: dict[str, Any] = json.loads(line)
    if "error" in told:
        raise UsageError(told["error"])
    return told


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let the server tidy up and end; kill one that does not."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
