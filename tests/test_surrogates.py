"""JSON may have lone surrogates in any text; what a server said so can still be used."""

from typing import Final

import pytest

from idprobe.errors import EvidenceError
from idprobe.formats.jose import encode, half_hash, sign_jwt, verified_by
from idprobe.formats.jwe import secret_key
from idprobe.model.exchange import Request, form_encode
from idprobe.redaction import Vault

TEXT: Final = "secret-\ud800-of-a-client"
OCTETS: Final = b"secret-\xed\xa0\x80-of-a-client"


def test_a_form_has_them_by_their_octets() -> None:
    assert form_encode([("client_id", TEXT)]) == "client_id=secret-%ED%A0%80-of-a-client"


@pytest.mark.parametrize("place", ["https://id.example/\ud800", "https://\udcff.example/"])
def test_an_address_with_one_is_none(place: str) -> None:
    with pytest.raises(EvidenceError, match="cannot be read as a URL"):
        Request.get(place)


def test_a_secret_with_one_signs_verifies_and_hashes_by_its_octets() -> None:
    key = {"kty": "oct", "k": encode(OCTETS)}
    token = sign_jwt({"sub": "alice"}, key, {"alg": "HS256"})

    assert verified_by(token, {"keys": []}, secret=TEXT) is not None
    assert half_hash(TEXT, "RS256")
    assert secret_key(TEXT, "dir", "A128GCM") is not None


def test_a_vault_keeps_a_secret_with_one_and_tries_it_on_what_comes() -> None:
    key = {"kty": "oct", "k": encode(OCTETS)}
    token = sign_jwt({"sub": "alice"}, key, {"alg": "HS256"})
    vault = Vault([("client_secret", TEXT)])

    vault.learn("id_token", token)

    assert TEXT in vault.known()
    assert vault.scrub(form_encode([("client_secret", TEXT)])) == "client_secret=‹client_secret-1›"
