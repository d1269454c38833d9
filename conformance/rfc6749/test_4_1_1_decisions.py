"""RFC 6749 section 4.1.1: what somebody agreed to is what a client gets."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    authorization_response,
    gives_tokens,
    requirement,
    sent_value,
)


@requirement("RFC6749-4.1.1/decision-obtained")
def test_consent_is_for_the_page_that_it_was_given_on(requests_interleaved: Trace) -> None:
    """Where two requests are open, an approval answers the one whose page it was given on."""
    exchange = requests_interleaved["approved"]
    if not gives_tokens(requests_interleaved["control"]):
        raise EvidenceError("agreeing brings no code, with one request open either")
    if gives_tokens(exchange):
        state = sent_value(requests_interleaved, "first-page", "state")
        requests_interleaved.decide(exchange)
        assert authorization_response(exchange).get("state") == state, (
            "another request was approved"
        )
