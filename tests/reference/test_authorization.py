import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from idprobe_reference.config import ALICE_PASSWORD, BOB_PASSWORD, reference_config

PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))


# Success


def test_code_comes_in_the_query_with_state_and_iss(desk: Any) -> None:
    response = desk.carry(desk.ask(desk.wish(state=PRINTABLE)))

    location = urlsplit(response.headers["location"])
    assert response.status_code == 303
    assert location.fragment == ""
    assert parse_qs(location.query) == {
        "code": [parse_qs(location.query)["code"][0]],
        "state": [PRINTABLE],
        "iss": ["https://idp.test"],
        "session_state": [parse_qs(location.query)["session_state"][0]],
    }


def test_request_may_come_by_post(desk: Any) -> None:
    response = desk.carry(desk.http.post("/authorize", data=desk.wish()))

    assert "code" in desk.parameters(response)


def test_query_of_the_redirect_uri_is_kept(desk: Any) -> None:
    uri = desk.server.clients["web"].redirect_uris[1]

    response = desk.carry(desk.ask(desk.wish(redirect_uri=uri)))

    assert response.headers["location"].startswith(f"{uri}&code=")


def test_unknown_parameters_and_unknown_scopes_are_ignored(desk: Any) -> None:
    answer = desk.answer(
        xyz_unknown="1", scope="openid xyz", display="popup", ui_locales="tlh", acr_values="1 2",
        claims='{"userinfo":{"email":null}}', claims_locales="tlh",
    )  # fmt: skip

    assert desk.redeem(answer["code"]).json()["scope"] == "openid"


def test_state_may_be_left_out(desk: Any) -> None:
    assert set(desk.answer(state=None)) == {"code", "iss", "session_state"}


def test_form_post_posts_itself_to_the_client(desk: Any) -> None:
    response = desk.carry(desk.ask(desk.wish(response_mode="form_post", state='"<>&')))

    assert response.status_code == 200
    assert 'action="https://client.example/cb"' in response.text
    assert 'name="state" value="&#34;&lt;&gt;&amp;"' in response.text
    assert "script-src 'sha256-" in response.headers["content-security-policy"]
    assert response.headers["cache-control"] == "no-store"


def test_loopback_port_of_a_native_client_may_vary(desk: Any) -> None:
    response = desk.carry(desk.ask(desk.wish("native", redirect_uri="http://127.0.0.1:51004/cb")))

    assert response.headers["location"].startswith("http://127.0.0.1:51004/cb?code=")


# Implicit and hybrid


@pytest.mark.parametrize(
    ("response_type", "names"),
    [
        ("token", {"access_token", "token_type", "expires_in", "scope"}),
        ("id_token", {"id_token"}),
        ("id_token token", {"access_token", "token_type", "expires_in", "scope", "id_token"}),
        ("token id_token", {"access_token", "token_type", "expires_in", "scope", "id_token"}),
    ],
)
def test_implicit_answers_in_the_fragment(
    speakup: Any, response_type: str, names: set[str]
) -> None:
    wish = speakup.wish("implicit", response_type=response_type, scope="openid offline_access")

    response = speakup.carry(speakup.ask(wish))

    assert urlsplit(response.headers["location"]).query == ""
    assert set(speakup.parameters(response)) == names | {"state", "iss"}


def test_implicit_access_token_works(speakup: Any) -> None:
    answer = speakup.answer("implicit", response_type="token", scope="openid email")

    assert speakup.userinfo(answer["access_token"]).json()["email"] == "alice@people.example"


@pytest.mark.parametrize("response_type", ["code id_token", "code token", "code id_token token"])
def test_hybrid_code_can_be_redeemed(speakup: Any, response_type: str) -> None:
    answer = speakup.answer("hybrid", response_type=response_type)

    body = speakup.redeem(answer["code"], "hybrid").json()

    assert "id_token" in body
    assert ("id_token" in answer) == ("id_token" in response_type)
    assert ("access_token" in answer) == (" token" in response_type)


# Errors


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": ""}, "invalid_request"),
        ({"response_type": "bogus"}, "unsupported_response_type"),
        ({"response_type": "none code"}, "unsupported_response_type"),
        ({"scope": 'openid "bad'}, "invalid_scope"),
        ({"scope": "no_such_scope"}, "invalid_scope"),
        ({"scope": "OPENID"}, "invalid_scope"),
        ({"scope": "api no_such_scope"}, "invalid_scope"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "abc"}, "invalid_request"),
        ({"code_challenge": "x" * 129}, "invalid_request"),
        ({"code_challenge": "x" * 43 + "="}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"max_age": "abc"}, "invalid_request"),
        ({"request": "garbage"}, "invalid_request_object"),
        ({"request_uri": "https://client.example/ro"}, "invalid_request_uri"),
        ({"id_token_hint": "garbage"}, "invalid_request"),
    ],
)
def test_each_fault_reaches_the_client_after_the_login(
    desk: Any, changes: dict[str, str | None], error: str
) -> None:
    page = desk.ask(desk.wish(**changes))

    response = desk.carry(page)

    answer = desk.parameters(response)
    assert 'name="password"' in page.text
    assert urlsplit(response.headers["location"]).query
    assert answer["error"] == error
    assert answer["state"] == "some state"
    assert answer["iss"] == "https://idp.test"
    assert "code" not in answer
    assert not set(answer["error_description"]) & set('"\\')


def test_a_logged_in_person_is_redirected_with_the_error_at_once(desk: Any) -> None:
    desk.answer()

    assert desk.parameters(desk.ask(desk.wish(response_type="bogus")))["error"]


@pytest.mark.parametrize("name", ["scope", "nonce", "state", "prompt"])
def test_repeated_parameter_is_an_invalid_request(desk: Any, name: str) -> None:
    desk.answer()
    wish = list({**desk.wish(), name: "one"}.items())

    answer = desk.parameters(desk.http.get("/authorize", params=[*wish, (name, "two")]))

    assert answer["error"] == "invalid_request"
    assert ("state" in answer) == (name != "state")


def test_unauthorized_client_is_told_so(desk: Any, speakup: Any) -> None:
    wish = {"response_type": "id_token", "prompt": "none"}

    of_server = desk.parameters(desk.ask(desk.wish(**wish)))
    of_client = speakup.parameters(speakup.ask(speakup.wish(**wish)))

    assert of_server["error"] == "unsupported_response_type"
    assert of_client["error"] == "unauthorized_client"


@pytest.mark.parametrize(
    "uri",
    [
        "https://attacker.example/cb",
        "https://client.example/cb/",
        "https://client.example/CB",
        "https://client.example/cb?x=1",
        "https://client.example/cb/../cb",
        "https://client.example/c%62",
        "https://client.example:443/cb",
        "https://user@client.example/cb",
        "https://client.example./cb",
        "http://client.example/cb",
        "https://client.example/cb#f",
        "/cb",
        "",
    ],
)
@pytest.mark.parametrize("logged_in", [False, True])
def test_unregistered_redirect_uri_is_never_redirected_to(
    desk: Any, uri: str, *, logged_in: bool
) -> None:
    if logged_in:
        desk.answer()

    response = desk.ask(desk.wish(redirect_uri=uri, prompt="none"))

    assert response.status_code == 400
    assert response.headers["content-type"].startswith("text/html")
    assert "location" not in response.headers


@pytest.mark.parametrize(
    "wish",
    [
        {"client_id": "does-not-exist"},
        {"client_id": None},
        {"response_mode": "xyz-unknown"},
        {"redirect_uri": None},
    ],
)
def test_fault_without_a_place_to_go_is_a_page(desk: Any, wish: dict[str, str | None]) -> None:
    response = desk.ask(desk.wish(**wish))

    assert response.status_code == 400
    assert "location" not in response.headers


def test_nothing_of_a_request_is_reflected_into_a_page(desk: Any) -> None:
    evil = '"><script>alert(1)</script>'

    for page in (desk.ask(desk.wish(client_id=evil)), desk.ask(desk.wish(login_hint=evil))):
        assert "<script>alert" not in page.text


def test_implicit_errors_come_in_the_fragment(speakup: Any) -> None:
    wish = speakup.wish("implicit", response_type="id_token token", prompt="none")

    location = urlsplit(speakup.ask(wish).headers["location"])

    assert location.query == ""
    assert parse_qs(location.fragment)["error"] == ["login_required"]


def test_front_channel_id_token_needs_a_nonce(speakup: Any) -> None:
    for client, kind in (("implicit", "id_token"), ("hybrid", "code id_token")):
        answer = speakup.answer(client, response_type=kind, nonce=None)
        assert answer["error"] == "invalid_request"
        assert "id_token" not in answer


def test_tokens_never_travel_in_a_query(speakup: Any) -> None:
    wish = speakup.wish("implicit", response_type="id_token", response_mode="query")

    location = urlsplit(speakup.carry(speakup.ask(wish)).headers["location"])

    assert location.query == ""
    assert parse_qs(location.fragment)["error"] == ["invalid_request"]


def test_public_client_needs_pkce_everywhere(speakup: Any) -> None:
    wish = {"code_challenge": None, "code_challenge_method": None}

    assert "code_challenge" in speakup.answer("public", **wish)["error_description"]
    assert "code" in speakup.answer("web", **wish)


# Login, consent, session


def test_prompt_none_needs_a_session_and_a_consent(desk: Any) -> None:
    fresh = desk.parameters(desk.ask(desk.wish(prompt="none")))
    desk.answer()
    known = desk.parameters(desk.ask(desk.wish(prompt="none")))
    wider = desk.parameters(desk.ask(desk.wish(prompt="none", scope="openid email")))

    assert fresh["error"] == "login_required"
    assert "code" in known
    assert wider["error"] == "consent_required"


def test_prompt_none_stands_alone_and_shows_no_page(desk: Any) -> None:
    answer = desk.parameters(desk.ask(desk.wish(prompt="none login")))

    assert answer["error"] == "invalid_request"


@pytest.mark.parametrize(
    "wish", [{"prompt": "login"}, {"prompt": "select_account"}, {"max_age": "0"}]
)
def test_a_new_login_is_asked_for(desk: Any, wish: dict[str, str]) -> None:
    desk.answer()
    desk.clock.now += 5

    page = desk.ask(desk.wish(**wish))

    assert 'name="password"' in page.text
    assert "code" in desk.parameters(desk.log_in(page))


def test_max_age_asks_for_a_login_that_is_new_enough(desk: Any) -> None:
    desk.answer()
    desk.clock.now += 10

    young = desk.ask(desk.wish(max_age="11", prompt="none"))
    old = desk.ask(desk.wish(max_age="9", prompt="none"))

    assert "code" in desk.parameters(young)
    assert desk.parameters(old)["error"] == "login_required"


def test_consent_is_asked_again_if_the_request_says_so(desk: Any) -> None:
    desk.answer()

    page = desk.ask(desk.wish(prompt="consent"))

    assert 'value="approve"' in page.text


def test_denied_consent_is_access_denied(desk: Any) -> None:
    page = desk.log_in(desk.ask(desk.wish()))

    answer = desk.parameters(desk.submit(page, decision="deny"))

    assert answer["error"] == "access_denied"
    assert answer["state"] == "some state"
    assert desk.parameters(desk.ask(desk.wish(prompt="none")))["error"] == "consent_required"


def test_cancelled_login_is_access_denied(desk: Any) -> None:
    answer = desk.parameters(desk.submit(desk.ask(desk.wish()), action="cancel"))

    assert answer["error"] == "access_denied"


def test_wrong_password_shows_the_login_page_again(desk: Any) -> None:
    again = desk.log_in(desk.ask(desk.wish()), password="wrong")

    assert again.status_code == 400
    assert "wrong" in again.text
    assert "code" in desk.parameters(desk.carry(again))


def test_many_wrong_passwords_slow_a_person_down(desk: Any) -> None:
    page = desk.ask(desk.wish())
    for _ in range(20):
        page = desk.log_in(page, password="wrong")

    assert desk.log_in(page).status_code == 429


def test_consent_page_names_client_scopes_and_lasting_access(desk: Any) -> None:
    page = desk.log_in(desk.ask(desk.wish(scope="openid email offline_access", prompt="consent")))

    for text in ("Web client", "openid", "email", "offline_access", "600 seconds", "lasts"):
        assert text in page.text


def test_hint_of_another_person_is_not_served(desk: Any) -> None:
    hint = desk.redeem(desk.answer()["code"]).json()["id_token"]
    browser = desk.fresh_browser()
    page = desk.log_in(
        desk.ask(desk.wish(), browser), browser, username="bob", password=BOB_PASSWORD
    )
    desk.carry(page, browser)

    silent = desk.parameters(desk.ask(desk.wish(prompt="none", id_token_hint=hint), browser))
    page = desk.ask(desk.wish(id_token_hint=hint), browser)
    loud = desk.parameters(desk.log_in(page, browser, username="bob", password=BOB_PASSWORD))

    assert silent["error"] == loud["error"] == "login_required"


def test_hint_of_the_same_person_is_served_also_when_it_has_expired(desk: Any) -> None:
    hint = desk.redeem(desk.answer()["code"]).json()["id_token"]
    desk.clock.now += desk.config.id_token_lifetime_s + 1

    answer = desk.parameters(desk.ask(desk.wish(prompt="none", id_token_hint=hint)))

    assert "code" in answer


def test_access_token_is_no_hint(desk: Any) -> None:
    token = desk.redeem(desk.answer()["code"]).json()["access_token"]

    answer = desk.parameters(desk.ask(desk.wish(prompt="none", id_token_hint=token)))

    assert answer["error"] == "invalid_request"


def test_login_renames_the_session(desk: Any) -> None:
    page = desk.ask(desk.wish())
    before = desk.http.cookies["__Host-idprobe"]

    desk.log_in(page)

    assert desk.http.cookies["__Host-idprobe"] != before
    assert desk.server.sessions.get(before) is None


def test_session_cookie_is_guarded(desk: Any) -> None:
    cookie = desk.ask(desk.wish()).headers["set-cookie"]

    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Lax; Secure")


def test_pages_are_guarded(desk: Any) -> None:
    login = desk.ask(desk.wish())
    consent = desk.log_in(login)
    error = desk.ask(desk.wish(client_id="nobody"))

    for page in (login, consent, error):
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert page.headers["x-frame-options"] == "DENY"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"


def test_forms_work_in_their_own_browser_only(desk: Any) -> None:
    login = desk.ask(desk.wish())
    other = desk.fresh_browser()
    desk.ask(desk.wish(), other)

    without_cookie = desk.log_in(login, desk.fresh_browser())
    with_another = desk.log_in(login, other)
    from_elsewhere = desk.http.post(
        "/login", data={"username": "alice"}, headers={"Origin": "https://evil.example"}
    )

    statuses = [r.status_code for r in (without_cookie, with_another, from_elsewhere)]
    assert statuses == [403, 403, 403]


def test_consent_needs_the_token_of_its_page(desk: Any) -> None:
    page = desk.log_in(desk.ask(desk.wish()))

    assert desk.submit(page, decision="approve", csrf_token="guessed").status_code == 403


def test_every_step_is_a_303(desk: Any) -> None:
    login = desk.ask(desk.wish())
    hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)">', login.text))

    after_login = desk.http.post(
        "/login", data={**hidden, "username": "alice", "password": ALICE_PASSWORD}
    )

    assert after_login.status_code == 303
    assert "alice" not in after_login.headers["location"]


def test_a_plain_request_may_leave_out_the_only_redirect_uri(desk: Any) -> None:
    wish = desk.wish("second", redirect_uri=None, scope="api", nonce=None)

    response = desk.carry(desk.ask(wish))

    assert response.headers["location"].startswith("https://second.example/cb?code=")


@pytest.mark.parametrize("changes", [{"scope": "openid"}, {"client_id": "web"}])
def test_a_redirect_uri_that_is_not_clear_is_asked_for(desk: Any, changes: dict[str, str]) -> None:
    wish = {**desk.wish("second", redirect_uri=None, scope="api"), **changes}

    response = desk.ask(wish)

    assert response.status_code == 400
    assert "redirect_uri is missing." in response.text


def test_an_id_token_by_redirect_needs_the_scope_openid(speakup: Any) -> None:
    answer = speakup.answer("implicit", response_type="id_token", scope="api")

    assert answer["error"] == "invalid_request"


def test_a_scope_of_which_nothing_is_left_is_refused(make_desk: Any) -> None:
    config = reference_config("https://idp.test")
    clients = tuple(
        replace(one, scope="api") if one.client_id == "web" else one for one in config.clients
    )

    answer = make_desk(replace(config, clients=clients)).answer(scope="openid profile")

    assert answer["error"] == "invalid_scope"


def test_a_logo_in_the_clear_is_not_shown(make_desk: Any) -> None:
    config = reference_config("https://idp.test")
    shown = {"client_name": "Web", "logo_uri": "http://client.example/logo.png"}
    clients = tuple(
        replace(one, display=shown) if one.client_id == "web" else one for one in config.clients
    )
    desk = make_desk(replace(config, clients=clients))

    page = desk.log_in(desk.ask(desk.wish()))

    assert "Web asks for access" in page.text
    assert "logo.png" not in page.text
