"""RFC 6749 section 10.4: the safety of refresh tokens."""

from idprobe.checks import (
    Trace,
    refused,
    requirement,
)


@requirement("RFC6749-10.4/refresh-token-bound-to-client")
def test_rotated_refresh_token_is_still_bound(refresh_stolen: Trace) -> None:
    """A refresh token stays its client's after a rotation."""
    for step in ("stolen", "stolen-rotated"):
        assert refused(refresh_stolen[step]), f"another client got tokens ({step})"


@requirement("RFC6749-10.4/refresh-token-unforgeable", "RFC9700-4.14.2/encoded-grant-integrity")
def test_altered_refresh_token_is_refused(refresh_token_faults: Trace) -> None:
    """A refresh token that was changed in one character is worth nothing."""
    for step in ("altered", "cut"):
        assert refused(refresh_token_faults[step]), f"the {step} token brings tokens"


@requirement("RFC6749-10.4/abuse-detection-for-public-clients")
def test_replay_of_a_public_clients_token_is_refused(public_refresh_replayed: Trace) -> None:
    """A public client's refresh token works once."""
    assert refused(public_refresh_replayed["replay"]), "the replayed token brings tokens"
