"""A few tokens are kept of many: each with the same chance."""

from collections import Counter

from idprobe.load.tokens.owners import Owner
from idprobe.load.tokens.token_sample import MOST_KEPT, TokenSample

OWNER = Owner("web", "alice")


def kept_of(count: int, seed: int = 0, form: str = "t{}") -> list[int]:
    token_sample = TokenSample()
    token_sample._chance.seed(seed)
    for number in range(1, count + 1):
        if number >= token_sample.due:
            token_sample.keep(number, form.format(number).encode(), OWNER)
    return [int(text.decode().removeprefix("t")) for text, _ in token_sample.kept]


def test_all_of_a_few_are_kept_and_never_more_than_that() -> None:
    assert kept_of(7) == list(range(1, 8))
    assert len(kept_of(100_000)) == MOST_KEPT


def test_early_and_late_tokens_have_the_same_chance() -> None:
    tenths = Counter((one - 1) // 500 for seed in range(100) for one in kept_of(5000, seed))

    # 1,000 expected of each, with a deviation of 30
    assert all(abs(tenths[place] - 1000) < 150 for place in range(10)), tenths


def test_a_token_that_says_itself_whose_it_is_is_not_kept() -> None:
    assert kept_of(5000, form="a.{}.c") == []


def test_a_token_that_says_itself_whose_it_is_takes_no_place_of_another() -> None:
    token_sample = TokenSample()
    for number in range(1, MOST_KEPT + 1):
        token_sample.keep(number, b"t%d" % number, OWNER)
    before = list(token_sample.kept)

    for number in range(MOST_KEPT + 1, 5000):
        if number >= token_sample.due:
            token_sample.keep(number, b"a.%d.c" % number, OWNER)

    assert token_sample.kept == before
