"""OpenID Connect Core 1.0, section 12: what a refresh brings."""

from idprobe.checks import (
    SKEW_S,
    EvidenceError,
    IssuedJwt,
    Trace,
    audiences,
    id_token,
    left_half,
    requirement,
    server_time_s,
    token_error,
    tokens_of,
)


def _pair(trace: Trace) -> tuple[IssuedJwt, IssuedJwt]:
    """Return the original ID Token and the refreshed one, which a server need not issue."""
    return id_token(trace, "tokens"), id_token(trace, "refresh")


@requirement("OIDCC-12.2/id-token-optional")
def test_refresh_response_is_a_token_response(refreshed: Trace) -> None:
    """With or without an ID Token, a refresh brings an access token that is not to be stored."""
    members = tokens_of(refreshed, "refresh")
    assert members.get("token_type"), "token_type is missing"
    directives = refreshed["refresh"].answered.directives("cache-control")
    assert "no-store" in directives, "Cache-Control has no no-store"


@requirement("OIDCC-12.2/iss-unchanged")
def test_refreshed_id_token_has_the_same_iss(refreshed_id_token: Trace) -> None:
    """The issuer stays."""
    first, second = _pair(refreshed_id_token)
    assert second.claims.get("iss") == first.claim("iss"), "iss is missing or another one"


@requirement("OIDCC-12.2/sub-unchanged")
def test_refreshed_id_token_has_the_same_sub(refreshed_id_token: Trace) -> None:
    """The user stays."""
    first, second = _pair(refreshed_id_token)
    assert second.claims.get("sub") == first.claim("sub"), "sub is missing or another one"


@requirement("OIDCC-12.2/iat-is-new")
def test_refreshed_id_token_has_a_new_iat(refreshed_later: Trace) -> None:
    """A refreshed ID Token is as old as its refresh."""
    first, second = _pair(refreshed_later)
    assert second.number("iat") > first.number("iat"), "iat is not later than the original's"
    off = second.number("iat") - second.exchange.started_at.timestamp()
    assert abs(off) <= SKEW_S, f"iat is {off:.0f} s off our clock"


@requirement("OIDCC-12.2/aud-unchanged")
def test_refreshed_id_token_has_the_same_aud(refreshed_id_token: Trace) -> None:
    """The audience stays."""
    first, second = _pair(refreshed_id_token)
    before, after = audiences(first.claim("aud")), audiences(second.claims.get("aud"))
    same = all(one in after for one in before) and all(one in before for one in after)
    assert same, "aud is missing or another one"


@requirement("OIDCC-12.2/auth-time-unchanged")
def test_refreshed_id_token_has_the_same_auth_time(refreshed_later: Trace) -> None:
    """A refresh is no login."""
    first, second = _pair(refreshed_later)
    before = first.claim("auth_time")
    assert second.claims.get("auth_time", before) == before, "auth_time moved without a login"


@requirement("OIDCC-12.2/azp-unchanged")
def test_refreshed_id_token_has_the_same_azp(refreshed_id_token: Trace) -> None:
    """The azp is in both or in neither, and the same."""
    first, second = _pair(refreshed_id_token)
    assert second.claims.get("azp") == first.claims.get("azp"), "azp differs"


@requirement("OIDCC-12.2/no-nonce")
def test_refreshed_id_token_has_no_nonce(refreshed_id_token: Trace) -> None:
    """A nonce belongs to the first token alone."""
    assert "nonce" not in _pair(refreshed_id_token)[1].claims, "nonce is there"


@requirement("OIDCC-12.2/nonce-unchanged-if-present")
def test_refreshed_id_token_has_no_other_nonce(refreshed_id_token: Trace) -> None:
    """If there is a nonce it is the original one."""
    first, second = _pair(refreshed_id_token)
    before = first.claim("nonce")
    assert second.claims.get("nonce", before) == before, "nonce is another one"


@requirement("OIDCC-12.2/same-rules-otherwise")
def test_refreshed_id_token_is_a_good_id_token(refreshed_id_token: Trace) -> None:
    """A refreshed ID Token verifies, has not expired, and is bound to its access token."""
    token = _pair(refreshed_id_token)[1]
    assert token.verified_by is not None, "no known key verifies the signature"
    assert token.number("exp") > server_time_s(token.exchange), "exp has passed"
    half = left_half(
        refreshed_id_token, tokens_of(refreshed_id_token, "refresh")["access_token"], token.alg
    )
    assert token.claims.get("at_hash", half) == half, "at_hash is of something else"


@requirement("OIDCC-12.3/error-form")
def test_refresh_error_has_the_form_of_token_errors(refresh_token_faults: Trace) -> None:
    """A bad refresh is answered as any bad token request."""
    exchange = refresh_token_faults["bogus"]
    error = token_error(exchange)
    assert error == "invalid_grant", f"the error is {error}"
    response = exchange.answered
    assert response.status == 400, f"status is {response.status}"
    assert response.media_type == "application/json", f"the media type is {response.media_type}"


@requirement("OIDCC-11/refresh-tokens-in-other-contexts")
def test_login_without_offline_access_works(openid_alone: Trace) -> None:
    """Whether a refresh token comes without offline_access is the server's choice."""
    members = tokens_of(openid_alone, "tokens")
    if "id_token" not in members:
        raise EvidenceError("the login brought no ID Token")
    refresh_token = members.get("refresh_token", "")
    assert isinstance(refresh_token, str), "refresh_token is no string"
