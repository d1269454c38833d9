"""RFC 7523 section 5, RFC 8725 and others: assertions of clients that registered their keys."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    flaw_not_refused,
    refused,
    refused_as,
    requirement,
)


@requirement("RFC7523-5/rs256-implemented")
def test_rs256_is_implemented(registered_rs256: Trace) -> None:
    """A client that signs with RS256 is served."""
    exchange = registered_rs256["tokens"]
    assert not refused_as(exchange, "invalid_client"), "it is refused: invalid_client"


@requirement("RFC8725-3.1/algorithm-allowlist")
def test_only_the_registered_algorithm_is_taken(registered_signers: Trace) -> None:
    """A client that registered RS256 is not believed under PS256 or HS256."""
    wrong = flaw_not_refused(registered_signers, "ps256", "hs256")
    assert not wrong, f"another algorithm is taken: {wrong}"


@requirement("RFC8725-3.1/alg-header-matches-operation")
def test_padding_is_that_of_the_header(registered_signers: Trace) -> None:
    """A signature by PS256 is none by RS256."""
    assert refused(registered_signers["named-rs256"]), "the alg of the header is not looked at"


@requirement("OIDCR-2/auth-alg-enforced", "RFC8725-3.1/algorithm-allowlist")
def test_key_of_another_algorithm_signs_nothing(registered_keys: Trace) -> None:
    """A client that registered ES256 is not believed under RS256, whatever keys it has."""
    assert refused(registered_keys["rs256"]), "another algorithm than the registered one is taken"


@requirement("RFC8725-3.8/keys-belong-to-issuer")
def test_key_of_another_client_signs_nothing(registered_keys: Trace) -> None:
    """What one client's key signs says nothing about another client."""
    assert refused(registered_keys["borrowed"]), "the key of another client is taken"


@requirement("RFC7517-5/unknown-keys-tolerated")
def test_unknown_key_does_no_harm(registered_strange_key: Trace) -> None:
    """A key of an unknown type before the good one is passed over."""
    exchange = registered_strange_key["tokens"]
    assert not refused_as(exchange, "invalid_client"), "the good key is not found"


@requirement("RFC7518-3.3/short-client-rsa-key")
def test_short_rsa_key_is_refused(registered_short_key: Trace) -> None:
    """An RSA key of 1024 bits cannot be registered, or signs nothing."""
    offered = registered_short_key["register"]
    if offered.answered.is_success:
        assert refused(registered_short_key["tokens"]), "a key of 1024 bits is taken"
        return
    if offered.answered.error is None:
        raise EvidenceError(f"the refusal has no OAuth error: {offered}")


@requirement("OIDCC-9/default-client-secret-basic")
def test_basic_is_the_default_method(registered_by_default_method: Trace) -> None:
    """A client that registered no method can use HTTP Basic."""
    exchange = registered_by_default_method["tokens"]
    assert not refused_as(exchange, "invalid_client"), "it is refused: invalid_client"
