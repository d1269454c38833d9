"""JSON, keys and tokens, and what flows read in the answers that carry them."""

import contextlib
import json
import tomllib
from functools import cache
from typing import Any, Final

from tests.fuzz.inputs import (
    CLIENT,
    ISSUER,
    LOGGED_IN,
    PROFILE,
    SECRETS,
    answer,
    head_text,
    json_text,
    parts,
)

from idprobe.errors import EvidenceError, UsageError
from idprobe.flows.moves import Tokens, outcome
from idprobe.flows.registration import configuration_request, registration_of
from idprobe.formats.jose import (
    ALG_OF_CURVE,
    generate_key,
    half_hash,
    looks_like_jwt,
    public_key,
    public_pem,
    read_jwt,
    sign_jwt,
    verified_by,
)
from idprobe.formats.jwe import encrypt, header_of_jwe, looks_like_jwe, opened, secret_key
from idprobe.formats.schemas import best_error
from idprobe.load.tokens.correctness import _tells_seconds
from idprobe.model.exchange import parse_json
from idprobe.model.profile import Provider
from idprobe.model.profile.capability import Capability, missing_because
from idprobe.model.profile.metadata import KNOWN_MEMBERS, announced_values, holds
from idprobe.reading.tokens.keys import integer_member
from idprobe.redaction import Vault, facts_of
from idprobe.setup.init_profile import _beginning, _with_its_issuer
from idprobe.setup.registering import _least_scope, _scopes, fitted
from idprobe.setup.required_clients import WANTED

__all__ = ["facts", "jwe", "jwk", "jwt", "metadata", "registration", "strict_json", "tokens"]

ENCRYPTION: Final = {"enc": "A128CBC-HS256"}


@cache
def _own(kty: str) -> dict[str, Any]:
    return generate_key(kty)


def strict_json(data: bytes) -> None:
    """Read JSON strictly, and hold it to the schemas of our own files."""
    with contextlib.suppress(EvidenceError):
        found = parse_json(data)
        json.dumps(found)
        for schema in ("results", "load", "profile"):
            best_error(found, schema)


def tokens(data: bytes) -> None:
    """Read a token response."""
    told = answer(data)
    assert "\x1b" not in outcome(told)
    with contextlib.suppress(EvidenceError):
        found = Tokens.from_response(told)
        assert isinstance(found.access_token, str)
        _tells_seconds(told)


def registration(data: bytes) -> None:
    """Read a client information response, and make the request that looks after the client."""
    found = registration_of(answer(data))
    if found is None:
        return
    client = found.client("web", {"scope": "openid", "redirect_uris": ["https://app.example/"]})
    assert isinstance(client.client_id, str)
    assert all(isinstance(one, str) for one in client.redirect_uris)
    with contextlib.suppress(EvidenceError):
        configuration_request("PUT", found.uri or "", found.token, {"client_name": client.scope})


def metadata(data: bytes) -> None:
    """Read server metadata as profiles and `init` do; what `init` writes is TOML."""
    try:
        said = parse_json(data)
    except EvidenceError:
        return
    if not isinstance(said, dict):
        return
    for name in (*KNOWN_MEMBERS, *said):
        announced_values(said, name)
        holds(said, name, "code")
    for capability in Capability:
        missing_because(capability, PROFILE, said, {})
    assert Provider(PROFILE, said, CLIENT, LOGGED_IN).has_endpoint("jwks_uri") in {True, False}
    for wanted in WANTED:
        fitted(wanted, said)
        _least_scope(said, wanted)
    assert all(isinstance(one, str) for one in _scopes(said))
    begun = _beginning(_with_its_issuer(PROFILE, said), said)
    assert tomllib.loads(begun.text)["issuer"].rstrip("/") == ISSUER


def jwt(data: bytes) -> None:
    """Read a token and verify it by the keys after it."""
    first, second = parts(data, 2)
    token = json_text(first)
    keys: Any = {"keys": []}
    with contextlib.suppress(EvidenceError):
        found = parse_json(second)
        keys = found if isinstance(found, dict) else keys
    looks_like_jwt(token)
    with contextlib.suppress(EvidenceError):
        read = read_jwt(token)
        repr(read)
        half_hash("of-a-code", read.alg or "")
    with contextlib.suppress(EvidenceError):
        verified_by(token, keys, secret="s3cret")


def jwk(data: bytes) -> None:
    """Read the keys of a set: as numbers, as PEM, to verify by and to encrypt to."""
    try:
        found = parse_json(data)
    except EvidenceError:
        return
    keys = found.get("keys") if isinstance(found, dict) else found
    for key in keys[:4] if isinstance(keys, list) else ():
        if isinstance(key, dict):
            _look_at(key)
    if isinstance(found, dict):
        for alg in ("RS256", "PS512", *ALG_OF_CURVE.values()):
            verified_by(_unverifiable(alg), found)


def _look_at(key: dict[str, Any]) -> None:
    public_key(key)
    for name in ("n", "e", "x", "y", "k"):
        with contextlib.suppress(EvidenceError):
            assert integer_member(key, name) >= 0
    with contextlib.suppress(UsageError):
        public_pem(key)
    for alg in ("RSA-OAEP", "ECDH-ES", "A128KW", "dir"):
        with contextlib.suppress(UsageError):
            encrypt("content", key, {"alg": alg, **ENCRYPTION})


@cache
def _unverifiable(alg: str) -> str:
    """Return a JWT that names an algorithm, with a signature that nobody made."""
    key = generate_key("oct")
    claims = sign_jwt({"sub": "alice"}, key, {"alg": "HS256"}).split(".")[1]
    named = sign_jwt({"alg": alg}, key, {"alg": "HS256"}).split(".")[1]
    return f"{named}.{claims}.{'A' * 342}"


def jwe(data: bytes) -> None:
    """Read an encrypted token, and try to open it."""
    token = head_text(data)
    assert looks_like_jwe(token) in {True, False}
    with contextlib.suppress(EvidenceError):
        header = header_of_jwe(token)
        made = secret_key("s3cret", str(header.get("alg")), str(header.get("enc")))
        keys = [_own("RSA"), _own("EC"), _own("oct"), *([] if made is None else [made])]
        opened(token, keys)


def facts(data: bytes) -> None:
    """Learn a secret that a server made up."""
    first, second = parts(data, 2)
    kind = ("access_token", "code", "id_token", "logout_token")[len(second) % 4]
    vault = Vault(SECRETS)
    vault.hold(_own("EC"))
    value = json_text(first)
    json.dumps(facts_of(kind, value, vault._verified_by, vault._opened))
    vault.learn(kind, value)
    assert value == "" or value in vault.known()
    vault.verify_again()
    vault.strange_keys()
