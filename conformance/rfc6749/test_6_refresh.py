"""RFC 6749 section 6: refreshing an access token."""

from idprobe.checks import (
    Trace,
    access_token_scope,
    refused,
    requirement,
    sent_parameter,
    token_error,
    tokens_of,
)


def _scope(trace: Trace, step: str) -> set[str]:
    """Return the scope that a token response grants: what it says, else what was asked for.

    A refresh that names no scope asks for the original one (section 6), so that a response without
    scope (section 5.1) grants just that.
    """
    said = tokens_of(trace, step).get("scope")
    request = trace[step].request
    wanted = request.parameter("scope") or sent_parameter(trace, "login", "scope")
    return set(str(said if said is not None else wanted).split())


@requirement("RFC6749-6/refresh-token-parameter-required")
def test_refresh_without_a_token_is_refused(refresh_token_faults: Trace) -> None:
    """A refresh request says which token it is about."""
    for step in ("missing", "empty"):
        assert refused(refresh_token_faults[step]), f"a {step} refresh_token brings tokens"
    error = token_error(refresh_token_faults["missing"])
    assert error == "invalid_request", f"the error of a missing refresh_token is {error}"


@requirement("RFC6749-6/require-client-authentication", "OIDCC-12.1/client-authenticated")
def test_refresh_without_credentials_is_refused(refresh_unauthenticated: Trace) -> None:
    """A confidential client authenticates when it refreshes."""
    for step in ("anonymous", "nameless"):
        assert refused(refresh_unauthenticated[step]), f"a stranger gets tokens ({step})"


@requirement("RFC6749-6/authenticate-if-included")
def test_refresh_with_a_wrong_secret_is_refused(refresh_unauthenticated: Trace) -> None:
    """Credentials that come are checked."""
    assert refused(refresh_unauthenticated["wrong-secret"]), "a wrong secret brings tokens"


@requirement(
    "RFC6749-6/refresh-token-issued-to-client",
    "RFC6749-10.4/binding-verified",
    "OIDCC-12.1/refresh-token-bound-to-client",
)
def test_refresh_token_of_another_client_is_refused(refresh_stolen: Trace) -> None:
    """A refresh token works for its own client alone."""
    assert refused(refresh_stolen["stolen"]), "another client got tokens by it"


@requirement("RFC6749-6/refresh-token-issued-to-client")
def test_refresh_token_is_nothing_to_a_public_client(refresh_stolen_by_public: Trace) -> None:
    """A confidential client's refresh token is not traded for who names another client."""
    assert refused(refresh_stolen_by_public["stolen"]), "a public client got tokens by it"


@requirement("RFC6749-3.2/repeated-parameter-rejected")
def test_two_refresh_tokens_are_refused(refresh_token_faults: Trace) -> None:
    """A request with two refresh tokens, the first of them good, is refused."""
    assert refused(refresh_token_faults["twice"]), "one of two refresh tokens brings tokens"


@requirement("RFC6749-6/refresh-token-validated", "OIDCC-12.1/refresh-token-validated")
def test_what_is_no_refresh_token_is_refused(refresh_token_faults: Trace) -> None:
    """Only a refresh token that was issued can be traded."""
    further = [step for step in ("id-token", "code") if step in refresh_token_faults]
    for step in ("bogus", "altered", "cut", "access-token", *further):
        assert refused(refresh_token_faults[step]), f"the {step} token brings tokens"
        error = token_error(refresh_token_faults[step])
        assert error in {"invalid_grant", "invalid_request"}, f"the error is {error}"


@requirement("RFC6749-6/scope-not-widened", "RFC9700-4.14.2/bound-to-consented-scope-and-resources")
def test_refresh_does_not_widen_the_scope(refresh_scopes: Trace) -> None:
    """A refresh brings nothing that the user did not grant."""
    if refused(refresh_scopes["wider"]):
        return
    granted = set((sent_parameter(refresh_scopes, "login_wider", "scope") or "").split())
    added = _scope(refresh_scopes, "wider") - granted
    assert not added, f"the new token has {len(added)} scopes that were not granted"


@requirement(
    "RFC6749-6/scope-omitted-means-original", "RFC6749-6/new-refresh-token-scope-identical"
)
def test_refresh_without_scope_restores_the_original_one(refresh_scopes: Trace) -> None:
    """A narrowed refresh narrows one access token, not the grant."""
    original, after = _scope(refresh_scopes, "tokens"), _scope(refresh_scopes, "omitted")
    assert original <= after, f"the new token lacks {len(original - after)} scopes"


@requirement("RFC6749-6/rotation")
def test_a_rotated_refresh_token_is_spent(refresh_replayed: Trace) -> None:
    """Where a refresh token ends by its use another one comes."""
    successor = tokens_of(refresh_replayed, "refresh").get("refresh_token")
    original = tokens_of(refresh_replayed, "tokens").get("refresh_token")
    rotated = successor is not None and successor != original
    assert rotated or not refused(refresh_replayed["replay"]), "the refresh token ended unannounced"


@requirement("RFC6749-6/scope-not-widened", "RFC9700-4.14.2/bound-to-consented-scope-and-resources")
def test_code_beside_a_refresh_token_adds_nothing(refresh_beside_code: Trace) -> None:
    """Where two grants come in one request, the one that it names says what the scope is."""
    wanted = sent_parameter(refresh_beside_code, "login_poor", "scope") or ""
    granted = access_token_scope(refresh_beside_code, "tokens_poor", wanted)
    for step in ("refresh", "redeem"):
        if not refused(refresh_beside_code[step]):
            added = access_token_scope(refresh_beside_code, step, wanted) - granted
            assert not added, f"{step}: the token has {len(added)} scopes of the other grant"
