"""RFC 7636 section 7: what the methods are worth."""

from typing import Any

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    gives_tokens,
    refused,
    requirement,
    sent_value,
)


def listed_methods(documents: Trace) -> list[Any]:
    """Return code_challenge_methods_supported of the first metadata document that has it."""
    found = [e.answered.json_object for e in documents if e.answered.is_success]
    member = "code_challenge_methods_supported"
    listed: list[list[Any]] = [one[member] for one in found if isinstance(one.get(member), list)]
    if not listed:
        raise EvidenceError("the metadata does not list challenge methods")
    return listed[0]


@requirement("RFC7636-7.2/s256-support-required", "RFC7636-7.2/secure-method-used")
def test_s256_is_listed(metadata_documents: Trace) -> None:
    """A server that lists challenge methods lists S256."""
    assert "S256" in listed_methods(metadata_documents), "S256 is not listed"


@requirement("RFC7636-7.2/plain-not-used")
def test_plain_is_not_listed(metadata_documents: Trace) -> None:
    """The method plain is not offered."""
    assert "plain" not in listed_methods(metadata_documents), "plain is listed"


@requirement("RFC7636-7.2/plain-not-used")
def test_plain_is_not_accepted(pkce_challenges: Trace) -> None:
    """The method plain is not accepted although it is not listed."""
    if "plain" in pkce_challenges:
        assert refused(pkce_challenges["plain"]), "plain is accepted"


@requirement("RFC7636-7.2/plain-not-used")
def test_plain_is_not_meant_by_silence(
    metadata_documents: Trace, pkce_method_absent: Trace
) -> None:
    """A challenge without a method, which is plain, is not accepted where plain is not listed."""
    if "plain" in listed_methods(metadata_documents):
        raise Unsuited("the server lists plain")
    if "redeem-as-plain" in pkce_method_absent:
        works = gives_tokens(pkce_method_absent["redeem-as-plain"])
        assert not works, "a plain challenge is accepted"


@requirement("RFC7636-7.2/plain-challenge-inside-code-encrypted")
def test_code_does_not_show_a_plain_challenge(pkce_plain: Trace) -> None:
    """A plain challenge cannot be read out of the code."""
    for exchange in pkce_plain:
        pkce_plain.decide(exchange)
        if exchange.landing is not None:
            challenge = sent_value(pkce_plain, exchange.step, "code_challenge")
            facts = pkce_plain.fact(exchange.landing.get("code"))
            assert challenge not in str(facts.get("jwt")), "the code holds the challenge"
