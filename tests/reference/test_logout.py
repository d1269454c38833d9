from typing import Any

import pytest

OUT = "https://client.example/out"


def hint(desk: Any) -> str:
    token: str = desk.redeem(desk.answer()["code"]).json()["id_token"]
    return token


def is_logged_in(desk: Any) -> bool:
    return "code" in desk.parameters(desk.ask(desk.wish(prompt="none")))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_person_is_asked_and_then_sent_back_with_the_state(desk: Any, method: str) -> None:
    form = {"id_token_hint": hint(desk), "post_logout_redirect_uri": OUT, "state": "a b&=%"}
    options = {"params": form} if method == "GET" else {"data": form}

    page = desk.http.request(method, "/logout", **options)
    still = is_logged_in(desk)
    response = desk.submit(page, decision="approve")

    assert still
    assert response.headers["location"] == f"{OUT}?state=a+b%26%3D%25"
    assert not is_logged_in(desk)


def test_logout_without_anything_asks_too(desk: Any) -> None:
    desk.answer()

    page = desk.http.get("/logout")
    desk.submit(page, decision="deny")

    assert is_logged_in(desk)
    assert "Logged out" in desk.submit(desk.http.get("/logout"), decision="approve").text


def test_second_logout_is_no_error(desk: Any) -> None:
    form = {"id_token_hint": hint(desk), "post_logout_redirect_uri": OUT}
    desk.submit(desk.http.get("/logout", params=form), decision="approve")

    response = desk.http.get("/logout", params=form)

    assert response.headers["location"] == OUT


@pytest.mark.parametrize(
    "changes",
    [
        {"post_logout_redirect_uri": f"{OUT}/"},
        {"post_logout_redirect_uri": f"{OUT}?x=1"},
        {"id_token_hint": "not.a.jwt"},
        {"id_token_hint": None},
        {"client_id": "second"},
        {"client_id": "nobody"},
    ],
)
def test_what_cannot_be_validated_stays_here(desk: Any, changes: dict[str, str | None]) -> None:
    form = {"id_token_hint": hint(desk), "post_logout_redirect_uri": OUT, **changes}

    response = desk.http.get("/logout", params={k: v for k, v in form.items() if v is not None})

    assert response.status_code == 400
    assert "location" not in response.headers


def test_confirmation_works_in_its_own_browser_only(desk: Any) -> None:
    desk.answer()
    page = desk.http.get("/logout")
    other = desk.fresh_browser()
    desk.ask(desk.wish(), other)

    assert desk.submit(page, other, decision="approve").status_code == 403
    assert is_logged_in(desk)


def test_a_repeated_parameter_logs_nobody_out(desk: Any) -> None:
    desk.answer()

    response = desk.http.get("/logout", params=[("state", "a"), ("state", "b")])

    assert response.status_code == 400
    assert "A parameter is repeated." in response.text


def test_a_page_that_was_never_shown_logs_nobody_out(desk: Any) -> None:
    desk.answer()

    response = desk.http.post("/logout", data={"logout": "made-up", "decision": "approve"})

    assert response.status_code == 403
    assert is_logged_in(desk)
