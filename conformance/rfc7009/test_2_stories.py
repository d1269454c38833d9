"""RFC 7009 section 2: what was revoked stays dead, in stories."""

from idprobe.checks import (
    Claim,
    Trace,
    broken_story,
    requirement,
)


@requirement("RFC7009-2/refresh-token-revocation")
def test_revoked_refresh_token_stays_dead(token_stories: Trace) -> None:
    """No revoked refresh token of any generation brings tokens again."""
    broken = broken_story(token_stories, Claim.REVOKED_REFRESH)
    assert broken is None, str(broken)


@requirement("RFC7009-2.1/immediate")
def test_revoked_access_token_stays_dead(token_stories: Trace) -> None:
    """No revoked access token opens anything again, whatever happens after."""
    broken = broken_story(token_stories, Claim.REVOKED_ACCESS)
    assert broken is None, str(broken)


@requirement("RFC7009-2.1/cascade-from-refresh-token")
def test_all_access_tokens_end_with_their_refresh_token(token_stories: Trace) -> None:
    """With a refresh token end the access tokens of all its generations."""
    broken = broken_story(token_stories, Claim.CASCADE)
    assert broken is None, str(broken)


@requirement("RFC7009-2.1/token-belongs-to-client")
def test_no_story_lets_others_revoke(token_stories: Trace) -> None:
    """Another client ends no token, however it tries."""
    broken = broken_story(token_stories, Claim.FOREIGN)
    assert broken is None, str(broken)
