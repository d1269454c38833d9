"""OpenID Connect Core 1.0, section 3.1.3: what the token endpoint answers."""

from idprobe.checks import (
    Trace,
    Unsuited,
    document,
    id_token,
    is_compact_jwt,
    left_half,
    metadata,
    requirement,
    sent_parameter,
    texts_in,
    tokens_of,
)


def _openid_response(trace: Trace) -> dict[str, object]:
    """Return the token response to a request with the scope openid."""
    if "openid" not in (sent_parameter(trace, "authorize", "scope") or "").split():
        raise Unsuited("the client did not ask for the scope openid")
    return dict(tokens_of(trace, "redeem"))


@requirement("OIDCC-3.1.3.3/json-media-type")
def test_token_response_is_json(code_redeemed: Trace) -> None:
    """Tokens come as application/json."""
    response = code_redeemed["redeem"].answered
    assert response.media_type == "application/json", f"the media type is {response.media_type}"
    assert response.json_object, "the object is empty"


@requirement("OIDCC-3.1.3.3/access-token-returned")
def test_token_response_has_access_token(code_answer: Trace) -> None:
    """An access token comes beside the ID Token."""
    members = document(code_answer, "tokens")
    assert isinstance(members.get("access_token"), str), "access_token is missing or no string"


@requirement("OIDCC-3.1.3.3/token-type-bearer")
def test_token_type_is_bearer(code_redeemed: Trace) -> None:
    """Without another agreement the type is Bearer, in any case of letters."""
    token_type = tokens_of(code_redeemed, "redeem").get("token_type")
    assert isinstance(token_type, str), "token_type is missing or no string"
    assert token_type.lower() == "bearer", f"token_type is {token_type[:20]}"


@requirement("OIDCC-3.1.3.3/bearer-supported")
def test_bearer_token_works(userinfo_asked: Trace) -> None:
    """The access token works as a bearer token."""
    status = userinfo_asked["get"].answered.status
    assert status == 200, f"userinfo answers {status}"


@requirement("OIDCC-3.1.3.3/id-token-returned")
def test_token_response_has_id_token(code_redeemed: Trace) -> None:
    """Whoever asks for openid gets an ID Token."""
    members = _openid_response(code_redeemed)
    assert "id_token" in members, "id_token is missing"
    assert is_compact_jwt(code_redeemed, members["id_token"]), "id_token is no JWT"


@requirement("OIDCC-1.1/compact-serialization")
def test_id_token_is_compact(code_redeemed: Trace) -> None:
    """An ID Token is a string of three parts, or of five if it is encrypted."""
    value = _openid_response(code_redeemed).get("id_token")
    assert isinstance(value, str), "id_token is no string"
    assert is_compact_jwt(code_redeemed, value), "id_token is not in the compact serialization"


@requirement("OIDCC-3.1.3.3/cache-control-no-store")
def test_token_response_is_not_stored(code_redeemed: Trace) -> None:
    """No cache may keep tokens."""
    directives = code_redeemed["redeem"].answered.directives("cache-control")
    assert "no-store" in directives, "Cache-Control has no no-store"


@requirement("OIDCC-3.1.3.6/at-hash-optional-but-right")
def test_at_hash_fits_the_access_token(code_redeemed: Trace) -> None:
    """at_hash, where it is there, belongs to the access token beside it."""
    token = id_token(code_redeemed, "redeem")
    if "at_hash" not in token.claims:
        raise Unsuited("the ID Token has no at_hash")
    half = left_half(code_redeemed, tokens_of(code_redeemed, "redeem")["access_token"], token.alg)
    assert token.claims["at_hash"] == half, "at_hash is of something else"


@requirement(
    "OIDCC-3.1.3.7/iss-equals-issuer",
    "OIDCC-16.15/discovery-issuer-equals-iss",
    "OIDCD-3/issuer-equals-iss",
)
def test_iss_is_the_issuer(metadata_documents: Trace, code_redeemed: Trace) -> None:
    """The iss is the issuer of the metadata, character by character."""
    issuer = metadata(metadata_documents).get("issuer")
    assert id_token(code_redeemed, "redeem").claims.get("iss") == issuer, "iss is not the issuer"


@requirement("OIDCC-3.1.3.7/signature-verifies-with-issuer-keys")
def test_signature_is_of_the_key_that_kid_names(code_redeemed: Trace) -> None:
    """The key that verifies the signature is the one that the header names."""
    token = id_token(code_redeemed, "redeem")
    assert token.verified_by is not None, "no key of the issuer verifies the signature"
    kid = token.header.get("kid", token.verified_by["kid"])
    assert token.verified_by["kid"] in (kid, None), "another key verifies it than kid names"


@requirement("OIDCC-3.1.3.7/alg-default-or-registered")
def test_alg_is_announced(metadata_documents: Trace, code_redeemed: Trace) -> None:
    """The signature's algorithm is one that the metadata announce."""
    name = "id_token_signing_alg_values_supported"
    announced = texts_in(metadata(metadata_documents), name, ["RS256"])
    alg = id_token(code_redeemed, "redeem").alg
    assert alg in announced, f"{alg[:20]} is not announced"


@requirement("OIDCC-3.1.2.2/openid-scope-checked", "OIDCC-3.1.3.2/code-from-openid-request")
def test_without_openid_no_id_token(login_without_openid: Trace) -> None:
    """Who does not ask for openid gets no ID Token."""
    members = tokens_of(login_without_openid, "tokens_plain")
    assert "id_token" not in members, "id_token is there without the scope openid"
