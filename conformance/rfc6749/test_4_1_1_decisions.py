"""RFC 6749 section 4.1.1: what somebody agreed to is what a client gets."""

from idprobe.checks import EvidenceError, Trace, gives_tokens, refused, requirement
from idprobe.errors import Unsuited
from idprobe.reading.issued import tokens
from idprobe.reading.landings import landed, sent


@requirement("RFC6749-4.1.1/decision-obtained")
def test_consent_is_for_the_page_that_it_was_given_on(requests_interleaved: Trace) -> None:
    """Where two requests are open, an approval answers the one whose page it was given on."""
    exchange = requests_interleaved["approved"]
    if not gives_tokens(requests_interleaved["control"]):
        raise EvidenceError("agreeing brings no code, with one request open either")
    if gives_tokens(exchange):
        state = sent(requests_interleaved, "first-page", "state")
        assert landed(exchange).get("state") == state, "another request was approved"


@requirement("RFC6749-4.1.1/decision-obtained")
def test_form_adds_nothing_to_the_request(consent_widened: Trace) -> None:
    """A consent form that comes back with more scopes grants those that were asked for."""
    if not gives_tokens(consent_widened["narrow"]):
        raise EvidenceError("agreeing brings no code, with the form as it is either")
    if gives_tokens(consent_widened["widened"]):
        usual, granted = (scope(consent_widened, step) for step in ("narrow", "widened"))
        more = granted - usual
        assert not more, f"it is granted {', '.join(sorted(more))} too"


@requirement("RFC6749-4.1.1/decision-obtained")
def test_form_does_not_say_who_is_served(consent_widened: Trace) -> None:
    """A consent form that comes back with another client_id serves the client that asked."""
    if "swapped" not in consent_widened:
        raise Unsuited("the profile has one client only")
    tokens(consent_widened, "tokens-narrow")
    if gives_tokens(consent_widened["swapped"]):
        exchange = consent_widened["tokens-swapped"]
        assert not refused(exchange), "the client that asked cannot redeem what it got"


def scope(trace: Trace, step: str) -> set[str]:
    """Return what was granted: what the response says, or else what was asked for."""
    told = tokens(trace, f"tokens-{step}").get("scope")
    asked = sent(trace, f"{step}-page", "scope")
    return set((told if isinstance(told, str) else asked).split())
