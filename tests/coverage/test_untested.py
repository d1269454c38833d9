"""What is not tested is said, short, and true: each entry could be judged, and no check does."""

from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from idprobe.errors import CatalogueError
from idprobe.judge.collect import all_checks
from idprobe.judge.untested import NOTHING, TESTABLE, load_untested
from idprobe.model.catalogue import load_catalogue

CATALOGUE: Final = load_catalogue()
UNTESTED: Final = load_untested()
JUDGED: Final = {CATALOGUE.canonical(i) for check in all_checks() for i in check.requirements}
DOCUMENTS: Final = Counter(one.document for one in CATALOGUE if one.testable in TESTABLE)
MOST: Final = 0.12


def test_each_file_is_named_for_one_of_the_catalogue() -> None:
    assert UNTESTED.keys() <= DOCUMENTS.keys()


@pytest.mark.parametrize("document", UNTESTED)
def test_what_is_not_tested_is_a_testable_entry_that_no_check_judges(document: str) -> None:
    for identifier in UNTESTED[document].because:
        requirement = CATALOGUE[identifier]
        assert requirement.document == document, f"{identifier} is of {requirement.document}"
        assert requirement.testable in TESTABLE, f"{identifier}: the catalogue says it already"
        assert CATALOGUE.canonical(identifier) not in JUDGED, (
            f"a check judges {identifier}: take its entry out of fixtures/untested/{document}.toml"
        )


@pytest.mark.parametrize("document", UNTESTED)
def test_little_of_a_file_is_left_untested(document: str) -> None:
    untested = UNTESTED[document].because

    assert len(untested) <= MOST * DOCUMENTS[document], (
        f"{len(untested)} of {DOCUMENTS[document]} testable entries of {document} are left out: "
        "write checks, or correct `testable` in the catalogue where no black box can see it"
    )


def test_a_file_that_is_out_of_scope_has_no_list_of_its_own() -> None:
    assert [name for name, one in UNTESTED.items() if one.later and one.because] == []


def write(folder: Path, text: str) -> Path:
    (folder / "rfc0.toml").write_text(text, encoding="utf-8")
    return folder


ENTRY: Final = """
[[untested]]
requirement = "RFC0-1/x"
because = "Its effect is seen by nobody outside."
"""


def test_a_file_is_read(tmp_path: Path) -> None:
    found = load_untested(write(tmp_path, ENTRY))

    assert found["rfc0"].because == {"RFC0-1/x": "Its effect is seen by nobody outside."}
    assert found["rfc0"].later == NOTHING.later


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        (ENTRY * 2, "RFC0-1/x is there twice"),
        (ENTRY.replace("because", "becuase"), "did you mean because?"),
        (ENTRY.replace("outside.", "outside"), "must be one sentence"),
        ("= 1", "is not TOML"),
        ("", "must not be empty"),
    ],
    ids=["twice", "misspelt", "sentence", "syntax", "empty"],
)
def test_a_file_that_makes_no_sense_is_refused_with_the_fix(
    text: str, fix: str, tmp_path: Path
) -> None:
    with pytest.raises(CatalogueError, match="rfc0") as caught:
        load_untested(write(tmp_path, text))

    assert fix in str(caught.value)
