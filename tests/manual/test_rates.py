"""The page of our error rates has the figures of the pages that measure them, and no others."""

import re
from pathlib import Path
from typing import Final

import pytest
from tests.hostile.cases import CASES
from tests.recorded import by_hand
from tests.variants.compare import interval

from tools.manual.rates import with_rates

FOLDER: Final = Path(__file__).parents[2] / "docs" / "explanation"
PAGE: Final = (FOLDER / "error-rates.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["false-alarms.md", "kill-matrix.md", "what-our-tests-notice.md"])
def test_a_page_that_measures_gives_its_figures(name: str) -> None:
    rows = with_rates(f"<!-- rates of {name} by nox -s x -->", FOLDER).splitlines()

    measured = (FOLDER / name).read_text(encoding="utf-8")
    assert len(rows) >= 2
    for row in rows:
        _, count, of, rate, between, command = row.strip("| ").split(" | ")
        assert command == "`nox -s x`"
        assert re.search(rf"{of}.* {count} .*{rate}|{count} \\| {of} \\| {rate}", measured)
        assert between in measured


def test_what_is_not_measured_says_so(tmp_path: Path) -> None:
    row = with_rates("<!-- rates of none.md by nox -s x -->", tmp_path)

    assert row == "| none.md is not measured yet | – | – | – | – | `nox -s x` |"


def test_every_page_that_is_named_has_a_place() -> None:
    assert "<!--" not in with_rates(PAGE, FOLDER)


@pytest.mark.parametrize(
    ("words", "total"), [("hostile servers", len(CASES)), ("written by hand", len(by_hand.NAMES))]
)
def test_what_is_counted_here_is_as_many_as_there_are(words: str, total: int) -> None:
    row = next(line for line in PAGE.splitlines() if words in line and line.startswith("|"))

    low, high = interval(0, total)
    assert f"| 0 | {total} | 0.0% | {low:.1%} to {high:.1%} |" in row
