"""OpenID Connect Core 1.0, section 3.2: what the implicit flow returns."""

from idprobe.checks import (
    LandingMode,
    Trace,
    id_token,
    left_half,
    requirement,
    response_member,
    sent_parameter,
)


@requirement("OIDCC-3.2.2.1/id-token-alone-has-no-access-token")
def test_id_token_alone_brings_no_access_token(implicit_id_token: Trace) -> None:
    """Who asks for an ID Token alone gets nothing to call with."""
    landing = implicit_id_token["login"].landing
    names = {name for name, _ in landing.parameters} if landing else set()
    found = names & {"access_token", "token_type", "expires_in"}
    assert not found, f"the response has {', '.join(sorted(found))}"


@requirement("OIDCC-3.2.2.5/response-in-fragment")
def test_implicit_response_is_in_the_fragment(implicit_id_token_token: Trace) -> None:
    """Tokens by redirect are in the fragment, which no server sees."""
    mode = implicit_id_token_token.landing.mode
    assert mode is LandingMode.FRAGMENT, f"the response is in the {mode.value}"


@requirement("OIDCC-3.2.2.5/id-token-returned")
def test_implicit_response_has_an_id_token(
    implicit_id_token: Trace, implicit_id_token_token: Trace
) -> None:
    """Every implicit response has an ID Token that verifies."""
    for trace in (implicit_id_token, implicit_id_token_token):
        token = id_token(trace, "login")
        assert token.verified_by is not None, "no known key verifies the signature"


@requirement("OIDCC-3.2.2.5/access-token-returned")
def test_implicit_access_token_works(implicit_id_token_token: Trace) -> None:
    """An access token that was asked for is there and can be used."""
    assert response_member(implicit_id_token_token["login"], "access_token"), (
        "access_token is missing"
    )
    status = implicit_id_token_token["userinfo"].answered.status
    assert status == 200, f"userinfo answers {status}"


@requirement("OIDCC-3.2.2.5/token-type-bearer")
def test_implicit_response_names_the_token_type(implicit_id_token_token: Trace) -> None:
    """Beside an access token stands its type."""
    token_type = implicit_id_token_token.landing.get("token_type")
    assert token_type is not None, "token_type is missing"
    assert token_type.lower() == "bearer", f"token_type is {token_type[:20]}"


@requirement("OIDCC-3.2.2.5/no-code-returned")
def test_implicit_response_has_no_code(implicit_id_token_token: Trace) -> None:
    """Nobody asked for a code."""
    assert implicit_id_token_token.landing.get("code") is None, "the response has a code"


@requirement("OIDCC-3.2.2.5/state-returned")
def test_implicit_response_returns_state(implicit_id_token: Trace) -> None:
    """The state comes back as it was sent."""
    sent = sent_parameter(implicit_id_token, "login", "state")
    assert implicit_id_token.landing.values("state") == (sent,), "state is missing or another one"


@requirement("OIDCC-3.2.2.9/at-hash-value")
def test_implicit_at_hash_fits(implicit_id_token_token: Trace) -> None:
    """at_hash belongs to the access token beside it."""
    token = id_token(implicit_id_token_token, "login")
    access_token = response_member(token.exchange, "access_token")
    half = left_half(implicit_id_token_token, access_token, token.alg)
    assert token.claim("at_hash") == half, "at_hash is of something else"


@requirement("OIDCC-3.2.2.10/at-hash-required")
def test_implicit_id_token_has_at_hash(implicit_id_token_token: Trace) -> None:
    """An ID Token that comes with an access token is bound to it."""
    claims = id_token(implicit_id_token_token, "login").claims
    assert isinstance(claims.get("at_hash"), str), "at_hash is missing or no string"


@requirement("OIDCC-3.2.2.10/nonce-claim-required")
def test_implicit_id_token_has_the_nonce(implicit_id_token: Trace) -> None:
    """An implicit ID Token is bound to its request."""
    nonce = id_token(implicit_id_token, "login").claims.get("nonce")
    assert nonce == sent_parameter(implicit_id_token, "login", "nonce"), (
        "nonce is missing or another one"
    )


@requirement("OIDCC-3.2.2.10/at-hash-without-access-token")
def test_no_at_hash_without_access_token(implicit_id_token: Trace) -> None:
    """Without an access token there is nothing to hash."""
    assert "at_hash" not in id_token(implicit_id_token, "login").claims, "at_hash of nothing"


@requirement("OIDCC-5.4/scope-claims-in-id-token-without-access-token")
def test_claims_of_scopes_are_in_a_lone_id_token(
    implicit_id_token: Trace, userinfo_asked: Trace
) -> None:
    """Where there is no userinfo to ask, the ID Token has what the scopes ask for."""
    claims = id_token(implicit_id_token, "login").claims
    scopes = (sent_parameter(implicit_id_token, "login", "scope") or "").split()
    known = userinfo_asked["get"].answered.json_object
    names = [name for name in ("name", "email") if name in known]
    wanted = [name for name in names if {"name": "profile"}.get(name, name) in scopes]
    missing = [name for name in wanted if name not in claims]
    assert not missing, f"the ID Token lacks {', '.join(missing)}"
