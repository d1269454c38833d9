"""RFC 6749 section 10.5 and RFC 9700 section 4.14: what is used once is so at one moment too."""

from idprobe.checks import (
    EvidenceError,
    Race,
    Trace,
    races_of,
    refused,
    require_small_window,
    requirement,
    revocations,
)


def unwon(trace: Trace) -> None:
    """Assert that no code brought tokens twice; raise EvidenceError if races could not tell."""
    for race in races_of(trace):
        second = next(iter(race.served[1:]), None)
        assert second is None, f"{race.told()} brought tokens: {race.step}"
    require_small_window(trace)


def one_heir(trace: Trace) -> None:
    """Assert that no refresh token left two that work; raise EvidenceError if none can tell."""
    was_won = False
    for race in races_of(trace):
        successors = trace.steps(race.step.replace("race", "successor"))
        alive = [one for one in successors if not refused(one)]
        second = next(iter(alive[1:]), None)
        assert second is None, f"{race.told()} were served, {len(alive)} successors work"
        if len(race.served) > 1:
            trace.remark(_replayed(race, len(successors)))
            was_won = True
    if not was_won:
        require_small_window(trace)


def _replayed(race: Race, successors: int) -> str:
    """Return how a race was served twice without harm; raises EvidenceError for a grace period."""
    if successors < 2:
        raise EvidenceError(
            f"{race.told()} were served, with the same successor or none: a grace period, which "
            f"the contract does not declare (refresh_reuse_leeway_s)"
        )
    return f"{race.told()} were served, but no two of {successors} successors work"


@requirement("RFC6749-10.5/code-single-use-under-concurrency")
def test_code_works_once_at_one_moment(code_released: Trace) -> None:
    """Of redemptions whose last octets arrive together at most one brings tokens."""
    unwon(code_released)


@requirement("RFC6749-10.5/code-single-use-under-concurrency")
def test_code_works_once_at_all_replicas(code_released_at_replicas: Trace) -> None:
    """Nor do more, if they arrive at several replicas of the server."""
    unwon(code_released_at_replicas)


@requirement("RFC9700-4.14.2/replay-detection-for-public-clients")
def test_refresh_token_has_one_heir_after_a_race(refresh_released: Trace) -> None:
    """Of refreshes that arrive together no two leave tokens that go on working."""
    one_heir(refresh_released)


@requirement("RFC9700-4.14.2/replay-detection-for-public-clients")
def test_refresh_token_has_one_heir_at_all_replicas(refresh_released_at_replicas: Trace) -> None:
    """Nor do they, if they arrive at several replicas of the server."""
    one_heir(refresh_released_at_replicas)


@requirement("RFC7009-2.1/immediate")
def test_nothing_outlives_a_revocation_in_a_race(revocation_released: Trace) -> None:
    """What is revoked while it is traded is dead, and so is its successor."""
    if not refused(revocation_released["revoked-first"]):
        raise EvidenceError("a refresh token works after its revocation, whatever the moment")
    for race in races_of(revocation_released):
        left = revocation_released[race.step.replace("race", "after")]
        assert not revocations(race) or refused(left), f"a token outlives {race.step}"
    require_small_window(revocation_released, revocations)
