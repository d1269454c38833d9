"""RFC 7662 section 4: introspection knows what has ended, in stories."""

from idprobe.checks import (
    Claim,
    Trace,
    broken_story,
    requirement,
)


@requirement("RFC7662-4/revocation-checked")
def test_introspection_knows_what_has_ended(token_stories: Trace) -> None:
    """No token is active that was revoked, or that userinfo no longer takes."""
    broken = broken_story(token_stories, Claim.INTROSPECTED)
    assert broken is None, str(broken)


@requirement("RFC7662-4/expiry-checked")
def test_introspection_knows_what_has_expired(brief_token_stories: Trace) -> None:
    """No token is active whose time is over, whatever was refreshed, redeemed or revoked."""
    broken = broken_story(brief_token_stories, Claim.EXPIRED_ACTIVE)
    assert broken is None, str(broken)
