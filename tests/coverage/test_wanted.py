"""The list of mutants wanted: it loses no row, and whatever is covered has a mutant."""

from pathlib import Path
from typing import Final

import pytest

from idprobe.coverage.command import broken_by_mutant, coverage_of_the_suite
from idprobe.coverage.wanted import PROVEN_ELSEWHERE, grown, killers, load_wanted, unproven
from idprobe.errors import CatalogueError

COVERAGE: Final = coverage_of_the_suite()
BROKEN: Final = broken_by_mutant()
ROOT: Final = Path(__file__).parents[2]


def test_every_covered_requirement_has_a_mutant() -> None:
    assert unproven(COVERAGE, BROKEN) == []


def test_every_row_of_the_list_is_killed() -> None:
    by = killers(COVERAGE, BROKEN)

    assert [row for row in load_wanted() if not by.get(row)] == []


def test_the_list_grows_and_never_loses_a_row(tmp_path: Path) -> None:
    listed = {**load_wanted(), "RFC0000-1/gone": "a rule that the catalogue has lost"}
    path = tmp_path / "wanted.tsv"
    path.write_text(grown(COVERAGE, listed), encoding="utf-8")

    assert load_wanted(path).items() >= listed.items()


def test_a_row_that_is_twice_in_the_list_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "wanted.tsv"
    path.write_text("id\twanted\none\ta\none\tb\n", encoding="utf-8")

    with pytest.raises(CatalogueError, match="line 3"):
        load_wanted(path)


def test_what_is_proven_elsewhere_is_proven_there() -> None:
    for requirement, file in PROVEN_ELSEWHERE.items():
        names = [check.name.partition("::")[2] for check in COVERAGE.judging[requirement]]
        text = (ROOT / file).read_text(encoding="utf-8")
        assert any(name in text for name in (requirement, *names)), requirement
