"""RFC 9700 section 4.14.2: refresh tokens of clients that cannot authenticate, in stories."""

from idprobe.checks import (
    Claim,
    Trace,
    broken_story,
    requirement,
)


@requirement("RFC9700-2.2.2/public-refresh-token-protected")
def test_rotated_refresh_token_stays_dead(public_token_stories: Trace) -> None:
    """A refresh token that was replaced brings no tokens, of whatever generation it is."""
    broken = broken_story(public_token_stories, Claim.ROTATED_ENDS)
    assert broken is None, str(broken)


@requirement("RFC9700-4.14.2/replay-detection-for-public-clients")
def test_reuse_ends_the_family_in_every_story(public_token_stories: Trace) -> None:
    """After the reuse of any generation no refresh token of the family brings tokens."""
    broken = broken_story(public_token_stories, Claim.REUSE_ENDS)
    assert broken is None, str(broken)
