"""Initiating User Registration sections 4 to 4.2: prompt=create, and prompts nobody supports."""

import re

from idprobe.checks import (
    UNKNOWN_PROMPT,
    EvidenceError,
    Trace,
    error_code,
    id_token,
    metadata,
    page_of,
    page_response,
    refused,
    requirement,
)

MEMBER = "prompt_values_supported"
ALWAYS = {"none", "login"}
NEW = re.compile(r"new-password|create|regist|sign[ -]?up|new account", re.IGNORECASE)


@requirement("OIDCPC-4/create-shows-account-creation")
def test_create_shows_another_page(account_pages: Trace) -> None:
    """The page of prompt=create is one that makes accounts, not the login form."""
    for step in ("login", "again"):
        page_response(account_pages[step])
    page = page_of(account_pages["create"].answered)
    assert page is not None, "no page was shown"
    form = page.css_first("form")
    assert form is not None, "the page has no form"
    buttons = [one.text() + str(one.attributes.get("value")) for one in page.css("button, input")]
    marks = [str(one.attributes.get("autocomplete")) for one in page.css("input")]
    headings = [one.text() for one in page.css("h1, h2, title")]
    passwords = len(form.css('input[type="password"]'))
    words = " ".join([*buttons, *marks, *headings])
    assert passwords > 1 or NEW.search(words), "the page is the login form"


@requirement("OIDCPC-4.1/success-returns-id-token")
def test_new_account_has_an_id_token(account_created: Trace) -> None:
    """Whoever made an account comes back with an ID Token about it."""
    if "tokens" not in account_created:
        raise EvidenceError("the new account led to no code")
    token = id_token(account_created, "tokens")
    assert token.claims.get("sub"), "the ID Token has no sub"


@requirement("OIDCPC-4.1/unsupported-prompt-is-400")
def test_unsupported_prompt_is_400(prompt_strange: Trace) -> None:
    """A prompt that is not listed is answered with 400 and invalid_request."""
    exchange = prompt_strange["strange"]
    assert refused(exchange), "it was ignored"
    assert exchange.landing is None, f"it was redirected with {error_code(exchange)}"
    status = exchange.answered.status
    assert status == 400, f"the status is {status}"
    assert "invalid_request" in exchange.answered.text, "the answer does not say invalid_request"


@requirement("OIDCPC-4.1/error-description-names-value")
def test_error_names_the_value(prompt_strange: Trace) -> None:
    """The answer to a prompt that is not listed says which, where it is an error."""
    exchange = prompt_strange["strange"]
    if not refused(exchange):
        return
    described = exchange.landing.get("error_description") if exchange.landing else None
    said = exchange.answered.text if exchange.landing is None else described or ""
    assert UNKNOWN_PROMPT in said or "prompt" in said, "it does not say what is wrong"


@requirement("OIDCPC-4.2/prompt-values-supported-advertised")
def test_prompts_are_advertised(metadata_documents: Trace) -> None:
    """prompt_values_supported is an array with create."""
    listed = metadata(metadata_documents).get(MEMBER)
    assert isinstance(listed, list), f"{MEMBER} is missing or no array"
    assert "create" in listed, "create is not listed"


@requirement("OIDCPC-4.2/all-prompt-values-listed")
def test_all_prompts_are_listed(metadata_documents: Trace) -> None:
    """prompt_values_supported has none and login, which every server supports."""
    listed = metadata(metadata_documents).get(MEMBER)
    assert isinstance(listed, list), f"{MEMBER} is no array"
    missing = sorted(one for one in ALWAYS if one not in listed)
    assert not missing, f"{' and '.join(missing)} is missing"
