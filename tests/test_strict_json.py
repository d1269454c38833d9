"""JSON is read strictly and written so that every reader can read it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idprobe.errors import EvidenceError
from idprobe.formats.strict_json import json_text, parse_json

strings = st.text(st.characters(), max_size=10)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | strings
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(), max_size=5), inner, max_size=4)
    ),
    max_leaves=10,
)


def refuse(constant: str) -> Any:
    raise ValueError(constant)


@given(values)
def test_whatever_is_written_is_utf_8_and_strict_json_of_the_same_value(value: Any) -> None:
    octets = json_text(value).encode("utf-8")

    assert json.loads(octets, parse_constant=refuse) == value


@given(values)
def test_what_is_parsed_can_be_encoded(value: Any) -> None:
    try:
        found = parse_json(json.dumps(value, allow_nan=False).encode())
    except ValueError:  # an infinite number, which json.dumps does not write
        return
    json.dumps(found, ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\ud800"', "\ufffd"),
        (r'"\uDFFF\uD800"', "\ufffd\ufffd"),
        (r'"\ud83d\ude00"', "\U0001f600"),
        (r'{"\udead":["\uDEAD",{"a":"x\udbff"}]}', {"\ufffd": ["\ufffd", {"a": "x\ufffd"}]}),
        (r'"\\ud800"', "\\ud800"),
        ("1e999", float("inf")),
        ("-" + "9" * 5_000, float("-inf")),
    ],
)
def test_what_no_program_can_handle_becomes_what_it_can(text: str, value: Any) -> None:
    assert parse_json(text.encode()) == value


@pytest.mark.parametrize(
    "data",
    [b"NaN", b"\xff", b"\xef\xbb\xbf{}", b"[" * 100_000, b'{"a":1,"a":2}', b"", b"{} {}"],
    ids=["NaN", "no UTF-8", "BOM", "depth", "names twice", "nothing", "two values"],
)
def test_what_is_not_json_is_refused_in_one_way(data: bytes) -> None:
    with pytest.raises(EvidenceError):
        parse_json(data)
