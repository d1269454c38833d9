"""RFC 7519 sections 5.2 and 5.3, RFC 8725 sections 3.6 and 3.11: JWTs inside of encryption."""

from collections.abc import Iterator, Mapping
from typing import Any

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    encryption_of,
    id_token_fact,
    requirement,
    steps_below,
)

REPLICATED = ("iss", "sub", "aud")
GENERIC = {"", "jwt", "jose", "application/jwt", "application/jose"}


def _encrypted(trace: Trace) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Yield each encrypted ID Token: which it is, its outer header, what is known of it."""
    found = False
    for step in steps_below(trace, "token"):
        fact = id_token_fact(trace, f"token/{step}")
        if header := encryption_of(fact):
            found = True
            yield step, header, fact
    if not found:
        raise EvidenceError("no ID Token is encrypted")


def _nested(trace: Trace) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Yield each ID Token that is a JWT inside of encryption: the two headers are there."""
    nested = [(step, header, fact) for step, header, fact in _encrypted(trace) if "jwt" in fact]
    if not nested:
        raise EvidenceError("no encrypted ID Token holds a JWT that can be read")
    yield from nested


@requirement("RFC7519-5.2/cty-for-nested")
def test_nested_jwt_says_that_it_is_one(encrypted_id_tokens: Trace) -> None:
    """The header of the encryption has cty JWT."""
    for step, header, _ in _nested(encrypted_id_tokens):
        assert str(header.get("cty", "")).upper() == "JWT", f"{step}: cty is missing or another one"


@requirement("RFC7519-5.3/replicated-claims-identical")
def test_claims_in_the_header_are_those_inside(encrypted_id_tokens: Trace) -> None:
    """iss, sub and aud, where the header of the encryption has them, are the inner ones."""
    replicated = False
    for step, header, fact in _nested(encrypted_id_tokens):
        for name in (one for one in REPLICATED if one in header):
            replicated = True
            same = header[name] == fact["jwt"]["claims"].get(name)
            assert same, f"{step}: {name} of the header differs from the one inside"
    if not replicated:
        raise Unsuited("no header of an encrypted ID Token has a claim")


@requirement("RFC8725-3.6/no-compression-before-encryption")
def test_nothing_is_compressed_before_encryption(encrypted_id_tokens: Trace) -> None:
    """The header of the encryption has no zip."""
    for step, header, _ in _encrypted(encrypted_id_tokens):
        assert "zip" not in header, f"{step}: it is compressed"


@requirement("RFC8725-3.11/typ-in-inner-jwt")
def test_explicit_type_is_that_of_the_inner_jwt(encrypted_id_tokens: Trace) -> None:
    """A typ that says more than JWT is in the header of the JWT inside."""
    explicit = False
    for step, header, fact in _nested(encrypted_id_tokens):
        outer = str(header.get("typ", ""))
        inner = str(fact["jwt"]["header"].get("typ", ""))
        explicit = explicit or bool({outer.lower(), inner.lower()} - GENERIC)
        alone = outer.lower() not in GENERIC and inner.lower() != outer.lower()
        assert not alone, f"{step}: the typ is in the header of the encryption alone"
    if not explicit:
        raise Unsuited("no encrypted ID Token is explicitly typed")
