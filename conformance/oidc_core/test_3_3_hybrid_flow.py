"""OpenID Connect Core 1.0, section 3.3: what the hybrid flow returns."""

from idprobe.checks import (
    LandingMode,
    Trace,
    id_token,
    left_half,
    requirement,
    response_member,
    sent_parameter,
    tokens_of,
)

ABOUT_THE_AUTHENTICATION = ("auth_time", "acr", "amr", "nonce")
OF_ONE_TOKEN = frozenset({"at_hash", "c_hash", "s_hash", "iat", "exp", "nbf", "jti", "rt_hash"})


@requirement("OIDCC-3.3.2.5/code-always-returned")
def test_hybrid_response_has_a_code(
    hybrid_code_id_token: Trace, hybrid_code_token: Trace, hybrid_code_id_token_token: Trace
) -> None:
    """Every hybrid response has a code that can be redeemed."""
    for trace in (hybrid_code_id_token, hybrid_code_token, hybrid_code_id_token_token):
        assert trace.landing.get("code"), "code is missing"
        assert tokens_of(trace, "tokens"), "the code brings no tokens"


@requirement("OIDCC-3.3.2.5/access-token-returned")
def test_hybrid_response_has_an_access_token(
    hybrid_code_token: Trace, hybrid_code_id_token_token: Trace
) -> None:
    """Where token was asked for there is an access token, with its type."""
    for trace in (hybrid_code_token, hybrid_code_id_token_token):
        assert trace.landing.get("access_token"), "access_token is missing"
        token_type = trace.landing.get("token_type") or ""
        assert token_type.lower() == "bearer", "token_type is missing or another one"


@requirement("OIDCC-3.3.2.5/id-token-returned")
def test_hybrid_response_has_an_id_token(hybrid_code_id_token: Trace) -> None:
    """Where an ID Token was asked for beside the code, there is one."""
    assert hybrid_code_id_token.landing.get("id_token"), "id_token is missing"


@requirement("OIDCC-3.3.2.5/access-token-returned")
def test_hybrid_response_has_no_access_token_unasked(hybrid_code_id_token: Trace) -> None:
    """Where no token was asked for there is no access token."""
    assert hybrid_code_id_token.landing.get("access_token") is None, "access_token is there"


@requirement("OIDCC-3.3.2.5/code-token-has-no-front-id-token")
def test_code_token_brings_the_id_token_by_the_back_channel(hybrid_code_token: Trace) -> None:
    """For 'code token' the ID Token comes from the token endpoint alone."""
    assert hybrid_code_token.landing.get("id_token") is None, "the redirect has an id_token"
    assert "id_token" in tokens_of(hybrid_code_token, "tokens"), (
        "the token response has no id_token"
    )


@requirement("OIDCC-3.3.2.5/response-in-fragment")
def test_hybrid_response_is_in_the_fragment(hybrid_code_id_token: Trace) -> None:
    """A hybrid response, code included, is in the fragment."""
    mode = hybrid_code_id_token.landing.mode
    assert mode is LandingMode.FRAGMENT, f"the response is in the {mode.value}"


@requirement("OIDCC-3.3.2.10/c-hash-value")
def test_c_hash_fits(hybrid_code_id_token: Trace, hybrid_code_id_token_token: Trace) -> None:
    """c_hash belongs to the code beside it."""
    for trace in (hybrid_code_id_token, hybrid_code_id_token_token):
        token = id_token(trace, "login")
        half = left_half(trace, response_member(token.exchange, "code"), token.alg)
        assert token.claim("c_hash") == half, "c_hash is of something else"


@requirement("OIDCC-3.3.2.11/c-hash-required")
def test_hybrid_id_token_has_c_hash(
    hybrid_code_id_token: Trace, hybrid_code_id_token_token: Trace
) -> None:
    """An ID Token that comes with a code is bound to it."""
    for trace in (hybrid_code_id_token, hybrid_code_id_token_token):
        claims = id_token(trace, "login").claims
        assert isinstance(claims.get("c_hash"), str), "c_hash is missing or no string"


@requirement("OIDCC-3.3.2.11/at-hash-required")
def test_hybrid_id_token_has_the_at_hash_of_its_own_access_token(
    hybrid_code_id_token_token: Trace,
) -> None:
    """at_hash belongs to the access token of the redirect."""
    token = id_token(hybrid_code_id_token_token, "login")
    access_token = response_member(token.exchange, "access_token")
    half = left_half(hybrid_code_id_token_token, access_token, token.alg)
    assert "at_hash" in token.claims, "at_hash is missing"
    assert token.claims["at_hash"] == half, "at_hash is of something else"


@requirement("OIDCC-3.3.2.11/nonce-claim")
def test_hybrid_id_token_has_the_nonce(hybrid_code_id_token: Trace) -> None:
    """The ID Token of the redirect is bound to its request."""
    nonce = id_token(hybrid_code_id_token, "login").claims.get("nonce")
    assert nonce == sent_parameter(hybrid_code_id_token, "login", "nonce"), (
        "nonce is missing or another one"
    )


@requirement("OIDCC-3.3.3.3/token-response-as-code-flow")
def test_hybrid_token_response_is_complete(hybrid_code_id_token: Trace) -> None:
    """Redeeming a hybrid code brings what any code brings."""
    members = tokens_of(hybrid_code_id_token, "tokens")
    missing = {"id_token", "access_token", "token_type"} - members.keys()
    assert not missing, f"the token response lacks {', '.join(sorted(missing))}"
    directives = hybrid_code_id_token["tokens"].answered.directives("cache-control")
    assert "no-store" in directives, "Cache-Control has no no-store"


@requirement("OIDCC-3.3.3.6/iss-sub-identical")
def test_both_id_tokens_are_about_the_same_user(
    hybrid_code_id_token: Trace, hybrid_code_id_token_token: Trace
) -> None:
    """The iss and sub are the same in both ID Tokens of one flow."""
    for trace in (hybrid_code_id_token, hybrid_code_id_token_token):
        front, back = id_token(trace, "login"), id_token(trace, "tokens")
        for name in ("iss", "sub"):
            assert front.claim(name) == back.claims.get(name), f"{name} differs"


@requirement("OIDCC-3.3.3.6/authentication-claims-in-both")
def test_both_id_tokens_tell_the_same_of_the_login(hybrid_code_id_token: Trace) -> None:
    """What one ID Token says about the authentication the other says too."""
    front = id_token(hybrid_code_id_token, "login").claims
    back = id_token(hybrid_code_id_token, "tokens").claims
    alone = [n for n in ABOUT_THE_AUTHENTICATION if (n in front) != (n in back)]
    assert not alone, f"only one ID Token has {', '.join(alone)}"


@requirement("OIDCC-3.3.3.6/user-claims-agree")
def test_both_id_tokens_agree(hybrid_code_id_token: Trace) -> None:
    """A claim that is in both ID Tokens has the same value in both."""
    front = id_token(hybrid_code_id_token, "login").claims
    back = id_token(hybrid_code_id_token, "tokens").claims
    common = (front.keys() & back.keys()) - OF_ONE_TOKEN
    differing = sorted(name for name in common if front[name] != back[name])
    assert not differing, f"they differ in {', '.join(differing)}"


@requirement("OIDCC-3.3.3.6/hashes-optional-at-token-endpoint")
def test_at_hash_of_the_back_channel_fits(hybrid_code_id_token_token: Trace) -> None:
    """at_hash from the token endpoint, where it is there, is of the access token beside it."""
    token = id_token(hybrid_code_id_token_token, "tokens")
    access_token = tokens_of(hybrid_code_id_token_token, "tokens")["access_token"]
    half = left_half(hybrid_code_id_token_token, access_token, token.alg)
    assert token.claims.get("at_hash", half) == half, "at_hash is of something else"


@requirement("OIDCC-3.3.3.8/access-tokens-may-differ")
def test_front_channel_access_token_works(hybrid_code_id_token_token: Trace) -> None:
    """The access token of the redirect can be used, whatever else was issued."""
    status = hybrid_code_id_token_token["userinfo"].answered.status
    assert status == 200, f"userinfo answers {status}"
