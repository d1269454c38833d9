"""RFC 6749 section 10.12: nobody's browser gives a consent that nobody gave."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    gives_tokens,
    requirement,
)

FORGED = ("attacker-values", "bare", "altered-values")


@requirement("RFC6749-10.12/authorization-endpoint-csrf")
def test_consent_of_another_site_is_not_taken(consent_forged: Trace) -> None:
    """A consent form that another site's page submits brings no code."""
    for step in FORGED:
        exchange = consent_forged[step]
        assert not gives_tokens(exchange), f"a code left for a form with {step.replace('-', ' ')}"
        if exchange.answered.status >= 500:
            raise EvidenceError(f"the server fails at the forged form: {exchange}")
