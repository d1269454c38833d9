"""The checks that no mutant of the matrix wakes, each with its reason.

They are in fixtures/mutants/unkilled.tsv. A row names the test of ours that wakes the check
instead. Whatever else no mutant wakes is owed.
"""

import csv
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from idprobe.errors import CatalogueError

__all__ = ["Unkilled", "load_unkilled", "misfits"]

ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Unkilled:
    """Why no mutant wakes a check, and which test wakes it (its pytest node id)."""

    woken_by: str
    because: str


def load_unkilled(path: Path | None = None) -> Mapping[str, Unkilled]:
    """Return the list by the names of the checks. Raises CatalogueError for a broken row."""
    path = path or ROOT / "fixtures" / "mutants" / "unkilled.tsv"
    found: dict[str, Unkilled] = {}
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE, strict=True)
        for row in lines:
            check = row["check"]
            if check in found or not all(row.values()):
                raise CatalogueError(f"{path}: line {lines.line_num} lacks a cell, or comes twice")
            found[check] = Unkilled(row["woken_by"], row["because"])
    return found


def misfits(
    checks: Collection[str], woken: Collection[str], listed: Collection[str]
) -> Iterator[str]:
    """Yield what a whole run of mutants shows to be wrong with the checks or with the list."""
    for check in sorted({*checks} - {*woken} - {*listed}):
        yield f"{check}: no mutant wakes it"
    for check in sorted({*woken} & {*listed}):
        yield f"{check}: a mutant wakes it, though fixtures/mutants/unkilled.tsv says none does"
