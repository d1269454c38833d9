import time
from datetime import UTC, datetime

import pytest

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Exchange, Request, Response
from idprobe.reading.authorization.pages import (
    carries_password,
    framed_by_nobody,
    is_login_page,
    is_user_page,
    user_pages_of,
)

LOGIN = b"<form method=post><input name=user><input type=password name=p><button>Go</button></form>"
CONSENT = b"<form method=post><input type=hidden name=t><button>Allow</button></form>"
SILENT = (
    b"<form method=post><input type=hidden name=t><noscript><button>Go</button></noscript></form>"
)
NEWSLETTER = b"<form method=post><input type=email name=address><button>Subscribe</button></form>"
HTML = ("Content-Type", "text/html; charset=utf-8")


def page(body: bytes, *headers: tuple[str, str], status: int = 200) -> Exchange:
    response = Response(status, (HTML, *headers), body)
    request = Request.get("https://id.example/login")
    return Exchange(request, response, datetime(2026, 1, 1, tzinfo=UTC), 1, "step")


@pytest.mark.parametrize("body", [LOGIN, CONSENT])
def test_a_form_with_something_to_do_is_a_page_for_the_user(body: bytes) -> None:
    assert is_user_page(page(body))


def test_a_choice_of_links_is_a_page_for_the_user() -> None:
    assert is_user_page(page(b"<a href=/yes>Allow</a> <a href=/no>Deny</a>"))


def test_a_page_that_goes_on_by_itself_is_none_for_the_user() -> None:
    assert not is_user_page(page(b"<meta http-equiv=refresh content=0><a href=/on>Go on</a>"))


def test_a_form_that_needs_nobody_is_no_page_for_the_user() -> None:
    assert not is_user_page(page(SILENT))


def test_a_button_outside_of_its_form_counts() -> None:
    outside = b"<form id=f method=post><input type=hidden name=t></form><button form=f>Yes</button>"

    assert is_user_page(page(outside))


def test_an_error_page_asks_for_nothing() -> None:
    assert not is_user_page(page(LOGIN, status=400))


def test_a_consent_page_is_no_login_page() -> None:
    assert is_login_page(page(LOGIN))
    assert not is_login_page(page(CONSENT))


@pytest.mark.parametrize(
    "fields",
    [b"<input name=username>", b"<input type=email name=user>", b"<input type=tel name=login>"],
)
def test_a_page_that_asks_for_a_name_alone_is_a_login_page(fields: bytes) -> None:
    login = b"<form method=post>" + fields + b"<button>Log in</button></form>"

    assert is_login_page(page(login))
    assert is_login_page(page(NEWSLETTER + login))


@pytest.mark.parametrize("more", [NEWSLETTER, b"<form action=/search><input name=q></form>"])
def test_a_consent_page_is_no_login_page_whatever_else_is_on_it(more: bytes) -> None:
    for body in (CONSENT + more, more + CONSENT):
        assert is_user_page(page(body))
        assert not is_login_page(page(body))


def test_no_page_at_all_is_no_evidence() -> None:
    with pytest.raises(EvidenceError):
        user_pages_of([page(b"<p>Hello")])


@pytest.mark.parametrize(
    ("headers", "safe"),
    [
        ((), False),
        ((("X-Frame-Options", "deny"),), True),
        ((("X-Frame-Options", "ALLOWALL"),), False),
        ((("Content-Security-Policy", "default-src 'none'; frame-ancestors 'self'"),), True),
        ((("Content-Security-Policy", "frame-ancestors *"), ("X-Frame-Options", "DENY")), False),
        ((("Content-Security-Policy", "default-src 'none'"),), False),
        ((("Content-Security-Policy-Report-Only", "frame-ancestors 'none'"),), False),
    ],
)
def test_who_may_frame_a_page(headers: tuple[tuple[str, str], ...], safe: bool) -> None:
    assert framed_by_nobody(page(LOGIN, *headers).answered) is safe


def test_a_password_is_known_by_its_pseudonym() -> None:
    def posted(value: str) -> Request:
        return Request.post_form("https://id.example/login", (("p", value),))

    assert carries_password(posted("‹password-1›"))
    assert not carries_password(posted("‹csrf-1›"))


@pytest.mark.parametrize("begin", ["<form>", "<form><label>", "<form><noscript>"])
def test_a_page_that_nests_deep_with_a_control_in_each_level_takes_no_time(begin: str) -> None:
    body = begin + "".join(f"<x{n}><input name=a>" for n in range(4_000))
    shown = page(body.encode())
    begun_s = time.thread_time()

    is_user_page(shown)
    is_login_page(shown)

    assert time.thread_time() - begun_s < 2
