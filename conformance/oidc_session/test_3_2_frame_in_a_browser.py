"""Session Management section 3.2: what the framed page answers, asked in a browser."""

from idprobe.checks import (
    NO_ANSWER,
    EvidenceError,
    Trace,
    Unsuited,
    requirement,
)


def _answer(trace: Trace, step: str) -> str:
    return trace[step].request.parameter("answer") or ""


def _known(trace: Trace) -> None:
    """Raise Unsuited where the browser keeps the page's cookie from a frame of another site.

    Over plain http a server may leave out SameSite=None, which needs Secure.
    """
    plain = any(one.request.origin.startswith("http:") for one in trace.steps("client"))
    told = [v for one in trace.steps("login") for v in one.answered.all_headers("set-cookie")]
    shown = any("samesite=none" in value.lower().replace(" ", "") for value in told)
    if plain and not shown and _answer(trace, "right") == "changed":
        raise Unsuited("over plain http the browser keeps cookies from frames of other sites")


def _control(trace: Trace) -> None:
    _known(trace)
    if _answer(trace, "right") != "unchanged":
        raise EvidenceError("the page does not know the session that there is")


@requirement("OIDCSM-3.2/match-is-unchanged")
def test_frame_knows_the_session(session_frame_asked: Trace) -> None:
    """The right session_state is answered with unchanged, however often it is asked."""
    _known(session_frame_asked)
    for step in ("right", "again"):
        answer = _answer(session_frame_asked, step)
        assert answer == "unchanged", f"the answer is {answer}"


@requirement("OIDCSM-3.2/mismatch-is-changed")
def test_frame_tells_a_mismatch(session_frame_asked: Trace) -> None:
    """Another session_state is answered with changed."""
    _control(session_frame_asked)
    answer = _answer(session_frame_asked, "wrong")
    assert answer == "changed", f"the answer is {answer}"


@requirement("OIDCSM-3.2/malformed-message-is-error")
def test_frame_tells_a_malformed_message(session_frame_asked: Trace) -> None:
    """A message without a space is answered with error."""
    _control(session_frame_asked)
    answer = _answer(session_frame_asked, "malformed")
    assert answer == "error", f"the answer is {answer}"


@requirement("OIDCSM-3.2/op-iframe-recalculates")
def test_frame_learns_of_the_logout(session_frame_asked: Trace) -> None:
    """After the logout the old session_state is answered with changed."""
    _control(session_frame_asked)
    answer = _answer(session_frame_asked, "after")
    assert answer == "changed", f"the answer is {answer}"


@requirement("OIDCSM-3.2/op-iframe-checks-origin", "OIDCSM-3.2/op-iframe-rejects-other-origins")
def test_frame_tells_strangers_nothing(session_frame_asked: Trace) -> None:
    """A page of another site, and one without origin, do not learn that the state is right."""
    _control(session_frame_asked)
    for step in ("foreign", "sandboxed"):
        answer = _answer(session_frame_asked, step)
        assert answer in {NO_ANSWER, "error", "changed"}, f"{step} is answered {answer}"
