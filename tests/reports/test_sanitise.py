"""Nothing unseen stays unseen, and nothing is lost."""

import json
import string
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from idprobe.formats.sanitise import clipped, plain_pseudonyms, sanitise, spread_form, spread_json

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.text(alphabet=st.characters()))
def test_no_control_format_or_surrogate_character_is_left(text: str) -> None:
    shown = sanitise(text)

    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert shown.encode("utf-8").decode("utf-8") == shown


def test_bidirectional_and_escape_characters_are_named() -> None:
    assert sanitise("a\x1b[31m\u202eb\x00") == "a␛[31m⟨U+202E⟩b␀"


def test_line_feeds_stay_only_where_lines_are_wanted() -> None:
    assert sanitise("a\r\nb\tc\rd", lines=True) == "a\nb\tc␍d"
    assert sanitise("a\nb") == "a␊b"


@given(st.text(alphabet=string.ascii_letters + string.digits + string.punctuation + " äß漢é€‽"))
def test_what_can_be_seen_passes_unchanged(text: str) -> None:
    assert sanitise(text) == text


def test_a_cut_is_marked() -> None:
    assert clipped("abcdef", 3) == "abc…"
    assert clipped("abc", 3) == "abc"


@given(json_values)
def test_spreading_json_keeps_its_value(value: object) -> None:
    text = json.dumps(value)

    assert json.loads(spread_json(text)) == value


def test_spreading_json_keeps_repeated_members_and_bears_a_cut() -> None:
    assert spread_json('{"a":1,"a":[2,{}') == '{\n  "a": 1,\n  "a": [\n    2,\n    {}'


def test_spreading_deep_json_stays_small() -> None:
    assert len(spread_json("[" * 4096)) < 100_000


def test_a_form_has_one_parameter_a_line() -> None:
    assert spread_form("a=1&b=2") == "a=1\n&b=2"


def test_pseudonyms_are_readable_in_encoded_text() -> None:
    assert plain_pseudonyms("code=%E2%80%B9code-1%E2%80%BA&x=%E2%80%B9") == (
        "code=\u2039code-1\u203a&x=%E2%80%B9"
    )
