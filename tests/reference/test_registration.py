from typing import Any

import httpx
import pytest

from idprobe_reference.config import SIGNED_PRIVATE_JWKS, reference_config
from idprobe_reference.endpoints import registration
from idprobe_reference.settings import ServerConfig

MINIMAL = {"redirect_uris": ["https://new.example/cb"]}


def register(desk: Any, **metadata: Any) -> httpx.Response:
    response: httpx.Response = desk.http.post("/register", json={**MINIMAL, **metadata})
    return response


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_minimal_registration_has_all_defaults(desk: Any) -> None:
    response = register(desk, client_name="New", xyz_unknown={"a": [1]})

    body = response.json()
    assert response.status_code == 201
    assert response.headers["cache-control"] == "no-store"
    assert body["token_endpoint_auth_method"] == "client_secret_basic"
    assert body["grant_types"] == ["authorization_code"]
    assert body["response_types"] == ["code"]
    assert body["redirect_uris"] == MINIMAL["redirect_uris"]
    assert body["client_name"] == "New"
    assert body["client_secret_expires_at"] == 0
    assert len(body["client_secret"]) >= 32
    assert None not in body.values()


def test_registered_client_can_be_used(desk: Any) -> None:
    body = register(desk, grant_types=["authorization_code", "refresh_token"]).json()

    tokens = desk.tokens(body["client_id"])

    assert "id_token" in tokens


def test_no_two_registrations_share_anything(desk: Any) -> None:
    bodies = [register(desk).json() for _ in range(20)]

    for name in ("client_id", "client_secret", "registration_access_token"):
        assert len({body[name] for body in bodies}) == 20


def test_public_client_gets_no_secret(desk: Any) -> None:
    body = register(desk, token_endpoint_auth_method="none").json()

    assert "client_secret" not in body
    assert "client_secret_expires_at" not in body


@pytest.mark.parametrize(
    "uris",
    [
        [],
        "x",
        [5],
        ["not a uri"],
        ["/cb"],
        ["//host/cb"],
        ["https://c.example/#f"],
        ["https://c.example"],
        ["javascript:alert(1)"],
        ["data:text/html,x"],
        ["http://c.example/cb"],
        ["https://*.c.example/cb"],
        ["https://user@c.example/cb"],
        ["myapp:/cb"],
        ["https://good.example/cb", "http://bad.example/cb"],
    ],
)
def test_bad_redirect_uris_are_told_so(desk: Any, uris: Any) -> None:
    response = register(desk, redirect_uris=uris)

    assert (response.status_code, response.json()["error"]) == (400, "invalid_redirect_uri")


@pytest.mark.parametrize(
    "metadata",
    [
        {"grant_types": "x"},
        {"grant_types": ["password"]},
        {"grant_types": ["client_credentials"], "response_types": ["code"]},
        {"grant_types": ["authorization_code"], "response_types": ["token"]},
        {"token_endpoint_auth_method": 5},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"token_endpoint_auth_method": "none", "grant_types": ["client_credentials"]},
        {"token_endpoint_auth_signing_alg": "none"},
        {"id_token_signed_response_alg": "none"},
        {"id_token_signed_response_alg": "HS384"},
        {"token_endpoint_auth_method": "none", "id_token_signed_response_alg": "HS256"},
        {"token_endpoint_auth_method": "none", "id_token_encrypted_response_alg": "dir"},
        {"id_token_encrypted_response_alg": "RSA-OAEP"},
        {"id_token_encrypted_response_enc": "A256GCM"},
        {"userinfo_signed_response_alg": "none"},
        {"subject_type": "pairwise", "redirect_uris": ["https://a.example/", "https://b.example/"]},
        {"jwks": "x"},
        {"jwks": {"keys": "x"}},
        {"jwks": {"keys": [{"n": "x"}]}},
        {"jwks": SIGNED_PRIVATE_JWKS},
        {"jwks": {"keys": []}, "jwks_uri": "https://c.example/jwks"},
        {"jwks_uri": "http://c.example/jwks"},
        {"policy_uri": "javascript:alert(1)"},
        {"default_max_age": "soon"},
    ],
)
def test_other_bad_metadata_is_told_so(desk: Any, metadata: dict[str, Any]) -> None:
    response = register(desk, **metadata)

    assert (response.status_code, response.json()["error"]) == (400, "invalid_client_metadata")


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"{", b"\xff", b'{"a":1,"a":2}'])
def test_bodies_that_are_no_clean_object_are_refused(desk: Any, body: bytes) -> None:
    response = desk.http.post(
        "/register", content=body, headers={"Content-Type": "application/json;charset=UTF-8"}
    )

    assert (response.status_code, response.json()["error"]) == (400, "invalid_client_metadata")


def test_client_is_read_replaced_and_deleted_with_its_own_token(desk: Any) -> None:
    body = register(desk, contacts=["a@c.example"]).json()
    uri, headers = body["registration_client_uri"], bearer(body["registration_access_token"])

    read = desk.http.get(uri, headers=headers).json()
    new = {"client_id": body["client_id"], "redirect_uris": ["https://new.example/two"]}
    replaced = desk.http.put(uri, headers=headers, json=new).json()
    deleted = desk.http.delete(uri, headers=headers)
    gone = desk.http.get(uri, headers=headers)

    assert read == body
    assert replaced["redirect_uris"] == ["https://new.example/two"]
    assert replaced["client_secret"] == body["client_secret"]
    assert "contacts" not in replaced
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert "content-length" not in deleted.headers
    assert gone.status_code == 401


def test_the_oldest_client_is_forgotten_where_there_are_too_many(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registration, "_MAX_CLIENTS", 1)
    first = register(desk).json()
    tokens = desk.tokens(first["client_id"], scope="openid", prompt=None)

    second = register(desk).json()
    headers = bearer(first["registration_access_token"])
    read = desk.http.get(first["registration_client_uri"], headers=headers)

    assert read.status_code == 401
    assert "code" in desk.answer(second["client_id"])
    assert desk.userinfo(tokens["access_token"]).status_code == 401


def test_tokens_die_with_their_client(desk: Any) -> None:
    body = register(desk).json()
    tokens = desk.tokens(body["client_id"], scope="openid", prompt=None)

    desk.http.delete(
        body["registration_client_uri"], headers=bearer(body["registration_access_token"])
    )

    assert desk.userinfo(tokens["access_token"]).status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": "web"},
        {"client_secret": "my-own-choice"},
        {"client_id_issued_at": 1},
        {"registration_access_token": "x"},
    ],
)
def test_update_has_to_be_the_clients_own(desk: Any, changes: dict[str, Any]) -> None:
    body = register(desk).json()
    uri, headers = body["registration_client_uri"], bearer(body["registration_access_token"])
    update = {**MINIMAL, "client_id": body["client_id"], **changes}

    response = desk.http.put(
        uri, headers=headers, json={k: v for k, v in update.items() if v is not None}
    )

    assert (response.status_code, response.json()["error"]) == (400, "invalid_client_metadata")
    assert desk.http.get(uri, headers=headers).json() == body


def test_configuration_is_closed_to_everybody_else(desk: Any) -> None:
    mine, other = register(desk).json(), register(desk).json()
    uri = mine["registration_client_uri"]

    nobody = desk.http.get(uri)
    garbage = desk.http.get(uri, headers=bearer("garbage"))
    foreign = desk.http.delete(uri, headers=bearer(other["registration_access_token"]))
    patch = desk.http.patch(uri, headers=bearer(mine["registration_access_token"]))

    assert [r.status_code for r in (nobody, garbage, foreign)] == [401, 401, 401]
    assert 'error="invalid_token"' in garbage.headers["www-authenticate"]
    assert patch.status_code == 405


def test_registration_can_need_a_token_or_be_off(make_desk: Any) -> None:
    strict = make_desk(changed(registration="token", initial_access_token="let-me-in"))
    closed = make_desk(changed(registration="off"))

    refused = register(strict)
    served = strict.http.post("/register", json=MINIMAL, headers=bearer("let-me-in"))

    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert served.status_code == 201
    assert register(closed).status_code == 404
    assert "registration_endpoint" not in closed.server.metadata()


def test_links_and_logo_of_a_client_are_shown(desk: Any) -> None:
    body = register(
        desk,
        client_name="Müller & Söhne <b>",
        logo_uri="https://new.example/logo.png",
        tos_uri="https://new.example/tos",
    ).json()

    page = desk.log_in(desk.ask(desk.wish(body["client_id"])))

    assert "Müller &amp; Söhne &lt;b&gt;" in page.text
    assert 'src="https://new.example/logo.png"' in page.text
    assert 'href="https://new.example/tos"' in page.text
    assert "img-src https://new.example" in page.headers["content-security-policy"]


@pytest.mark.parametrize(
    "changes",
    [{"require_auth_time": "yes"}, {"contacts": "a@new.example"}, {"contacts": [1]}],
)
def test_a_member_of_another_type_registers_nobody(desk: Any, changes: dict[str, Any]) -> None:
    response = register(desk, **changes)

    assert (response.status_code, response.json()["error"]) == (400, "invalid_client_metadata")


def changed(**changes: Any) -> ServerConfig:
    config = reference_config("https://idp.test")
    return ServerConfig(
        **{name: getattr(config, name) for name in config.__dataclass_fields__} | changes
    )
