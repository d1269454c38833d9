"""OpenID Connect Core sections 3.2.2 and 3.3.2: requests whose answers come by the fragment."""

from idprobe.checks import (
    EvidenceError,
    LandingMode,
    Trace,
    accepts_redirect_uri,
    authorization_response,
    error_code,
    experiments_ended,
    gives_tokens,
    refused,
    requirement,
)


def named(trace: Trace, start: str) -> list[str]:
    """Return the steps whose names start so; raises EvidenceError if there are none."""
    steps = [step for step, _ in experiments_ended(trace) if step.startswith(start)]
    if not steps:
        raise EvidenceError(f"no request {start} was sent")
    return steps


def assert_nonce_was_missed(trace: Trace) -> None:
    """Complain unless each request without nonce is an invalid_request."""
    for step in named(trace, "without-nonce"):
        exchange = trace[step]
        assert not gives_tokens(exchange), f"a request was granted {step}"
        assert error_code(exchange) == "invalid_request", f"the error is {error_code(exchange)}"


@requirement("OIDCC-3.2.2.1/redirect-uri-exact-match")
def test_redirect_uri_is_matched_exactly(implicit_requests: Trace) -> None:
    """redirect_uri is one of the registered strings in the implicit flow too."""
    for step in ("added-query", "trailing-slash"):
        assert not accepts_redirect_uri(implicit_requests, step), f"{step} made no difference"


@requirement("OIDCC-3.2.2.1/nonce-required")
def test_implicit_request_needs_a_nonce(id_token_requests: Trace) -> None:
    """A request for an ID Token by redirect is refused without nonce."""
    assert_nonce_was_missed(id_token_requests)


@requirement("OIDCC-3.2.2.6/errors-in-fragment")
def test_implicit_errors_are_in_the_fragment(id_token_requests: Trace) -> None:
    """An error of the implicit flow is in the fragment."""
    mode = authorization_response(id_token_requests["stranger"]).mode
    assert mode is LandingMode.FRAGMENT, f"the error is in the {mode}"
    assert refused(id_token_requests["stranger"]), "tokens were issued though nobody logged in"


@requirement("OIDCC-3.3.2.1/nonce-required")
def test_hybrid_request_needs_a_nonce(hybrid_requests: Trace) -> None:
    """A hybrid request for an ID Token by redirect is refused without nonce."""
    assert_nonce_was_missed(hybrid_requests)


@requirement("OIDCC-3.3.2.6/errors-in-fragment")
def test_hybrid_errors_are_in_the_fragment(hybrid_requests: Trace) -> None:
    """An error of the hybrid flow is in the fragment."""
    for step in named(hybrid_requests, "stranger"):
        mode = authorization_response(hybrid_requests[step]).mode
        assert mode is LandingMode.FRAGMENT, f"the error is in the {mode}"


@requirement("OIDCC-3.3.2.1/nonce-optional-for-code-token")
def test_code_token_needs_no_nonce(hybrid_requests: Trace) -> None:
    """A request for `code token` is served without nonce, as no ID Token comes by redirect."""
    exchange = hybrid_requests["code-token-without-nonce"]
    assert gives_tokens(exchange), f"it is refused: {error_code(exchange)}"
