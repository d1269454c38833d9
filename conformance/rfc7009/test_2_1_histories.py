"""RFC 7009 section 2.1: what is revoked is dead at once, whoever else is using it at the time."""

from idprobe.checks import (
    Claim,
    Trace,
    broken_history,
    requirement,
)


@requirement("RFC7009-2.1/immediate")
def test_revoked_access_token_is_dead_while_others_use_it(history: Trace) -> None:
    """No use that begins after the answer to a revocation is served."""
    broken = broken_history(history, Claim.REVOKED_ACCESS)
    assert broken is None, str(broken)


@requirement("RFC7009-2/refresh-token-revocation")
def test_revoked_refresh_token_is_dead_while_others_use_it(history: Trace) -> None:
    """Nor does a refresh that begins after it bring tokens."""
    broken = broken_history(history, Claim.REVOKED_REFRESH)
    assert broken is None, str(broken)


@requirement("RFC7009-2.1/propagation-minimised")
def test_revocation_is_known_at_once_at_every_replica(history_at_replicas: Trace) -> None:
    """A replica that learns of a revocation later serves what is dead in the meantime."""
    broken = broken_history(history_at_replicas, Claim.REVOKED_ACCESS)
    assert broken is None, str(broken)
