import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwk, jws, jwt

from idprobe.errors import EvidenceError, UsageError
from idprobe.formats.jose import (
    client_assertion,
    default_alg,
    generate_key,
    half_hash,
    looks_like_jwt,
    public_key,
    public_pem,
    read_jwt,
    sign_jwt,
    verified_by,
)
from idprobe.formats.jwe import header_of_jwe

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
RSA = generate_key("RSA")
EC = generate_key("EC")
OKP = generate_key("OKP")
REPEATED = b'{"a":1,"a":2}'
KEYS = {"keys": [public_key(key) for key in (RSA, EC, OKP)]}


def segment(value: object) -> str:
    data = json.dumps(value).encode() if not isinstance(value, bytes) else value
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token_of(header: object, claims: object = None, signature: bytes = b"sig") -> str:
    return f"{segment(header)}.{segment({} if claims is None else claims)}.{segment(signature)}"


def test_a_jwt_is_read_into_header_claims_and_signed_part() -> None:
    token = token_of({"alg": "RS256", "kid": "k1"}, {"sub": "alice"})

    parsed = read_jwt(token)

    assert parsed.header == {"alg": "RS256", "kid": "k1"}
    assert parsed.claims == {"sub": "alice"}
    assert token.startswith(parsed.signed_part + ".")
    assert (parsed.alg, parsed.kid) == ("RS256", "k1")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b",
        "opaque",
        "a.b.c.d.e",
        "e30.e30",
        "....",
        "é.é.é",
        "e30.e30.a",
        "e30=.e30=.",
        "e30 .e30.",
        f"{segment([])}.{segment({})}.x",
        f"{segment({})}.{segment('text')}.xxxx",
        f"{segment(b'{')}.{segment({})}.xxxx",
        f"{segment(b'{}')}.{segment(bytes([0xFF]))}.",
        f"{segment(REPEATED)}.{segment({})}.xxxx",
        f"{segment(b'[' * 100000)}.{segment({})}.xxxx",
    ],
)
def test_what_is_no_jwt_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(EvidenceError) as caught:
        read_jwt(text)

    assert not text or text not in str(caught.value)
    assert not looks_like_jwt(text)


@given(st.text(max_size=80))
def test_reading_any_text_raises_nothing_but_an_evidence_error(text: str) -> None:
    looks_like_jwt(text)


def test_the_repr_of_a_jwt_shows_no_claim() -> None:
    assert "alice" not in repr(read_jwt(token_of({"alg": "RS256"}, {"sub": "alice"})))


@pytest.mark.parametrize(
    ("key", "alg"),
    [(RSA, "RS256"), (RSA, "PS384"), (EC, "ES256"), (OKP, "Ed25519")],
)
def test_what_joserfc_signs_is_verified_by_its_key_alone(key: dict[str, Any], alg: str) -> None:
    token = jwt.encode({"alg": alg}, {"sub": "a"}, jwk.import_key(key), algorithms=[alg])

    found = verified_by(token, KEYS)

    assert found == {"kid": key["kid"], "kty": key["kty"], "alg": alg, "source": "jwks"}
    others = {"keys": [one for one in KEYS["keys"] if one["kid"] != key["kid"]]}
    assert verified_by(token, others) is None


@pytest.mark.parametrize(
    ("key", "alg"), [(RSA, "RS512"), (RSA, "PS256"), (EC, "ES256"), (OKP, "Ed25519")]
)
def test_what_is_signed_here_is_verified_by_joserfc(key: dict[str, Any], alg: str) -> None:
    token = sign_jwt({"sub": "a"}, key, {"alg": alg})

    read = jws.deserialize_compact(token, jwk.import_key(public_key(key)), algorithms=[alg])
    assert json.loads(read.payload) == {"sub": "a"}


def test_the_older_name_of_edwards_curves_is_understood_too() -> None:
    assert verified_by(sign_jwt({}, OKP, {"alg": "EdDSA"}), KEYS) is not None


def test_an_altered_token_is_verified_by_nothing() -> None:
    head, _, signature = sign_jwt({"sub": "a"}, RSA, {"alg": "RS256"}).split(".")

    assert verified_by(f"{head}.{segment({'sub': 'b'})}.{signature}", KEYS) is None


def test_a_token_with_another_kid_is_still_found_by_the_key_that_signed_it() -> None:
    token = sign_jwt({}, RSA, {"alg": "RS256", "kid": "gone"})

    found = verified_by(token, KEYS)

    assert found is not None
    assert found["kid"] == RSA["kid"]


@pytest.mark.parametrize("alg", ["none", "NONE", "", None, 7, "HS257", "RS1"])
def test_an_unsecured_or_unknown_algorithm_is_verified_by_nothing(alg: object) -> None:
    assert verified_by(token_of({"alg": alg}, signature=b""), KEYS, secret="s") is None


def test_hmac_is_verified_by_the_secret_and_never_by_a_published_key() -> None:
    public_as_secret = json.dumps(KEYS["keys"][0])
    mac_of = token_of({"alg": "HS256"}).rpartition(".")[0]

    def signed(secret: str) -> str:
        mac = hmac.digest(secret.encode(), mac_of.encode(), "sha256")
        return f"{mac_of}.{segment(mac)}"

    found = verified_by(signed("the secret"), KEYS, secret="the secret")

    assert found == {"kid": None, "kty": "oct", "alg": "HS256", "source": "client_secret"}
    assert verified_by(signed("the secret"), KEYS, secret="another") is None
    assert verified_by(signed("the secret"), KEYS) is None
    assert verified_by(signed(public_as_secret), KEYS, secret="s") is None
    published = {"keys": [{"kty": "oct", "k": segment(b"the secret")}]}
    assert verified_by(signed("the secret"), published) is None


@pytest.mark.parametrize(
    "jwks",
    [
        {},
        {"keys": None},
        {"keys": "RSA"},
        {"keys": [None, 1, "x", {}, {"kty": "RSA"}, {"kty": "RSA", "n": 1, "e": []}]},
        {"keys": [{"kty": "RSA", "n": "A" * 10_000, "e": "AQAB"}]},
        {"keys": [{"kty": "RSA", "n": "AA", "e": "AA"}, {"kty": "RSA", "n": "!", "e": "é"}]},
        {"keys": [{"kty": ["RSA"]}]},
    ],
)
def test_a_broken_key_set_verifies_nothing(jwks: dict[str, Any]) -> None:
    assert verified_by(sign_jwt({}, RSA, {"alg": "RS256"}), jwks) is None


def test_a_key_whose_use_says_otherwise_is_still_named_as_the_one_that_verifies() -> None:
    wrong_use = {**public_key(RSA), "use": "enc", "alg": "RSA-OAEP"}

    assert verified_by(sign_jwt({}, RSA, {"alg": "RS256"}), {"keys": [wrong_use]}) is not None


def test_a_weak_key_is_tried_without_a_warning() -> None:
    weak = {"kty": "oct", "k": segment(b"abc")}

    assert verified_by(sign_jwt({}, weak, {"alg": "HS256"}), {}, secret="abc") is not None


@pytest.mark.parametrize(
    ("alg", "name"),
    [("RS256", "sha256"), ("ES384", "sha384"), ("EdDSA", "sha512"), ("ES256K", "sha256")],
)
def test_a_half_hash_is_the_left_half_of_the_digest(alg: str, name: str) -> None:
    digest = hashlib.new(name, b"token").digest()

    assert half_hash("token", alg) == segment(digest[: len(digest) // 2])


def test_the_half_hash_agrees_with_the_example_of_the_specification() -> None:
    """OpenID Connect Core 1.0, appendix A.3: access token and at_hash of one ID Token."""
    assert (
        half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", "RS256")
        == "77QmUPtjPfzWtF2AnpK9RQ"
    )


@pytest.mark.parametrize("alg", ["none", "", "RS111", "sha3_256"])
def test_a_half_hash_needs_an_algorithm_with_a_known_hash(alg: str) -> None:
    with pytest.raises(EvidenceError):
        half_hash("token", alg)


def test_a_token_can_be_forged_with_any_header() -> None:
    token = sign_jwt({"sub": "a"}, {}, {"alg": "none", "jku": "x", "strange": [1]})

    assert token.endswith(".")
    assert read_jwt(token).header["strange"] == [1]


@pytest.mark.parametrize(
    ("key", "alg"), [(RSA, "ES256"), (EC, "ES384"), (RSA, "nonsense"), ({}, "RS256")]
)
def test_signing_with_a_key_that_does_not_fit_is_a_usage_error(
    key: dict[str, Any], alg: str
) -> None:
    with pytest.raises(UsageError):
        sign_jwt({}, key, {"alg": alg})


def test_a_client_assertion_says_who_for_whom_and_until_when() -> None:
    token = client_assertion("app", "https://op.test/token", key=EC, now=NOW, lifetime_s=30)

    parsed = read_jwt(token)
    claims = dict(parsed.claims)
    assert len(claims.pop("jti")) >= 22
    assert claims == {
        "iss": "app",
        "sub": "app",
        "aud": "https://op.test/token",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 30,
    }
    assert parsed.header == {"alg": "ES256", "typ": "JWT", "kid": EC["kid"]}
    assert verified_by(token, KEYS) is not None


def test_a_client_assertion_by_secret_is_an_hmac_of_it() -> None:
    secret = "a secret of more than thirty-two octets"

    token = client_assertion("app", "aud", key=secret, now=NOW)

    assert verified_by(token, {}, secret=secret) is not None


@settings(max_examples=20)
@given(st.dictionaries(st.text(max_size=8), st.integers() | st.text(max_size=8), max_size=4))
def test_claims_survive_signing_and_reading(claims: dict[str, Any]) -> None:
    assert read_jwt(sign_jwt(claims, EC, {"alg": "ES256"})).claims == claims


@pytest.mark.parametrize("kty", ["RSA", "EC", "OKP", "oct"])
def test_a_generated_key_is_private_and_its_public_part_is_not(kty: str) -> None:
    key = generate_key(kty)

    assert key["kid"]
    assert {"d", "k"} & set(key)
    assert not {"d", "k", "p", "q"} & set(public_key(key))


def test_a_key_of_an_unknown_type_is_a_usage_error() -> None:
    with pytest.raises(UsageError):
        generate_key("DSA")


def test_the_half_hash_of_ed448_is_that_of_its_own_hash() -> None:
    whole = hashlib.shake_256(b"token").hexdigest(114)

    found = half_hash("token", "Ed448")

    assert base64.urlsafe_b64decode(found).hex() == whole[: len(whole) // 2]


def test_keys_that_cannot_do_what_is_asked_are_told() -> None:
    secret = {"kty": "oct", "k": segment(b"a secret")}

    with pytest.raises(UsageError, match="cannot sign with"):
        default_alg({"kty": "OKP", "crv": "X25519"})
    with pytest.raises(UsageError, match="the key cannot be read"):
        public_pem(secret)


def test_the_header_of_an_encrypted_token_is_an_object() -> None:
    with pytest.raises(EvidenceError, match="no JSON object"):
        header_of_jwe(f"{segment([])}.a.b.c.d")
