"""The load scenarios that ship: a Locust file each."""

from pathlib import Path

from idprobe.content import content
from idprobe.errors import UsageError

__all__ = ["scenario_file", "scenarios"]


def scenarios() -> tuple[str, ...]:
    """Return the names of the scenarios that ship."""
    return tuple(sorted(path.stem for path in content("loadtests").glob("*.py")))


def scenario_file(name: str) -> Path:
    """Return the file of a scenario; raises UsageError that lists the scenarios there are."""
    path = content("loadtests", f"{name}.py")
    if name not in scenarios():
        raise UsageError(f"there is no load scenario {name!r}: use one of {', '.join(scenarios())}")
    return path
