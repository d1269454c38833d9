"""RFC 6749 section 3.1: the authorization endpoint and its parameters."""

from idprobe.checks import (
    Trace,
    all_landings,
    authorization_response,
    documents,
    error_code,
    flaw_not_refused,
    gives_tokens,
    page_response,
    refused,
    repeated_names,
    requirement,
    response_types_tried,
    text_in,
)

NOT_SERVED = {404, 405, 501}
GRANTED = {"access_token", "code", "id_token"}


@requirement("RFC6749-3.1/resource-owner-verified-first")
def test_nobody_is_given_anything_before_a_login(user_pages: Trace) -> None:
    """A browser without a session gets no code before somebody has logged in."""
    exchange = user_pages["nobody"]
    assert not gives_tokens(exchange), "a code was issued although nobody logged in"
    page_response(exchange)


@requirement("RFC6749-3.1/endpoint-without-fragment")
def test_authorization_endpoint_has_no_fragment(metadata_documents: Trace) -> None:
    """The URI of the authorization endpoint has no fragment."""
    uris = [text_in(one, "authorization_endpoint") for _, one in documents(metadata_documents)]
    assert not [uri for uri in uris if "#" in uri], "authorization_endpoint has a fragment"


@requirement("RFC6749-3.1/get-supported")
def test_authorization_endpoint_answers_get(cross_origin_requests: Trace) -> None:
    """The authorization endpoint answers GET."""
    exchange = cross_origin_requests["plain"]
    status = exchange.answered.status
    assert status not in NOT_SERVED, f"GET is answered with status {status}"
    page_response(exchange)


@requirement("RFC6749-3.1/post-supported")
def test_authorization_endpoint_answers_post(authorization_by_post: Trace) -> None:
    """The authorization endpoint answers POST as it answers GET."""
    status = authorization_by_post.steps("post")[0].answered.status
    assert status not in NOT_SERVED, f"POST is answered with status {status}"
    assert not refused(authorization_by_post["post"]), "what works by GET was refused by POST"


@requirement("RFC6749-3.1/empty-parameter-is-absent")
def test_empty_response_type_is_none(authorization_errors: Trace) -> None:
    """An empty response_type is treated as a missing one."""
    empty = authorization_errors["empty-response-type"]
    missing = authorization_errors["missing-response-type"]
    assert refused(empty) == refused(missing), "it makes a difference"
    assert error_code(empty) == error_code(missing), f"empty is {error_code(empty)}"


@requirement("RFC6749-3.1/empty-parameter-is-absent")
def test_empty_scope_is_none(authorization_tolerance: Trace) -> None:
    """An empty scope is treated as a missing one."""
    empty = authorization_tolerance["empty-scope"]
    missing = authorization_tolerance["without-scope"]
    assert refused(empty) == refused(missing), "it makes a difference"
    assert error_code(empty) == error_code(missing), f"empty is {error_code(empty)}"


@requirement("RFC6749-3.1/empty-parameter-is-absent")
def test_empty_state_is_none(authorization_tolerance: Trace) -> None:
    """An empty state is treated as a missing one, and does not come back as something."""
    empty = authorization_tolerance["empty-state"]
    missing = authorization_tolerance["without-state"]
    assert refused(empty) == refused(missing), f"an empty state leads to {error_code(empty)}"
    authorization_tolerance.decide(empty)
    assert not authorization_response(empty).get("state"), (
        "the response has a state, though none was sent"
    )


@requirement("RFC6749-3.1/unknown-parameter-ignored")
def test_unknown_parameters_are_ignored(authorization_tolerance: Trace) -> None:
    """Parameters that nobody defined change nothing."""
    exchange = authorization_tolerance["unknown-parameter"]
    assert not refused(exchange), f"an unknown parameter led to {error_code(exchange)}"


@requirement("RFC6749-3.1/repeated-parameter-rejected")
def test_repeated_scope_is_refused(authorization_errors: Trace) -> None:
    """A request that has scope twice is an invalid_request."""
    for step in ("repeated-scope", "repeated-scope-differently"):
        exchange = authorization_errors[step]
        assert refused(exchange), f"{step} was granted"
        code = error_code(exchange)
        assert code in {"invalid_request", None}, f"{step} is {code}, not invalid_request"


@requirement("RFC6749-3.1/repeated-parameter-rejected")
def test_no_parameter_is_there_twice(authorization_errors: Trace) -> None:
    """A request that repeats a parameter, with the same value or another, is refused."""
    names = ("response_type", "response_mode", "code_challenge", "nonce", "prompt")
    steps = [s for s in (f"repeated-{name}" for name in names) if s in authorization_errors]
    wrong = flaw_not_refused(authorization_errors, "repeated-state", *steps)
    assert not wrong, f"it is granted: {wrong}"


@requirement("RFC6749-3.1/repeated-parameter-rejected")
def test_repeated_client_or_redirect_uri_is_refused(client_unknown: Trace) -> None:
    """A request that has client_id or redirect_uri twice goes nowhere."""
    for step in ("repeated-client", "repeated-redirect-uri"):
        assert refused(client_unknown[step]), f"{step} was granted"


@requirement("RFC6749-3.1/response-parameter-once")
def test_response_parameters_occur_once(
    code_redeemed: Trace, authorization_errors: Trace, response_modes: Trace
) -> None:
    """No authorization response has a parameter twice."""
    for step, landing in all_landings(code_redeemed, authorization_errors, response_modes):
        assert not repeated_names(landing), f"{repeated_names(landing)} twice after {step}"


@requirement("RFC6749-3.1.1/missing-response-type")
def test_missing_response_type_is_an_error(authorization_errors: Trace) -> None:
    """Without response_type the client is told invalid_request, or the user sees an error page."""
    exchange = authorization_errors["missing-response-type"]
    assert refused(exchange), "a request without response_type was granted"
    allowed = {"invalid_request", "unsupported_response_type", None}
    assert error_code(exchange) in allowed, f"the error is {error_code(exchange)}"


@requirement("RFC6749-3.1.1/unknown-response-type")
def test_unknown_response_type_is_an_error(authorization_errors: Trace) -> None:
    """A made-up response_type is refused as unsupported."""
    exchange = authorization_errors["unknown-response-type"]
    assert refused(exchange), "a made-up response_type was granted"
    allowed = {"unsupported_response_type", "unauthorized_client", "invalid_request", None}
    assert error_code(exchange) in allowed, f"the error is {error_code(exchange)}"


@requirement("RFC6749-3.1.1/response-type-order-irrelevant")
def test_order_of_response_type_words_is_irrelevant(hybrid_requests: Trace) -> None:
    """A response type of several words means the same in any order."""
    for kind, exchange in response_types_tried(hybrid_requests, "backwards"):
        hybrid_requests.decide(exchange)
        assert not refused(exchange), f"{kind} is refused backwards"
        both = (
            authorization_response(one) for one in (exchange, hybrid_requests[f"granted:{kind}"])
        )
        granted = [{name for name, _ in one.parameters} & GRANTED for one in both]
        assert granted[0] == granted[1], f"{kind} is answered differently backwards"
