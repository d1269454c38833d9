"""OAuth 2.0 Multiple Response Type Encoding Practices."""

from idprobe.checks import (
    EvidenceError,
    Landing,
    LandingMode,
    Trace,
    Unsuited,
    all_landings,
    authorization_response,
    error_code,
    gives_tokens,
    id_token,
    metadata,
    refused,
    requirement,
    response_types_tried,
    sent_value,
)

CREDENTIALS = {"code", "access_token", "token_type", "id_token"}


def members(landing: Landing) -> set[str]:
    """Return the credentials that a response brings."""
    return CREDENTIALS & {name for name, value in landing.parameters if value}


@requirement("OAUTH2-RT-1.2/word-order-irrelevant")
def test_word_order_is_irrelevant(hybrid_requests: Trace) -> None:
    """Response types of the same words bring the same, whatever the order."""
    for kind, exchange in response_types_tried(hybrid_requests, "backwards"):
        hybrid_requests.decide(exchange)
        assert not refused(exchange), f"{kind} is refused backwards"
        usual = members(authorization_response(hybrid_requests[f"granted:{kind}"]))
        assert members(authorization_response(exchange)) == usual, (
            f"{kind} brings something else backwards"
        )


@requirement("OAUTH2-RT-2.1/response-mode-default-by-type")
def test_code_comes_by_query(code_redeemed: Trace) -> None:
    """Without response_mode a code comes by the query."""
    mode = authorization_response(code_redeemed["authorize"]).mode
    assert mode is LandingMode.QUERY, f"it is in the {mode}"


@requirement("OAUTH2-RT-2.1/query-mode")
def test_query_mode_means_query(response_modes: Trace) -> None:
    """response_mode=query brings code and state in the query."""
    landing = authorization_response(response_modes["query"])
    assert landing.mode is LandingMode.QUERY, f"it is in the {landing.mode}"
    assert landing.get("code"), "there is no code"
    assert landing.get("state") == sent_value(response_modes, "query", "state"), (
        "the state is changed"
    )


@requirement("OAUTH2-RT-2.1/fragment-mode")
def test_fragment_mode_means_fragment(response_modes: Trace) -> None:
    """response_mode=fragment brings code and state in the fragment."""
    landing = authorization_response(response_modes["fragment"])
    assert landing.mode is LandingMode.FRAGMENT, f"it is in the {landing.mode}"
    assert landing.get("code"), "there is no code"
    state = sent_value(response_modes, "fragment", "state")
    assert landing.get("state") == state, "the state is changed"


@requirement("OAUTH2-RT-2.2/one-mode-for-all-parameters")
def test_all_parameters_come_by_one_mode(hybrid_requests: Trace) -> None:
    """All of a hybrid response is in the fragment, nothing in the query."""
    for kind, exchange in response_types_tried(hybrid_requests, "granted"):
        hybrid_requests.decide(exchange)
        assert authorization_response(exchange).mode is LandingMode.FRAGMENT, (
            f"{kind} is not in the fragment"
        )
        query = (exchange.answered.header("location") or "").partition("#")[0].partition("?")[2]
        beside = [name for name in (*CREDENTIALS, "state") if f"{name}=" in query]
        assert not beside, f"{', '.join(beside)} of {kind} are in the query"


@requirement("OAUTH2-RT-2.2/same-mode-for-errors")
def test_errors_come_by_the_same_mode(hybrid_requests: Trace) -> None:
    """Errors of hybrid requests are in the fragment as successes are."""
    for kind, exchange in response_types_tried(hybrid_requests, "stranger"):
        hybrid_requests.decide(exchange)
        landing = authorization_response(exchange)
        assert landing.mode is LandingMode.FRAGMENT, (
            f"the error for {kind} is in the {landing.mode}"
        )


@requirement("OAUTH2-RT-3/redirected-after-decision")
def test_denial_is_redirected(id_token_requests: Trace) -> None:
    """The user comes back to the client after saying no, with access_denied."""
    landing = authorization_response(id_token_requests["denied"])
    assert not members(landing), "credentials were issued although the user said no"
    assert landing.error == "access_denied", f"the error is {landing.error}"


@requirement("OAUTH2-RT-3/state-echoed")
def test_state_of_id_token_requests_comes_back(id_token_requests: Trace) -> None:
    """The state comes back in success and error."""
    for step in ("authorize", "stranger"):
        wanted = (sent_value(id_token_requests, step, "state"),)
        assert authorization_response(id_token_requests[step]).values("state") == wanted, (
            "the state is changed"
        )


@requirement("OAUTH2-RT-3/query-mode-forbidden")
def test_id_token_does_not_come_by_query(id_token_requests: Trace) -> None:
    """An ID Token does not travel in a query, not if asked to either."""
    exchange = id_token_requests["by-query"]
    got = gives_tokens(exchange) and authorization_response(exchange).mode is LandingMode.QUERY
    assert not got, "the ID Token is in the query"


@requirement("OAUTH2-RT-3/supplied-or-default-mode")
def test_id_token_comes_by_the_mode_asked_for(id_token_requests: Trace) -> None:
    """An ID Token comes by the fragment, or by form_post if asked for."""
    mode = authorization_response(id_token_requests["authorize"]).mode
    assert mode is LandingMode.FRAGMENT, f"without response_mode it is in the {mode}"
    exchange = id_token_requests["by-form_post"]
    if not refused(exchange):
        mode = authorization_response(exchange).mode
        assert mode is LandingMode.FORM_POST, f"with form_post it is in the {mode}"


def _granted_nothing(trace: Trace) -> Landing:
    """Return how a request for nothing was granted; raises EvidenceError if it was refused."""
    landing = authorization_response(trace["granted"])
    if landing.error is not None:
        raise EvidenceError(f"response_type=none was refused: {trace['granted']}")
    return landing


@requirement("OAUTH2-RT-4/none-returns-no-credentials")
def test_none_brings_no_credentials(none_requests: Trace) -> None:
    """The response type none yields neither a code nor a token."""
    found = members(_granted_nothing(none_requests))
    assert not found, f"{', '.join(sorted(found))} came"


@requirement("OAUTH2-RT-4/none-redirects")
def test_none_leads_back_to_the_client(none_requests: Trace) -> None:
    """The user comes back to the client after saying yes, and after saying no."""
    _granted_nothing(none_requests)
    assert none_requests["denied"].landing is not None, "saying no leads nowhere"


@requirement("OAUTH2-RT-4/none-state-echoed")
def test_state_of_a_request_for_none_comes_back(none_requests: Trace) -> None:
    """The state comes back in success and error."""
    _granted_nothing(none_requests)
    for step in ("granted", "stranger"):
        wanted = (sent_value(none_requests, step, "state"),)
        assert authorization_response(none_requests[step]).values("state") == wanted, (
            f"{step}: it is changed"
        )


@requirement("OAUTH2-RT-4/none-default-query")
def test_none_comes_by_the_query_or_as_asked(none_requests: Trace) -> None:
    """Without response_mode the answer is in the query; with fragment it is there."""
    mode = _granted_nothing(none_requests).mode
    assert mode is LandingMode.QUERY, f"without response_mode it is in the {mode}"
    landing = none_requests["by-fragment"].landing
    if landing is not None and landing.error is None:
        assert landing.mode is LandingMode.FRAGMENT, f"with fragment it is in the {landing.mode}"


@requirement("OAUTH2-RT-3/assertion-of-identity")
def test_id_token_alone_is_about_the_user(
    id_token_requests: Trace, code_redeemed: Trace, metadata_documents: Trace
) -> None:
    """The sub is that of the same user in an ID Token that a code brings."""
    if metadata(metadata_documents).get("subject_types_supported") != ["public"]:
        raise Unsuited("each client may know the user by another sub")
    known = id_token(code_redeemed, "redeem").claim("sub")
    sub = id_token(id_token_requests, "authorize").claims.get("sub")
    assert sub == known, "sub is missing, or somebody else's"


@requirement("OAUTH2-RT-4/none-not-combined")
def test_none_is_not_combined(authorization_errors: Trace) -> None:
    """The response type none together with another response type is refused."""
    exchange = authorization_errors["none-and-code"]
    assert refused(exchange), "none together with code was granted"
    allowed = {"unsupported_response_type", "unauthorized_client", "invalid_request", None}
    assert error_code(exchange) in allowed, f"the error is {error_code(exchange)}"


def assert_brings(trace: Trace, kind: str, *wanted: str) -> None:
    """Complain if a response type brings less than it has to, or not in the fragment."""
    granted = response_types_tried(trace, "granted")
    found = [exchange for name, exchange in granted if set(name.split()) == set(kind.split())]
    if not found:
        raise EvidenceError(f"the hybrid client is not registered for {kind}")
    landing = authorization_response(found[0])
    missing = [name for name in wanted if not landing.get(name)]
    assert not missing, f"{', '.join(missing)} are missing"
    assert landing.mode is LandingMode.FRAGMENT, f"they are in the {landing.mode}"


@requirement("OAUTH2-RT-5/code-token-members")
def test_code_token_brings_all(hybrid_requests: Trace) -> None:
    """`code token` brings code, access_token and token_type."""
    assert_brings(hybrid_requests, "code token", "code", "access_token", "token_type")


@requirement("OAUTH2-RT-5/code-id-token-members")
def test_code_id_token_brings_all(hybrid_requests: Trace) -> None:
    """`code id_token` brings code and id_token."""
    assert_brings(hybrid_requests, "code id_token", "code", "id_token")


@requirement("OAUTH2-RT-5/code-id-token-token-members")
def test_code_id_token_token_brings_all(hybrid_requests: Trace) -> None:
    """`code id_token token` brings all four."""
    wanted = ("code", "id_token", "access_token", "token_type")
    assert_brings(hybrid_requests, "code id_token token", *wanted)


@requirement("OAUTH2-RT-5/id-token-token-members")
def test_id_token_token_brings_all(implicit_id_token_token: Trace) -> None:
    """`id_token token` brings id_token, access_token and token_type."""
    landing = authorization_response(implicit_id_token_token["login"])
    wanted = ("id_token", "access_token", "token_type")
    missing = [name for name in wanted if not landing.get(name)]
    assert not missing, f"{', '.join(missing)} are missing"
    assert landing.mode is LandingMode.FRAGMENT, f"they are in the {landing.mode}"


@requirement("OAUTH2-RT-5/query-mode-forbidden")
def test_hybrid_responses_do_not_come_by_query(hybrid_requests: Trace) -> None:
    """No combination travels in a query, not if asked to either."""
    for kind, exchange in response_types_tried(hybrid_requests, "query"):
        hybrid_requests.decide(exchange)
        got = gives_tokens(exchange) and authorization_response(exchange).mode is LandingMode.QUERY
        assert not got, f"{kind} is in the query"


@requirement("OAUTH2-RT-5/supplied-or-default-mode")
def test_hybrid_responses_come_by_the_mode_asked_for(hybrid_requests: Trace) -> None:
    """Success and error come by the fragment; success by form_post if asked for."""
    for what in ("granted", "stranger"):
        for kind, exchange in response_types_tried(hybrid_requests, what):
            hybrid_requests.decide(exchange)
            mode = authorization_response(exchange).mode
            assert mode is LandingMode.FRAGMENT, f"{kind} is in the {mode}"
    exchange = hybrid_requests["by-form_post"]
    if not refused(exchange):
        hybrid_requests.decide(exchange)
        mode = authorization_response(exchange).mode
        assert mode is LandingMode.FORM_POST, f"with form_post it is in the {mode}"


@requirement("OAUTH2-RT-5/state-echoed")
def test_state_of_hybrid_requests_comes_back(hybrid_requests: Trace) -> None:
    """The state comes back in success and error of every combination."""
    for what in ("granted", "stranger"):
        for kind, exchange in response_types_tried(hybrid_requests, what):
            hybrid_requests.decide(exchange)
            wanted = (sent_value(hybrid_requests, f"{what}:{kind}", "state"),)
            assert authorization_response(exchange).values("state") == wanted, (
                f"the state of {kind} is changed"
            )


@requirement("OAUTH2-RT-7/no-tokens-in-query")
def test_no_tokens_in_a_query(hybrid_requests: Trace, code_redeemed: Trace) -> None:
    """No authorization response has a token in its query."""
    for step, landing in all_landings(hybrid_requests, code_redeemed):
        tokens = members(landing) & {"access_token", "id_token"}
        in_query = landing.mode is LandingMode.QUERY and tokens
        assert not in_query, f"a token is in the query after {step}"


@requirement("OAUTH2-RT-7/fragment-default-never-in-query")
def test_fragment_is_never_replaced_by_query(hybrid_requests: Trace) -> None:
    """Codes and tokens that belong in the fragment are not in the query.

    An error may be there: the request asked for it (OpenID Connect Core 1.0 section 3.3.2.6).
    """
    for kind, exchange in response_types_tried(hybrid_requests, "query"):
        hybrid_requests.decide(exchange)
        landing = exchange.landing
        in_query = landing is not None and landing.mode is LandingMode.QUERY
        assert not in_query or refused(exchange), f"the answer to {kind} is in the query"
