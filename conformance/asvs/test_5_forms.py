"""OWASP ASVS section 5.1.2: what a page of the server had in hand is not taken from its form."""

from idprobe.checks import (
    ATTACKER,
    EvidenceError,
    Trace,
    Unsuited,
    gives_tokens,
    refused,
    requirement,
    sent_value,
    steps_leading_to,
    tokens_of,
)


@requirement("ASVS-5.1.2/forms-not-trusted")
def test_form_does_not_say_where_to_go(forms_with_targets: Trace) -> None:
    """No login or consent, given or declined, ends at a URI that came back with its form."""
    wrong = steps_leading_to(forms_with_targets, ATTACKER)
    assert not wrong, f"the browser is sent on by {', '.join(wrong)}"


@requirement("ASVS-5.1.2/forms-not-trusted")
def test_form_adds_nothing_to_the_request(consent_widened: Trace) -> None:
    """A consent form that comes back with more scopes grants those that were asked for."""
    if not gives_tokens(consent_widened["narrow"]):
        raise EvidenceError("agreeing brings no code, with the form as it is either")
    if gives_tokens(consent_widened["widened"]):
        usual, granted = (scope(consent_widened, step) for step in ("narrow", "widened"))
        more = granted - usual
        assert not more, f"it is granted {', '.join(sorted(more))} too"


@requirement("ASVS-5.1.2/forms-not-trusted")
def test_form_does_not_say_who_is_served(consent_widened: Trace) -> None:
    """A consent form that comes back with another client_id serves the client that asked."""
    if "swapped" not in consent_widened:
        raise Unsuited("the profile has one client only")
    tokens_of(consent_widened, "tokens-narrow")
    if gives_tokens(consent_widened["swapped"]):
        exchange = consent_widened["tokens-swapped"]
        assert not refused(exchange), "the client that asked cannot redeem what it got"


def scope(trace: Trace, step: str) -> set[str]:
    """Return what was granted: what the response says, or else what was asked for."""
    told = tokens_of(trace, f"tokens-{step}").get("scope")
    asked = sent_value(trace, f"{step}-page", "scope")
    return set((told if isinstance(told, str) else asked).split())
