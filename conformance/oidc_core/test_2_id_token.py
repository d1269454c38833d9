"""OpenID Connect Core 1.0, section 2: the ID Token."""

from typing import Any

from idprobe.checks import (
    SKEW_S,
    EvidenceError,
    Trace,
    Unsuited,
    audiences,
    carries_password,
    id_token,
    is_number,
    requirement,
    sent_parameter,
    server_time_s,
    url_parts,
)

MILLISECONDS_BEGIN = 10**11
AUTHENTICATION_METHODS = frozenset(
    [
        "face",
        "fpt",
        "geo",
        "hwk",
        "iris",
        "kba",
        "mca",
        "mfa",
        "otp",
        "pin",
        "pop",
        "pwd",
        "rba",
        "retina",
        "sc",
        "sms",
        "swk",
        "tel",
        "user",
        "vbm",
        "wia",
    ]
)
"""The IANA registry of Authentication Method Reference Values (RFC 8176)."""


def _optional(trace: Trace, name: str) -> Any:
    """Return a claim of the ID Token; raises Unsuited without it."""
    claims = id_token(trace, "redeem").claims
    if name not in claims:
        raise Unsuited(f"the ID Token has no {name}")
    return claims[name]


@requirement("OIDCC-2/iss-present")
def test_id_token_has_iss(code_redeemed: Trace) -> None:
    """An ID Token says who issued it."""
    iss = id_token(code_redeemed, "redeem").claims.get("iss")
    assert isinstance(iss, str), "iss is missing or no string"
    assert iss, "iss is empty"


@requirement("OIDCC-2/iss-https-no-query-fragment")
def test_iss_is_a_url_of_the_right_form(code_redeemed: Trace) -> None:
    """The issuer is an https URL without query and fragment; http where we came by http."""
    token = id_token(code_redeemed, "redeem")
    iss = token.claim("iss")
    assert isinstance(iss, str), "iss is no string"
    parts = url_parts(iss)
    allowed = {"https", url_parts(token.exchange.request.origin).scheme}
    assert parts.scheme in allowed, f"the scheme of iss is {parts.scheme or 'missing'}"
    assert parts.netloc, "iss names no host"
    assert "?" not in iss, "iss has a query"
    assert "#" not in iss, "iss has a fragment"


@requirement("OIDCC-2/sub-present")
def test_id_token_has_sub(code_redeemed: Trace) -> None:
    """An ID Token says whom it is about, as a string."""
    sub = id_token(code_redeemed, "redeem").claims.get("sub")
    assert isinstance(sub, str), "sub is missing or no string"
    assert sub, "sub is empty"


@requirement("OIDCC-2/sub-max-255-ascii")
def test_sub_is_short_ascii(code_redeemed: Trace) -> None:
    """No client needs room for more than 255 ASCII characters."""
    sub = str(id_token(code_redeemed, "redeem").claim("sub"))
    assert sub.isascii(), "sub has characters beyond ASCII"
    assert len(sub) <= 255, f"sub has {len(sub)} characters"


@requirement("OIDCC-2/aud-present-and-typed")
def test_id_token_has_aud(code_redeemed: Trace) -> None:
    """An ID Token says whom it is for: a string or several."""
    aud = id_token(code_redeemed, "redeem").claims.get("aud")
    assert aud, "aud is missing or empty"
    assert all(isinstance(one, str) for one in audiences(aud)), "aud has a member that is no string"


@requirement("OIDCC-2/aud-contains-client-id")
def test_aud_names_the_client(code_redeemed: Trace) -> None:
    """An ID Token is for the client that asked for it."""
    aud = audiences(id_token(code_redeemed, "redeem").claim("aud"))
    assert sent_parameter(code_redeemed, "authorize", "client_id") in aud, "aud lacks the client_id"


@requirement("OIDCC-3.1.3.7/aud-contains-client")
def test_aud_names_no_other_client(code_of_another_client: Trace) -> None:
    """The ID Token of a client is for it, and for no other client; for other parties it may be."""
    ids = {
        step: sent_parameter(code_of_another_client, step, "client_id")
        for step in ("authorize", "authorize-thief")
    }
    for own, step in (("authorize", "control"), ("authorize-thief", "control-thief")):
        aud = audiences(id_token(code_of_another_client, step).claim("aud"))
        assert ids[own] in aud, f"aud lacks the client_id after {step}"
        others = {*ids.values()} - {ids[own]}
        assert not others & {*aud}, f"aud has another client after {step}"


@requirement("OIDCC-2/exp-present-number")
def test_exp_is_seconds(code_redeemed: Trace) -> None:
    """The end of an ID Token is a number of seconds."""
    token = id_token(code_redeemed, "redeem")
    assert is_number(token.claims.get("exp")), "exp is missing or no number"
    assert token.number("exp") < MILLISECONDS_BEGIN, "exp is not in seconds"


@requirement("OIDCC-2/iat-present-number")
def test_iat_is_now_in_seconds(code_redeemed: Trace) -> None:
    """An ID Token says when it was issued, which is now."""
    token = id_token(code_redeemed, "redeem")
    assert is_number(token.claims.get("iat")), "iat is missing or no number"
    off = token.number("iat") - token.exchange.started_at.timestamp()
    assert abs(off) <= SKEW_S, f"iat is {off:.0f} s off our clock"
    assert token.number("iat") < token.number("exp"), "iat is not before exp"


@requirement("OIDCC-2/auth-time-when-max-age", "OIDCC-15.1/auth-time-supported")
def test_max_age_brings_auth_time(max_age_login: Trace) -> None:
    """A client that limits the age of a login is told when it was."""
    assert "auth_time" in id_token(max_age_login, "tokens").claims, "auth_time is missing"


@requirement("OIDCC-2/auth-time-number")
def test_auth_time_is_seconds_in_the_past(max_age_login: Trace) -> None:
    """auth_time is a number of seconds, not after the token's own time."""
    token = id_token(max_age_login, "tokens")
    auth_time = token.claim("auth_time")
    assert is_number(auth_time), "auth_time is no number"
    assert auth_time < MILLISECONDS_BEGIN, "auth_time is not in seconds"
    assert auth_time <= token.number("iat") + SKEW_S, "auth_time is later than iat"


@requirement("OIDCC-2/auth-time-is-the-login-time")
def test_auth_time_stays_while_nobody_logs_in(logins_apart_in_time: Trace) -> None:
    """auth_time is the time of the login, not of the token."""
    if any(carries_password(one.request) for one in logins_apart_in_time.steps("login_later")):
        raise Unsuited("the server wanted another login for the second token")
    first = id_token(logins_apart_in_time, "tokens").number("auth_time")
    later = id_token(logins_apart_in_time, "tokens_later").number("auth_time")
    assert first == later, f"auth_time moved by {later - first:g} s without a login"


@requirement("OIDCC-2/nonce-echoed")
def test_nonce_comes_back(code_redeemed: Trace) -> None:
    """The nonce of the request is in the ID Token, octet for octet."""
    nonce = id_token(code_redeemed, "redeem").claims.get("nonce")
    assert nonce is not None, "nonce is missing"
    assert nonce == sent_parameter(code_redeemed, "authorize", "nonce"), "nonce is another one"


@requirement("OIDCC-2/nonce-passed-through-unmodified")
def test_odd_nonces_come_back_unchanged(nonces_returned: Trace) -> None:
    """A nonce is only handed through: not trimmed, decoded, cut or folded."""
    for kind in ("odd", "long"):
        sent = sent_parameter(nonces_returned, f"login_{kind}", "nonce")
        nonce = id_token(nonces_returned, f"tokens_{kind}").claims.get("nonce")
        assert nonce == sent, f"the {kind} nonce comes back changed"


@requirement("OIDCC-2/acr-string")
def test_acr_is_one_string(code_redeemed: Trace) -> None:
    """The acr names one class."""
    acr = _optional(code_redeemed, "acr")
    assert isinstance(acr, str), "acr is no string"


@requirement("OIDCC-2/acr-uri-or-registered-name")
def test_acr_is_a_uri(code_redeemed: Trace) -> None:
    """The acr is an absolute URI, or 0, which is Core's own name."""
    acr = _optional(code_redeemed, "acr")
    assert acr == "0" or url_parts(str(acr)).scheme, "acr is a bare name"


@requirement("OIDCC-2/amr-array-of-strings")
def test_amr_is_a_list(code_redeemed: Trace) -> None:
    """The amr is an array of strings."""
    amr = _optional(code_redeemed, "amr")
    assert isinstance(amr, list), "amr is no array"
    assert all(isinstance(one, str) for one in amr), "amr has a member that is no string"


@requirement("OIDCC-2/amr-registered-values")
def test_amr_values_are_registered(code_redeemed: Trace) -> None:
    """The amr values are those of the registry."""
    amr = _optional(code_redeemed, "amr")
    if not isinstance(amr, list):
        raise EvidenceError("amr is no array")
    unknown = [one for one in amr if one not in AUTHENTICATION_METHODS]
    assert not unknown, f"amr has {len(unknown)} values that are not registered"


@requirement("OIDCC-2/azp-is-client-id")
def test_azp_is_the_client(code_redeemed: Trace) -> None:
    """azp, where it is there, is the client."""
    client_id = sent_parameter(code_redeemed, "authorize", "client_id")
    azp = _optional(code_redeemed, "azp")
    assert azp == client_id, "azp is not the client_id"


@requirement("OIDCC-2/signed")
def test_id_token_is_signed(code_redeemed: Trace) -> None:
    """The signature verifies with a key of the server, or with the client's secret."""
    token = id_token(code_redeemed, "redeem")
    assert token.verified_by is not None, "no known key verifies the signature"


@requirement("OIDCC-2/alg-none-forbidden", "RFC8725-3.2/none-not-generated-unasked")
def test_id_token_is_never_unsecured(signed_in_twice: Trace) -> None:
    """Nobody asked for a token without a signature."""
    for step in ("tokens", "tokens_again"):
        alg = id_token(signed_in_twice, step).alg
        assert alg.lower() != "none", "alg is none"


@requirement("OIDCC-2/no-embedded-key-headers")
def test_id_token_brings_no_key(code_redeemed: Trace) -> None:
    """A token does not say with which key it wants to be verified, but for its kid."""
    found = {"x5u", "x5c", "jku", "jwk"} & id_token(code_redeemed, "redeem").header.keys()
    assert not found, f"the header has {', '.join(sorted(found))}"


@requirement("OIDCC-3.1.3.7/exp-after-now")
def test_fresh_id_token_has_not_expired(code_redeemed: Trace) -> None:
    """A token just issued can be used."""
    token = id_token(code_redeemed, "redeem")
    assert token.number("exp") > server_time_s(token.exchange), "exp has passed"
