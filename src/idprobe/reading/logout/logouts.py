"""What a logout led to, read for checks (OpenID Connect RP-Initiated Logout 1.0)."""

from typing import Final

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Landing
from idprobe.model.trace import Trace
from idprobe.reading.authorization.pages import is_user_page

__all__ = [
    "asks_the_user",
    "has_session",
    "landing_after",
    "needs_session",
    "returned_to_client",
    "steps_returned_to_client",
]

NOBODY: Final = frozenset({"login_required", "interaction_required", "account_selection_required"})


def has_session(trace: Trace, step: str) -> bool:
    """Return whether prompt=none found a session; raises EvidenceError if its answer is neither."""
    landing = trace[step].landing
    if landing is not None and (landing.get("code") or landing.error == "consent_required"):
        return True
    if landing is not None and landing.error in NOBODY:
        return False
    raise EvidenceError(f"prompt=none does not tell whether somebody is logged in: {trace[step]}")


def needs_session(trace: Trace, step: str) -> None:
    """Raise EvidenceError unless prompt=none found the session that is to be ended."""
    if not has_session(trace, step):
        raise EvidenceError(f"no session can be seen before the logout: {trace[step]}")


def asks_the_user(trace: Trace, step: str) -> bool:
    """Return whether the person was shown a page with something to decide on the way."""
    exchanges = trace.steps(step)
    if not exchanges:
        raise EvidenceError(f"the trace of {trace.probe} has no step {step!r}")
    return any(is_user_page(exchange) for exchange in exchanges)


def returned_to_client(trace: Trace, step: str) -> bool:
    """Return whether the browser was sent to the client's post_logout_redirect_uri."""
    return trace[step].landing is not None


def landing_after(trace: Trace, step: str) -> Landing:
    """Return what reached the client after a logout that had to lead there."""
    landing = trace[step].landing
    if landing is None:
        raise EvidenceError(f"the control did not come back to the client: {trace[step]}")
    return landing


def steps_returned_to_client(trace: Trace, steps: tuple[str, ...]) -> list[str]:
    """Return the experiments that led to a client, at once or once the person said yes."""
    tried = [name for step in steps for name in (step, f"{step}-confirmed") if name in trace]
    found = [name for name in tried if returned_to_client(trace, name)]
    trace.decide_by(found)
    return found
