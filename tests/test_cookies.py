"""The cookies of a user agent are those that a browser would keep and send."""

import random
import warnings
from typing import Final

import pytest

from idprobe.client.cookies import Cookies
from idprobe.model.exchange import Agent, Request, Response

HERE: Final = Request.get("https://id.example/login", agent=Agent.USER)


def sent_after(*told: str, name: str = "Set-Cookie") -> str | None:
    cookies = Cookies()
    cookies.keep(HERE, Response(200, tuple((name, one) for one in told)))
    return dict(cookies.header_for(HERE)).get("Cookie")


@pytest.mark.parametrize("age", ["max-age", "Max-Age=", "Max-Age=soon", "MAX-AGE = 1.5"])
def test_an_age_that_is_no_number_is_left_out_and_the_cookie_kept(age: str) -> None:
    assert sent_after(f"sid=abc; {age}; Path=/") == "sid=abc"


def test_an_age_that_is_a_number_counts() -> None:
    assert sent_after("sid=abc; Max-Age=60") == "sid=abc"
    assert sent_after("sid=abc; Max-Age=60", "sid=; Max-Age=0") is None
    assert sent_after("sid=; Max-Age=0", "sid=abc") == "sid=abc"
    assert sent_after("sid=abc; Max-Age=-1") is None


def test_a_cookie_goes_back_as_it_came() -> None:
    octets = "grüße".encode().decode("latin-1")
    assert sent_after(f"name={octets}") == f"name={octets}"
    assert sent_after("name=caf\xe9") == "name=caf\xe9"


def test_set_cookie2_is_no_header_that_browsers_know() -> None:
    assert sent_after("sid=abc; Expires=Fri, 31 Dec 9999 23:59:59 GMT", name="Set-Cookie2") is None


@pytest.mark.parametrize("host", ["xn--0", "xn--zz-"])
def test_no_cookie_belongs_to_a_host_whose_name_cannot_be_read(host: str) -> None:
    assert Cookies().header_for(Request.get(f"https://{host}/")) == ()


def kept(*headers: str) -> set[str]:
    """Return the names of the cookies that are sent after an answer with these headers."""
    cookies = Cookies()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cookies.keep(HERE, Response(200, tuple(("Set-Cookie", one) for one in headers)))
    sent = dict(cookies.header_for(HERE)).get("Cookie", "")
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


def test_one_answer_sets_no_more_cookies_than_a_browser_keeps() -> None:
    assert len(kept(*(f"c{number}=1" for number in range(5_000)))) == 180
