"""RFC 7009 section 2.1: who may revoke, where clients authenticate by assertions."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    flaw_not_refused,
    requirement,
)


@requirement("RFC7009-2.1/client-authenticated")
def test_bad_assertion_revokes_nothing(assertions_elsewhere: Trace) -> None:
    """An assertion by another key, an expired one and none are refused."""
    if "revocation-good" not in assertions_elsewhere:
        raise Unsuited("the server has no revocation endpoint")
    if not assertions_elsewhere["revocation-good"].answered.is_success:
        raise EvidenceError("a good assertion is refused there too")

    steps = ("revocation-other-key", "revocation-expired", "revocation-nothing")
    wrong = flaw_not_refused(assertions_elsewhere, *steps)

    assert not wrong, f"the request is taken: {wrong}"
