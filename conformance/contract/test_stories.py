"""What the documentation promises of tokens that nothing has ended, in stories."""

from idprobe.checks import (
    Claim,
    Trace,
    broken_story,
    contract,
)


@contract("refresh_token_works")
def test_refresh_token_works_until_it_is_ended(token_stories: Trace) -> None:
    """A refresh token is refused only after something that may have ended it."""
    broken = broken_story(token_stories, Claim.REFRESH_WORKS)
    assert broken is None, str(broken)


@contract("access_token_until_expiry")
def test_access_token_works_until_it_is_ended(token_stories: Trace) -> None:
    """So is an access token."""
    broken = broken_story(token_stories, Claim.ACCESS_WORKS)
    assert broken is None, str(broken)
