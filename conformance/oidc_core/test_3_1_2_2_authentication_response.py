"""OpenID Connect Core sections 3.1.2.2 to 3.1.2.6: validation, authentication, and the answer."""

from idprobe.checks import (
    EvidenceError,
    Exchange,
    LandingMode,
    Trace,
    Unsuited,
    accepts_redirect_uri,
    authorization_response,
    carries_password,
    consent_pages,
    denied_exchange,
    error_code,
    experiments_ended,
    framed_by_nobody,
    gives_tokens,
    is_error_page,
    is_login_page,
    is_user_page,
    page_response,
    refused,
    requirement,
    sent_value,
    user_pages_of,
)

USUAL_ERROR_MEMBERS = {"error", "error_description", "error_uri", "state", "iss", "session_state"}
SILENT_ERRORS = {
    "login_required",
    "interaction_required",
    "account_selection_required",
    "consent_required",
}


@requirement("OIDCC-3.1.2.2/oauth-parameters-validated")
def test_oauth_parameters_are_validated(authorization_errors: Trace, client_unknown: Trace) -> None:
    """Bad OAuth parameters are refused as OAuth says."""
    exchange = authorization_errors["unknown-response-type"]
    assert refused(exchange), "a made-up response_type was granted"
    allowed = {"unsupported_response_type", "unauthorized_client", "invalid_request", None}
    assert error_code(exchange) in allowed, f"the error is {error_code(exchange)}"
    for step in ("unknown-client", "repeated-client", "repeated-redirect-uri"):
        assert refused(client_unknown[step]), f"{step} was granted"


@requirement("OIDCC-3.1.2.2/required-parameters-checked")
def test_required_parameters_are_checked(
    authorization_errors: Trace, client_unknown: Trace
) -> None:
    """A request without response_type or without client_id fails."""
    missing = authorization_errors["missing-response-type"]
    assert refused(missing), "a request without response_type was granted"
    assert refused(client_unknown["missing-client"]), "a request without client_id was granted"


@requirement("OIDCC-3.1.2.2/redirect-uri-required")
def test_redirect_uri_is_required(redirect_uri_omitted: Trace) -> None:
    """An OpenID Connect request without redirect_uri fails, whatever is registered."""
    assert not gives_tokens(redirect_uri_omitted["omitted"]), "the registered one was taken"
    assert refused(redirect_uri_omitted["omitted"]), "the request was not refused"


@requirement("OIDCC-3.1.2.2/unknown-parameters-ignored")
def test_unknown_parameters_are_ignored(authorization_tolerance: Trace) -> None:
    """Parameters that nobody defined change nothing and do not come back."""
    exchange = authorization_tolerance["unknown-parameter"]
    assert not refused(exchange), f"an unknown parameter led to {error_code(exchange)}"
    names = {name for name, _ in authorization_response(exchange).parameters}
    assert not names & {"xyz_unknown", "extra"}, "the response carries them back"


@requirement("OIDCC-3.1.2.2/any-error-gets-error-response")
def test_any_error_gets_an_error_response(prompts_wrong: Trace) -> None:
    """A prompt that contradicts itself, and what is no max_age, are told if not overlooked."""
    for step in ("bad-max-age", "none-and-login"):
        exchange = prompts_wrong[step]
        told = not refused(exchange) or exchange.landing is not None
        assert told, f"{step} was not reported at the redirect_uri"


def assert_endured(exchange: Exchange) -> None:
    """Complain of a request that broke the server."""
    status = exchange.answered.status
    assert status < 500, f"{exchange.step} is answered with status {status}"
    assert error_code(exchange) != "server_error", f"{exchange.step} is a server_error"


@requirement("OIDCC-3.1.2.2/any-error-gets-error-response")
def test_odd_ages_break_nothing(prompts_wrong: Trace) -> None:
    """A max_age below nothing or beyond all bounds is served or refused like any other."""
    for step in ("negative-max-age", "huge-max-age"):
        assert_endured(prompts_wrong[step])


@requirement("OIDCC-3.1.2.2/any-error-gets-error-response")
def test_broken_claims_break_nothing(claims_broken: Trace) -> None:
    """A claims parameter that is no JSON, too deep, too long or of wrong types breaks nothing."""
    for _, exchange in experiments_ended(claims_broken):
        assert_endured(exchange)


@requirement("OIDCC-3.1.2.3/authenticates-when-no-session")
def test_stranger_has_to_log_in(user_pages: Trace) -> None:
    """Somebody without a session is asked to log in before a code is issued."""
    assert not gives_tokens(user_pages["nobody"]), "a code was issued although nobody logged in"
    page_response(user_pages["nobody"])
    steps = user_pages.steps("journey")
    asked = any(is_user_page(e) and is_login_page(e) for e in steps)
    asked = asked or any(carries_password(e.request) for e in steps)
    if not asked and user_pages["journey"].landing is None:
        raise EvidenceError("the way led neither to a login page nor back to the client")
    assert asked, "no login page was shown"


@requirement("OIDCC-3.1.2.3/prompt-none-unauthenticated-is-error")
def test_prompt_none_of_a_stranger_is_an_error(prompt_none: Trace) -> None:
    """prompt=none without a session is reported as an error."""
    exchange = prompt_none["stranger"]
    assert not gives_tokens(exchange), "a code was issued although nobody logged in"
    landing = exchange.landing
    assert landing is not None, "it was not reported at the redirect_uri"
    assert landing.error, "there is no error"


@requirement("OIDCC-3.1.2.3/clickjacking-protection")
def test_pages_cannot_be_framed(user_pages: Trace) -> None:
    """Pages on which the user is asked something are shown in no frame of another site."""
    for exchange in user_pages_of(user_pages.steps("journey")):
        user_pages.decide(exchange)
        assert framed_by_nobody(exchange.answered), f"{exchange.request.path} can be framed"


@requirement("OIDCC-3.1.2.4/authorization-decision-obtained")
def test_decision_is_kept_to(authorization_denied: Trace) -> None:
    """Nothing is released if the user declines."""
    exchange = denied_exchange(authorization_denied)
    assert not gives_tokens(exchange), "a code was issued although the user declined"
    assert error_code(exchange) == "access_denied", f"the error is {error_code(exchange)}"


@requirement("OIDCC-3.1.2.4/authorization-decision-obtained")
def test_decision_is_obtained(consents_compared: Trace) -> None:
    """A client that nobody knew before, and so nobody agreed to, gets no code without a page."""
    if "openid" not in sent_value(consents_compared, "little", "scope").split():
        raise Unsuited("the new client does not ask for OpenID Connect")
    assert consent_pages(consents_compared, "little"), "a code was issued and nobody was asked"


@requirement("OIDCC-3.1.2.5/code-response-in-query")
def test_code_response_is_in_the_query(code_redeemed: Trace) -> None:
    """The code comes in the query."""
    mode = authorization_response(code_redeemed["authorize"]).mode
    assert mode is LandingMode.QUERY, f"the code is in the {mode}"


@requirement("OIDCC-3.1.2.5/code-and-state-returned")
def test_code_and_state_come_back(response_modes: Trace) -> None:
    """There is one code and one state, and the state is as it was sent."""
    landing = authorization_response(response_modes["query"])
    assert len(landing.values("code")) == 1, "there is not one code"
    wanted = (sent_value(response_modes, "query", "state"),)
    assert landing.values("state") == wanted, "the state is changed"


@requirement("OIDCC-3.1.2.6/error-redirects-to-client")
def test_errors_go_to_the_client(prompt_none: Trace) -> None:
    """An error is reported at a redirect_uri that is good."""
    landing = prompt_none["stranger"].landing
    assert landing is not None, "it was not reported at the redirect_uri"
    assert landing.error, "there is no error"


@requirement("OIDCC-3.1.2.6/invalid-redirect-uri-not-followed")
def test_bad_redirect_uri_is_not_followed(redirect_uri_foreign: Trace) -> None:
    """Nobody is sent to a redirect_uri that is not the client's."""
    for step in ("logged-in", "with-prompt-none", "with-bad-response-type"):
        assert not accepts_redirect_uri(redirect_uri_foreign, step), (
            f"the answer went there: {step}"
        )


@requirement("OIDCC-3.1.2.6/error-parameter-present")
def test_error_is_there_once(prompt_none: Trace) -> None:
    """An error response has one error of printable ASCII."""
    values = authorization_response(prompt_none["stranger"]).values("error")
    assert len(values) == 1, f"there are {len(values)} errors"
    bad = [c for c in values[0] if not " " <= c <= "~" or c in '"\\']
    assert values[0], "the error is empty"
    assert not bad, "the error has characters that it may not have"


@requirement("OIDCC-3.1.2.6/error-state-echoed")
def test_error_brings_back_the_state(prompt_none: Trace) -> None:
    """An error brings back the state, and none where none was sent."""
    wanted = (sent_value(prompt_none, "stranger", "state"),)
    assert authorization_response(prompt_none["stranger"]).values("state") == wanted, (
        "the state is changed"
    )
    without = authorization_response(prompt_none["stranger-stateless"]).get("state")
    assert not without, "the error has a state that was never sent"


@requirement("OIDCC-3.1.2.6/no-other-error-parameters")
def test_error_has_nothing_else(prompt_none: Trace) -> None:
    """An error response has no parameters of its own invention."""
    names = {name for name, _ in authorization_response(prompt_none["stranger"]).parameters}
    others = names - USUAL_ERROR_MEMBERS
    assert not others, f"the error comes with {', '.join(sorted(others))}"


@requirement("OIDCC-3.1.2.6/unsupported-response-mode-is-400")
def test_unknown_response_mode_is_400(response_modes: Trace) -> None:
    """A response_mode that the server does not know is answered with 400 and no redirect."""
    exchange = response_modes["unknown"]
    assert not gives_tokens(exchange), "the response_mode was ignored"
    assert exchange.landing is None, "the error was redirected, though nobody knows how"
    assert is_error_page(exchange.answered) or refused(exchange), "it was not refused"
    assert exchange.answered.status == 400, f"the status is {exchange.answered.status}, not 400"


@requirement("OIDCC-3.1.2.6/prompt-none-error-code")
def test_prompt_none_has_its_error_codes(prompt_none: Trace) -> None:
    """prompt=none without a session is one of the four errors that are made for it."""
    code = error_code(prompt_none["stranger"])
    assert code in SILENT_ERRORS, f"the error is {code}"


@requirement("OIDCC-3.1.2.6/error-description-ascii")
def test_error_description_is_ascii(prompt_none: Trace) -> None:
    """error_description, if there is one, is ASCII."""
    said = authorization_response(prompt_none["stranger"]).get("error_description")
    assert said is None or said.isascii(), "error_description has other characters"


@requirement("OIDCC-3.1.2.1/id-token-hint-same-user-succeeds")
def test_hint_of_the_user_succeeds(id_token_hints: Trace) -> None:
    """An ID Token of the user who is logged in is answered positively."""
    exchange = id_token_hints["same-user"]
    assert gives_tokens(exchange), f"it led to {error_code(exchange) or 'a page'}"


@requirement("OIDCC-3.1.2.1/id-token-hint-audience-not-the-op")
def test_hint_is_not_for_the_server(id_token_hints: Trace) -> None:
    """An ID Token is good as a hint though the server is not its audience."""
    exchange = id_token_hints["same-user"]
    assert gives_tokens(exchange), f"it led to {error_code(exchange) or 'a page'}"


@requirement("OIDCC-3.1.2.1/id-token-hint-other-user-is-error")
def test_hint_of_another_user_is_an_error(id_token_hints: Trace) -> None:
    """An ID Token of somebody who is not logged in is answered with an error."""
    exchange = id_token_hints["other-user"]
    assert not gives_tokens(exchange), "a code was issued for another user than the hint's"
    assert error_code(exchange), "there is no error"


@requirement("OIDCC-3.1.2.2/no-token-for-another-user")
def test_no_code_for_another_user(id_token_hints: Trace) -> None:
    """No code is issued for another user than the one who was asked for."""
    for step in ("other-user", "other-user-aloud"):
        assert not gives_tokens(id_token_hints[step]), f"a code was issued for {step}"


@requirement("OIDCC-3.1.2.6/consent-required-code")
def test_missing_consent_is_named(prompt_none_of_another_client: Trace) -> None:
    """Where only consent is lacking prompt=none says so, or the server needs none."""
    exchange = prompt_none_of_another_client["unapproved"]
    named = error_code(exchange) in {"consent_required", "interaction_required"}
    assert named or gives_tokens(exchange), f"the error is {error_code(exchange)}"


@requirement("OIDCC-16.22/no-307-to-redirect-uri")
def test_no_answer_to_a_form_is_a_307(user_pages: Trace) -> None:
    """What leads from the login to the client does not repeat the request."""
    exchange = user_pages["journey"]
    authorization_response(exchange)
    assert exchange.answered.status not in {307, 308}, f"it is a {exchange.answered.status}"
