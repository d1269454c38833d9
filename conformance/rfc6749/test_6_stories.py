"""RFC 6749 sections 5.1, 6 and 7: the life of refresh tokens and what they bring, in stories."""

from idprobe.checks import (
    Claim,
    Trace,
    broken_story,
    requirement,
)


@requirement("RFC6749-6/refresh-token-issued-to-client", "RFC6749-10.4/binding-verified")
def test_refresh_token_is_nothing_to_others_in_every_story(token_stories: Trace) -> None:
    """No refresh token of any generation brings tokens to another client."""
    broken = broken_story(token_stories, Claim.REFRESH_OF_CLIENT)
    assert broken is None, str(broken)


@requirement("RFC6749-6/scope-not-widened")
def test_no_story_widens_the_scope(token_stories: Trace) -> None:
    """However tokens are refreshed, they get no scope that was not granted."""
    broken = broken_story(token_stories, Claim.SCOPE_BOUNDED)
    assert broken is None, str(broken)


@requirement("RFC6749-6/new-refresh-token-scope-identical")
def test_no_story_narrows_a_refresh_token(token_stories: Trace) -> None:
    """After a refresh with less scope the next one without scope has all of the grant."""
    broken = broken_story(token_stories, Claim.SCOPE_KEPT)
    assert broken is None, str(broken)


@requirement("RFC6749-5.1/scope-told-if-different")
def test_introspection_shows_no_more_than_was_told(token_stories: Trace) -> None:
    """No token covers more than its response said."""
    broken = broken_story(token_stories, Claim.SCOPE_TOLD)
    assert broken is None, str(broken)


@requirement("RFC6749-7/token-validated-at-own-resource")
def test_userinfo_refuses_what_introspection_calls_inactive(token_stories: Trace) -> None:
    """What introspection has called active and then inactive opens nothing."""
    broken = broken_story(token_stories, Claim.SERVED_DEAD)
    assert broken is None, str(broken)


@requirement("RFC6749-7/token-validated-at-own-resource")
def test_userinfo_refuses_what_has_expired_in_every_story(brief_token_stories: Trace) -> None:
    """What has expired opens nothing again, whatever was refreshed, redeemed or revoked."""
    broken = broken_story(brief_token_stories, Claim.EXPIRED_SERVED)
    assert broken is None, str(broken)
