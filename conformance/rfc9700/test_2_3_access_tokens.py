"""RFC 9700 sections 2.3 and 4.15: access tokens are good for little, and say whose they are."""

from typing import Any

from idprobe.checks import (
    EvidenceError,
    Exchange,
    Trace,
    Unsuited,
    access_jwt,
    access_token_scope,
    requirement,
    response_member,
    sent_parameter,
)


@requirement("RFC9700-2.3/privileges-minimal")
def test_token_has_the_scope_that_was_asked_for(userinfo_by_scope: Trace) -> None:
    """A client that asks for one scope of many gets a token of that one."""
    wanted, granted = _scopes(userinfo_by_scope, "openid")
    more = granted - wanted
    assert not more, f"nobody asked for {', '.join(sorted(more))}"


@requirement("RFC9700-2.3/resources-and-actions-restricted")
def test_token_is_not_good_for_everything(userinfo_by_scope: Trace) -> None:
    """A client that asks for one scope of many gets less than one that asks for all."""
    wanted, granted = _scopes(userinfo_by_scope, "all")
    if wanted == {"openid"}:
        raise Unsuited("the client has no scope of claims besides openid")
    _, restricted = _scopes(userinfo_by_scope, "openid")
    assert granted - restricted, "asking for one scope brings all of them"


def _scopes(trace: Trace, name: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the scopes that a login asked for and those of the token that it brought."""
    wanted = sent_parameter(trace, f"login-{name}", "scope") or ""
    return frozenset(wanted.split()), access_token_scope(trace, f"tokens-{name}", wanted)


@requirement("RFC9700-2.3/audience-restricted", "RFC9700-4.9.3/audience-against-replay")
def test_jwt_access_token_is_for_somebody(code_answer: Trace) -> None:
    """An access token that is a JWT names the resources that it is for."""
    try:
        token = access_jwt(code_answer, "tokens")
    except EvidenceError:
        raise Unsuited("access tokens are no JWTs that can be read") from None
    assert token.claims.get("aud"), "the token has no aud"


@requirement("RFC9700-4.15.1/token-kinds-distinguishable")
def test_token_of_a_client_differs_from_one_of_a_user(
    tokens_introspected: Trace, own_token_introspected: Trace
) -> None:
    """A resource can tell a token that a client has for itself from one that a user granted."""
    of_user = said(tokens_introspected["access"])
    own = said(own_token_introspected["own"])
    is_named = own.get("sub") in (None, own.get("client_id"), own.get("azp"))
    assert is_named or own.keys() != of_user.keys(), "the token could be a user's"
    assert own.get("sub") != of_user.get("sub"), "the token has the subject of a user"


def said(exchange: Exchange) -> dict[str, Any]:
    """Return what is told about a live token; raises Unsuited if the client may not ask."""
    members = exchange.answered.json_object
    if members.get("active") is not True:
        raise Unsuited("the client may not introspect its own token")
    return members


@requirement("RFC9700-4.1.3/fragment-reattachment")
def test_code_is_found_whatever_the_fragment(code_redeemed: Trace) -> None:
    """A fragment that keeps browsers from reattaching an old one has no parameters in it."""
    exchange = code_redeemed["authorize"]
    assert response_member(exchange, "code"), "there is no code"
    fragment = (exchange.answered.header("location") or "").partition("#")[2]
    assert "=" not in fragment, "the fragment has parameters"
