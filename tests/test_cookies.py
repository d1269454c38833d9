"""The cookies of a user agent outlive whatever a server says of their age."""

import random
import warnings
from typing import Final

import pytest

from idprobe.cookies import Cookies
from idprobe.exchange import Request, Response

PLACE: Final = Request.get("https://id.example/login")


def kept(*headers: str) -> set[str]:
    """Return the names of the cookies that are sent after an answer with these headers."""
    cookies = Cookies()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cookies.keep(PLACE, Response(200, tuple(("Set-Cookie", one) for one in headers)))
    sent = dict(cookies.header_for(PLACE)).get("Cookie", "")
    return {pair.partition("=")[0] for pair in sent.split("; ") if pair}


@pytest.mark.parametrize("digits", [10, 400, 5_000])
@pytest.mark.parametrize("spelling", ["Max-Age={}", " max-age = {}"])
def test_an_immense_age_costs_no_cookie(digits: int, spelling: str) -> None:
    aged = f"old=1; Path=/;{spelling.format('9' * digits)}"

    assert kept("session=1; Path=/; HttpOnly", aged) == {"session", "old"}


@pytest.mark.parametrize(
    "wrong",
    [
        "=; ;;=,\xff", "", ";", "=", "a", "x=1; Expires=Sun, 06 Nov 1994 08:49:37 +99999999999999",
        "x=1; Expires=Mon, 01 Jan 0001 00:00:00 GMT", "x=1; Expires=Fri, 31 Dec 99999 23:59:59 GMT",
        "x=1; Max-Age=-" + "9" * 400, "x=1; Max-Age=1e999", "x=1; Domain=" + "." * 1_000,
        "x=1; Path=\x00; Port=9; Version=\xb2; Secure=; Max-Age", "x=\x00\x01",
    ],
)  # fmt: skip
def test_a_cookie_of_no_meaning_costs_no_other(wrong: str) -> None:
    assert "session" in kept("session=1; Path=/", wrong)


@pytest.mark.parametrize("value", ["\xe9t\xe9", "\xc3\xa9", "\xff\xfe"])
def test_a_cookie_of_any_octets_is_sent_back_as_it_came(value: str) -> None:
    cookies = Cookies()
    cookies.keep(PLACE, Response(200, (("Set-Cookie", f"session={value}; Path=/"),)))

    assert cookies.header_for(PLACE) == (("Cookie", f"session={value}"),)


def test_no_set_cookie_header_makes_the_jar_fail() -> None:
    draw = random.Random(1)  # noqa: S311 -- a sample, no secret
    parts = [
        "a=b", "Max-Age", "=", "9" * 400, "-", ";", " ", ",", '"', "Expires", "Thu, 01 Jan 1970",
        "00:00:00", "GMT", "+9999", "Path=/", "Domain", "id.example", "\xff", "Version", "Port",
        "Secure", "HttpOnly", "0001", "1" * 30, "Comment", "\t",
    ]  # fmt: skip
    for _ in range(3_000):
        wrong = "".join(draw.choices(parts, k=draw.randint(1, 12)))
        kept(wrong)
