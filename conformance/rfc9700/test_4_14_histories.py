"""RFC 9700 section 4.14.2: a refresh token is rotated once, whoever else is asking at the time."""

from idprobe.checks import (
    Claim,
    Trace,
    broken_history,
    requirement,
)


@requirement("RFC9700-2.2.2/public-refresh-token-protected")
def test_refresh_token_is_traded_once_while_others_ask(public_history: Trace) -> None:
    """Some order of the calls explains why each refresh token was traded once at most."""
    broken = broken_history(public_history, Claim.ROTATED_ENDS)
    assert broken is None, str(broken)


@requirement("RFC9700-2.2.2/public-refresh-token-protected")
def test_refresh_token_is_traded_once_while_replicas_are_asked(
    public_history_at_replicas: Trace,
) -> None:
    """So it is where each client asks another replica."""
    broken = broken_history(public_history_at_replicas, Claim.ROTATED_ENDS)
    assert broken is None, str(broken)
