"""Altered and forged tokens differ from the real one in what they decode to."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idprobe.errors import EvidenceError
from idprobe.formats.jose import generate_key, public_key, sign_jwt, verified_by
from idprobe.probes.steps.altered_tokens import altered, forgeries, forgeries_by_header

KEY = generate_key("EC")


@given(st.binary(min_size=3, max_size=60))
def test_an_altered_token_decodes_to_other_octets(octets: bytes) -> None:
    token = urlsafe_b64encode(octets[: len(octets) // 3 * 3]).decode()
    if not any(character.isalnum() for character in token):
        return

    changed = altered(token)

    assert len(changed) == len(token)
    assert urlsafe_b64decode(changed) != urlsafe_b64decode(token)


@given(st.text("0123456789abcdef", min_size=1))
def test_an_altered_hexadecimal_token_stays_hexadecimal(token: str) -> None:
    assert bytes.fromhex(altered(token).rjust(len(token) + len(token) % 2, "0"))


def test_marks_alone_cannot_be_altered() -> None:
    with pytest.raises(EvidenceError):
        altered("._-~")


def test_no_forgery_of_a_jwt_verifies() -> None:
    token = sign_jwt({"sub": "a", "exp": 1}, KEY, {"alg": "ES256", "kid": KEY["kid"]})
    jwks = {"keys": [public_key(KEY)]}

    made = dict(forgeries(token))

    assert verified_by(token, jwks) is not None
    assert {"altered-claims", "without-signature", "alg-none", "own-key"} <= made.keys()
    for how, forged in made.items():
        assert forged != token, how
        try:
            assert verified_by(forged, jwks) is None, how
        except EvidenceError:
            continue


def test_an_opaque_token_is_only_altered() -> None:
    assert [how for how, _ in forgeries("opaque-token")] == ["altered"]


PUBLISHED = {**public_key(generate_key("RSA")), "kid": "one"}


@pytest.mark.parametrize(
    ("key", "is_read"),
    [
        (PUBLISHED, True),
        ({**PUBLISHED, "use": "sig", "key_ops": ["encrypt"]}, True),
        ({name: value for name, value in PUBLISHED.items() if name != "kty"}, False),
        ({**PUBLISHED, "kty": ["RSA"]}, False),
        ({**PUBLISHED, "kty": "RSB"}, False),
        ({**PUBLISHED, "n": 7}, False),
        ({**PUBLISHED, "n": "A" * 1_000_000}, False),
    ],
)
def test_a_published_key_that_cannot_be_read_ends_nothing(
    key: dict[str, object], is_read: bool
) -> None:
    token = sign_jwt({"sub": "alice"}, generate_key("RSA"), {"alg": "RS256", "kid": "one"})

    names = [name for name, _ in forgeries_by_header(token, [key])]

    assert ("hmac-by-pem" in names) is is_read
    assert "hmac-by-jwk" in names
