"""People who make an account for themselves, and what keeps them from it."""

from typing import Any

import httpx
import pytest

from idprobe_reference.config import ALICE_PASSWORD

CAROL = {"username": "carol", "password": "made-up-by-carol"}


def signup(desk: Any) -> Any:
    return desk.ask(desk.wish(prompt="create"))


def test_a_new_account_logs_its_owner_in(desk: Any) -> None:
    page = desk.submit(signup(desk), **CAROL)

    assert "You are logged in as carol" in page.text
    assert "code" in desk.parameters(desk.submit(page, decision="approve"))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"username": ""}, "Choose a user name."),
        ({"username": "c" * 129}, "Choose a user name."),
        ({"username": "carol\n"}, "Choose a user name."),
        ({"password": "short"}, "A password has 8 characters or more."),
        ({"password": "p" * 129}, "A password has 8 characters or more."),
        ({"username": "alice", "password": ALICE_PASSWORD}, "This user name is taken."),
    ],
    ids=["no name", "long name", "line break", "short password", "long password", "taken"],
)
def test_why_there_is_no_account_is_said_where_it_was_asked_for(
    desk: Any, changes: dict[str, str], why: str
) -> None:
    page = desk.submit(signup(desk), **{**CAROL, **changes})

    assert page.status_code == 400
    assert "Create an account" in page.text
    assert why in page.text


def test_nobody_makes_an_account_that_no_client_asked_for(desk: Any) -> None:
    login = desk.ask(desk.wish()).text

    page = desk.submit(httpx.Response(200, text=login.replace("/login", "/signup")), **CAROL)

    assert page.status_code == 403
    assert "Nobody asked for a new account." in page.text
    assert "carol" not in desk.server.users


def test_nobody_agrees_who_is_not_logged_in(desk: Any) -> None:
    login = desk.ask(desk.wish()).text
    forged = httpx.Response(200, text=login.replace("/login", "/consent"))

    page = desk.submit(forged, decision="approve")

    assert page.status_code == 403
    assert "Nobody is logged in here." in page.text
