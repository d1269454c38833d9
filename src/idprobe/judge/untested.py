"""What of the catalogue no check judges, with the reason: fixtures/untested, a file for a file."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from idprobe.content import content
from idprobe.errors import CatalogueError
from idprobe.formats.schemas import first_schema_flaw

__all__ = ["NOTHING", "TESTABLE", "Untested", "load_untested"]

TESTABLE: Final = frozenset({"black-box", "needs-config"})
"""The values of `testable` that ask for a check."""


@dataclass(frozen=True, slots=True)
class Untested:
    """What of one catalogue file is not tested; `later` is why none of it is in scope, or ""."""

    later: str = ""
    because: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


NOTHING: Final = Untested()


def load_untested(folder: Path | None = None) -> Mapping[str, Untested]:
    """Return what is not tested, by the name of the catalogue file.

    Raises CatalogueError for a file that makes no sense.
    """
    folder = folder or content("fixtures", "untested")
    return MappingProxyType({path.stem: _read(path) for path in sorted(folder.glob("*.toml"))})


def _read(path: Path) -> Untested:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError(f"{path}: is not TOML: {error}") from None
    if flaw := first_schema_flaw(document, "untested"):
        raise CatalogueError(f"{path}: {flaw}")
    because: dict[str, str] = {}
    for entry in document.get("untested", ()):
        if entry["requirement"] in because:
            raise CatalogueError(f"{path}: {entry['requirement']} is there twice")
        because[entry["requirement"]] = entry["because"]
    return Untested(document.get("later", ""), MappingProxyType(because))
