"""RFC 6749 sections 1.9 and 3.2: which requests the token endpoint serves."""

from idprobe.checks import (
    Trace,
    error_code,
    error_response,
    gives_tokens,
    is_granted,
    refused,
    requirement,
)


@requirement("RFC6749-1.9/names-and-values-case-sensitive")
def test_code_grant_in_capitals_is_another(code_requests_bent: Trace) -> None:
    """Grant_Type is not grant_type, AUTHORIZATION_CODE not authorization_code."""
    for step in ("name_in_capitals", "value_in_capitals"):
        exchange = code_requests_bent[step]
        assert refused(exchange), f"{step.replace('_', ' ')}: the request is served"


@requirement("RFC6749-1.9/names-and-values-case-sensitive")
def test_client_credentials_in_capitals_are_another(
    client_credentials_requests_bent: Trace,
) -> None:
    """Grant_Type is not grant_type, CLIENT_CREDENTIALS not client_credentials."""
    for step in ("name_in_capitals", "value_in_capitals"):
        exchange = client_credentials_requests_bent[step]
        assert refused(exchange), f"{step.replace('_', ' ')}: the request is served"


@requirement("RFC6749-3.2/post-only", "OIDCC-3.1.3.1/token-request-by-form-post")
def test_code_is_not_redeemed_by_get(code_requests_bent: Trace) -> None:
    """A good request for tokens is not served by GET."""
    exchange = code_requests_bent["by_get"]

    assert not gives_tokens(exchange), "GET brings tokens"
    assert error_response(exchange).status != 500, "GET crashes the server"


@requirement("RFC6749-3.2/post-only")
def test_client_credentials_are_not_served_by_get(client_credentials_requests_bent: Trace) -> None:
    """A good request for a client's own token is not served by GET."""
    exchange = client_credentials_requests_bent["by_get"]

    assert not gives_tokens(exchange), "GET brings tokens"
    assert error_response(exchange).status != 500, "GET crashes the server"


@requirement("RFC6749-3.2/empty-parameter-is-absent")
def test_empty_grant_type_and_code_are_absent(
    code_requests_bent: Trace, token_request_faults: Trace
) -> None:
    """An empty grant_type and an empty code are answered as if they were missing."""
    for exchange, missing in (
        (code_requests_bent["empty_grant_type"], token_request_faults["no_parameters"]),
        (token_request_faults["empty_code"], token_request_faults["no_code"]),
    ):
        code_requests_bent.decide(exchange)
        assert refused(exchange), "an empty parameter brings tokens"
        code = error_code(exchange)
        as_missing = {"invalid_request", error_code(missing)}
        assert code in as_missing, f"the error is {code}, and {error_code(missing)} without it"


@requirement("RFC6749-3.2/empty-parameter-is-absent")
def test_empty_scope_is_absent(client_credentials_scopes: Trace) -> None:
    """An empty scope is answered as if there were none."""
    omitted, empty = client_credentials_scopes["omitted"], client_credentials_scopes["empty"]

    if refused(omitted):
        same = refused(empty) and error_code(empty) == error_code(omitted)
    else:
        said = omitted.answered.json_object.get("scope")
        same = not refused(empty) and empty.answered.json_object.get("scope") == said

    exchange = empty
    assert same, (
        f"an empty scope is answered by {exchange.answered!r}, none by {omitted.answered!r}"
    )


@requirement("RFC6749-3.2/unknown-parameter-ignored")
def test_unknown_parameter_of_a_code_request_is_ignored(code_requests_bent: Trace) -> None:
    """A parameter that nobody knows does not keep a code from being redeemed."""
    exchange = code_requests_bent["unknown_parameter"]

    assert is_granted(exchange), f"the request is refused: {error_code(exchange)}"


@requirement("RFC6749-3.2/unknown-parameter-ignored")
def test_unknown_parameter_with_client_credentials_is_ignored(
    client_credentials_requests_bent: Trace,
) -> None:
    """A parameter that nobody knows does not keep a client from its token."""
    exchange = client_credentials_requests_bent["unknown_parameter"]

    assert is_granted(exchange), f"the request is refused: {error_code(exchange)}"


@requirement("RFC6749-3.2/repeated-parameter-rejected")
def test_grant_type_of_a_code_request_stands_once(code_requests_bent: Trace) -> None:
    """A good code is not redeemed by a request that repeats grant_type."""
    exchange = code_requests_bent["grant_type_twice"]

    assert refused(exchange), "a repeated grant_type is taken"
    code = error_code(exchange)
    assert code == "invalid_request", f"the error is {code}"


@requirement("RFC6749-3.2/repeated-parameter-rejected")
def test_grant_type_of_client_credentials_stands_once(
    client_credentials_requests_bent: Trace,
) -> None:
    """A request for a client's own token does not repeat grant_type."""
    exchange = client_credentials_requests_bent["grant_type_twice"]

    assert refused(exchange), "a repeated grant_type is taken"
    code = error_code(exchange)
    assert code == "invalid_request", f"the error is {code}"


@requirement("RFC6749-3.2/repeated-parameter-rejected")
def test_client_id_stands_once(body_authentication: Trace) -> None:
    """A request does not repeat client_id, be it with the same value."""
    exchange = body_authentication["client_id_twice"]

    assert refused(exchange), "a repeated client_id is taken"
    code = error_code(exchange)
    assert code == "invalid_request", f"the error is {code}"


@requirement("RFC6749-3.2/post-only")
def test_get_that_is_called_a_post_is_not_served(
    code_requests_bent: Trace, client_credentials_requests_bent: Trace
) -> None:
    """A header that overrides the method makes no token request of a GET."""
    for trace in (code_requests_bent, client_credentials_requests_bent):
        assert not gives_tokens(trace["overridden"]), "the method is overridden"


@requirement("RFC6749-3.2/repeated-parameter-rejected")
def test_two_scopes_or_redirect_uris_are_refused(
    client_credentials_scopes: Trace, code_redirect_uri_differs: Trace
) -> None:
    """A request that names two scopes, or a good redirect_uri and another, is refused."""
    assert refused(client_credentials_scopes["twice"]), "one of two scopes is granted"
    assert refused(code_redirect_uri_differs["both/twice"]), "one of two redirect URIs is taken"
