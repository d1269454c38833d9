"""RFC 7636 section 4.6: codes with a challenge, in stories."""

from idprobe.checks import (
    Claim,
    Trace,
    broken_story,
    requirement,
)


@requirement("RFC7636-4.6/mismatch-invalid-grant")
def test_verifier_is_compared_in_every_story(token_stories: Trace) -> None:
    """A code with a challenge brings no tokens without its verifier, whatever was tried before."""
    broken = broken_story(token_stories, Claim.CODE_PROVEN)
    assert broken is None, str(broken)
