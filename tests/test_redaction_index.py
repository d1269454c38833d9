"""The index of spellings finds what looking for each of them would find."""

from hashlib import sha256
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from idprobe.redaction.spelling import Index, Spellings

VALUES = st.text(st.sampled_from("abAB01-._~ +/=%&ü"), min_size=8, max_size=24)


@given(st.lists(VALUES, max_size=6, unique=True), st.data())
def test_the_index_finds_what_stands_in_a_text(values: list[str], data: st.DataObject) -> None:
    index = Index()
    for value in values:
        index.add(Spellings.of(value))
    shown = data.draw(st.lists(st.sampled_from(values), unique=True) if values else st.just([]))
    spelt = [quote(one) if data.draw(st.booleans()) else one for one in shown]
    text = data.draw(st.sampled_from(["", "&x=", "abAB01", "."])).join(["", *spelt, ""])

    found = {one.value for one in index.present_in(text)}

    assert found == {value for value in values if Spellings.of(value).are_in(text)}
    assert set(shown) <= found


def test_longer_values_come_first() -> None:
    index = Index()
    for value in ("12345678", "1234567890", "x/y/z/+-"):
        index.add(Spellings.of(value))

    found = index.present_in("a=1234567890&b=x%2Fy%2Fz%2F%2B-")

    assert [one.value for one in found] == ["1234567890", "12345678", "x/y/z/+-"]


def test_tokens_that_begin_alike_are_told_apart() -> None:
    index = Index()
    for number in range(100):
        signature = sha256(str(number).encode()).hexdigest()
        index.add(Spellings.of(f"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.{signature}"))

    assert {len(alike) for alike in index._by_gram.values()} == {1}
