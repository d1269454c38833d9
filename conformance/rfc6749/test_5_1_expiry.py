"""RFC 6749 sections 4.1.2 and 5.1, and others: what was issued for a time is over after it."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    authorization_response,
    error_code,
    gives_tokens,
    is_token_accepted,
    refused,
    requirement,
)


@requirement("RFC6749-4.1.2/code-expires")
def test_code_stops_working(brief_code: Trace) -> None:
    """A code is refused once the time that the provider documents has passed."""
    assert refused(brief_code["late"]), "the code is redeemed after its time"


@requirement("RFC6749-4.1.2/code-single-use")
def test_used_code_is_not_forgotten(brief_code: Trace) -> None:
    """A code that was redeemed is refused shortly before its end, and after it."""
    for step in ("replay", "late-replay"):
        assert refused(brief_code[step]), f"the same code brought tokens twice: {step}"


@requirement("RFC6749-5.1/expires-in-true")
def test_access_token_lives_as_long_as_it_says(brief_tokens: Trace) -> None:
    """An access token works before expires_in has passed, and not after it."""
    step = "use" if brief_tokens.steps("use") else "introspect"
    if not is_token_accepted(brief_tokens[step]) or not is_token_accepted(
        brief_tokens[f"usual-{step}"]
    ):
        raise EvidenceError("a fresh access token did not work")

    assert not is_token_accepted(brief_tokens[f"late-{step}"]), "it works after expires_in"


@requirement("OIDCC-3.1.2.2/expired-id-token-hint-accepted")
def test_expired_id_token_is_a_good_hint(brief_tokens: Trace) -> None:
    """An ID Token of the session is taken as id_token_hint after its exp."""
    if not brief_tokens.steps("late-hint"):
        raise Unsuited("the client in the role brief is given no ID Token")
    exchange = brief_tokens["late-hint"]
    if authorization_response(exchange).error == "consent_required":
        raise EvidenceError("the user was asked for consent again")

    assert gives_tokens(exchange), f"the hint led to {error_code(exchange)}"


@requirement("RFC9700-4.14.2/expire-when-unused")
def test_refresh_token_expires_when_unused(refresh_token_left_alone: Trace) -> None:
    """A refresh token is refused after the idle time that the provider documents."""
    if not gives_tokens(refresh_token_left_alone["usual"]):
        raise EvidenceError("a fresh refresh token did not work")

    assert refused(refresh_token_left_alone["late"]), "it brings tokens after its idle time"
