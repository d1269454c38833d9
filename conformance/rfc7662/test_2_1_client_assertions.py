"""RFC 7662 section 2.1: who may introspect, where clients authenticate by assertions."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    flaw_not_refused,
    requirement,
)


@requirement("RFC7662-2.1/authorization-required")
def test_bad_assertion_introspects_nothing(assertions_elsewhere: Trace) -> None:
    """An assertion by another key, an expired one and none are refused."""
    if "introspection-good" not in assertions_elsewhere:
        raise Unsuited("the server has no introspection endpoint")
    if not assertions_elsewhere["introspection-good"].answered.is_success:
        raise EvidenceError("a good assertion is refused there too")

    steps = ("introspection-other-key", "introspection-expired", "introspection-nothing")
    wrong = flaw_not_refused(assertions_elsewhere, *steps)

    assert not wrong, f"the request is taken: {wrong}"
