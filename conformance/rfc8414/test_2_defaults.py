"""RFC 8414 section 2: what holds where the document says nothing, and that what it lists is so."""

from idprobe.checks import (
    EvidenceError,
    Exchange,
    LandingMode,
    Trace,
    Unsuited,
    assert_silent,
    authorization_response,
    error_code,
    gives_tokens,
    refused,
    requirement,
)


def _why(exchange: Exchange) -> str:
    return error_code(exchange) or f"status {exchange.answered.status}"


@requirement("RFC8414-2/response-modes-default")
def test_query_and_fragment_are_the_modes_by_default(
    metadata_documents: Trace, response_modes: Trace
) -> None:
    """Without response_modes_supported a code comes by query, and by fragment where asked."""
    assert_silent(metadata_documents, "response_modes_supported")
    for step, mode in {"query": LandingMode.QUERY, "fragment": LandingMode.FRAGMENT}.items():
        exchange = response_modes[step]
        assert not refused(exchange), f"{step} led to {error_code(exchange) or 'an error page'}"
        assert authorization_response(exchange).mode is mode, f"the code is not in the {step}"


@requirement("RFC8414-2/grant-types-default")
def test_no_other_grant_works_by_default(
    metadata_documents: Trace, client_credentials_answer: Trace
) -> None:
    """Without grant_types_supported there is no grant client_credentials."""
    assert_silent(metadata_documents, "grant_types_supported")
    exchange = client_credentials_answer["tokens"]
    works = gives_tokens(exchange)
    assert not works, "client_credentials works, and no grant_types_supported says so"
    if not refused(exchange):
        raise EvidenceError(f"that is neither a grant nor a refusal: {exchange}")


@requirement("RFC8414-2/token-auth-methods-default")
def test_basic_is_the_method_by_default(metadata_documents: Trace, secret_in_header: Trace) -> None:
    """Without token_endpoint_auth_methods_supported a secret is taken by HTTP Basic."""
    assert_silent(metadata_documents, "token_endpoint_auth_methods_supported")
    exchange = secret_in_header["tokens"]
    assert not refused(exchange), f"Basic credentials are refused: {_why(exchange)}"


@requirement("RFC8414-2/revocation-auth-methods-default")
def test_basic_is_the_method_of_revocation_by_default(
    metadata_documents: Trace, access_token_revoked: Trace
) -> None:
    """Without revocation_endpoint_auth_methods_supported HTTP Basic is taken there."""
    assert_silent(metadata_documents, "revocation_endpoint_auth_methods_supported")
    exchange = access_token_revoked["revoke"]
    if not (exchange.request.header("authorization") or "").startswith("Basic "):
        raise Unsuited("the client is registered for another method")
    taken = exchange.answered.is_success
    if not taken and error_code(exchange) != "invalid_client":
        raise EvidenceError(f"the revocation fails for another reason: {exchange}")
    assert taken, "Basic credentials are refused"


@requirement("RFC8414-2/code-challenge-methods-tell-pkce")
def test_pkce_is_told(metadata_documents: Trace, pkce_support: Trace) -> None:
    """A server that looks at code verifiers says so by code_challenge_methods_supported."""
    assert_silent(metadata_documents, "code_challenge_methods_supported")
    right, wrong = pkce_support["right"], pkce_support["wrong"]
    works = gives_tokens(right) and refused(wrong)
    assert not works, "verifiers are looked at, and no code_challenge_methods_supported says so"


@requirement("RFC8414-2/listed-capabilities-work")
def test_listed_grants_are_supported(listed_grant_types: Trace) -> None:
    """No grant that is listed is unsupported_grant_type."""
    for exchange in listed_grant_types.steps("grant"):
        listed_grant_types.decide(exchange)
        grant = exchange.request.parameter("grant_type")
        assert error_code(exchange) != "unsupported_grant_type", f"{grant} is not supported"


@requirement("RFC8414-2/listed-capabilities-work")
def test_listed_response_types_are_supported(listed_response_types: Trace) -> None:
    """No response type that is listed is unsupported_response_type."""
    numbers = {exchange.step.split("/")[1] for exchange in listed_response_types.steps("type")}
    steps = [f"type/{number}" for number in sorted(numbers)]
    if not any(gives_tokens(listed_response_types[step]) for step in steps):
        raise EvidenceError("no response type at all brought anything")
    for step in steps:
        named = listed_response_types.steps(step)[0].request.parameter("response_type")
        code = error_code(listed_response_types[step])
        assert code != "unsupported_response_type", f"{named} is not supported"


@requirement("RFC8414-2/listed-capabilities-work")
def test_listed_challenge_methods_are_taken(pkce_challenges: Trace) -> None:
    """A challenge by the method plain is taken where that is listed."""
    if "listed-plain" not in pkce_challenges:
        raise Unsuited("the metadata list no challenge method but S256")
    exchange = pkce_challenges["listed-plain"]
    assert not refused(exchange), f"plain is refused: {_why(exchange)}"


@requirement("RFC8414-2/listed-capabilities-work")
def test_listed_methods_work(listed_authentication_methods: Trace) -> None:
    """By each method that is listed a client that is registered for it gets tokens."""
    for exchange in listed_authentication_methods.steps("method"):
        listed_authentication_methods.decide(exchange)
        failed = refused(exchange) and error_code(exchange) == "invalid_client"
        assert not failed, f"a client is refused: {_way(exchange)}"


def _way(exchange: Exchange) -> str:
    """Return in which way a request authenticates."""
    scheme = (exchange.request.header("authorization") or "").partition(" ")[0]
    names = ("client_assertion", "client_secret")
    return scheme or next((n for n in names if exchange.request.parameter(n)), "client_id")
