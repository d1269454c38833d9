import json
from dataclasses import replace
from typing import Any

import pytest

from idprobe_reference.config import reference_config

OPENID = "/.well-known/openid-configuration"
OAUTH = "/.well-known/oauth-authorization-server"


def test_both_documents_are_the_same(desk: Any) -> None:
    first, second = desk.http.get(OPENID), desk.http.get(OAUTH)

    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()


def test_no_member_of_the_metadata_is_empty(desk: Any, speakup: Any) -> None:
    for document in (desk.http.get(OPENID).json(), speakup.http.get(OPENID).json()):
        assert [] not in document.values()
        assert None not in document.values()


def test_reference_offers_the_code_flow_only(desk: Any) -> None:
    document = desk.http.get(OPENID).json()

    assert document["response_types_supported"] == ["code"]
    assert "implicit" not in document["grant_types_supported"]


def test_speakup_offers_implicit_and_hybrid(speakup: Any) -> None:
    document = speakup.http.get(OPENID).json()

    assert {"token", "id_token", "id_token token"} <= set(document["response_types_supported"])
    assert "code id_token token" in document["response_types_supported"]


def test_issuer_ignores_the_host_of_the_request(desk: Any) -> None:
    response = desk.http.get(OPENID, headers={"Host": "idprobe.invalid"})

    assert "idprobe.invalid" not in response.text


def test_issuer_with_a_path_has_its_document_at_both_places(make_desk: Any) -> None:
    desk = make_desk(reference_config("https://idp.test/tenant"))

    inserted = desk.http.get(f"{OAUTH}/tenant").json()
    appended = desk.http.get(f"/tenant{OPENID}").json()

    assert inserted == appended
    assert inserted["token_endpoint"] == "https://idp.test/tenant/token"


def test_published_keys_are_public_and_say_what_they_are_for(desk: Any) -> None:
    keys = desk.http.get("/jwks").json()["keys"]

    uses = {"RS256": "sig", "ES256": "sig", "RSA-OAEP-256": "enc", "ECDH-ES": "enc"}
    assert {key["alg"]: key["use"] for key in keys} == uses
    assert all(key["kid"] for key in keys)
    assert not {"d", "p", "q", "k"} & {name for key in keys for name in key}


def test_rotation_keeps_the_old_public_keys(desk: Any) -> None:
    before = desk.http.get("/jwks").json()["keys"]
    others = [key for key in before if key["use"] == "enc"]

    desk.server.rotate_keys()

    after = desk.http.get("/jwks").json()["keys"]
    assert all(key in after for key in before)
    assert len({key["kid"] for key in after}) == 4 + len(others)


@pytest.mark.parametrize("path", [OPENID, "/jwks"])
def test_public_documents_may_be_read_by_scripts_and_kept(desk: Any, path: str) -> None:
    response = desk.http.get(path, headers={"Origin": "https://app.example"})

    assert response.headers["access-control-allow-origin"] == "*"
    assert "max-age" in response.headers["cache-control"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", OPENID, 405),
        ("GET", "/token", 405),
        ("PUT", "/token", 405),
        ("GET", "/revoke", 405),
        ("GET", "/introspect", 405),
        ("GET", "/login", 405),
        ("GET", "/consent", 405),
        ("OPTIONS", "/authorize", 405),
        ("FOO", "/token", 501),
        ("HEAD", OPENID, 200),
        ("OPTIONS", "/token", 204),
    ],
)
def test_methods_are_answered_as_http_wants(desk: Any, method: str, path: str, status: int) -> None:
    response = desk.http.request(method, path)

    assert response.status_code == status
    assert ("allow" in response.headers) == (status in {405, 204})


def test_authorization_endpoint_has_no_cors(desk: Any) -> None:
    response = desk.http.get("/authorize", headers={"Origin": "https://app.example"})

    assert "access-control-allow-origin" not in response.headers


def test_too_much_of_anything_is_refused(desk: Any) -> None:
    long_uri = desk.http.get("/authorize", params={"padding": "x" * 20_000})
    fat_header = desk.http.get(OPENID, headers={"X-Padding": "x" * 40_000})
    body = desk.http.post("/token", data={"padding": "x" * 70_000})

    assert (long_uri.status_code, fat_header.status_code, body.status_code) == (414, 431, 413)


def test_uri_of_8000_octets_is_served(desk: Any) -> None:
    wish = desk.wish(padding="x" * 7700)

    assert desk.ask(wish).status_code == 200


def test_two_lengths_of_one_body_are_refused(desk: Any) -> None:
    response = desk.http.post(
        "/token", content=b"a=b", headers={"Transfer-Encoding": "chunked", "Content-Length": "3"}
    )

    assert response.status_code == 400
    assert response.headers["connection"] == "close"


def test_json_bodies_have_no_repeated_names(desk: Any) -> None:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    json.loads(desk.http.get(OPENID).content, object_pairs_hook=once)


def test_algorithms_of_assertions_are_listed_where_there_are_assertions(make_desk: Any) -> None:
    config = reference_config("https://idp.test")
    plain = replace(config, token_endpoint_auth_methods=("client_secret_basic",))

    with_them, without = (make_desk(one).http.get(OPENID).json() for one in (config, plain))

    name = "token_endpoint_auth_signing_alg_values_supported"
    assert with_them[name] == ["RS256", "PS256", "ES256", "HS256"]
    assert name not in without
