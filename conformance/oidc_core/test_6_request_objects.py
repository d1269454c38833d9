"""OpenID Connect Core 1.0, section 6: parameters in a Request Object."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    accepts_redirect_uri,
    authorization_response,
    error_code,
    gives_tokens,
    id_token,
    is_user_page,
    refused,
    requirement,
    sent_parameter,
    sent_value,
)

INNER = "idprobe-inner"
SILENT_ERRORS = {"login_required", "interaction_required"}
OBJECT_ERRORS = {"invalid_request_object", "invalid_request"}


def assert_refused(trace: Trace, step: str, what: str) -> None:
    """Complain if a request was granted that had to be refused, by an error or by a page."""
    assert refused(trace[step]), f"a request was granted {what}"


def assert_served(trace: Trace, step: str) -> None:
    """Complain of a request that led to an error, at the client or on a page."""
    exchange = trace[step]
    assert not refused(exchange), f"it led to {error_code(exchange) or 'an error page'}"
    if not gives_tokens(exchange):
        raise EvidenceError(f"no code landed: {exchange}")


@requirement("OIDCC-6.1/request-object-values-win")
def test_values_of_the_object_win(request_object_used: Trace) -> None:
    """State and nonce are those inside, whatever stands outside."""
    assert_served(request_object_used, "values")
    state = authorization_response(request_object_used["values"]).get("state")
    assert state == INNER, "the state is not that of the Request Object"
    nonce = id_token(request_object_used, "tokens-values").claims.get("nonce")
    assert nonce == INNER, "the nonce is not that of the Request Object"


@requirement("OIDCC-6.1/request-object-values-win")
def test_redirect_uri_of_the_object_wins(request_object_used: Trace) -> None:
    """A redirect_uri outside that is not registered leads nowhere; the one inside may."""
    exchange = request_object_used["redirect-outside"]
    outside = sent_value(request_object_used, "redirect-outside", "redirect_uri")
    if exchange.landing is None:
        assert not accepts_redirect_uri(request_object_used, "redirect-outside"), (
            "the one outside was followed"
        )
    else:
        assert exchange.landing.redirect_uri != outside, "the one outside was followed"


@requirement("OIDCC-6.1/parameters-may-be-split")
def test_parameters_may_be_outside(request_object_used: Trace) -> None:
    """State and nonce outside are used where the object says nothing of them."""
    assert_served(request_object_used, "split")
    state = authorization_response(request_object_used["split"]).get("state")
    assert state == sent_parameter(request_object_used, "split", "state"), (
        "the state outside is lost"
    )
    nonce = id_token(request_object_used, "tokens-split").claims.get("nonce")
    assert nonce == sent_parameter(request_object_used, "split", "nonce"), (
        "the nonce outside is lost"
    )


@requirement("OIDCC-6.3.3/parameters-assembled")
def test_object_and_parameters_are_put_together(request_object_used: Trace) -> None:
    """A redirect_uri inside alone is used, and prompt=none inside is heeded."""
    assert_served(request_object_used, "redirect-inside")
    pages = [e for e in request_object_used.steps("prompt-inside") if is_user_page(e)]
    assert not pages, "a page was shown in spite of prompt=none in the Request Object"
    error = authorization_response(request_object_used["prompt-inside"]).error
    assert error in SILENT_ERRORS, f"the error is {error}"


@requirement("OIDCC-6.1/response-type-and-client-id-match")
def test_object_agrees_with_the_parameters(request_object_faults: Trace) -> None:
    """Another response_type or client_id inside than outside is an error."""
    assert_refused(request_object_faults, "response-type", "with two response types")
    assert_refused(request_object_faults, "client-id", "with two client_ids")


@requirement("OIDCC-6.1/no-request-inside-request-object")
def test_object_holds_no_other(request_object_faults: Trace) -> None:
    """A Request Object in a Request Object is an error."""
    assert_refused(request_object_faults, "nested", "with one Request Object in another")


@requirement("OIDCC-6.1/iss-and-aud-of-request-object")
def test_object_is_for_this_server(request_object_faults: Trace) -> None:
    """A Request Object for another server is refused."""
    assert_refused(request_object_faults, "audience", "whose Request Object is for another server")


@requirement("OIDCC-6.3.2/signature-validated")
def test_signature_of_the_object_is_validated(request_object_faults: Trace) -> None:
    """A Request Object of a strange key, or with an altered signature, is refused."""
    assert_refused(request_object_faults, "foreign-key", "that was signed by somebody else")
    assert_refused(request_object_faults, "altered", "whose signature was altered")


@requirement("OIDCC-3.1.2.6/invalid-request-object-code")
def test_invalid_object_is_named(request_object_faults: Trace) -> None:
    """What is no Request Object is invalid_request_object."""
    exchange = request_object_faults["not-a-jwt"]
    assert refused(exchange), "a request was granted with something that is no JWT"
    code = error_code(exchange)
    assert code in OBJECT_ERRORS or exchange.landing is None, f"the error is {code}"


@requirement("OIDCC-6/request-and-request-uri-exclusive")
def test_request_stands_alone(request_object_faults: Trace) -> None:
    """Request and request_uri in one request are an error."""
    assert_refused(request_object_faults, "both", "with both request and request_uri")


@requirement("OIDCC-6.1/unsigned-request-object-allowed")
def test_unsigned_object_is_served(request_object_unsigned: Trace) -> None:
    """A Request Object with alg none is served for a client that registered no other."""
    assert_served(request_object_unsigned, "unsigned")
    state = authorization_response(request_object_unsigned["unsigned"]).get("state")
    assert state == INNER, "the Request Object is ignored"


@requirement("OIDCC-6.3.2/alg-matches-registration")
def test_algorithm_is_the_registered_one(request_object_algorithms: Trace) -> None:
    """Only the algorithm that the client registered will do."""
    trace = request_object_algorithms
    if not gives_tokens(trace["good"]):
        raise EvidenceError("a Request Object with the registered algorithm was not served")
    assert_refused(trace, "rs256", "with RS256, though the client registered ES256")
    assert_refused(trace, "unsigned", "without a signature, though the client registered ES256")
