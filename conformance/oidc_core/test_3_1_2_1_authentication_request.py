"""OpenID Connect Core section 3.1.2.1: the authentication request and its parameters."""

from idprobe.checks import (
    EvidenceError,
    Exchange,
    LandingMode,
    Trace,
    accepted_redirect_uris,
    authorization_response,
    denied_exchange,
    error_code,
    gives_tokens,
    is_login_page,
    is_user_page,
    page_response,
    refused,
    requirement,
)

NOT_SERVED = {404, 405, 501}


def login_pages(trace: Trace, step: str) -> list[Exchange]:
    """Return the pages of a step that asked who the user is."""
    return [e for e in trace.steps(step) if is_user_page(e) and is_login_page(e)]


def assert_granted(trace: Trace, *steps: str) -> None:
    """Complain of the first of the requests that was refused."""
    for step in steps:
        exchange = trace[step]
        assert not refused(exchange), f"{step} led to {error_code(exchange) or 'an error page'}"


@requirement("OIDCC-3.1.2.1/get-supported")
def test_get_is_supported(cross_origin_requests: Trace) -> None:
    """The authorization endpoint answers GET."""
    exchange = cross_origin_requests["plain"]
    status = exchange.answered.status
    assert status not in NOT_SERVED, f"GET is answered with status {status}"
    page_response(exchange)


@requirement("OIDCC-3.1.2.1/post-supported")
def test_post_is_supported(authorization_by_post: Trace) -> None:
    """The authorization endpoint takes its parameters from a form body."""
    status = authorization_by_post.steps("post")[0].answered.status
    assert status not in NOT_SERVED, f"POST is answered with status {status}"
    assert_granted(authorization_by_post, "post")


@requirement("OIDCC-3.1.2.1/unknown-scope-ignored")
def test_unknown_scope_is_ignored(strange_scopes: Trace) -> None:
    """A scope that nobody knows does no harm beside openid."""
    assert_granted(strange_scopes, "unknown")


@requirement("OIDCC-3.1.2.1/redirect-uri-exact-match")
def test_redirect_uri_is_matched_exactly(redirect_uri_near_misses: Trace) -> None:
    """redirect_uri is one of the registered strings."""
    wrong = accepted_redirect_uris(redirect_uri_near_misses)
    assert not wrong, f"it made no difference: {', '.join(wrong)}"


@requirement("OIDCC-3.1.2.1/nonce-optional-in-code-flow")
def test_nonce_is_optional(authorization_tolerance: Trace) -> None:
    """A code request without nonce is served."""
    assert_granted(authorization_tolerance, "without-nonce")


@requirement("OIDCC-3.1.2.1/state-optional")
def test_state_is_optional(authorization_tolerance: Trace) -> None:
    """A request without state is served, and none is made up."""
    assert_granted(authorization_tolerance, "without-state")
    state = authorization_response(authorization_tolerance["without-state"]).get("state")
    assert not state, "the response has a state that was never sent"


@requirement("OIDCC-3.1.2.1/display-unknown-value")
def test_unknown_display_does_no_harm(openid_hints: Trace) -> None:
    """A display value that nobody knows is ignored, or an invalid_request."""
    exchange = openid_hints["display-unknown"]
    wrong = refused(exchange) and error_code(exchange) != "invalid_request"
    assert not wrong, f"it led to {error_code(exchange) or 'an error page'}"


@requirement("OIDCC-15.1/display-causes-no-error")
def test_display_causes_no_error(openid_hints: Trace) -> None:
    """Each defined display value is taken."""
    assert_granted(openid_hints, "display-page", "display-popup", "display-touch", "display-wap")


@requirement("OIDCC-15.1/ui-locales-cause-no-error")
def test_ui_locales_cause_no_error(openid_hints: Trace) -> None:
    """ui_locales is taken."""
    assert_granted(openid_hints, "ui-locales")


@requirement("OIDCC-3.1.2.1/ui-locales-never-an-error")
def test_unknown_ui_locales_cause_no_error(openid_hints: Trace) -> None:
    """Languages that the server does not speak are no error."""
    assert_granted(openid_hints, "ui-locales-unknown")


@requirement("OIDCC-15.1/claims-locales-cause-no-error")
def test_claims_locales_cause_no_error(openid_hints: Trace) -> None:
    """claims_locales is taken."""
    assert_granted(openid_hints, "claims-locales")


@requirement("OIDCC-5.2/claims-locales-never-an-error")
def test_unknown_claims_locales_cause_no_error(openid_hints: Trace) -> None:
    """Languages that the server has no claims in are no error."""
    assert_granted(openid_hints, "claims-locales-unknown")


@requirement("OIDCC-15.1/acr-values-cause-no-error")
def test_acr_values_cause_no_error(openid_hints: Trace) -> None:
    """acr_values is taken."""
    assert_granted(openid_hints, "acr-values")


@requirement("OIDCC-3.1.2.1/acr-values-voluntary")
def test_unmet_acr_values_are_no_error(openid_hints: Trace) -> None:
    """A level that the server does not know is no reason to fail."""
    assert_granted(openid_hints, "acr-values-unknown")


@requirement("OIDCC-3.1.2.1/login-hint-tolerated")
def test_unknown_login_hint_does_no_harm(openid_hints: Trace) -> None:
    """A login_hint of somebody unknown leaves the request workable."""
    assert_granted(openid_hints, "login-hint")


@requirement("OIDCC-3.1.2.6/registration-not-supported-code")
def test_registration_parameter_is_ignored_or_named(openid_hints: Trace) -> None:
    """The registration parameter is ignored, or refused by its own error."""
    exchange = openid_hints["registration"]
    wrong = refused(exchange) and error_code(exchange) != "registration_not_supported"
    assert not wrong, f"it led to {error_code(exchange) or 'an error page'}"


@requirement("OIDCC-3.1.2.1/prompt-none-no-ui")
def test_prompt_none_shows_no_page(prompt_none: Trace) -> None:
    """With prompt=none nobody is shown a login or consent page."""
    pages = [e for step in ("stranger", "known") for e in prompt_none.steps(step)]
    shown = [e for e in pages if is_user_page(e)]
    assert not shown, "a page asks the user for something"


@requirement("OIDCC-3.1.2.1/prompt-none-success-when-logged-in")
def test_prompt_none_succeeds_with_a_session(prompt_none: Trace) -> None:
    """A user who is logged in and has agreed is served without a page."""
    exchange = prompt_none["known"]
    if error_code(exchange) in {"consent_required", "interaction_required"}:
        raise EvidenceError("the server does not remember the consent")
    assert gives_tokens(exchange), f"it led to {error_code(exchange) or 'a page'}"


@requirement("OIDCC-3.1.2.1/prompt-none-without-hint-succeeds")
def test_prompt_none_needs_no_hint(prompt_none: Trace) -> None:
    """prompt=none is served without an id_token_hint."""
    exchange = prompt_none["known"]
    if error_code(exchange) in {"consent_required", "interaction_required"}:
        raise EvidenceError("the server does not remember the consent")
    assert gives_tokens(exchange), f"it led to {error_code(exchange) or 'a page'}"


@requirement("OIDCC-3.1.2.1/prompt-login-reprompts")
def test_prompt_login_asks_again(prompts_when_logged_in: Trace) -> None:
    """With prompt=login a user who is logged in has to log in again."""
    assert login_pages(prompts_when_logged_in, "login"), "no login page was shown"


@requirement("OIDCC-3.1.2.1/prompt-consent-reprompts")
def test_prompt_consent_asks_again(prompts_when_logged_in: Trace) -> None:
    """With prompt=consent a user who has agreed is asked again."""
    pages = [e for e in prompts_when_logged_in.steps("consent") if is_user_page(e)]
    assert pages, "no page was shown"


@requirement("OIDCC-3.1.2.1/prompt-select-account-offers-choice")
def test_select_account_offers_a_choice(prompts_when_logged_in: Trace) -> None:
    """With prompt=select_account the user is asked which account to use."""
    pages = [e for e in prompts_when_logged_in.steps("select_account") if is_user_page(e)]
    failed = refused(prompts_when_logged_in["select_account"])
    assert pages or failed, "a code was issued and nobody was asked"


@requirement("OIDCC-3.1.2.1/prompt-consent-impossible-is-error")
def test_declined_consent_is_an_error(authorization_denied: Trace) -> None:
    """A user who declines is reported, and no code is issued."""
    exchange = denied_exchange(authorization_denied)
    assert not gives_tokens(exchange), "a code was issued although the user declined"
    allowed = {"access_denied", "consent_required"}
    assert error_code(exchange) in allowed, f"the error is {error_code(exchange)}"


@requirement("OIDCC-3.1.2.1/prompt-none-combined-is-error")
def test_prompt_none_stands_alone(prompts_wrong: Trace) -> None:
    """prompt=none together with another value is an error."""
    for step in ("none-and-login", "consent-and-none"):
        assert refused(prompts_wrong[step]), f"{step} was granted"
        assert not [e for e in prompts_wrong.steps(step) if is_user_page(e)], "a page was shown"


@requirement("OIDCC-3.1.2.1/prompt-unknown-value")
def test_unknown_prompt_does_no_harm(prompts_wrong: Trace) -> None:
    """A prompt that nobody knows is ignored, or an invalid_request, or a page of status 400.

    Initiating User Registration section 4.1 recommends that status to those who list their prompts.
    """
    exchange = prompts_wrong["unknown"]
    told = exchange.landing is None and exchange.answered.status == 400
    wrong = refused(exchange) and error_code(exchange) != "invalid_request" and not told
    assert not wrong, f"it led to {error_code(exchange) or 'an error page'}"


@requirement("OIDCC-3.1.2.1/max-age-zero-is-prompt-login")
def test_max_age_zero_asks_again(prompts_when_logged_in: Trace) -> None:
    """With max_age=0 a user who is logged in has to log in again."""
    assert login_pages(prompts_when_logged_in, "max-age-zero"), "no login page was shown"


@requirement("OIDCC-15.1/prompt-supported")
def test_prompt_is_supported(prompt_none: Trace, prompts_when_logged_in: Trace) -> None:
    """prompt=none without a session is an error, prompt=login shows a login page."""
    assert error_code(prompt_none["stranger"]), "prompt=none without a session is no error"
    assert login_pages(prompts_when_logged_in, "login"), "no login page was shown"


@requirement("OIDCC-6.1/request-unsupported-error")
def test_request_is_refused_where_unsupported(openid_objects: Trace) -> None:
    """A Request Object is answered with request_not_supported, not ignored."""
    exchange = openid_objects["request"]
    assert refused(exchange), "the parameter was ignored"
    code = error_code(exchange)
    assert code == "request_not_supported", f"the error is {code}, not request_not_supported"


@requirement("OIDCC-6.2/request-uri-unsupported-error")
def test_request_uri_is_refused_where_unsupported(openid_objects: Trace) -> None:
    """A request_uri is answered with request_uri_not_supported, not ignored."""
    exchange = openid_objects["request_uri"]
    assert refused(exchange), "the parameter was ignored"
    code = error_code(exchange)
    assert code == "request_uri_not_supported", f"the error is {code}"


@requirement("OIDCC-3.1.2.6/code-flow-errors-in-query")
def test_code_flow_errors_are_in_the_query(prompt_none: Trace) -> None:
    """An error of the code flow is in the query."""
    mode = authorization_response(prompt_none["stranger"]).mode
    assert mode is LandingMode.QUERY, f"the error is in the {mode}"
