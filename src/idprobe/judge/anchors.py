"""What our peers test, case by case, and which of our checks says the same: fixtures/anchors.

A row has `checks`, node ids below `conformance/` apart by spaces, or a `reason` that begins with
its kind: `later:` (a capability that the suite does not reach yet; out of scope), `not tested:`
(in scope, and left out on purpose), `not yet:` (in scope, and owed). Beside checks stands a `note:`
where a part of the case is no rule of any specification, or nothing.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Final

from idprobe.content import content
from idprobe.errors import CatalogueError

__all__ = ["SOURCES", "Row", "Standing", "load_anchors"]

SOURCES: Final = MappingProxyType(
    {
        "oidf-op-modules": "OpenID Foundation",
        "oauch-cases": "OAuch",
        "security-cases": "Security cases",
    }
)
"""Our peers: the name of the file, and what it is called."""

_WANTED: Final = {"area", "what_it_checks", "level", "checks", "reason"}
_KEYS: Final = ("id", "module")
NOTE: Final = "note"


class Standing(StrEnum):
    """Where something that could be tested stands."""

    COVERED = "covered"
    REASONED = "not tested"
    OPEN = "not yet"
    LATER = "later"


_UNCOVERED: Final = frozenset(Standing) - {Standing.COVERED}


@dataclass(frozen=True, slots=True)
class Row:
    """One case of a peer."""

    source: str
    id: str
    area: str
    summary: str
    level: str
    plans: tuple[str, ...]
    checks: tuple[str, ...]
    reason: str

    @property
    def standing(self) -> Standing:
        """Return where the case stands."""
        return Standing.COVERED if self.checks else Standing(self.reason.partition(":")[0])

    @property
    def because(self) -> str:
        """Return the reason or the note without its kind; "" if there is neither."""
        return self.reason.partition(":")[2].strip()


def load_anchors(folder: Path | None = None) -> Mapping[str, tuple[Row, ...]]:
    """Return the cases of each peer, in the order of its file.

    Raises CatalogueError for a row that makes no sense.
    """
    folder = folder or content("fixtures", "anchors")
    return MappingProxyType({name: tuple(_read(folder / f"{name}.tsv")) for name in SOURCES})


def _read(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE, strict=True)
        columns = set(lines.fieldnames or ())
        key = next((name for name in _KEYS if name in columns), None)
        if key is None or not columns >= _WANTED:
            raise CatalogueError(f"{path}: the columns are not those of a list of cases")
        seen: set[str] = set()
        for cells in lines:
            where = f"{path}: line {lines.line_num}"
            if None in cells or None in cells.values():
                raise CatalogueError(f"{where}: has not as many cells as there are columns")
            row = _row(path.stem, cells, cells[key])
            if row.id in seen:
                raise CatalogueError(f"{where}: {row.id} is there twice")
            seen.add(row.id)
            if flaw := _flaw(row):
                raise CatalogueError(f"{where}: {row.id} {flaw}")
            yield row


def _row(source: str, cells: Mapping[str, str], identifier: str) -> Row:
    return Row(
        source=source,
        id=identifier,
        area=cells["area"],
        summary=cells["what_it_checks"],
        level=cells["level"],
        plans=tuple(cells.get("plans", "").split(",")) if cells.get("plans") else (),
        checks=tuple(cells["checks"].split()),
        reason=cells["reason"].strip(),
    )


def _flaw(row: Row) -> str | None:
    kinds = [NOTE] if row.checks else [kind.value for kind in Standing if kind in _UNCOVERED]
    if not row.checks and not row.reason:
        return "needs checks or a reason"
    kind, colon, because = row.reason.partition(":")
    if row.reason and not (kind in kinds and colon and because.strip()):
        wanted = " or ".join(f"{kind}:" for kind in kinds)
        return f"has a reason of no kind: it begins with {wanted}"
    return None
