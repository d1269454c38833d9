"""Time a newcomer's first run: install into a fresh environment, and audit a server that runs.

    python first_run.py ISSUER NAME=VALUE...

The variables are what `idprobe init` asks for, which is all that a human has to find out. Prints
the seconds of each command; ends with 1 if one ends otherwise than a newcomer can go on from.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
LONGEST_S: Final = 900
GOOD: Final = (0,)
JUDGED: Final = (0, 1, 3)
"""An audit that found something is a first run that worked."""


def commands(folder: Path, issuer: str) -> list[tuple[str, list[str], tuple[int, ...]]]:
    """Return the commands of the README, each with its name and the exit codes that are fine."""
    scripts = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    idprobe, profile = str(scripts / "idprobe"), str(folder / "server.toml")
    install = [str(scripts / "python"), "-m", "pip", "install", "--quiet", str(ROOT)]
    audit = [idprobe, "audit", profile, "--register", "--output", str(folder / "results")]
    return [
        ("venv", [sys.executable, "-m", "venv", str(folder / "venv")], GOOD),
        ("install", install, GOOD),
        ("init", [idprobe, "init", issuer, "--output", profile], GOOD),
        ("doctor", [idprobe, "doctor", profile], GOOD),
        ("audit", audit, JUDGED),
    ]


def main(issuer: str, *variables: str) -> int:
    """Run the commands in turn; print what each took."""
    given = dict(variable.split("=", 1) for variable in variables)
    folder = Path(tempfile.mkdtemp(prefix="idprobe-first-run-"))
    total = 0.0
    try:
        for name, words, good in commands(folder, issuer):
            begun = time.monotonic()
            done = subprocess.run(
                words,
                cwd=folder,
                env={**os.environ, **given, "XDG_STATE_HOME": str(folder / "state")},
                capture_output=True,
                text=True,
                timeout=LONGEST_S,
                check=False,
            )
            took = time.monotonic() - begun
            total += took
            print(f"{name:<8} {took:7.1f} s  exit {done.returncode}")
            if done.returncode not in good:
                print(done.stdout[-2000:], done.stderr[-2000:], sep="\n", file=sys.stderr)
                return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{'total':<8} {total:7.1f} s  {len(commands(folder, issuer))} commands")
    print(f"edits of the profile: 0; values that a human has to supply: {len(given)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
