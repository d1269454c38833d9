"""Back-Channel Logout sections 2.4, 2.6 and 4: what a Logout Token says, and how it is signed."""

from typing import Any

from idprobe.checks import (
    LOGOUT_EVENT,
    SKEW_S,
    EvidenceError,
    IssuedJwt,
    Trace,
    Unsuited,
    audiences,
    client_information,
    id_token,
    is_number,
    logout_event,
    logout_jwt,
    logout_jwts,
    logout_token_header,
    metadata,
    published_keys,
    requirement,
    text_in,
)

ALL = ("told", "told-other")
TWO_MINUTES_S = 120


def _tokens(trace: Trace) -> tuple[IssuedJwt, ...]:
    return logout_jwts(trace, *ALL)


@requirement("OIDCBCL-2.4/iss")
def test_issuer_is_the_server(backchannel_logout: Trace, metadata_documents: Trace) -> None:
    """Iss is the issuer."""
    for token in _tokens(backchannel_logout):
        issuer = token.claims.get("iss")
        assert issuer == text_in(metadata(metadata_documents), "issuer"), f"iss is {issuer}"


@requirement("OIDCBCL-2.4/aud")
def test_audience_is_the_client(backchannel_logout: Trace) -> None:
    """Aud has the client_id of the client that is told."""
    for step, name in (("told", "one"), ("told-other", "other")):
        token = logout_jwt(backchannel_logout, step)
        client_id = client_information(backchannel_logout[f"register-{name}"])["client_id"]
        assert client_id in audiences(token.claims.get("aud")), "aud has no client_id of ours"


@requirement("OIDCBCL-2.4/iat")
def test_time_of_issue_is_now(backchannel_logout: Trace) -> None:
    """Iat is a number about now."""
    for token in _tokens(backchannel_logout):
        issued: Any = token.claims.get("iat")
        assert is_number(issued), "iat is missing or no number"
        now = token.exchange.started_at.timestamp()
        assert abs(issued - now) <= SKEW_S, f"iat is {issued - now:.0f} s from now"


@requirement("OIDCBCL-2.4/exp")
def test_token_expires(backchannel_logout: Trace) -> None:
    """Exp is a number after iat, and it has not come yet."""
    for token in _tokens(backchannel_logout):
        expires: Any = token.claims.get("exp")
        assert is_number(expires), "exp is missing or no number"
        assert expires > token.number("iat"), "exp is not after iat"
        assert expires > token.exchange.started_at.timestamp() - SKEW_S, "it has expired already"


@requirement("OIDCBCL-4/short-expiry")
def test_token_expires_soon(backchannel_logout: Trace) -> None:
    """A Logout Token is good for two minutes at most."""
    for token in _tokens(backchannel_logout):
        lifetime_s = token.number("exp") - token.number("iat")
        assert lifetime_s <= TWO_MINUTES_S, f"it is good for {lifetime_s:.0f} s"


@requirement("OIDCBCL-2.4/jti")
def test_identifier_is_unique(backchannel_logout: Trace) -> None:
    """Jti is a text, another one in each token."""
    tokens = logout_jwts(backchannel_logout, *ALL)
    found = [token.claims.get("jti") for token in tokens]
    assert all(isinstance(one, str) and one for one in found), "jti is missing or no text"
    if len(found) < len(ALL) + 1:
        raise EvidenceError("no second Logout Token came to the first client")
    assert len(set(found)) == len(found), "a jti is repeated"


@requirement("OIDCBCL-2.4/events")
def test_event_is_a_logout(backchannel_logout: Trace) -> None:
    """Events is an object with the member of back-channel logout."""
    for token in _tokens(backchannel_logout):
        events = token.claims.get("events")
        assert isinstance(events, dict), "events is missing or no object"
        assert LOGOUT_EVENT in events, f"events has {', '.join(events) or 'nothing'}"


@requirement("OIDCBCL-2.4/event-value-object")
def test_event_is_an_object(backchannel_logout: Trace) -> None:
    """The value of the event is an object."""
    for token in _tokens(backchannel_logout):
        assert isinstance(logout_event(token), dict), f"the event is {logout_event(token)!r}"


@requirement("OIDCBCL-2.4/event-value-empty")
def test_event_is_empty(backchannel_logout: Trace) -> None:
    """The object of the event has no members."""
    for token in _tokens(backchannel_logout):
        value = logout_event(token)
        if not isinstance(value, dict):
            raise EvidenceError("the event is no object")
        assert not value, f"the event has {', '.join(value)}"


@requirement("OIDCBCL-2.4/sub-or-sid")
def test_user_or_session_is_named(backchannel_logout: Trace) -> None:
    """Sub or sid is there, and is that of the client's ID Token."""
    for step, login in (("told", "tokens-one"), ("told-other", "tokens-other")):
        token, known = logout_jwt(backchannel_logout, step), id_token(backchannel_logout, login)
        named = {name: token.claims[name] for name in ("sub", "sid") if name in token.claims}
        assert named, "neither sub nor sid is there"
        for name, value in named.items():
            assert value == known.claims.get(name, value), f"{name} is not the ID Token's"


@requirement("OIDCBCL-2.2/sid-when-required")
def test_session_is_named_where_wanted(backchannel_logout: Trace) -> None:
    """A client that wants sid gets it, the same as in its ID Token."""
    sid = logout_jwt(backchannel_logout, "told").claims.get("sid")
    assert sid, "sid is missing"
    known = id_token(backchannel_logout, "tokens-one").claims.get("sid", sid)
    assert sid == known, "sid is not the ID Token's"


@requirement("OIDCBCL-2.4/no-nonce")
def test_there_is_no_nonce(backchannel_logout: Trace) -> None:
    """A Logout Token has no nonce, so that it cannot pass for an ID Token."""
    for token in _tokens(backchannel_logout):
        assert "nonce" not in token.claims, "there is a nonce"


@requirement("OIDCBCL-2.4/signed")
def test_token_is_signed(backchannel_logout: Trace) -> None:
    """The signature verifies with a key of the server."""
    for token in _tokens(backchannel_logout):
        if token.alg.startswith("HS"):
            raise EvidenceError("the key is the secret of a client that is gone")
        assert token.verified_by is not None, "no key of the server verifies it"


@requirement("OIDCBCL-2.4/same-keys-as-id-tokens")
def test_keys_are_those_of_id_tokens(backchannel_logout: Trace, keys_document: Trace) -> None:
    """A Logout Token has the algorithm of the client's ID Tokens, and a key that is published."""
    kids = {key.get("kid") for key in published_keys(keys_document)}
    for step, login in (("told", "tokens-one"), ("told-other", "tokens-other")):
        token, known = logout_jwt(backchannel_logout, step), id_token(backchannel_logout, login)
        assert token.alg == known.alg, f"alg is {token.alg}, that of the ID Token {known.alg}"
        later = (token.verified_by or {}).get("source") == "jwks"  # made when it was needed
        assert later or token.header.get("kid") in kids | {None}, "its key is not published"


@requirement("OIDCBCL-2.6/alg-governed-by-id-token-registration")
def test_algorithm_is_as_registered(backchannel_logout: Trace) -> None:
    """The algorithm is what the client registered for ID Tokens, or RS256."""
    for step, name in (("told", "one"), ("told-other", "other")):
        registered = client_information(backchannel_logout[f"register-{name}"])
        wanted = registered.get("id_token_signed_response_alg", "RS256")
        alg = logout_jwt(backchannel_logout, step).alg
        assert alg == wanted, f"alg is {alg} where {wanted} is registered"


@requirement("OIDCBCL-2.6/alg-none-forbidden")
def test_no_token_is_unsigned(backchannel_unsigned: Trace) -> None:
    """A client with unsigned ID Tokens gets no unsigned Logout Token."""
    if not backchannel_unsigned.steps("told"):
        raise Unsuited("a client with unsigned ID Tokens is sent no Logout Token")
    assert logout_jwt(backchannel_unsigned, "told").alg != "none", "alg is none"


@requirement("OIDCBCL-2.4/iss-replicated-when-encrypted")
def test_issuer_is_outside_of_encryption(
    backchannel_encrypted: Trace, metadata_documents: Trace
) -> None:
    """The header of an encrypted Logout Token has iss, the issuer."""
    header = logout_token_header(backchannel_encrypted, "told")
    issuer = text_in(metadata(metadata_documents), "issuer")
    assert header.get("iss") == issuer, f"iss of the header is {header.get('iss')}"


@requirement("OIDCBCL-2.4/explicit-type", "RFC8725-3.11/explicit-typing")
def test_type_is_explicit(backchannel_logout: Trace) -> None:
    """Typ is logout+jwt."""
    for token in _tokens(backchannel_logout):
        typ = token.header.get("typ")
        assert str(typ).lower().removeprefix("application/") == "logout+jwt", f"typ is {typ}"
