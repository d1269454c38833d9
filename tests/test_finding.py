"""Secrets are found in every usual spelling, in time that is linear in the text."""

import base64
import html
import json
import random
import re
import time
import unicodedata
from collections.abc import Callable
from typing import Final
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idprobe.redaction.finding import Finder, octets_of, text_of

SPELLINGS: Final[dict[str, Callable[[str], str]]] = {
    "as it is": str,
    "percent": lambda one: quote(one, safe=""),
    "percent, small letters": lambda one: re.sub(
        "%..", lambda escape: escape[0].lower(), quote(one, safe="")
    ),
    "percent, every octet": lambda one: "".join(f"%{octet:02X}" for octet in octets_of(one)),
    "percent, twice": lambda one: quote(quote(one, safe=""), safe=""),
    "form": quote_plus,
    "html": html.escape,
    "html, decimal": lambda one: "".join(f"&#{ord(c)};" for c in one),
    "html, hexadecimal": lambda one: "".join(f"&#x{ord(c):X};" for c in one),
    "html, leading zeros": lambda one: "".join(f"&#{ord(c):07d};" for c in one),
    "html in html": lambda one: html.escape(html.escape(one)),
    "json": lambda one: json.dumps(one)[1:-1],
    "json, unescaped": lambda one: json.dumps(one, ensure_ascii=False)[1:-1],
    "json, every character": lambda one: "".join(
        f"\\u{unit:04x}"
        for unit in memoryview(one.encode("utf-16-le", "surrogatepass")).cast("H").tolist()
    ),
    "json in json": lambda one: json.dumps(json.dumps(one)[1:-1])[1:-1],
    "json, solidus": lambda one: json.dumps(one).replace("/", "\\/")[1:-1],
    "script": lambda one: "".join(
        f"\\x{ord(c):02x}" if ord(c) < 256 else f"\\u{{{ord(c):x}}}" for c in one
    ),
    "base64": lambda one: base64.b64encode(octets_of(one)).decode(),
    "base64 for URLs": lambda one: base64.urlsafe_b64encode(octets_of(one)).decode().rstrip("="),
    "base64 of more": lambda one: base64.b64encode(b"web:" + octets_of(one) + b";").decode(),
    "base64 in percent": lambda one: quote(base64.b64encode(octets_of(one)).decode(), safe=""),
    "hexadecimal": lambda one: octets_of(one).hex(),
    "hexadecimal, capitals": lambda one: octets_of(one).hex().upper(),
    "composed": lambda one: unicodedata.normalize("NFC", one),
    "decomposed": lambda one: unicodedata.normalize("NFD", one),
    "UTF-8 as Latin-1": lambda one: octets_of(one).decode("latin-1"),
}

SECRETS: Final = {
    "plain": "plainsecret1",
    "odd": 's3cr3t/with +odd&<chars>="é',
    "escapes": 'a\\b"c%41xyz&amp;\\u0041',
    "eight": "Zq8#mW2!",
    "spaces": " leading and trailing ",
    "unicode": "пароль-鍵-🔑-ключ",
    "percent": "100%25-of-it%",
    "digits": "9081726354",
    "backslashes": "\\" * 60,
    "long": "k" * 2_000 + "-v7" + "q" * 2_000,
}
MEBI: Final = 2**20


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_secret_is_found_in_every_spelling(secret: str, spell: Callable[[str], str]) -> None:
    finder = Finder()
    finder.add(secret)
    text = octets_of(f"before ({spell(secret)}) after")

    spans = finder.spans(text)

    assert [one.value for one in spans] == [secret]
    rest = text_of(text[: spans[0].start] + text[spans[0].end :])
    assert rest.startswith("before (")
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
