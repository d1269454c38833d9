"""RFC 6749 section 10.5 and RFC 9700 section 4.14: what is used once is so at one moment too."""

from idprobe.checks import EvidenceError, Trace, refused, requirement


def grants(trace: Trace) -> int:
    """Return how many of the requests of a race brought tokens.

    Raises EvidenceError if none was answered, or one with neither tokens nor a refusal.
    """
    answered = [one for one in trace.steps("race") if one.response is not None]
    if len(answered) < 2:
        raise EvidenceError("fewer than two requests of the race were answered")
    return sum(not refused(exchange) for exchange in answered)


def heirs(trace: Trace) -> int:
    """Return how many of the refresh tokens that a race brought still work."""
    if not grants(trace):
        raise EvidenceError("no request of the race was served")
    return sum(not refused(exchange) for exchange in trace.steps("successor"))


@requirement("RFC6749-10.5/code-single-use-under-concurrency")
def test_code_works_once_at_one_moment(code_released: Trace) -> None:
    """Of redemptions whose last octets arrive together at most one brings tokens."""
    granted = grants(code_released)
    assert granted <= 1, f"{granted} redemptions of one moment brought tokens"


@requirement("RFC6749-10.5/code-single-use-under-concurrency")
def test_code_works_once_at_all_replicas(code_released_at_replicas: Trace) -> None:
    """Nor do more, if they arrive at several replicas of the server."""
    granted = grants(code_released_at_replicas)
    assert granted <= 1, f"{granted} redemptions of one moment brought tokens"


@requirement("RFC9700-4.14.2/replay-detection-for-public-clients")
def test_refresh_token_has_one_heir_after_a_race(refresh_released: Trace) -> None:
    """Of refreshes that arrive together no two leave tokens that go on working."""
    alive = heirs(refresh_released)
    assert alive <= 1, f"{alive} successors of one refresh token work"


@requirement("RFC9700-4.14.2/replay-detection-for-public-clients")
def test_refresh_token_has_one_heir_at_all_replicas(refresh_released_at_replicas: Trace) -> None:
    """Nor do they, if they arrive at several replicas of the server."""
    alive = heirs(refresh_released_at_replicas)
    assert alive <= 1, f"{alive} successors of one refresh token work"
