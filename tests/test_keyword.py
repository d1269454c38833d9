"""What -k selects: the same as pytest's option of that name."""

from typing import Final

import pytest
from _pytest.mark.expression import Expression
from hypothesis import given
from hypothesis import strategies as st

from idprobe.errors import UsageError
from idprobe.judge.keyword import MOST_TOKENS, Keyword

NAMES: Final = ("rfc6749", "test_5_1_answers.py", "test_no_store", "RFC6749-5.1/cache-control")
WORDS: Final = ("cache", "RFC6749-5.1", "nothing", "Store", "and", "or", "not", "(", ")", "5.1/c")


def pytest_says(text: str) -> bool | None:
    """Return whether pytest's -k would select the names; None if it cannot read the text."""
    try:
        expression = Expression.compile(text)
    except SyntaxError:
        return None

    def matches(word: str, /, **_: object) -> bool:
        return any(word.lower() in name.lower() for name in NAMES)

    return expression.evaluate(matches)


def says(text: str) -> bool | None:
    try:
        return Keyword(text)(NAMES)
    except UsageError:
        return None


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join))
def test_an_expression_selects_what_pytest_selects(text: str) -> None:
    assert says(text) == pytest_says(text)


@pytest.mark.parametrize("text", ["", " ", "\t"])
def test_no_expression_selects_all(text: str) -> None:
    assert Keyword(text)(NAMES)


@pytest.mark.parametrize("text", ["a b", "((", "not", "a=1", "'a'", "a,b", "(" * MOST_TOKENS * 2])
def test_what_is_no_expression_is_named(text: str) -> None:
    with pytest.raises(UsageError, match="is no expression: use words, and, or, not"):
        Keyword(text)
