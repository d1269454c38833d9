"""The embedded server as the target of load, in a process of its own.

Run as a module it serves until its standard input ends, and prints its issuer as one line of JSON.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from idprobe.errors import ProbeError, UsageError
from idprobe.profile import Profile, with_issuer

__all__ = ["served"]


@contextmanager
def served(profile: Profile) -> Iterator[Profile]:
    """Start the embedded server if the profile asks for it; yield the profile with its issuer.

    Generator and server must not share an interpreter: each would slow the other.
    """
    if profile.embedded is None:
        yield profile
        return
    command = [sys.executable, "-m", "idprobe.load.embedded", profile.embedded]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:  # noqa: S603 -- our own module
        try:
            line = server.stdout.readline() if server.stdout else b""
            if not line:
                raise ProbeError(f"the embedded server {profile.embedded} did not start")
            yield with_issuer(profile, json.loads(line)["issuer"])
        finally:
            server.terminate()


def main(name: str) -> None:
    """Serve one of the two shipped configurations until standard input ends."""
    # the server's modules are needed in this process only
    from idprobe.reference.config import reference_config, speakup_config  # noqa: PLC0415
    from idprobe.reference.running import serve  # noqa: PLC0415

    configurations = {"reference": reference_config, "speakup": speakup_config}
    if name not in configurations:
        raise UsageError(f"there is no embedded server {name!r}: reference or speakup")
    with serve(configurations[name]()) as server:
        sys.stdout.write(json.dumps({"issuer": server.issuer}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
