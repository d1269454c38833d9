"""RFC 7515, RFC 7519, RFC 8725: the form of every JWT that the server issues."""

from idprobe.checks import (
    SKEW_S,
    Trace,
    Unsuited,
    audiences,
    document,
    id_token,
    is_compact_jwt,
    is_number,
    issued_jwts,
    published_keys,
    requirement,
    url_parts,
)

STANDARD_HEADERS = frozenset(
    [
        "alg",
        "jku",
        "jwk",
        "kid",
        "x5u",
        "x5c",
        "x5t",
        "x5t#S256",
        "typ",
        "cty",
        "crit",
        "enc",
        "zip",
        "epk",
        "apu",
        "apv",
        "iv",
        "tag",
        "p2s",
        "p2c",
    ]
)
MIN_JTI_BITS = 64


@requirement("RFC7519-3/compact-url-safe-parts", "RFC7515-2/base64url-no-padding")
def test_jwts_are_compact(signed_in_twice: Trace) -> None:
    """A JWT is base64url parts between dots, without padding."""
    for step in ("tokens", "tokens_again"):
        value = document(signed_in_twice, step).get("id_token")
        assert is_compact_jwt(signed_in_twice, value), "the ID Token cannot be read as a JWT"


@requirement("RFC7519-4/unique-claim-names", "RFC7515-4/unique-header-names")
def test_names_in_jwts_are_unique(signed_in_twice: Trace) -> None:
    """Claims and header parameters occur once: a JWT with a repeated one cannot be read."""
    for step in ("tokens", "tokens_again"):
        value = document(signed_in_twice, step).get("id_token")
        assert is_compact_jwt(signed_in_twice, value), "the ID Token cannot be read as a JWT"


@requirement("RFC7515-4.1.1/alg-present", "RFC7515-3.1/compact-no-unprotected-header")
def test_jwts_have_alg(signed_in_twice: Trace) -> None:
    """The header says by which algorithm a JWT is signed."""
    for token in issued_jwts(signed_in_twice):
        assert isinstance(token.header.get("alg"), str), "alg is missing or no string"


@requirement("RFC7515-4.1.2/jku-over-tls")
def test_jku_is_https(signed_in_twice: Trace) -> None:
    """jku, where it is there, leads to https."""
    for token in issued_jwts(signed_in_twice):
        scheme = url_parts(str(token.header.get("jku", "https:"))).scheme
        assert scheme == "https", f"the scheme of jku is {scheme}"


@requirement("RFC7515-4.1.5/x5u-over-tls")
def test_x5u_is_https(signed_in_twice: Trace) -> None:
    """x5u, where it is there, leads to https."""
    for token in issued_jwts(signed_in_twice):
        scheme = url_parts(str(token.header.get("x5u", "https:"))).scheme
        assert scheme == "https", f"the scheme of x5u is {scheme}"


@requirement("RFC7515-4.1.4/kid-string")
def test_kid_is_a_string_of_the_set(signed_in_twice: Trace, keys_document: Trace) -> None:
    """kid, where it is there, is a string, and an ID Token's is that of a published key."""
    kids = [key.get("kid") for key in published_keys(keys_document)]
    for token in issued_jwts(signed_in_twice):
        assert isinstance(token.header.get("kid", ""), str), "kid is no string"
    token = id_token(signed_in_twice, "tokens")
    if "kid" in token.header and not token.alg.startswith("HS"):
        assert token.header["kid"] in kids, "no published key has the kid of the ID Token"


@requirement("RFC7515-4.1.9/typ-without-application-prefix")
def test_typ_has_no_prefix(signed_in_twice: Trace) -> None:
    """The typ leaves out application/."""
    for token in issued_jwts(signed_in_twice):
        typ = str(token.header.get("typ", ""))
        assert not typ.lower().startswith("application/"), "typ begins with application/"


@requirement("RFC7515-4.1.11/crit-not-for-standard-names")
def test_crit_lists_extensions_that_are_there(signed_in_twice: Trace) -> None:
    """crit, where it is there, lists extensions of the header, each once."""
    for token in issued_jwts(signed_in_twice):
        crit = token.header.get("crit", ["nothing"])
        assert isinstance(crit, list), "crit is no array"
        assert crit, "crit is empty"
        assert all(isinstance(one, str) for one in crit), "crit has a member that is no string"
        assert len(crit) == len(set(crit)), "crit has duplicates"
        assert not STANDARD_HEADERS & set(crit), "crit lists a standard name"
        absent = [name for name in crit if name not in token.header]
        assert "crit" not in token.header or not absent, "crit lists what is not there"


@requirement("RFC7515-5.1/alg-accurate")
def test_id_token_verifies_by_the_alg_of_its_header(signed_in_twice: Trace) -> None:
    """The signature is by the algorithm that the header names."""
    for step in ("tokens", "tokens_again"):
        found = id_token(signed_in_twice, step).verified_by
        assert found is not None, "no known key verifies the signature by that algorithm"


@requirement("RFC7515-6/key-identification")
def test_header_identifies_the_key(signed_in_twice: Trace, keys_document: Trace) -> None:
    """A header without kid leaves only one key to be tried."""
    token = id_token(signed_in_twice, "tokens")
    kinds = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
    kty = kinds.get(token.alg[:2])
    signing = [k for k in published_keys(keys_document) if k.get("use", "sig") == "sig"]
    fitting = [k for k in signing if k.get("kty") == kty]
    assert "kid" in token.header or len(fitting) == 1, "it has no kid, and several keys fit"


@requirement("RFC7519-2/string-or-uri")
def test_names_with_a_colon_are_uris(signed_in_twice: Trace) -> None:
    """iss, sub and aud that contain a colon are URIs."""
    for token in issued_jwts(signed_in_twice):
        values = [token.claims.get("iss"), token.claims.get("sub")]
        values += audiences(token.claims.get("aud"))
        for value in values:
            with_colon = isinstance(value, str) and ":" in value
            assert not with_colon or url_parts(str(value)).scheme, "a value with : is no URI"


@requirement("RFC7519-4.1.3/aud-single-or-array")
def test_aud_is_a_string_or_an_array(signed_in_twice: Trace) -> None:
    """The aud is one string or an array of strings."""
    for token in issued_jwts(signed_in_twice):
        values = audiences(token.claims.get("aud", ""))
        assert all(isinstance(one, str) for one in values), "aud has a member that is no string"


@requirement("RFC8725-3.9/aud-present")
def test_jwts_have_aud(signed_in_twice: Trace) -> None:
    """A JWT of an issuer that serves several parties says whom it is for."""
    for token in issued_jwts(signed_in_twice):
        assert token.claims.get("aud"), "aud is missing or empty"


@requirement("RFC7519-4.1.4/exp-number")
def test_exp_is_a_number(signed_in_twice: Trace) -> None:
    """exp, where it is there, is a number."""
    for token in issued_jwts(signed_in_twice):
        assert is_number(token.claims.get("exp", 0)), "exp is no number"


@requirement("RFC7519-4.1.5/nbf-number")
def test_nbf_is_a_number_not_ahead(signed_in_twice: Trace) -> None:
    """nbf, where it is there, is a number, and has come."""
    for token in issued_jwts(signed_in_twice):
        nbf = token.claims.get("nbf", 0)
        assert is_number(nbf), "nbf is no number"
        ahead = nbf - token.exchange.started_at.timestamp()
        assert ahead <= SKEW_S, f"nbf is {ahead:.0f} s ahead"


@requirement("RFC7519-4.1.6/iat-number")
def test_iat_is_a_number(signed_in_twice: Trace) -> None:
    """iat, where it is there, is a number."""
    for token in issued_jwts(signed_in_twice):
        assert is_number(token.claims.get("iat", 0)), "iat is no number"


@requirement("RFC7519-4.1.7/jti-unique")
def test_jti_is_unique(signed_in_twice: Trace) -> None:
    """No two tokens have the same jti."""
    jtis = [token.claims["jti"] for token in issued_jwts(signed_in_twice) if "jti" in token.claims]
    if not jtis:
        raise Unsuited("the tokens have no jti")
    assert all(isinstance(one, str) for one in jtis), "jti is no string"
    assert len(jtis) == len(set(jtis)), "two tokens have the same jti"
    shortest = min(len(one) for one in jtis)
    assert shortest * 6 >= MIN_JTI_BITS, f"a jti has {shortest} characters"


@requirement("RFC7519-5.1/typ-jwt-uppercase")
def test_typ_jwt_is_in_upper_case(signed_in_twice: Trace) -> None:
    """typ, where it says JWT, says it in upper case."""
    for token in issued_jwts(signed_in_twice):
        typ = str(token.header.get("typ", "JWT"))
        assert typ == "JWT" or typ.lower() != "jwt", f"typ is {typ}"


@requirement("RFC7519-5.2/no-cty-otherwise")
def test_no_cty_where_nothing_is_nested(signed_in_twice: Trace) -> None:
    """The cty is for nested JWTs."""
    for token in issued_jwts(signed_in_twice):
        assert "cty" not in token.header, "the header has cty"


@requirement("RFC7519-7.1/utf-8-claims", "RFC8725-3.7/utf-8-only")
def test_jwts_are_utf_8(signed_in_twice: Trace) -> None:
    """Header and claims are JSON objects in UTF-8: an ID Token that is not cannot be read."""
    for step in ("tokens", "tokens_again"):
        value = document(signed_in_twice, step).get("id_token")
        assert is_compact_jwt(signed_in_twice, value), "the ID Token cannot be read as a JWT"
