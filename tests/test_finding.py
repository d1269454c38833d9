"""Secrets are found in every usual spelling, in time that is linear in the text."""

import base64
import random
import time
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.planted.secrets import PLANTED, SPELLINGS

from idprobe.redaction.finding import Finder, octets_of, text_of

MEBI: Final = 2**20


@pytest.mark.parametrize("secret", PLANTED.values(), ids=PLANTED.keys())
@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_secret_is_found_in_every_spelling(secret: str, spell: Callable[[str], str]) -> None:
    finder = Finder()
    finder.add(secret)
    text = octets_of(f"before ({spell(secret)}) after")

    spans = finder.spans(text)

    assert [one.value for one in spans] == [secret]
    rest = text_of(text[: spans[0].start] + text[spans[0].end :])
    assert rest.startswith("before (")
    rest = rest.replace("%3D", "")  # of a short secret the padding is left
    assert len(rest) <= len("before () after") + 2  # an escape may end one octet sooner


@given(st.lists(st.text(st.sampled_from("abAB01-._~ +/=%&ü"), min_size=8, max_size=24), max_size=6))
def test_every_one_of_several_secrets_is_covered(values: list[str]) -> None:
    finder = Finder()
    for value in values:
        finder.add(value)
    text = octets_of(" | ".join(values))

    spans = finder.spans(text)

    left = bytearray(text)
    for span in reversed(spans):
        del left[span.start : span.end]
    for value in values:
        if not value.isdecimal():
            assert octets_of(value) not in left


def test_tokens_that_begin_and_end_alike_are_told_apart() -> None:
    values = [f"tok-{number:05d}-the-same-suffix-everywhere" for number in range(3_000)]
    finder = Finder()
    for value in values:
        finder.add(value)

    spans = finder.spans(" ".join(values).encode())

    assert [one.value for one in spans] == values


def test_a_secret_of_digits_is_no_part_of_a_longer_number() -> None:
    finder = Finder()
    finder.add("20260101")

    assert finder.spans(b'{"iat": 120260101, "exp": 202601019}') == []
    assert [one.start for one in finder.spans(b"pin=20260101;")] == [4]


def test_a_short_secret_counts_where_it_stands_alone() -> None:
    finder = Finder()
    finder.add("pw1!")

    assert [one.start for one in finder.spans(b"wrong password pw1! for alice")] == [15]
    assert finder.spans(b"xpw1!") == []
    assert len(finder.spans(b"cHcxIQ==")) == 1


def hostile() -> dict[str, bytes]:
    """Return texts of the length at which a body is cut, each bad for some way of searching."""
    some = random.Random(1)  # noqa: S311 -- the same octets each time
    return {
        "words": b"hello world this is ",
        "base64": base64.b64encode(some.randbytes(MEBI * 3 // 4)),
        "short runs": b" ".join(base64.b64encode(some.randbytes(9)) for _ in range(80_000)),
        "short hexadecimal runs": b" ".join(
            some.randbytes(9).hex().encode() for _ in range(60_000)
        ),
        "one letter": b"a",
        "nested percent": b"%" + b"25" * (MEBI // 2),
        "brackets": b"[",
        "quotes": b'"code":"',
        "what secrets end with": b"the-same-suffix-everywhere",
    }


@pytest.mark.parametrize("name", hostile())
def test_searching_takes_time_linear_in_the_text(name: str) -> None:
    finder = Finder()
    for number in range(2_000):
        finder.add(f"tok-{number:05d}-the-same-suffix-everywhere")
        finder.add("a" * (16 + number % 40))
    part = hostile()[name]
    whole = (part * (MEBI // len(part) + 1))[:MEBI]

    def cost_s(text: bytes) -> float:
        begun = time.process_time()
        finder.spans(text)
        return time.process_time() - begun

    small, large = (min(cost_s(whole[:size]) for _ in range(2)) for size in (MEBI // 16, MEBI))

    assert large < 0.05 + 16 * 4 * small
