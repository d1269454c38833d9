"""RFC 7521 section 4.1 and RFC 7523 sections 2.1 and 3.1: a JWT as an authorization grant."""

from idprobe.checks import (
    FORGED_ASSERTIONS,
    INVALID_ASSERTIONS,
    SKEW_S,
    EvidenceError,
    Trace,
    flaw_in_refusals,
    granted_scope,
    is_granted,
    lifetime_s,
    requirement,
    token_error,
)

CERTAIN = ("expired", "foreign-audience", "other-key", "signature-altered")
"""Faults that nobody may overlook, whatever else an assertion may hold."""
ASSERTION_S = 60


@requirement("RFC7521-4.1/grant-type-and-assertion-required")
def test_grant_needs_its_assertion(assertion_grant_faults: Trace) -> None:
    """Without the parameter assertion the request is invalid_request."""
    wrong = flaw_in_refusals(assertion_grant_faults, "missing", codes=("invalid_request",))
    assert not wrong, wrong


@requirement("RFC7521-4.1.1/invalid-grant")
def test_bad_assertion_is_an_invalid_grant(assertion_grant_faults: Trace) -> None:
    """An assertion that has expired or was altered is invalid_grant."""
    wrong = flaw_in_refusals(assertion_grant_faults, *CERTAIN, codes=("invalid_grant",))
    assert not wrong, wrong
    wrong = flaw_in_refusals(
        assertion_grant_faults, "garbage", codes=("invalid_grant", "invalid_request")
    )
    assert not wrong, wrong


@requirement("RFC7523-3.1/invalid-grant")
def test_assertion_that_is_not_valid_is_an_invalid_grant(assertion_grant_faults: Trace) -> None:
    """Whatever claim is wrong or missing, whoever signed: the error is invalid_grant."""
    wrong = flaw_in_refusals(
        assertion_grant_faults, *INVALID_ASSERTIONS, *FORGED_ASSERTIONS, codes=("invalid_grant",)
    )
    assert not wrong, wrong


@requirement("RFC7523-2.1/single-jwt-grant")
def test_assertion_is_one_jwt(assertion_grant_faults: Trace) -> None:
    """Two assertions are refused, in one parameter and in two."""
    codes = ("invalid_grant", "invalid_request")
    wrong = flaw_in_refusals(assertion_grant_faults, "two-in-one", "twice", codes=codes)
    assert not wrong, wrong


@requirement("RFC7523-3.1/credentials-checked-if-present")
def test_credentials_beside_an_assertion_are_checked(assertion_grant_faults: Trace) -> None:
    """A good assertion does not make up for wrong client credentials."""
    wrong = flaw_in_refusals(assertion_grant_faults, "wrong-client")
    assert not wrong, wrong


@requirement("RFC7521-4.1/scope-limited-to-grant")
def test_assertion_brings_no_more_scope_than_was_granted(assertion_grant_used: Trace) -> None:
    """A scope that nobody granted is refused as invalid_scope, or left out."""
    wide = assertion_grant_used["wide"]
    if is_granted(wide):
        asked = wide.request.parameter("scope")
        assert "idprobe_no_such_scope" not in granted_scope(wide, asked), "it has that scope"
    elif not is_granted(assertion_grant_used["short"]):
        raise EvidenceError("the next good assertion is refused too")
    else:
        assertion_grant_used.decide(wide)
        assert token_error(wide) == "invalid_scope", f"the error is {token_error(wide)}"


@requirement("RFC7521-4.1/token-lifetime-not-beyond-assertion")
def test_access_token_does_not_outlive_the_assertion(assertion_grant_used: Trace) -> None:
    """An assertion of a minute brings a token of about that."""
    lives_s = lifetime_s(assertion_grant_used, "short")
    assert lives_s <= ASSERTION_S + SKEW_S, f"it is good for {lives_s:.0f} s"
