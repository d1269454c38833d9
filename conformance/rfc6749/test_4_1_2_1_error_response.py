"""RFC 6749 section 4.1.2.1: errors of the authorization endpoint."""

import re

from idprobe.checks import (
    EvidenceError,
    LandingMode,
    Trace,
    accepts_redirect_uri,
    authorization_response,
    denied_exchange,
    error_code,
    error_landings,
    experiments_ended,
    gives_tokens,
    is_error_page,
    refused,
    requirement,
    sent_value,
    user_pages_of,
)

NQSCHAR = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")
URI_REFERENCE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
CODE_REQUESTS = ("short-challenge", "malformed-scope", "repeated-scope")


@requirement("RFC6749-4.1.2.1/resource-owner-told-of-bad-client")
def test_user_is_told_of_an_unknown_client(client_unknown: Trace) -> None:
    """A client_id that nobody has, or none, is explained on a page."""
    for step in ("unknown-client", "missing-client"):
        response = client_unknown[step].answered
        assert is_error_page(response), f"there is no error page for {step}, but {response}"


@requirement("RFC6749-4.1.2.1/no-redirect-on-bad-client-or-uri")
def test_no_error_goes_to_an_unknown_client(client_unknown: Trace) -> None:
    """With a client_id that nobody has nothing is sent to the redirect_uri of the request."""
    for step in ("unknown-client", "unknown-everything"):
        assert not accepts_redirect_uri(client_unknown, step), "the redirect_uri was followed"


@requirement("RFC6749-4.1.2.1/no-redirect-on-bad-client-or-uri")
def test_no_error_goes_to_a_bad_redirect_uri(redirect_uri_foreign: Trace) -> None:
    """A bad redirect_uri is not followed to tell of another fault."""
    for step in ("logged-in", "with-bad-response-type", "with-bad-scope"):
        assert not accepts_redirect_uri(redirect_uri_foreign, step), f"it was followed {step}"


@requirement("RFC6749-4.1.2.1/error-in-query")
def test_error_is_in_the_query(authorization_errors: Trace) -> None:
    """A fault in a code request is reported in the query of the redirect_uri."""
    faults = [e for e in map(authorization_errors.__getitem__, CODE_REQUESTS) if refused(e)]
    if not faults:
        raise EvidenceError("the server took none of the requests for faulty")
    reported = [exchange.landing for exchange in faults if exchange.landing is not None]
    assert reported, "no fault was reported at the redirect_uri"
    modes = {landing.mode for landing in reported}
    assert modes == {LandingMode.QUERY}, "an error of the code flow is not in the query"


@requirement("RFC6749-4.1.2.1/error-parameter-present")
def test_each_error_response_has_one_code(
    authorization_errors: Trace, strange_scopes: Trace, authorization_denied: Trace
) -> None:
    """Each refusal at the redirect_uri has one error code of the right characters."""
    for trace in (authorization_errors, strange_scopes, authorization_denied):
        for exchange in trace:
            authorization_errors.decide(exchange)
            landing = exchange.landing
            if landing is not None and not gives_tokens(exchange):
                codes = landing.values("error")
                assert len(codes) == 1, f"{len(codes)} error codes after {exchange.step}"
                assert NQSCHAR.fullmatch(codes[0]), f"a malformed error after {exchange.step}"


@requirement("RFC6749-4.1.2.1/invalid-request")
def test_malformed_requests_are_invalid_requests(authorization_errors: Trace) -> None:
    """A repeated parameter is reported as invalid_request."""
    for step in ("repeated-state", "repeated-scope-differently"):
        exchange = authorization_errors[step]
        assert refused(exchange), f"{step} was granted"
        code = error_code(exchange)
        assert code in {"invalid_request", None}, f"{step} is reported as {code}"


@requirement("RFC6749-4.1.2.1/unauthorized-client")
def test_client_without_the_code_flow_is_unauthorized(implicit_requests: Trace) -> None:
    """A client that is registered for other response types gets no code."""
    exchange = implicit_requests["code"]
    assert refused(exchange), "a client got a code that is not registered for it"
    allowed = {"unauthorized_client", "unsupported_response_type", "invalid_request", None}
    assert error_code(exchange) in allowed, f"the error is {error_code(exchange)}"


@requirement("RFC6749-4.1.2.1/unauthorized-client")
def test_client_gets_no_other_response_type(response_types_not_registered: Trace) -> None:
    """A client that is registered for some response types gets nothing by the others."""
    found = experiments_ended(response_types_not_registered)
    wrong = [
        step for step, one in found if step.islower() and step != "code code" and gives_tokens(one)
    ]
    response_types_not_registered.decide_by(wrong)
    assert not wrong, f"the client is served by {', '.join(wrong)}"


@requirement("RFC6749-3.1.1/unknown-response-type")
def test_response_type_in_another_case_is_another(response_types_not_registered: Trace) -> None:
    """`CODE` is no known response type, and a repeated word brings no more than one does."""
    assert refused(response_types_not_registered["CODE"]), "CODE is taken for code"
    landing = response_types_not_registered["code code"].landing
    names = {name for name, _ in landing.parameters} if landing is not None else set()
    assert not names & {"access_token", "id_token"}, "tokens came that nobody asked for"


@requirement("RFC6749-4.1.2.1/access-denied")
def test_denied_consent_is_access_denied(authorization_denied: Trace) -> None:
    """A user who says no is reported as access_denied, and no code is issued."""
    user_pages_of(authorization_denied.steps("denied"))
    exchange = denied_exchange(authorization_denied)
    assert not gives_tokens(exchange), "a code was issued although the user said no"
    assert error_code(exchange) == "access_denied", f"the error is {error_code(exchange)}"


@requirement("RFC6749-4.1.2.1/unsupported-response-type")
def test_unoffered_response_type_is_unsupported(authorization_errors: Trace) -> None:
    """A response type that the server does not offer is reported as such."""
    exchange = authorization_errors["unoffered-response-type"]
    assert refused(exchange), "a response type that is not offered was granted"
    allowed = {"unsupported_response_type", "unauthorized_client", None}
    assert error_code(exchange) in allowed, f"the error is {error_code(exchange)}"


@requirement("RFC6749-4.1.2.1/invalid-scope")
def test_bad_scope_is_invalid_scope(strange_scopes: Trace) -> None:
    """An unknown scope is ignored, or reported as invalid_scope."""
    for step in ("unknown", "quote", "backslash"):
        exchange = strange_scopes[step]
        wrong = refused(exchange) and error_code(exchange) not in {"invalid_scope", None}
        assert not wrong, f"the error is {error_code(exchange)}"


@requirement("RFC6749-4.1.2.1/error-charset")
def test_error_has_allowed_characters(authorization_errors: Trace, strange_scopes: Trace) -> None:
    """No error code has a quote, a backslash or anything outside printable ASCII."""
    for step, landing in error_landings(authorization_errors, strange_scopes):
        assert NQSCHAR.fullmatch(landing.error or ""), f"the error after {step} has others"


@requirement("RFC6749-4.1.2.1/error-description-charset")
def test_error_description_has_allowed_characters(
    authorization_errors: Trace, strange_scopes: Trace
) -> None:
    """No error_description has a quote, a backslash or anything outside printable ASCII."""
    for step, landing in error_landings(authorization_errors, strange_scopes):
        for said in landing.values("error_description"):
            assert NQSCHAR.fullmatch(said), f"the error_description after {step} has others"


@requirement("RFC6749-4.1.2.1/error-uri-syntax")
def test_error_uri_is_a_uri(authorization_errors: Trace, strange_scopes: Trace) -> None:
    """An error_uri, if there is one, has only characters of a URI."""
    landings = error_landings(authorization_errors, strange_scopes)
    for step, landing in landings:
        for uri in landing.values("error_uri"):
            assert URI_REFERENCE.fullmatch(uri), f"the error_uri after {step} has others"


@requirement("RFC6749-4.1.2.1/state-returned-on-error")
def test_state_comes_back_with_errors(
    authorization_errors: Trace, authorization_denied: Trace
) -> None:
    """An error brings back the state of the request, whatever printable characters it has."""
    steps = ("missing-response-type", "unknown-response-type", "malformed-scope", "short-challenge")
    for trace, names in ((authorization_errors, steps), (authorization_denied, ("denied",))):
        for step in names:
            landing = trace[step].landing
            if landing is not None and landing.error is not None:
                back = landing.values("state")
                assert back == (sent_value(trace, step, "state"),), (
                    f"the state is lost after {step}"
                )
    error_landings(authorization_errors)


@requirement("RFC6749-4.1.2.1/state-returned-on-error")
def test_no_state_is_made_up(authorization_errors: Trace) -> None:
    """An error for a request without state has none."""
    exchange = authorization_errors["without-state"]
    assert refused(exchange), "a made-up response_type was granted"
    assert not authorization_response(exchange).get("state"), (
        "the error has a state that was never sent"
    )
