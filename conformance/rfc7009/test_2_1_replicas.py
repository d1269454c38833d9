"""What one replica of a server ended is over at the others (RFC 7009 section 2.1, and others)."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    refused,
    requirement,
)


def alive_after(trace: Trace) -> dict[str, bool]:
    """Return whether each replica still took the token when it was asked last.

    Raises Unsuited if the token was not revoked, EvidenceError if it never worked at a replica.
    """
    revocation = trace["revoke"].answered
    if revocation.error == "unsupported_token_type":
        raise Unsuited("the server does not revoke this type of token")
    if not revocation.is_success:
        raise EvidenceError(f"the revocation is answered with {revocation.status}")
    if not all(exchange.answered.is_success for exchange in trace.steps("before")):
        raise EvidenceError("a replica does not know the token in the first place")
    last = {exchange.step: exchange for exchange in trace.steps("after")}
    return {step.removeprefix("after/"): not refused(one) for step, one in last.items()}


def still_taken(trace: Trace) -> list[str]:
    """Return at which replicas a replay brought tokens."""
    replays = trace.steps("replay")
    return [one.step.removeprefix("replay/") for one in replays if not refused(one)]


@requirement("RFC7009-2.1/immediate")
def test_revocation_reaches_every_replica(revoked_at_replicas: Trace) -> None:
    """A token that was revoked at one replica is dead at the others within five seconds."""
    alive = [name for name, is_alive in alive_after(revoked_at_replicas).items() if is_alive]
    assert not alive, f"the access token still works at: {', '.join(alive)}"


@requirement("RFC6749-4.1.2/code-single-use")
def test_code_is_used_at_one_replica_alone(code_at_replicas: Trace) -> None:
    """A code that was redeemed at one replica is refused at the others."""
    taken = still_taken(code_at_replicas)
    assert not taken, f"the code is redeemed again at: {', '.join(taken)}"


@requirement("RFC9700-2.2.2/public-refresh-token-protected")
def test_refresh_token_is_traded_at_one_replica_alone(refresh_at_replicas: Trace) -> None:
    """A refresh token that was traded at one replica is refused at the others."""
    taken = still_taken(refresh_at_replicas)
    assert not taken, f"the refresh token is traded again at: {', '.join(taken)}"
