"""RFC 6749 sections 4.1.1 and 4.1.2: the code request and its answer."""

from idprobe.checks import (
    LandingMode,
    Trace,
    Unsuited,
    access_token_stopped_working,
    authorization_response,
    error_code,
    gives_tokens,
    refused,
    requirement,
    sent_value,
)


@requirement("RFC6749-4.1.1/client-id-required")
def test_request_without_client_id_is_refused(client_unknown: Trace) -> None:
    """Nothing is granted to a request that does not say whose it is."""
    assert refused(client_unknown["missing-client"]), "a request without client_id was granted"


@requirement("RFC6749-4.1.2/code-in-query")
def test_code_is_in_the_query(code_redeemed: Trace) -> None:
    """The code arrives in the query of the redirect_uri, and the fragment has no response."""
    assert authorization_response(code_redeemed["authorize"]).mode is LandingMode.QUERY, (
        "it is not in the query"
    )


@requirement("RFC6749-4.1.2/code-single-use", "OIDCC-3.1.3.2/code-single-use")
def test_code_works_once(code_replayed: Trace) -> None:
    """A code that was redeemed is refused."""
    assert refused(code_replayed["replay"]), "the same code brought tokens twice"
    code = error_code(code_replayed["replay"])
    assert code == "invalid_grant", f"the error is {code}, not invalid_grant"


@requirement("RFC6749-4.1.2/code-replay-revokes-tokens")
def test_replay_revokes_access_token(code_replayed: Trace) -> None:
    """After a second use of the code the access token of its first use is dead."""
    assert access_token_stopped_working(code_replayed), (
        "the access token still works after the replay"
    )


@requirement("RFC6749-4.1.2/code-replay-revokes-tokens")
def test_replay_revokes_refresh_token(code_replayed: Trace) -> None:
    """After a second use of the code the refresh token of its first use is dead."""
    if "refresh-after" not in code_replayed:
        raise Unsuited("the client is given no refresh token")
    assert refused(code_replayed["refresh-after"]), "the refresh token works after the replay"


@requirement("RFC6749-4.1.2/state-returned-unchanged")
def test_state_comes_back_unchanged(authorization_states: Trace) -> None:
    """States of one character, of 512 and of all printable ones come back as they were sent.

    So they do with an error: a server may want a state to be harder to guess.
    """
    for step in ("single", "long", "printable"):
        back = authorization_response(authorization_states[step]).values("state")
        assert back == (sent_value(authorization_states, step, "state"),), (
            f"a {step} state is changed"
        )


@requirement("RFC6749-A.5/state-syntax")
def test_state_of_all_printable_characters_is_accepted(authorization_states: Trace) -> None:
    """All of printable ASCII may stand in a state."""
    exchange = authorization_states["printable"]
    assert gives_tokens(exchange), f"it is refused: {error_code(exchange)}"
    back = authorization_response(exchange).get("state")
    assert back == sent_value(authorization_states, "printable", "state"), "the state is changed"


@requirement("RFC6749-A.11/code-syntax")
def test_code_is_printable(code_redeemed: Trace) -> None:
    """A code has nothing but printable ASCII."""
    code = authorization_response(code_redeemed["authorize"]).get("code") or ""
    assert code_redeemed.fact(code)["vschar"], "the code has other characters"
