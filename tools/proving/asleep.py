"""The checks that no mutant of the matrix wakes: fixtures/mutants/asleep.tsv, each with its reason.

A row names the test of ours that wakes the check instead. Whatever else no mutant wakes is owed.
"""

import csv
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from idprobe.errors import CatalogueError

__all__ = ["Sleeper", "load_asleep", "misfits"]

ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Sleeper:
    """Why a check sleeps through the matrix, and which test wakes it (its pytest node id)."""

    woken_by: str
    because: str


def load_asleep(path: Path | None = None) -> Mapping[str, Sleeper]:
    """Return the list by the names of the checks. Raises CatalogueError for a broken row."""
    path = path or ROOT / "fixtures" / "mutants" / "asleep.tsv"
    found: dict[str, Sleeper] = {}
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE, strict=True)
        for row in lines:
            check = row["check"]
            if check in found or not all(row.values()):
                raise CatalogueError(f"{path}: line {lines.line_num} lacks a cell, or comes twice")
            found[check] = Sleeper(row["woken_by"], row["because"])
    return found


def misfits(
    checks: Collection[str], woken: Collection[str], listed: Collection[str]
) -> Iterator[str]:
    """Yield what a whole run of mutants shows to be wrong with the checks or with the list."""
    for check in sorted({*checks} - {*woken} - {*listed}):
        yield f"{check}: no mutant wakes it"
    for check in sorted({*woken} & {*listed}):
        yield f"{check}: a mutant wakes it, though fixtures/mutants/asleep.tsv says that none does"
