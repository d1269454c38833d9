"""Session Management sections 2 and 3: session_state, and the page that clients frame.

What the page answers to messages takes a browser; what it never reads and never says, it cannot
check or answer, and that is judged.
"""

import re

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    authorization_response,
    frame_ancestors,
    is_login_page,
    metadata,
    page_of,
    requirement,
)

MEMBER = "check_session_iframe"
STATE = "session_state"
REMEMBERS = re.compile(r"\b(cookie|localStorage|sessionStorage|fetch|XMLHttpRequest)\b")
ORIGIN = re.compile(r"\borigin\b")


def _state(trace: Trace, step: str) -> str:
    """Return the session_state of a response; raises EvidenceError without one."""
    value = authorization_response(trace[step]).get(STATE)
    if not value:
        raise EvidenceError(f"the response of {step} has no {STATE}")
    return value


@requirement("OIDCSM-2/session-state-in-response")
def test_responses_have_session_state(session_states: Trace) -> None:
    """Every authentication response has session_state."""
    for step in ("first", "same", "other", "later"):
        assert authorization_response(session_states[step]).get(STATE), f"{step} has none"


@requirement("OIDCSM-2/session-state-no-space")
def test_session_state_has_no_space(session_states: Trace) -> None:
    """session_state has no space."""
    for step in ("first", "same", "other", "later"):
        assert " " not in _state(session_states, step), f"that of {step} has a space"


@requirement("OIDCSM-2/session-state-per-client-and-origin")
def test_clients_have_each_their_session_state(session_states: Trace) -> None:
    """Two clients get two values."""
    same, other = _state(session_states, "same"), _state(session_states, "other")
    assert same != other, "two clients get one session_state"


@requirement("OIDCSM-3.2/session-state-changes-on-events")
def test_session_state_changes_with_the_session(session_states: Trace) -> None:
    """After a logout and a login session_state is another."""
    first, later = _state(session_states, "first"), _state(session_states, "later")
    assert first != later, "the session_state of the old session came again"


@requirement("OIDCSM-2/session-state-in-error")
def test_errors_have_session_state(session_states_of_errors: Trace) -> None:
    """An error response has session_state, too."""
    landing = authorization_response(session_states_of_errors["one"])
    if landing.error is None:
        raise EvidenceError("prompt=none without a session led to no error")
    assert landing.get(STATE), "the error has no session_state"


@requirement("OIDCSM-3.2/error-session-state-salted")
def test_session_state_of_errors_varies(session_states_of_errors: Trace) -> None:
    """Two errors in one browser have two values."""
    if not authorization_response(session_states_of_errors["one"]).get(STATE):
        raise Unsuited("errors have no session_state here")
    one, two = (_state(session_states_of_errors, step) for step in ("one", "two"))
    assert one != two, "two errors have one session_state"


def _readable(trace: Trace, *steps: str) -> dict[str, str]:
    """Return the cookies that scripts can read, as they are after some steps, by name."""
    found: dict[str, str] = {}
    for step in steps:
        for exchange in trace.steps(step):
            for header in exchange.answered.all_headers("set-cookie"):
                pair, *attributes = (part.strip() for part in header.split(";"))
                if "httponly" not in {one.lower() for one in attributes}:
                    name, _, value = pair.partition("=")
                    found[name] = value
    return found


def _first(trace: Trace) -> dict[str, str]:
    found = _readable(trace, "first")
    if not found:
        raise Unsuited("the server sets no cookie that its page could read")
    return found


@requirement("OIDCSM-3.2/agent-state-updated-on-events")
def test_readable_state_changes_with_the_session(session_states: Trace) -> None:
    """A logout and another login change a cookie that the page can read."""
    before = _first(session_states)
    after = _readable(session_states, "logout", "later")
    changed = [name for name, value in before.items() if after.get(name, value) != value]
    assert changed, "no readable cookie changed"


@requirement("OIDCSM-3.2/agent-state-not-updated-idly")
def test_readable_state_stays(session_states: Trace) -> None:
    """A further response in the same session changes no cookie that the page can read."""
    before, after = _first(session_states), _readable(session_states, "same")
    if any(is_login_page(exchange) for exchange in session_states.steps("same")):
        raise EvidenceError("the user had to log in again")
    changed = [name for name, value in before.items() if after.get(name, value) != value]
    assert not changed, f"{', '.join(changed)} changed"


def _scripts(trace: Trace) -> str:
    """Return all that the page runs: its own scripts, and those that it loads from its server."""
    page = page_of(trace["frame"].answered)
    if page is None:
        raise EvidenceError("check_session_iframe is no HTML page")
    own = [one.text() for one in page.css("script") if not one.attributes.get("src")]
    loaded = [one.answered.text for one in trace.steps("script") if one.answered.is_success]
    elsewhere = len(page.css("script[src]")) - len(loaded)
    text = "\n".join([*own, *loaded])
    if elsewhere > 0 or not text.strip():
        raise EvidenceError("not all scripts of the page could be read")
    return text


@requirement("OIDCSM-3.2/op-iframe-checks-origin", "OIDCSM-3.2/op-iframe-rejects-other-origins")
def test_page_reads_the_origin(check_session_frame: Trace) -> None:
    """The page looks at the origin of messages."""
    assert ORIGIN.search(_scripts(check_session_frame)), "no script reads origin"


@requirement("OIDCSM-3.2/op-iframe-recalculates")
def test_page_looks_at_the_browser(check_session_frame: Trace) -> None:
    """The page reads a state of the browser, or asks its server."""
    assert REMEMBERS.search(_scripts(check_session_frame)), "no script looks at any state"


def _says(trace: Trace, word: str) -> bool:
    return re.search(rf"['\"`]{word}['\"`]", _scripts(trace)) is not None


@requirement("OIDCSM-3.2/match-is-unchanged")
def test_page_can_say_unchanged(check_session_frame: Trace) -> None:
    """The page can answer unchanged."""
    assert _says(check_session_frame, "unchanged"), "no script says unchanged"


@requirement("OIDCSM-3.2/mismatch-is-changed")
def test_page_can_say_changed(check_session_frame: Trace) -> None:
    """The page can answer changed."""
    assert _says(check_session_frame, "changed"), "no script says changed"


@requirement("OIDCSM-3.2/malformed-message-is-error")
def test_page_can_say_error(check_session_frame: Trace) -> None:
    """The page can answer error."""
    assert _says(check_session_frame, "error"), "no script says error"


@requirement("OIDCSM-3.3/check-session-iframe-advertised")
def test_page_is_advertised(metadata_documents: Trace, check_session_frame: Trace) -> None:
    """check_session_iframe is an absolute URL that answers with an HTML page."""
    url = str(metadata(metadata_documents).get(MEMBER))
    assert url.startswith(("https://", "http://")), f"{MEMBER} is no absolute URL"
    response = check_session_frame["frame"].answered
    assert response.status == 200, f"it answers {response.status}"
    assert page_of(response) is not None, "it answers with no HTML page"
    options = {value.strip().upper() for value in response.all_headers("x-frame-options")}
    assert not options & {"DENY", "SAMEORIGIN"}, "X-Frame-Options keeps it from every client"
    ancestors = frame_ancestors(response)
    assert ancestors not in {"'none'", "'self'"}, "frame-ancestors keeps it from every client"


@requirement("OIDCSM-3.3/check-session-iframe-https")
def test_page_is_https(metadata_documents: Trace) -> None:
    """check_session_iframe is an https URL."""
    url = str(metadata(metadata_documents).get(MEMBER))
    assert url.startswith("https://"), f"{MEMBER} is not https"
