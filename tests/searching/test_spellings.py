"""Whatever spelling is generated, it says what it should."""

from urllib.parse import unquote_plus

from hypothesis import given
from hypothesis import strategies as st

from idprobe.model.profile import Client, Provider, bare_profile
from idprobe.probes.properties.refusal_properties import nearly_right
from idprobe.probes.properties.spelling_properties import Chunks, chunked, in_any_case, respelled

PROVIDER = Provider(bare_profile("https://idp.test"), {}, Client("c", "c"))


@given(st.data(), st.text(st.characters(codec="utf-8"), max_size=20))
def test_each_spelling_of_a_text_decodes_to_it(data: st.DataObject, text: str) -> None:
    spelling = data.draw(respelled(text)).decode("ascii")

    assert unquote_plus(spelling) == text
    assert not set("&=:;") & set(spelling)


@given(in_any_case("Basic"))
def test_a_word_in_any_case_is_the_same_word(word: str) -> None:
    assert word.lower() == "basic"


@given(nearly_right(PROVIDER))
def test_no_near_miss_is_the_grant_type_itself(text: bytes) -> None:
    assert unquote_plus(text.decode("ascii"), errors="replace") != "client_credentials"


@given(st.binary(max_size=60), st.frozensets(st.integers(1, 40), max_size=4), st.integers(1, 4))
def test_chunks_hold_the_body(body: bytes, cuts: frozenset[int], digits: int) -> None:
    rest, found = chunked(body, Chunks(cuts, "chunked", digits, "close")), b""

    while rest != b"0\r\n\r\n" and rest:
        size, _, rest = rest.partition(b"\r\n")
        found, rest = found + rest[: int(size, 16)], rest[int(size, 16) + 2 :]

    assert found == body
