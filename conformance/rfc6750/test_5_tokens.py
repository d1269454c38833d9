"""RFC 6750 section 5, RFC 6749 sections 7 and 10.3, RFC 8725: tokens that must not work."""

from idprobe.checks import (
    EvidenceError,
    Exchange,
    Trace,
    Unsuited,
    lifetime_s,
    requirement,
    tokens_of,
)

HOUR_S = 3600


def _served(exchange: Exchange) -> bool:
    """Return whether a resource answered with something; raises unless it did, or refused."""
    response = exchange.answered
    if response.is_success:
        return True
    if response.status in {400, 401, 403}:
        return False
    raise EvidenceError(f"that is neither an answer nor a refusal: {exchange}")


@requirement("RFC6750-5.2/token-integrity", "RFC6749-10.3/access-token-unforgeable")
def test_forged_tokens_are_not_served(userinfo_forged: Trace) -> None:
    """A token that was changed, or that we made, opens nothing."""
    for exchange in userinfo_forged:
        userinfo_forged.decide(exchange)
        if exchange.step.startswith("forged-"):
            assert not _served(exchange), f"it is served ({exchange.step})"


@requirement("RFC6749-7/token-validated-at-own-resource")
def test_dead_and_poor_tokens_are_not_served(
    userinfo_forged: Trace, userinfo_without_openid: Trace, access_token_revoked: Trace
) -> None:
    """A resource looks at the token: is it ours, alive, and of the needed scope."""
    assert not _served(userinfo_forged["forged-altered"]), "an altered token is served"
    assert not _served(userinfo_without_openid["poor"]), "a token without openid is served"
    if "introspect-after" in access_token_revoked and "userinfo-after" in access_token_revoked:
        said = access_token_revoked["introspect-after"].answered
        dead = said.is_success and said.json_object.get("active") is False
        served = _served(access_token_revoked["userinfo-after"])
        assert not (dead and served), "a token that is not active is served"


@requirement("RFC8725-3.12/id-token-refused-as-access-token")
def test_id_token_is_no_access_token(userinfo_refused: Trace) -> None:
    """An ID Token opens nothing."""
    if "id-token" not in userinfo_refused:
        raise Unsuited("the server gives no ID Token")
    assert not _served(userinfo_refused["id-token"]), "userinfo is served for an ID Token"


@requirement("RFC6749-7/token-validated-at-own-resource")
def test_refresh_token_is_no_access_token(userinfo_refused: Trace) -> None:
    """A refresh token is for the token endpoint alone, and opens nothing (RFC 6749 section 1.5)."""
    if "refresh-token" not in userinfo_refused:
        raise Unsuited("the server gives no refresh token")
    assert not _served(userinfo_refused["refresh-token"]), "userinfo is served for a refresh token"


@requirement("RFC6749-7/token-validated-at-own-resource")
def test_token_without_user_tells_of_nobody(userinfo_without_user: Trace) -> None:
    """A token that a client got for itself was not granted for openid, and opens no userinfo."""
    if not _served(userinfo_without_user["usual"]):
        raise EvidenceError("the token of a user opens nothing either")
    assert not _served(userinfo_without_user["own"]), "userinfo is served for a client's own token"


@requirement("RFC6749-7/token-validated-at-own-resource")
def test_cookies_alone_open_nothing(userinfo_cross_origin: Trace) -> None:
    """A browser whose user is logged in has no token by that."""
    assert not _served(userinfo_cross_origin["cookies-alone"]), "userinfo is served for cookies"


@requirement("RFC6750-5.3/short-lived")
def test_access_tokens_live_an_hour_at_most(code_redeemed: Trace) -> None:
    """A stolen token does not work for long."""
    lives_s = lifetime_s(code_redeemed, "redeem")
    assert lives_s <= HOUR_S, f"the token is good for {lives_s:.0f} s"


@requirement("RFC6750-5.2/lifetime-limited")
def test_access_tokens_do_not_live_for_ever(code_redeemed: Trace) -> None:
    """An access token ends some day."""
    lives_s = lifetime_s(code_redeemed, "redeem")
    assert 0 < lives_s < 10 * 365 * 24 * HOUR_S, f"the token is good for {lives_s:.0f} s"


@requirement("RFC6750-5.2/no-token-in-clear-cookie")
def test_no_cookie_carries_an_access_token(code_redeemed: Trace) -> None:
    """An access token is in no cookie that could travel in the clear."""
    access_token = str(tokens_of(code_redeemed, "redeem")["access_token"])
    for exchange in code_redeemed:
        code_redeemed.decide(exchange)
        for cookie in exchange.answered.all_headers("set-cookie"):
            carries = access_token in cookie
            assert not carries or "; secure" in cookie.lower(), "a cookie carries the access token"


@requirement("RFC6750-5.2/scope-restricted")
def test_access_tokens_have_a_scope(tokens_introspected: Trace) -> None:
    """A token is good for something only."""
    said = tokens_introspected["access"].answered.json_object
    if not said.get("active"):
        raise Unsuited("the client may not introspect its own token")
    assert said.get("scope"), "the token has no scope"


@requirement(
    "RFC6750-5.3/audience-restricted",
    "RFC9700-2.3/audience-restricted",
    "RFC9700-4.9.3/audience-against-replay",
)
def test_access_tokens_have_an_audience(tokens_introspected: Trace) -> None:
    """A token is good for somebody only."""
    said = tokens_introspected["access"].answered.json_object
    if not said.get("active"):
        raise Unsuited("the client may not introspect its own token")
    assert said.get("aud"), "the token has no aud"
