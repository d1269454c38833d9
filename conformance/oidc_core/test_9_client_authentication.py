"""OpenID Connect Core 1.0 section 9: assertions that authenticate a client."""

from idprobe.checks import (
    Trace,
    flaw_not_refused,
    refused,
    requirement,
)


@requirement("OIDCC-9/client-secret-jwt-key")
def test_mac_is_made_with_the_client_secret(secret_assertions: Trace) -> None:
    """The octets of the secret seal an assertion, those of another do not."""
    assert not refused(secret_assertions["good"]), "an assertion under the secret is refused"
    assert refused(secret_assertions["other-secret"]), "another secret seals it too"


@requirement("OIDCC-9/private-key-jwt-signature")
def test_only_registered_keys_sign(assertion_signatures: Trace) -> None:
    """A key that the client did not register signs nothing, under whatever name."""
    wrong = flaw_not_refused(assertion_signatures, "other-key", "embedded-key")
    assert not wrong, f"the assertion is taken: {wrong}"


@requirement("OIDCC-9/assertion-aud-token-endpoint")
def test_token_endpoint_is_an_audience(assertion_allowances: Trace) -> None:
    """An assertion for the token endpoint is taken."""
    exchange = assertion_allowances["aud-token-endpoint"]
    assert not refused(exchange), "the token endpoint as audience is refused"


@requirement("OIDCC-9/assertion-jti-required")
def test_assertion_has_an_identifier(assertion_allowances: Trace) -> None:
    """An assertion without jti is refused: it could be used for ever."""
    assert refused(assertion_allowances["jti-missing"]), "an assertion without jti is taken"


@requirement("OIDCC-9/assertion-jti-required")
def test_identifier_of_an_assertion_is_not_empty(assertion_allowances: Trace) -> None:
    """A jti without a letter identifies nothing."""
    assert refused(assertion_allowances["jti-empty"]), "an assertion with an empty jti is taken"


@requirement("OIDCC-9/assertion-single-use")
def test_assertion_works_once(assertion_allowances: Trace) -> None:
    """An assertion that was used before is refused."""
    assert not refused(assertion_allowances["first"]), "it did not even work once"
    assert refused(assertion_allowances["replay"]), "the same assertion works twice"


@requirement("OIDCC-9/assertion-unknown-claims-ignored", "RFC7519-4/unknown-claims-ignored")
def test_unknown_claims_do_no_harm(assertion_allowances: Trace) -> None:
    """Claims that nobody knows are ignored."""
    assert not refused(assertion_allowances["unknown-claims"]), "an unknown claim is refused"


@requirement("OIDCC-9/none-method-for-public-clients")
def test_client_id_is_enough_for_public_clients_only(
    public_client_unnamed: Trace, confidential_client_unproven: Trace
) -> None:
    """A public client redeems its code by its name, a confidential one does not."""
    assert not refused(public_client_unnamed["redeem"]), "the public client is refused"
    exchange = confidential_client_unproven["client_id_alone"]
    assert refused(exchange), "a confidential client's name is taken as proof"
