"""RFC 7523 sections 2.2 and 3: JWTs that authenticate a client."""

from idprobe.checks import (
    NOT_PROVEN,
    EvidenceError,
    Trace,
    Unsuited,
    error_code,
    flaw_in_refusals,
    flaw_not_refused,
    gives_tokens,
    refused,
    requirement,
)


@requirement("RFC7523-2.2/single-jwt-client-assertion")
def test_client_assertion_is_one_jwt(assertion_forms: Trace) -> None:
    """Two JWTs, in one parameter or in two, are refused."""
    flaws = flaw_in_refusals(assertion_forms, "two", "twice", codes=NOT_PROVEN)
    assert not flaws, flaws


@requirement("RFC7523-2.2/client-assertion-type-value")
def test_type_of_saml_is_no_type_of_a_jwt(assertion_parameters: Trace) -> None:
    """A JWT under the type of SAML assertions is refused."""
    assert refused(assertion_parameters["type-of-saml"]), "a JWT is taken for a SAML assertion"


@requirement("RFC7523-3/sub-is-client-id", "RFC8725-3.8/subject-validated")
def test_subject_is_the_client_that_signed(assertion_of_another_client: Trace) -> None:
    """Nobody's assertion speaks for another client."""
    wrong = flaw_not_refused(assertion_of_another_client, "sub", "iss", "both")
    assert not wrong, f"the assertion of another client is taken: {wrong}"


@requirement("RFC7523-3/aud-required", "OIDCC-9/assertion-aud-verified")
def test_audience_is_verified(assertion_claims: Trace) -> None:
    """An assertion without aud, or for another server, proves nothing."""
    steps = ("aud-missing", "aud-foreign", "aud-prefix", "aud-number", "aud-empty")
    wrong = flaw_not_refused(assertion_claims, *steps, "aud-of-host", "aud-of-forwarded-host")
    assert not wrong, f"the assertion is taken: {wrong}"


@requirement("RFC7523-3/token-endpoint-as-aud")
def test_token_endpoint_as_audience_is_taken_or_invalid_client(
    assertion_allowances: Trace,
) -> None:
    """The token endpoint is a possible audience; a server that wants another says so rightly."""
    exchange = assertion_allowances["aud-token-endpoint"]
    fine = gives_tokens(exchange) or not flaw_in_refusals(
        assertion_allowances, "aud-token-endpoint"
    )
    assert fine, f"it is refused as {error_code(exchange)}"


@requirement("RFC7523-3/nbf-respected", "RFC7519-4.1.5/not-before-respected")
def test_assertion_is_not_taken_before_its_time(assertion_claims: Trace) -> None:
    """An assertion whose nbf is an hour ahead proves nothing yet."""
    assert refused(assertion_claims["nbf-ahead"]), "an assertion is taken before its nbf"


@requirement("RFC7523-3/unreasonable-times-rejected")
def test_unreasonable_times_are_taken_or_invalid_client(assertion_allowances: Trace) -> None:
    """An exp in ten years and an iat of last year are taken, or refused as invalid_client."""
    for step in ("exp-far", "iat-old"):
        exchange = assertion_allowances[step]
        fine = gives_tokens(exchange) or not flaw_in_refusals(assertion_allowances, step)
        assert fine, f"{step} is refused as {error_code(exchange)}"


@requirement("RFC7523-3/jti-replay-rejected")
def test_replayed_assertion_is_taken_or_invalid_client(assertion_allowances: Trace) -> None:
    """An assertion that comes twice is taken, or refused as invalid_client."""
    exchange = assertion_allowances["replay"]
    fine = gives_tokens(exchange) or not flaw_in_refusals(assertion_allowances, "replay")
    assert fine, f"it is refused as {error_code(exchange)}"


@requirement("RFC7523-3/signature-required", "RFC7518-3.6/unsecured-not-accepted-by-default")
def test_unsigned_assertion_is_refused(assertion_signatures: Trace) -> None:
    """An assertion without a signature proves nothing."""
    steps = ("none-in-capitals", "none-as-name", "none-with-signature", "alg-empty")
    spelled = ("none", "none-in-other-case", "signature-missing")
    wrong = flaw_not_refused(assertion_signatures, *spelled, *steps)
    assert not wrong, f"the assertion is taken: {wrong}"


@requirement("RFC7523-3/signature-required")
def test_unsealed_assertion_is_refused(secret_assertions: Trace) -> None:
    """An assertion without a MAC proves nothing about a client with a secret."""
    assert refused(secret_assertions["none"]), "an assertion without a MAC is taken"


@requirement("RFC7523-3/bad-signature-rejected")
def test_forged_assertion_is_refused(assertion_signatures: Trace) -> None:
    """A key that was never registered signs nothing, wherever it comes from."""
    macs = [
        f"hmac-by-{name}" for name in ("pem", "jwk", "der", "nothing", "zero", "name", "device")
    ]
    steps = ("other-key", "embedded-key", "claims-changed", "signature-cut", *macs)
    wrong = flaw_not_refused(assertion_signatures, *steps)
    assert not wrong, f"the assertion is taken: {wrong}"


@requirement("RFC7523-3/bad-signature-rejected")
def test_certificate_inside_proves_nothing(assertion_signatures: Trace) -> None:
    """A key is not the client's because the assertion brings a certificate of it."""
    if "embedded-certificate" not in assertion_signatures:
        raise Unsuited("the client has no key of a kind that certificates are usual for")
    exchange = assertion_signatures["embedded-certificate"]
    assert refused(exchange), "a certificate inside the assertion is taken"


@requirement("RFC7523-3/bad-signature-rejected")
def test_assertion_under_another_secret_is_refused(secret_assertions: Trace) -> None:
    """A MAC by another secret, or over other claims, proves nothing."""
    wrong = flaw_not_refused(secret_assertions, "other-secret", "claims-changed", "by-a-key")
    assert not wrong, f"the assertion is taken: {wrong}"


@requirement("RFC7523-3/exp-passed-rejected")
def test_expired_assertion_with_a_mac_is_refused(secret_assertions: Trace) -> None:
    """An assertion with a MAC expires as one with a signature does."""
    assert refused(secret_assertions["exp-past"]), "an expired assertion is taken"


@requirement("RFC7523-3/foreign-aud-rejected")
def test_assertion_with_a_mac_for_others_is_refused(secret_assertions: Trace) -> None:
    """An assertion with a MAC for another server proves nothing."""
    assert refused(secret_assertions["aud-foreign"]), "an assertion for another server is taken"


@requirement("RFC7523-3/otherwise-invalid-jwt-rejected")
def test_invalid_jwt_is_refused(
    assertion_claims: Trace, assertion_signatures: Trace, assertion_forms: Trace
) -> None:
    """A text for exp, a critical header that nobody knows, and bad base64url are refused."""
    assert refused(assertion_claims["exp-text"]), "an exp that is text is taken"
    assert refused(assertion_claims["nbf-text"]), "an nbf that is text is taken"
    critical = flaw_not_refused(
        assertion_signatures, "crit-unknown", "crit-b64", "crit-zip", "alg-missing"
    )
    assert not critical, f"an unknown critical header is taken: {critical}"
    wrong = flaw_not_refused(assertion_forms, "not-base64url", "fourth-part", "wrong-last-sub")
    assert not wrong, f"the assertion is taken: {wrong}"


@requirement("RFC7523-3.2/invalid-client")
def test_rejected_assertion_is_invalid_client(
    assertion_claims: Trace, assertion_signatures: Trace
) -> None:
    """A JWT that can be read and does not prove the client is invalid_client."""
    claims = flaw_in_refusals(assertion_claims, "exp-past", "aud-foreign")
    assert not claims, claims
    forged = flaw_in_refusals(assertion_signatures, "other-key", "claims-changed")
    assert not forged, forged


@requirement("RFC6749-3.2.1/confidential-client-must-authenticate")
def test_signing_client_cannot_leave_out_its_assertion(assertion_parameters: Trace) -> None:
    """A client that signs assertions is not believed without one."""
    flaws = flaw_in_refusals(assertion_parameters, "nothing", codes=NOT_PROVEN)
    assert not flaws, flaws


@requirement("RFC6749-2.3.1/credentials-not-in-uri")
def test_assertion_in_the_uri_is_refused(assertion_parameters: Trace) -> None:
    """An assertion in the request URI proves nothing."""
    assert refused(assertion_parameters["in-query"]), "an assertion in the request URI is taken"


@requirement("RFC7523-3/jti-replay-rejected")
def test_assertion_at_two_endpoints_is_taken_or_invalid_client(assertions_elsewhere: Trace) -> None:
    """An assertion that another endpoint has seen is taken, or refused as invalid_client."""
    steps = [e.step for e in assertions_elsewhere if e.step.endswith("-replayed")]
    if not steps:
        raise EvidenceError("no other endpoint takes assertions")
    for step in steps:
        exchange = assertions_elsewhere[step]
        fine = gives_tokens(exchange) or not flaw_in_refusals(assertions_elsewhere, step)
        assert fine, f"{step}: it is refused as {error_code(exchange)}"
