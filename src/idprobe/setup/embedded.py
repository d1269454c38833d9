"""The embedded server, in a process of its own.

Run as a module it serves until its standard input ends, and prints where as one line of JSON.
Whoever asks and who answers must not share an interpreter: each would slow the other.
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from idprobe.errors import ProbeError, UsageError
from idprobe.model.profile import Profile, with_issuer

__all__ = ["served"]

END_S: Final = 10.0


@contextlib.contextmanager
def served(
    profile: Profile, *, tls: bool = False, meanwhile: Callable[[], object] = lambda: None
) -> Iterator[Profile]:
    """Start the embedded server if the profile asks for it; yield the profile with its issuer.

    `meanwhile` is done while it starts. Raises ProbeError if it does not. It ends with us, however
    we end; Ctrl-C is ours alone.
    """
    if profile.embedded is None:
        yield profile
        return
    command = [sys.executable, "-m", "idprobe.setup.embedded", profile.embedded, *(["--tls"] * tls)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, start_new_session=True) as server:  # noqa: S603 -- our own module
        try:
            meanwhile()
            line = server.stdout.readline() if server.stdout else b""
            if not line:
                raise ProbeError(f"the embedded server {profile.embedded} did not start")
            told = json.loads(line)
            yield with_issuer(profile, told["issuer"], told["ca_file"] and Path(told["ca_file"]))
        finally:
            _end(server)


def _end(server: subprocess.Popen[bytes]) -> None:
    """Let the server tidy up and end; kill one that does not."""
    if server.stdin is not None:
        server.stdin.close()
    try:
        server.wait(END_S)
    except subprocess.TimeoutExpired:
        server.kill()


def main(name: str, *options: str) -> None:
    """Serve one of the two shipped configurations until standard input ends."""
    # the server's modules are needed in this process only
    from idprobe_reference.config import reference_config, speakup_config  # noqa: PLC0415
    from idprobe_reference.running import serve  # noqa: PLC0415

    configurations = {"reference": reference_config, "speakup": speakup_config}
    if name not in configurations:
        raise UsageError(f"there is no embedded server {name!r}: reference or speakup")
    with serve(configurations[name](), tls="--tls" in options) as server:
        ca_file = None if server.ca_file is None else str(server.ca_file)
        _tell({"issuer": server.issuer, "ca_file": ca_file})
        sys.stdin.read()
        if server.ca_file is None:
            # it remembers nothing that anybody would want, and has no files to take away
            os._exit(0)


def _tell(document: Mapping[str, str | None]) -> None:
    """Print one line of JSON; nothing if who asked was killed meanwhile."""
    try:
        sys.stdout.write(json.dumps(document) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main(*sys.argv[1:])
