import base64
import hashlib
from dataclasses import replace
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet


def verified(desk: Any, token: str, alg: str = "RS256") -> Any:
    keys = KeySet.import_key_set(desk.http.get("/jwks").json())
    return jwt.decode(token, keys, algorithms=[alg])


def half_hash(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:16]).decode()[:-2]


def test_id_token_verifies_and_says_what_it_should(desk: Any) -> None:
    tokens = desk.tokens(nonce="aB %2F+/=é~")

    token = verified(desk, tokens["id_token"])

    assert token.header["typ"] == "JWT"
    assert token.claims["iss"] == "https://idp.test"
    assert token.claims["aud"] == "web"
    assert token.claims["nonce"] == "aB %2F+/=é~"
    assert token.claims["auth_time"] == token.claims["iat"] == int(desk.clock.now)
    assert token.claims["exp"] > token.claims["iat"]
    assert token.claims["at_hash"] == half_hash(tokens["access_token"])
    assert token.claims["amr"] == ["pwd"]


def test_id_token_has_the_algorithm_that_the_client_registered(desk: Any) -> None:
    web = desk.server.clients["web"]
    desk.server.clients["web"] = replace(web, id_token_signed_response_alg="ES256")

    token = verified(desk, desk.tokens()["id_token"], "ES256")

    assert token.header["alg"] == "ES256"


def test_old_id_token_verifies_after_a_rotation(desk: Any) -> None:
    old = desk.tokens()["id_token"]

    desk.server.rotate_keys()
    new = desk.tokens()["id_token"]

    kids = {verified(desk, token).header["kid"] for token in (old, new)}
    assert len(kids) == 2


def test_refreshed_id_token_keeps_the_login_and_drops_the_nonce(desk: Any) -> None:
    first = desk.tokens()
    desk.clock.now += 100

    second = desk.refresh(first["refresh_token"]).json()

    before = verified(desk, first["id_token"]).claims
    after = verified(desk, second["id_token"]).claims
    assert {n: before[n] for n in ("iss", "sub", "aud", "auth_time", "sid")} == {
        n: after[n] for n in ("iss", "sub", "aud", "auth_time", "sid")
    }
    assert after["iat"] == before["iat"] + 100
    assert "nonce" not in after
    assert after["at_hash"] == half_hash(second["access_token"])


def test_new_login_of_the_same_person_has_a_new_auth_time(desk: Any) -> None:
    first = verified(desk, desk.tokens()["id_token"]).claims
    desk.clock.now += 100

    second = verified(desk, desk.tokens(prompt="login consent")["id_token"]).claims

    assert second["auth_time"] == first["auth_time"] + 100
    assert second["sid"] == first["sid"]


@pytest.mark.parametrize("response_type", ["code id_token", "code id_token token"])
def test_hybrid_id_token_binds_what_comes_with_it(speakup: Any, response_type: str) -> None:
    answer = speakup.answer("hybrid", response_type=response_type, scope="openid email")

    front = verified(speakup, answer["id_token"]).claims
    back = verified(speakup, speakup.redeem(answer["code"], "hybrid").json()["id_token"]).claims

    assert front["c_hash"] == half_hash(answer["code"])
    assert ("at_hash" in front) == ("access_token" in answer)
    assert {n: front[n] for n in ("iss", "sub", "auth_time", "amr", "nonce")} == {
        n: back[n] for n in ("iss", "sub", "auth_time", "amr", "nonce")
    }


def test_implicit_at_hash_binds_the_access_token(speakup: Any) -> None:
    answer = speakup.answer("implicit", response_type="id_token token")

    claims = verified(speakup, answer["id_token"]).claims

    assert claims["at_hash"] == half_hash(answer["access_token"])
    assert "email" not in claims


def test_id_token_alone_tells_the_claims_of_its_scopes(speakup: Any) -> None:
    answer = speakup.answer("implicit", response_type="id_token", scope="openid email profile")

    claims = verified(speakup, answer["id_token"]).claims

    assert claims["email"] == "alice@people.example"
    assert claims["name"] == "Alice Müller"
