"""RFC 6749 section 4.1: the life of a code, in stories."""

from idprobe.checks import (
    Claim,
    Trace,
    broken_story,
    requirement,
)


@requirement("RFC6749-4.1.2/code-single-use")
def test_code_works_once_in_every_story(token_stories: Trace) -> None:
    """A code that brought tokens brings no others, whatever happened in between."""
    broken = broken_story(token_stories, Claim.CODE_ONCE)
    assert broken is None, str(broken)


@requirement("RFC6749-4.1.2/code-replay-revokes-tokens")
def test_replay_ends_all_that_came_of_a_code(token_stories: Trace) -> None:
    """With a code that comes again all tokens end that hang on it, refreshed ones too."""
    broken = broken_story(token_stories, Claim.REPLAY_ENDS)
    assert broken is None, str(broken)


@requirement("RFC6749-4.1.3/code-issued-to-authenticated-client", "RFC6749-10.5/code-client-match")
def test_code_is_nothing_to_others_in_every_story(token_stories: Trace) -> None:
    """A code brings no tokens to another client, before and after its redemption."""
    broken = broken_story(token_stories, Claim.CODE_OF_CLIENT)
    assert broken is None, str(broken)


@requirement("RFC6749-4.1.3/code-issued-to-public-client-id")
def test_code_of_a_public_client_is_nothing_to_others(public_token_stories: Trace) -> None:
    """Nor does that of a public client."""
    broken = broken_story(public_token_stories, Claim.CODE_OF_CLIENT)
    assert broken is None, str(broken)
