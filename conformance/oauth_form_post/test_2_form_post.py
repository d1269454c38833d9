"""OAuth 2.0 Form Post Response Mode, sections 2 and 4."""

from idprobe.checks import (
    EvidenceError,
    Landing,
    LandingMode,
    Trace,
    authorization_response,
    gives_tokens,
    page_of,
    refused,
    requirement,
    sent_value,
)

ENCODED = "application/x-www-form-urlencoded"


def posted(trace: Trace, step: str) -> Landing:
    """Return the response that form_post was asked for; raises EvidenceError if it was refused."""
    if refused(trace[step]) and trace[step].landing is None:
        raise EvidenceError("the server refuses form_post")
    return authorization_response(trace[step])


@requirement("OAUTH2-FP-2/action-is-redirect-uri")
def test_form_leads_to_the_redirect_uri(response_modes: Trace) -> None:
    """The form's action is the redirect_uri of the request."""
    action = posted(response_modes, "form_post").redirect_uri
    wanted = sent_value(response_modes, "form_post", "redirect_uri")
    assert action == wanted, "the action is not the redirect_uri"


@requirement("OAUTH2-FP-2/method-post")
def test_form_is_posted(response_modes: Trace) -> None:
    """The response is posted."""
    mode = posted(response_modes, "form_post").mode
    assert mode is LandingMode.FORM_POST, f"the response is in the {mode}"


@requirement("OAUTH2-FP-2/not-stored-or-reused")
def test_page_is_not_stored(response_modes: Trace) -> None:
    """No cache may keep the page with the response."""
    posted(response_modes, "form_post")
    directives = response_modes["form_post"].answered.directives("cache-control")
    assert "no-store" in directives, "Cache-Control has no no-store"


@requirement("OAUTH2-FP-2/parameters-as-form-values")
def test_parameters_are_form_values(response_modes: Trace) -> None:
    """Code and state are values of the form, a state with markup as it was sent."""
    landing = posted(response_modes, "form_post")
    assert landing.mode is LandingMode.FORM_POST, f"the response is in the {landing.mode}"
    wanted = sent_value(response_modes, "form_post", "state")
    assert landing.values("state") == (wanted,), "the state is changed"
    assert len(landing.values("code")) == 1, "there is not one code"
    page = page_of(response_modes["form_post"].answered)
    forms = page.css("form") if page is not None else []
    types = {(form.attributes.get("enctype") or ENCODED).lower() for form in forms}
    assert types == {ENCODED}, f"the form is sent as {', '.join(types)}"


@requirement("OAUTH2-FP-2/auto-submitted")
def test_form_submits_itself(response_modes: Trace) -> None:
    """The page has a script that submits the form."""
    posted(response_modes, "form_post")
    page = page_of(response_modes["form_post"].answered)
    scripts = [node.text() for node in page.css("script")] if page is not None else []
    handlers = [n.attributes.get("onload") or "" for n in page.css("body")] if page else []
    external = page.css("script[src]") if page is not None else []
    assert external or any("submit" in one for one in (*scripts, *handlers)), "nothing submits it"


@requirement("OAUTH2-FP-2/errors-too")
def test_errors_are_posted_too(response_modes: Trace) -> None:
    """An error comes by form_post as well, if that was asked for."""
    posted(response_modes, "form_post")
    landing = authorization_response(response_modes["form_post-error"])
    assert landing.mode is LandingMode.FORM_POST, f"the error is in the {landing.mode}"
    assert landing.error, "there is no error"


@requirement("OAUTH2-FP-4/safe-for-every-response-type")
def test_tokens_are_posted_too(id_token_requests: Trace) -> None:
    """An ID Token comes by form_post, if that was asked for."""
    exchange = id_token_requests["by-form_post"]
    assert gives_tokens(exchange), "form_post is refused"
    assert authorization_response(exchange).mode is LandingMode.FORM_POST, (
        "the ID Token is not posted"
    )
