"""What a load run has shown of a busy server, held to the sections that decide."""

from idprobe.checks import (
    Trace,
    flaw_under_load,
    requirement,
)

SOME = 10
"""Enough of what is seldom: refusals, and codes that are tried again when load is over."""


@requirement("RFC6749-10.3/token-of-one-client-under-load")
def test_a_token_is_of_one_client(under_load: Trace) -> None:
    """While the server is busy no client gets the access token of another."""
    wrong = flaw_under_load(under_load, "RFC6749-10.3/token-of-one-client-under-load")
    assert not wrong, wrong


@requirement("RFC6749-1.4/token-of-one-grant-under-load")
def test_a_token_is_of_one_user_and_scope(under_load: Trace) -> None:
    """While the server is busy an access token stands for one user and one scope."""
    wrong = flaw_under_load(under_load, "RFC6749-1.4/token-of-one-grant-under-load")
    assert not wrong, wrong


@requirement("RFC6749-5.1/token-response-under-load")
def test_token_responses_are_whole(under_load: Trace) -> None:
    """Token responses of a busy server are JSON and name the type of their token."""
    wrong = flaw_under_load(under_load, "RFC6749-5.1/token-response-under-load")
    assert not wrong, wrong


@requirement("RFC6749-5.2/refusal-in-form-under-load")
def test_refusals_are_in_form(under_load: Trace) -> None:
    """What a busy token endpoint refuses by 400 or 401 has its error in JSON."""
    wrong = flaw_under_load(under_load, "RFC6749-5.2/refusal-in-form-under-load", SOME)
    assert not wrong, wrong


@requirement("RFC6749-5.2/no-page-under-load")
def test_no_client_gets_a_page(under_load: Trace) -> None:
    """A busy token endpoint answers no client by a page for people."""
    wrong = flaw_under_load(under_load, "RFC6749-5.2/no-page-under-load")
    assert not wrong, wrong


@requirement("RFC6749-6/refresh-chain-under-load")
def test_chains_of_refresh_tokens_hold(under_load: Trace) -> None:
    """A busy server takes the refresh token that it issued a moment ago."""
    wrong = flaw_under_load(under_load, "RFC6749-6/refresh-chain-under-load")
    assert not wrong, wrong


@requirement("RFC6749-10.5/code-works-once-under-load")
def test_codes_work_once(under_load: Trace) -> None:
    """A code that was redeemed while the server was busy is refused afterwards."""
    wrong = flaw_under_load(under_load, "RFC6749-10.5/code-works-once-under-load", SOME)
    assert not wrong, wrong


@requirement("OIDCC-2/id-token-of-this-login-under-load")
def test_id_tokens_are_of_their_login(under_load: Trace) -> None:
    """While the server is busy an ID Token has the client, nonce and subject of its own login."""
    wrong = flaw_under_load(under_load, "OIDCC-2/id-token-of-this-login-under-load")
    assert not wrong, wrong


@requirement("OIDCC-5.3.2/userinfo-of-this-user-under-load")
def test_userinfo_is_of_its_user(under_load: Trace) -> None:
    """While the server is busy userinfo answers a live token, about its user, by sub."""
    wrong = flaw_under_load(under_load, "OIDCC-5.3.2/userinfo-of-this-user-under-load")
    assert not wrong, wrong


@requirement("RFC7662-2.2/fresh-token-active-under-load")
def test_a_fresh_token_is_active(under_load: Trace) -> None:
    """A busy server does not call a token inactive that it issued and that has not ended."""
    wrong = flaw_under_load(under_load, "RFC7662-2.2/fresh-token-active-under-load")
    assert not wrong, wrong


@requirement("RFC8414-3.3/documents-under-load")
def test_documents_stay_what_they_are(under_load: Trace) -> None:
    """While the server is busy its metadata name its issuer, and its key set has keys."""
    wrong = flaw_under_load(under_load, "RFC8414-3.3/documents-under-load")
    assert not wrong, wrong


@requirement("RFC9110-10.2.3/retry-after-under-load")
def test_retry_after_can_be_read(under_load: Trace) -> None:
    """Where a busy server says when to come back, it is a number of seconds or a date."""
    wrong = flaw_under_load(under_load, "RFC9110-10.2.3/retry-after-under-load", SOME)
    assert not wrong, wrong


@requirement("contract/fresh_token_per_request")
def test_each_token_is_new(under_load: Trace) -> None:
    """No access token is issued twice, as promised."""
    wrong = flaw_under_load(under_load, "contract/fresh_token_per_request")
    assert not wrong, wrong
