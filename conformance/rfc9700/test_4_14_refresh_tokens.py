"""RFC 9700 sections 2.2.2 and 4.14: refresh tokens of clients that cannot authenticate."""

from idprobe.checks import (
    Trace,
    refused,
    requirement,
    tokens_of,
)


@requirement("RFC9700-2.2.2/public-refresh-token-protected")
def test_public_refresh_tokens_are_rotated(public_refresh_replayed: Trace) -> None:
    """A refresh brings a new refresh token and ends the old one."""
    first = tokens_of(public_refresh_replayed, "tokens")["refresh_token"]
    second = tokens_of(public_refresh_replayed, "refresh").get("refresh_token")
    assert second not in (None, first), "the refresh brings no new refresh token"
    assert refused(public_refresh_replayed["replay"]), "the old token still brings tokens"


@requirement("RFC9700-2.2.2/public-refresh-token-protected")
def test_the_leeway_for_refresh_tokens_ends(public_refresh_replayed_late: Trace) -> None:
    """A refresh token that may be used twice for a while is dead after that."""
    assert refused(public_refresh_replayed_late["replay"]), "the old token brings tokens for longer"


@requirement("RFC9700-4.14.2/replay-detection-for-public-clients")
def test_replay_ends_the_whole_family(public_refresh_replayed: Trace) -> None:
    """After a replay neither token of the family works: one of them was stolen."""
    assert refused(public_refresh_replayed["replay"]), "the replayed token brings tokens"
    assert refused(public_refresh_replayed["successor"]), "its successor still brings tokens"


@requirement("RFC9700-4.14.2/replay-detection-for-public-clients")
def test_replay_of_an_old_token_ends_the_family(refresh_replayed_after_three: Trace) -> None:
    """The first token of a family, sent again after three refreshes, ends the newest one."""
    assert refused(refresh_replayed_after_three["replay"]), "the replayed token brings tokens"
    assert refused(refresh_replayed_after_three["newest"]), "the newest token still brings tokens"
