"""What the documentation promises of tokens that nobody has ended, while others ask."""

from idprobe.checks import (
    Claim,
    Trace,
    broken_history,
    contract,
)


@contract("refresh_token_works")
def test_refresh_token_works_while_others_ask(public_history: Trace) -> None:
    """A refresh token is refused only where some order of the calls has it ended before."""
    broken = broken_history(public_history, Claim.REFRESH_WORKS)
    assert broken is None, str(broken)


@contract("access_token_until_expiry")
def test_access_token_works_while_others_ask(history: Trace) -> None:
    """So is an access token."""
    broken = broken_history(history, Claim.ACCESS_WORKS)
    assert broken is None, str(broken)
