"""What checks read of tokens and documents comes from pseudonyms and their facts."""

import json
from datetime import UTC, datetime

import pytest

from idprobe.errors import EvidenceError, Unsuited
from idprobe.formats.jose import generate_key, half_hash, public_key, sign_jwt, verified_by
from idprobe.model.exchange import Exchange, Landing, LandingMode, Request, Response
from idprobe.model.trace import Trace
from idprobe.reading.tokens.issued import (
    SKEW_S,
    audiences,
    document,
    id_token,
    is_compact_jwt,
    is_number,
    left_half,
    oauth_document,
    published_keys,
    response_member,
    server_time_s,
)
from idprobe.redaction import Vault

AT = datetime(2026, 1, 1, tzinfo=UTC)
KEY = generate_key("EC")


def exchange(step: str, body: object, status: int = 200, **headers: str) -> Exchange:
    pairs = (("Content-Type", "application/json"), *headers.items())
    response = Response(status, pairs, json.dumps(body).encode())
    return Exchange(Request.get("https://id.example/token"), response, AT, 1, step)


def redacted(*exchanges: Exchange) -> Trace:
    vault = Vault()
    vault.verifier = lambda token: verified_by(token, {"keys": [public_key(KEY)]})
    return vault.redact(Trace("probe", exchanges))


def signed(**claims: object) -> str:
    return sign_jwt(claims, KEY, {"alg": "ES256", "kid": KEY["kid"]})


def test_an_id_token_is_read_behind_its_pseudonym() -> None:
    trace = redacted(exchange("tokens", {"id_token": signed(sub="alice")}))

    token = id_token(trace, "tokens")

    assert token.claim("sub") == "alice"
    assert token.alg == "ES256"
    assert token.verified_by is not None
    assert token.name.startswith("‹id_token-")


def test_a_claim_that_is_not_there_is_no_evidence() -> None:
    token = id_token(redacted(exchange("tokens", {"id_token": signed(exp="1")})), "tokens")

    with pytest.raises(EvidenceError, match="no sub"):
        token.claim("sub")
    with pytest.raises(EvidenceError, match="exp is no number"):
        token.number("exp")


def test_a_token_that_cannot_be_read_is_no_evidence() -> None:
    trace = redacted(exchange("tokens", {"id_token": "an-opaque-token"}))

    with pytest.raises(EvidenceError, match="no signed JWT"):
        id_token(trace, "tokens")
    assert not is_compact_jwt(trace, document(trace, "tokens")["id_token"])


def test_five_parts_are_an_encrypted_token() -> None:
    trace = redacted(exchange("tokens", {"id_token": "head.key.vector.text.tag"}))

    assert is_compact_jwt(trace, document(trace, "tokens")["id_token"])


def test_a_half_hash_is_that_of_the_signature_algorithm() -> None:
    trace = redacted(exchange("tokens", {"access_token": "an-access-token"}))
    pseudonym = document(trace, "tokens")["access_token"]

    assert left_half(trace, pseudonym, "RS384") == half_hash("an-access-token", "RS384")
    assert left_half(trace, pseudonym, "EdDSA") == half_hash("an-access-token", "EdDSA")
    with pytest.raises(EvidenceError, match="no hash"):
        left_half(trace, pseudonym, "XX1")


def test_a_landing_is_read_before_the_page_that_led_there() -> None:
    landing = Landing("https://c.example/cb", LandingMode.FRAGMENT, (("state", "s"),))
    landed = Exchange(
        Request.get("https://id.example/"), Response(303), AT, 1, "login", landing=landing
    )

    assert response_member(landed, "state") == "s"
    assert response_member(landed, "code") is None


def test_the_time_of_the_server_is_that_of_its_date() -> None:
    dated = exchange("tokens", {}, Date="Thu, 01 Jan 2026 00:00:07 GMT")
    undated = exchange("tokens", {}, Date="yesterday")

    assert server_time_s(dated) == AT.timestamp() + 7
    assert server_time_s(undated) == pytest.approx(AT.timestamp() - SKEW_S, abs=1)


def test_true_is_no_number_and_one_audience_is_a_list_of_one() -> None:
    assert not is_number(value=True)
    assert is_number(1.5)
    assert audiences("a") == ("a",)
    assert audiences(["a", "b"]) == ("a", "b")


def test_a_jwk_set_without_keys_is_no_evidence() -> None:
    bodies: list[object] = [{}, {"keys": {}}, {"keys": []}, {"keys": ["key"]}]
    for body in bodies:
        with pytest.raises(EvidenceError):
            published_keys(redacted(exchange("keys", body)))


def test_a_missing_document_of_rfc_8414_makes_its_rules_not_applicable() -> None:
    trace = redacted(exchange("oauth-authorization-server", {}, status=404))

    with pytest.raises(Unsuited):
        oauth_document(trace)
