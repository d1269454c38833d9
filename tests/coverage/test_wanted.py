"""The list of mutants wanted: it loses no row, and whatever is covered has a mutant."""

import ast
from pathlib import Path
from typing import Final

import pytest

from idprobe.errors import CatalogueError
from tools.traceability.figures import broken_by_mutant, coverage_of_the_suite
from tools.traceability.wanted import (
    LIST,
    PROVEN_ELSEWHERE,
    grown,
    killers,
    load_wanted,
    reasons,
    unproven,
)

COVERAGE: Final = coverage_of_the_suite()
BROKEN: Final = broken_by_mutant()
ROOT: Final = Path(__file__).parents[2]


def test_every_covered_requirement_has_a_mutant() -> None:
    bare = unproven(COVERAGE, BROKEN)

    assert bare == [], (
        f"no mutant breaks {', '.join(bare)}: write one below src/idprobe_reference/mutants "
        "(docs/how-to/add-a-mutant.md), whose `breaks` names it"
    )


def test_every_row_of_the_list_is_killed_or_says_why_not() -> None:
    by, why = killers(COVERAGE, BROKEN), reasons(COVERAGE)

    unkilled = [row for row in load_wanted() if not by.get(row) and not why.get(row)]
    assert unkilled == [], (
        f"no mutant breaks {', '.join(unkilled)}: what has no check either gets its stubs by "
        "`nox -s new_check -- ID`, or a reason in fixtures/untested; "
        "`python -m tools.traceability --gaps` tells which has none"
    )


def test_the_list_has_whatever_could_be_tested_and_every_case_of_a_peer() -> None:
    expected = grown(COVERAGE, load_wanted())

    missing = sorted({*expected.splitlines()} - {*LIST.read_text("utf-8").splitlines()})
    assert LIST.read_text(encoding="utf-8") == expected, (
        f"{LIST.name} lacks {missing or 'its order'}: run `python -m tools.traceability --grow`"
    )


def test_a_row_that_was_taken_away_comes_back() -> None:
    first, *kept = load_wanted().items()

    assert f"\n{first[0]}\t" in grown(COVERAGE, dict(kept))


def test_the_list_never_loses_a_row(tmp_path: Path) -> None:
    listed = {**load_wanted(), "RFC0000-1/gone": "a rule that the catalogue has lost"}
    path = tmp_path / "wanted.tsv"
    path.write_text(grown(COVERAGE, listed), encoding="utf-8")

    assert load_wanted(path).items() >= listed.items()


def test_a_row_that_is_twice_in_the_list_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "wanted.tsv"
    path.write_text("id\twanted\none\ta\none\tb\n", encoding="utf-8")

    with pytest.raises(CatalogueError, match="line 3"):
        load_wanted(path)


@pytest.mark.parametrize("requirement", PROVEN_ELSEWHERE)
def test_what_is_proven_elsewhere_is_proven_there(requirement: str) -> None:
    """The test is there, tells a violation, and its file names the requirement or a check of it."""
    file, _, name = PROVEN_ELSEWHERE[requirement].partition("::")
    checks = {check.name.partition("::")[2] for check in COVERAGE.judging[requirement]}
    module = ast.parse((ROOT / file).read_text(encoding="utf-8"))

    (test,) = (one for one in module.body if isinstance(one, ast.FunctionDef) and one.name == name)
    texts = {one.value for one in ast.walk(module) if isinstance(one, ast.Constant)}
    assert {requirement, *checks} & texts
    assert "violated" in ast.unparse(test).lower()
