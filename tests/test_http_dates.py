"""A date that a server sends is a moment or none, never a crash."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idprobe.formats.http_dates import http_date

MOMENT = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
parts = st.sampled_from([
    "Sun", ",", " ", "06", "Nov", "1994", "08:49:37", "GMT", "+9999", "-", "9" * 20, "+", "\xb2",
    "0001", "9999", "Z", "EST", "(", '"', "9" * 5_000,
])  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 09:49:37 +0100",
        "Sunday, 06-Nov-94 08:49:37 GMT",
    ],
)
def test_a_date_is_a_moment(text: str) -> None:
    assert http_date(text) == MOMENT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "Sun, 99 Foo 99999 99:99",
        "Sun, 06 Nov 1994 08:49:37 +9999999999999999999999",
        "Fri, 31 Dec 9999 23:59:59 -2359",
    ],
)
def test_what_cannot_be_computed_with_is_none(text: str) -> None:
    assert http_date(text) is None


@given(st.lists(parts, max_size=14))
def test_no_text_makes_it_fail(some: list[str]) -> None:
    found = http_date("".join(some))
    assert found is None or found.tzinfo is UTC
