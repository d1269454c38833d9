"""The long search: `nox -s fuzz -- --minutes 60 [-k TARGET]`.

Each target is searched for its share of the time, in a process of its own and one after the other.
Inputs that reached something new stay in reports/output/fuzz, where the next run goes on.
Exit code 1 if any input is a defect.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.fuzz.targets import TARGETS

__all__ = ["main"]

OUT: Final = Path("reports", "output", "fuzz")
LEAST_S: Final = 5
START_S: Final = 120
"""What a process may take beyond its share: to import idprobe, and for its last input."""


@dataclass(frozen=True, slots=True)
class Found:
    """What came of a target: figures of its process, and the files that hold defects."""

    name: str
    seconds: float
    inputs: int
    longest_s: float
    defects: tuple[Path, ...]
    died: str
    """How its process ended, if not as it should."""


def main(arguments: Sequence[str]) -> int:
    """Search, print what was found, and return the exit code."""
    parser = argparse.ArgumentParser(prog="nox -s fuzz --")
    parser.add_argument("--minutes", type=float, default=10.0, help="For all targets together.")
    parser.add_argument(
        "-k", dest="keyword", default="", help="Only targets with this in the name."
    )
    parser.add_argument("--output", type=Path, default=OUT, help="Folder of inputs and defects.")
    given = parser.parse_args(arguments)
    names = [name for name in TARGETS if given.keyword in name]
    if not names:
        parser.error(f"no target has {given.keyword!r} in its name: {', '.join(TARGETS)}")
    share_s = max(LEAST_S, round(given.minutes * 60 / len(names)))
    given.output.mkdir(parents=True, exist_ok=True)
    found = []
    for name in names:
        found.append(_searched(name, share_s, given.output))
        print(_line(found[-1]), flush=True)
    return _told(found)


def _searched(name: str, seconds: int, out: Path) -> Found:
    """Search one target for so long, in one process after the other."""
    parts: list[Found] = []
    left_s = float(seconds)
    while not parts or (left_s > LEAST_S and not parts[-1].died):
        parts.append(_part_of(name, max(LEAST_S, round(left_s)), out))
        left_s -= parts[-1].seconds + LEAST_S
    return Found(
        name,
        sum(one.seconds for one in parts),
        sum(one.inputs for one in parts),
        max(one.longest_s for one in parts),
        tuple(dict.fromkeys(path for one in parts for path in one.defects)),
        parts[-1].died,
    )


def _part_of(name: str, seconds: int, out: Path) -> Found:
    """Search one target in one process, and read what it has written."""
    begun = time.time()
    command = (sys.executable, "-m", "tests.fuzz.search", name, str(seconds), str(out))
    died = ""
    with (out / f"{name}.log").open("wb") as log:
        try:
            ended = subprocess.run(
                command, stdout=log, stderr=log, check=False, timeout=seconds + START_S
            )
            died = f"exit code {ended.returncode}" if ended.returncode else ""
        except subprocess.TimeoutExpired:
            died = "it did not end"
    figures = _figures(out / f"{name}.json")
    # one that an earlier run has told is told again, under the same name
    new = tuple(one for one in _defects(name, out) if one.stat().st_mtime >= begun - 1)
    return Found(
        name,
        float(figures.get("seconds", 0)),
        int(figures.get("inputs", 0)),
        float(figures.get("longest_s", 0)),
        new,
        died,
    )


def _figures(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _defects(name: str, out: Path) -> list[Path]:
    return sorted(one for one in (out / "defects" / name).glob("*") if one.suffix != ".txt")


def _line(one: Found) -> str:
    said = f"{one.name:<16}{one.seconds:>7.0f} s{one.inputs:>10} inputs"
    return f"{said}   longest {one.longest_s * 1000:>6.0f} ms   {len(one.defects)} defects"


def _told(found: Sequence[Found]) -> int:
    """Print the sums and the defects; return the exit code."""
    slowest = max(found, key=lambda one: one.longest_s)
    seconds, inputs = sum(one.seconds for one in found), sum(one.inputs for one in found)
    defects = [path for one in found for path in one.defects]
    print(
        f"{len(found)} targets, {seconds:.0f} s, {inputs} inputs, {len(defects)} defects, "
        f"longest {slowest.longest_s * 1000:.0f} ms ({slowest.name})"
    )
    for path in defects:
        told = path.with_suffix(".txt")
        first = told.read_text(encoding="utf-8").splitlines()[0] if told.is_file() else path.name
        print(f"{path.parent.name}: {first}: {path}")
    dead = [one for one in found if one.died and not one.defects]
    for one in dead:
        print(f"{one.name}: the search ended early: {one.died}")
    return 1 if defects or dead else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
