"""The cookies of a user agent are those that a browser would keep and send."""

from typing import Final

import pytest

from idprobe.cookies import Cookies
from idprobe.exchange import Agent, Request, Response

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
