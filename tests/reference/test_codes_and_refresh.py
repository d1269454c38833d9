from typing import Any

import pytest

from idprobe_reference.config import BOB_PASSWORD

# Codes


def test_code_flow_yields_tokens_that_work(desk: Any) -> None:
    tokens = desk.tokens(scope="openid email offline_access")

    assert set(tokens) == {
        "access_token", "token_type", "expires_in", "scope", "refresh_token", "id_token"
    }  # fmt: skip
    assert desk.userinfo(tokens["access_token"]).json()["email"] == "alice@people.example"


def test_replayed_code_is_refused_and_revokes_its_tokens(desk: Any) -> None:
    code = desk.answer(scope="openid offline_access", prompt="consent")["code"]
    tokens = desk.redeem(code).json()

    replay = desk.redeem(code)

    assert (replay.status_code, replay.json()["error"]) == (400, "invalid_grant")
    assert desk.userinfo(tokens["access_token"]).status_code == 401
    assert desk.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_replay_with_a_wrong_verifier_revokes_nothing(desk: Any) -> None:
    code = desk.answer()["code"]
    tokens = desk.redeem(code).json()

    desk.redeem(code, code_verifier="x" * 43)

    assert desk.userinfo(tokens["access_token"]).status_code == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"code_verifier": ""}, "invalid_grant"),
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"code_verifier": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "invalid_grant"),
        ({"redirect_uri": ""}, "invalid_grant"),
        ({"redirect_uri": "https://client.example/other?k=v&x=a%20b"}, "invalid_grant"),
        ({"redirect_uri": "https://client.example/cb/"}, "invalid_grant"),
        ({"code": "garbage"}, "invalid_grant"),
        ({"code": ""}, "invalid_request"),
    ],
)
def test_redemption_has_to_match_the_request(desk: Any, form: dict[str, str], error: str) -> None:
    code = desk.answer()["code"]

    refused = desk.redeem(code, **form)
    control = desk.redeem(code)

    assert (refused.status_code, refused.json()["error"]) == (400, error)
    assert control.status_code == 200


def test_code_of_another_client_is_refused(desk: Any) -> None:
    code = desk.answer()["code"]

    response = desk.redeem(code, "public", redirect_uri="https://client.example/cb")

    assert response.json()["error"] == "invalid_grant"


def test_code_expires(desk: Any) -> None:
    code = desk.answer()["code"]
    desk.clock.now += 61

    assert desk.redeem(code).json()["error"] == "invalid_grant"


def test_verifier_without_challenge_is_refused(speakup: Any) -> None:
    wish = {"code_challenge": None, "code_challenge_method": None}
    first, second = speakup.answer(**wish)["code"], speakup.answer(**wish)["code"]

    assert speakup.redeem(first).json()["error"] == "invalid_grant"
    assert speakup.redeem(second, code_verifier="").status_code == 200


def test_request_without_openid_yields_no_id_token(desk: Any) -> None:
    code = desk.answer(scope="api profile")["code"]

    body = desk.redeem(code).json()

    assert "id_token" not in body
    assert body["scope"] == "api profile"
    assert "refresh_token" in body


def test_offline_access_needs_prompt_consent(desk: Any) -> None:
    code = desk.answer(scope="openid offline_access")["code"]

    body = desk.redeem(code).json()

    assert "refresh_token" not in body
    assert body["scope"] == "openid"


# Refresh


def test_refresh_token_is_rotated_and_its_reuse_revokes_the_family(desk: Any) -> None:
    first = desk.tokens()
    second = desk.refresh(first["refresh_token"]).json()

    reuse = desk.refresh(first["refresh_token"])

    assert second["refresh_token"] != first["refresh_token"]
    assert (reuse.status_code, reuse.json()["error"]) == (400, "invalid_grant")
    assert desk.refresh(second["refresh_token"]).json()["error"] == "invalid_grant"
    assert desk.userinfo(second["access_token"]).status_code == 401


def test_refresh_may_narrow_the_scope_and_get_it_back(desk: Any) -> None:
    first = desk.tokens(scope="openid email offline_access")

    narrow = desk.refresh(first["refresh_token"], scope="openid").json()
    whole = desk.refresh(narrow["refresh_token"]).json()

    assert narrow["scope"] == "openid"
    assert "email" not in desk.userinfo(narrow["access_token"]).json()
    assert whole["scope"] == first["scope"]


def test_refresh_may_not_widen_the_scope(desk: Any) -> None:
    first = desk.tokens()

    refused = desk.refresh(first["refresh_token"], scope="openid email")
    control = desk.refresh(first["refresh_token"])

    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
    assert control.status_code == 200


@pytest.mark.parametrize("other", ["second", "public"])
def test_refresh_token_works_for_its_client_only(desk: Any, other: str) -> None:
    token = desk.tokens()["refresh_token"]

    assert desk.refresh(token, other).json()["error"] == "invalid_grant"
    assert desk.refresh(token).status_code == 200


def test_refresh_token_of_a_public_client_is_rotated(desk: Any) -> None:
    first = desk.tokens("public")

    second = desk.refresh(first["refresh_token"], "public").json()

    assert second["refresh_token"] != first["refresh_token"]
    assert desk.refresh(first["refresh_token"], "public").status_code == 400


def test_access_token_is_no_refresh_token(desk: Any) -> None:
    token = desk.tokens()["access_token"]

    assert desk.refresh(token).json()["error"] == "invalid_grant"


def test_unused_refresh_token_expires(desk: Any) -> None:
    token = desk.tokens()["refresh_token"]
    desk.clock.now += desk.config.refresh_token_lifetime_s

    assert desk.refresh(token).json()["error"] == "invalid_grant"


# Revocation and introspection


def test_revoked_refresh_token_takes_its_access_tokens_along(desk: Any) -> None:
    tokens = desk.tokens()

    response = desk.post("/revoke", token=tokens["refresh_token"], token_type_hint="access_token")

    assert response.status_code == 200
    assert desk.userinfo(tokens["access_token"]).status_code == 401
    assert desk.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_revoked_access_token_leaves_the_refresh_token(desk: Any) -> None:
    tokens = desk.tokens()

    desk.post("/revoke", token=tokens["access_token"])

    assert desk.userinfo(tokens["access_token"]).status_code == 401
    assert desk.refresh(tokens["refresh_token"]).status_code == 200


def test_revocation_of_an_unknown_token_is_200(desk: Any) -> None:
    assert desk.post("/revoke", token="garbage").status_code == 200
    assert desk.post("/revoke").json()["error"] == "invalid_request"


def test_revocation_of_a_foreign_token_is_refused(desk: Any) -> None:
    tokens = desk.tokens()

    response = desk.post("/revoke", "second", token=tokens["access_token"])

    assert response.status_code == 400
    assert desk.userinfo(tokens["access_token"]).status_code == 200


def test_introspection_tells_the_owner_about_an_active_token(desk: Any) -> None:
    tokens = desk.tokens()

    told = desk.post("/introspect", token=tokens["access_token"]).json()

    assert told["active"] is True
    assert told["scope"] == tokens["scope"]
    assert told["client_id"] == "web"
    assert told["token_type"] == "Bearer"
    assert told["exp"] - told["iat"] == tokens["expires_in"]


@pytest.mark.parametrize("kind", ["garbage", "revoked", "expired", "foreign", "used"])
def test_introspection_tells_nothing_about_others(desk: Any, kind: str) -> None:
    tokens = desk.tokens()
    asker, token = "web", tokens["access_token"]
    if kind == "garbage":
        token = "x"
    elif kind == "revoked":
        desk.post("/revoke", token=token)
    elif kind == "expired":
        desk.clock.now += 600
    elif kind == "foreign":
        asker = "second"
    else:
        token = tokens["refresh_token"]
        desk.refresh(token)

    response = desk.post("/introspect", asker, token=token)

    assert (response.status_code, response.json()) == (200, {"active": False})


@pytest.mark.parametrize("form", [{"client_id": "public"}, {"client_id": "web"}, {}])
def test_introspection_needs_credentials(desk: Any, form: dict[str, str]) -> None:
    response = desk.http.post("/introspect", data={"token": "x", **form})

    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


# UserInfo and the protected resource


def test_userinfo_takes_get_and_post_and_any_case_of_the_scheme(desk: Any) -> None:
    token = desk.tokens(scope="openid profile")["access_token"]

    by_get = desk.userinfo(token)
    by_post = desk.http.post("/userinfo", headers={"Authorization": f"BEARER {token}"})
    by_form = desk.http.post("/userinfo", data={"access_token": token})

    assert by_get.json() == by_post.json() == by_form.json()
    assert by_get.json()["family_name"] == "Müller"
    assert "email" not in by_get.json()


def test_userinfo_without_a_token_has_a_challenge_without_error(desk: Any) -> None:
    for response in (desk.http.get("/userinfo"), desk.http.get("/userinfo?access_token=x")):
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == 'Bearer realm="idprobe"'


def test_userinfo_with_two_tokens_is_an_invalid_request(desk: Any) -> None:
    token = desk.tokens()["access_token"]

    response = desk.http.post(
        "/userinfo", data={"access_token": token}, headers={"Authorization": f"Bearer {token}"}
    )

    assert response.status_code == 400
    assert 'error="invalid_request"' in response.headers["www-authenticate"]


def test_userinfo_refuses_id_tokens_and_altered_tokens(desk: Any) -> None:
    tokens = desk.tokens()
    head, _, tail = tokens["access_token"].rpartition(".")

    for bad in (tokens["id_token"], f"{head}.A{tail[1:]}x", "garbage"):
        response = desk.userinfo(bad)
        assert response.status_code == 401
        assert 'error="invalid_token"' in response.headers["www-authenticate"]


def test_token_without_openid_is_not_enough_for_userinfo(desk: Any) -> None:
    token = desk.token("service", grant_type="client_credentials").json()["access_token"]

    response = desk.userinfo(token)

    assert response.status_code == 403
    assert 'error="insufficient_scope"' in response.headers["www-authenticate"]


def test_api_wants_the_scope_api(desk: Any) -> None:
    read = desk.token("service", grant_type="client_credentials", scope="api.read").json()
    whole = desk.token("service", grant_type="client_credentials", scope="api").json()

    refused = desk.http.get("/api", headers={"Authorization": f"Bearer {read['access_token']}"})
    served = desk.http.get("/api", headers={"Authorization": f"Bearer {whole['access_token']}"})

    assert (refused.status_code, served.status_code) == (403, 200)
    assert served.json()["client_id"] == "service"


def test_two_people_have_two_subs(desk: Any) -> None:
    alice = desk.userinfo(desk.tokens()["access_token"]).json()["sub"]
    browser = desk.fresh_browser()
    page = desk.ask(desk.wish(), browser)
    consent = desk.log_in(page, browser, username="bob", password=BOB_PASSWORD)
    code = desk.parameters(desk.carry(consent, browser))["code"]

    bob = desk.userinfo(desk.redeem(code).json()["access_token"]).json()["sub"]

    assert alice != bob


def test_a_token_that_is_in_the_body_twice_is_refused(desk: Any) -> None:
    token = desk.tokens()["access_token"]

    response = desk.http.post("/userinfo", data={"access_token": [token, token]})

    assert response.status_code == 400
    assert 'error="invalid_request"' in response.headers["www-authenticate"]


def test_a_token_whose_client_is_gone_tells_of_nobody(desk: Any) -> None:
    token = desk.tokens()["access_token"]
    del desk.server.clients["web"]

    assert desk.userinfo(token).json().get("sub") is None
