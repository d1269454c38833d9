"""The list of checks that no mutant of the matrix wakes is true, and no excuse."""

import ast
from pathlib import Path
from typing import Final

import pytest

from idprobe.errors import CatalogueError
from idprobe.judge.collect import all_checks
from tools.proving.unkilled import load_unkilled, misfits

ROOT: Final = Path(__file__).parents[1]
REQUIREMENTS: Final = {check.name: check.requirements for check in all_checks()}
UNKILLED: Final = load_unkilled()


@pytest.mark.parametrize("name", UNKILLED)
def test_a_check_that_sleeps_is_woken_by_a_test_of_ours(name: str) -> None:
    """The test is there and tells a violation; its file names the check, or what it judges."""
    file, _, function = UNKILLED[name].woken_by.partition("::")
    module = ast.parse((ROOT / file).read_text(encoding="utf-8"))

    (test,) = (
        one for one in module.body if isinstance(one, ast.FunctionDef) and one.name == function
    )
    texts = {str(one.value) for one in ast.walk(module) if isinstance(one, ast.Constant)}
    folder, _, check = name.partition("::")
    words = {check, name, *REQUIREMENTS[name], Path(folder).stem.split("_", 3)[-1]}
    assert words & texts
    assert "violated" in ast.unparse(test).lower()


def test_a_check_that_nothing_wakes_is_told() -> None:
    assert list(misfits({"a", "b"}, {"b"}, set())) == ["a: no mutant wakes it"]
    assert list(misfits({"a", "b"}, {"b"}, {"a"})) == []


def test_an_excuse_that_is_none_any_more_is_told() -> None:
    (line,) = misfits({"a"}, {"a"}, {"a"})

    assert line.startswith("a: a mutant wakes it")


def test_a_sleeper_without_a_reason_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "unkilled.tsv"
    path.write_text("check\twoken_by\tbecause\na\ttests/test_a.py::test_a\t\n", encoding="utf-8")

    with pytest.raises(CatalogueError, match="line 2"):
        load_unkilled(path)
