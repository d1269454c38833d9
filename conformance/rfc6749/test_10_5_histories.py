"""RFC 6749 section 10.5: a code works once, whoever else is asking at the time."""

from idprobe.checks import (
    Claim,
    Trace,
    broken_history,
    requirement,
)


@requirement("RFC6749-10.5/code-single-use-under-concurrency")
def test_code_works_once_while_others_ask(history: Trace) -> None:
    """Some order of the calls explains why each code brought tokens once at most."""
    broken = broken_history(history, Claim.CODE_ONCE)
    assert broken is None, str(broken)


@requirement("RFC6749-10.5/code-single-use-under-concurrency")
def test_code_works_once_while_replicas_are_asked(history_at_replicas: Trace) -> None:
    """So it does where each client asks another replica."""
    broken = broken_history(history_at_replicas, Claim.CODE_ONCE)
    assert broken is None, str(broken)
