"""RFC 6749 sections 4.1.3 and 4.1.4: redeeming a code, and what must not redeem it."""

from idprobe.checks import (
    Trace,
    experiments_ended,
    refused,
    requirement,
    token_error,
)

GRANT_ERRORS = {"invalid_grant", "invalid_request"}
NEARLY = (
    "lengthened",
    "other-case",
    "with-space",
    "with-zero",
    "access-token",
    "refresh-token",
    "id-token",
)


@requirement("RFC6749-4.1.3/code-parameter-required")
def test_redemption_without_code_is_invalid_request(code_altered: Trace) -> None:
    """A code grant without a code is malformed."""
    exchange = code_altered["without-code"]
    assert refused(exchange), "tokens were issued without a code"
    assert token_error(exchange) == "invalid_request", f"the error is {token_error(exchange)}"


@requirement("RFC6749-4.1.3/require-client-authentication")
def test_confidential_client_has_to_authenticate(code_without_authentication: Trace) -> None:
    """A confidential client's code is not redeemed by its client_id alone."""
    exchange = code_without_authentication["without-credentials"]
    assert refused(exchange), "a code was redeemed without client authentication"


@requirement("RFC6749-4.1.3/authenticate-if-included")
def test_wrong_secret_is_refused(code_without_authentication: Trace) -> None:
    """A wrong secret spoils a request that is otherwise good."""
    exchange = code_without_authentication["wrong-secret"]
    assert refused(exchange), "a code was redeemed with a wrong secret"


@requirement(
    "RFC6749-4.1.3/code-issued-to-authenticated-client", "OIDCC-3.1.3.2/code-bound-to-client"
)
def test_code_of_another_client_is_refused(code_of_another_client: Trace) -> None:
    """A client cannot redeem a code that was issued to another one, used or not."""
    for step in ("stolen", "stolen-after-use"):
        exchange = code_of_another_client[step]
        assert refused(exchange), f"a client redeemed the code of another: {step}"
        assert token_error(exchange) in GRANT_ERRORS, f"the error is {token_error(exchange)}"


@requirement("RFC6749-4.1.3/code-issued-to-public-client-id")
def test_code_is_bound_to_the_client_id(code_of_another_client_at_public: Trace) -> None:
    """A public client cannot redeem a code that was issued to another client_id."""
    exchange = code_of_another_client_at_public["stolen"]
    assert refused(exchange), "a public client redeemed the code of another client"
    assert token_error(exchange) in GRANT_ERRORS, f"the error is {token_error(exchange)}"


@requirement("RFC6749-4.1.3/code-validated", "OIDCC-3.1.3.2/code-valid")
def test_altered_code_is_refused(code_altered: Trace) -> None:
    """A code that is made up, altered, cut short or longer is not good; no token is a code."""
    further = [step for step in NEARLY if step in code_altered]
    for step in ("made-up", "altered", "cut-short", *further):
        exchange = code_altered[step]
        assert refused(exchange), f"a code was redeemed that is {step}"
        assert token_error(exchange) in GRANT_ERRORS, f"{step} is {token_error(exchange)}"


@requirement("RFC6749-4.1.3/redirect-uri-present")
def test_redirect_uri_may_not_be_left_out(code_redirect_uri_differs: Trace) -> None:
    """If the authorization request named a redirect_uri the token request has to."""
    exchange = code_redirect_uri_differs["missing"]
    assert refused(exchange), "the code was redeemed without redirect_uri"
    assert token_error(exchange) in GRANT_ERRORS, f"the error is {token_error(exchange)}"


@requirement("RFC6749-4.1.3/redirect-uri-identical", "OIDCC-3.1.3.2/redirect-uri-identical")
def test_redirect_uri_has_to_be_the_same(code_redirect_uri_differs: Trace) -> None:
    """A code is not redeemed with a redirect_uri that differs at all."""
    for step, exchange in experiments_ended(code_redirect_uri_differs):
        code_redirect_uri_differs.decide(exchange)
        good = step == "missing" or refused(exchange)
        assert good, f"the code was redeemed with another redirect_uri: {step}"


@requirement("RFC6749-4.1.4/error-follows-5-2")
def test_failed_redemptions_have_the_error_format(
    code_altered: Trace, code_redirect_uri_differs: Trace, code_replayed: Trace
) -> None:
    """A failed redemption is answered with JSON that has an error, and status 400 or 401."""
    failed = [e for t in (code_altered, code_redirect_uri_differs) for _, e in experiments_ended(t)]
    for exchange in (*failed, code_replayed["replay"]):
        code_replayed.decide(exchange)
        response = exchange.answered
        if refused(exchange):
            assert response.status in {400, 401}, f"the status is {response.status}"
            assert response.error is not None, f"there is no error in JSON after {exchange.step}"
