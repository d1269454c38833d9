"""What our peers test is mapped to checks that exist and have a mutant, or has a reason."""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

from idprobe.content import content
from idprobe.errors import CatalogueError
from idprobe.formats.schemas import nearest
from idprobe.judge.anchors import SOURCES, Standing, load_anchors
from idprobe_reference.mutants import MUTANTS
from tools.traceability.__main__ import traceability
from tools.traceability.figures import coverage_of_the_suite

COVERAGE: Final = coverage_of_the_suite()
CHECKS: Final = {check.name: check for check in COVERAGE.checks}
ROWS: Final = [row for rows in COVERAGE.anchors.values() for row in rows]
COVERED: Final = [row for row in ROWS if row.checks]
BROKEN: Final = {COVERAGE.catalogue.canonical(i) for m in MUTANTS.values() for i in m.breaks}

LISTS: Final = {
    "oidf-op-modules": (289, "69ea763d7f82c6c9"),
    "oauch-cases": (179, "997e9c45a5168ef7"),
    "security-cases": (289, "49745bbba94327a9"),
}
"""How many cases each list has, and the start of the SHA-256 of their ids: no case may get lost."""


def test_no_case_of_the_lists_got_lost() -> None:
    found = {
        source: (
            len(rows),
            hashlib.sha256("\n".join(row.id for row in rows).encode()).hexdigest()[:16],
        )
        for source, rows in COVERAGE.anchors.items()
    }

    assert found == LISTS


def test_a_case_is_covered_by_checks_that_exist() -> None:
    strange = [
        f"{row.source}.tsv, {row.id}: there is no check {name}; "
        f"did you mean {nearest(name, CHECKS)}? If it was renamed, rename it there too."
        for row in COVERED
        for name in row.checks
        if name not in CHECKS
    ]

    assert strange == []


def test_a_case_is_covered_by_checks_that_have_a_mutant() -> None:
    unproven = [
        f"{row.source}.tsv, {row.id}: no mutant breaks what {name} judges"
        for row in COVERED
        for name in row.checks
        if name in CHECKS
        and not BROKEN & set(map(COVERAGE.catalogue.canonical, CHECKS[name].requirements))
    ]

    assert unproven == []


def test_a_case_names_a_check_once() -> None:
    assert [row.id for row in COVERED if len(set(row.checks)) != len(row.checks)] == []


def test_a_reason_says_something() -> None:
    assert [row.id for row in ROWS if row.reason and len(row.because) < 12] == []


HEAD: Final = "id\tarea\twhat_it_checks\tlevel\tchecks\treason"


def folder_with(folder: Path, *lines: str) -> Path:
    for source in SOURCES:
        text = "\n".join([HEAD, *(lines if source == "oauch-cases" else ())])
        (folder / f"{source}.tsv").write_text(text + "\n", encoding="utf-8")
    return folder


def test_a_row_is_read(tmp_path: Path) -> None:
    cases = ("A-1\ttoken\tIt says.\tmust\tx.py::a x.py::b\t", "A-2\tjar\tIt.\tmust\t\tlater: JAR.")

    rows = load_anchors(folder_with(tmp_path, *cases))["oauch-cases"]

    assert rows[0].checks == ("x.py::a", "x.py::b")
    assert [row.standing for row in rows] == [Standing.COVERED, Standing.LATER]
    assert rows[1].because == "JAR."


@pytest.mark.parametrize(
    ("row", "flaw"),
    [
        ("A-1\ttoken\tIt.\tmust\t\t", "needs checks or a reason"),
        ("A-1\ttoken\tIt.\tmust\tx.py::a\tlater: JAR.", "begins with note:"),
        ("A-1\ttoken\tIt.\tmust\t\tnote: JAR.", "has a reason of no kind"),
        ("A-1\ttoken\tIt.\tmust\t\tsomehow", "has a reason of no kind"),
        ("A-1\ttoken\tIt.\tmust\t\tlater:", "has a reason of no kind"),
        ("A-1\ttoken\tIt.\tmust", "has not as many cells"),
        ("A-1\ttoken\tIt.\tmust\tx.py::a\t\nA-1\ttoken\tIt.\tmust\tx.py::a\t", "is there twice"),
    ],
    ids=["nothing", "both", "note", "kind", "empty", "cells", "twice"],
)
def test_a_row_that_makes_no_sense_is_refused(row: str, flaw: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"oauch-cases\.tsv") as caught:
        load_anchors(folder_with(tmp_path, row))

    assert flaw in str(caught.value)


def test_a_list_with_other_columns_is_none(tmp_path: Path) -> None:
    folder_with(tmp_path)
    (tmp_path / "oauch-cases.tsv").write_text("id\tname\nA-1\tx\n", encoding="utf-8")

    with pytest.raises(CatalogueError, match=r"oauch-cases\.tsv: the columns are not those"):
        load_anchors(tmp_path)


def test_what_has_neither_check_nor_reason_is_owed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = ("A-1\ttoken\tIt.\tmust\tx.py::a\t", "A-2\tjar\tIt.\tmay\t\tnot yet: Nobody began.")
    anchors = load_anchors(folder_with(tmp_path, *cases))
    bare = replace(COVERAGE, anchors=anchors, untested={}, judging={})

    monkeypatch.setattr("tools.traceability.__main__.coverage_of_the_suite", lambda: bare)
    done = CliRunner().invoke(traceability, ["--gaps", "--strict"])

    owed = done.stdout.splitlines()
    assert done.exit_code == 1
    assert "oauch-cases A-2  may  Nobody began." in owed
    assert any(line.startswith("RFC6749-5.1/cache-control-no-store  MUST  ") for line in owed)
    assert not any(line.startswith("oauch-cases A-1") for line in owed)


def plain_lines(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


@pytest.mark.parametrize("source", SOURCES)
def test_cells_have_no_white_space_at_their_ends(source: str) -> None:
    cells = (
        c for line in plain_lines(content("fixtures", "anchors", f"{source}.tsv")) for c in line
    )

    assert [cell for cell in cells if cell != cell.strip()] == []
