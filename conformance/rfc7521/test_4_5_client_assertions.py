"""RFC 7521 sections 4.2 and 5: which assertions prove a client, and which do not."""

from idprobe.checks import (
    NOT_PROVEN,
    Trace,
    flaw_in_refusals,
    flaw_not_refused,
    metadata,
    refused,
    requirement,
    text_in,
    url_parts,
)


@requirement("RFC7521-4/tls-used")
def test_assertions_travel_over_tls(metadata_documents: Trace) -> None:
    """The token endpoint has the scheme https."""
    scheme = url_parts(text_in(metadata(metadata_documents), "token_endpoint")).scheme
    assert scheme == "https", f"the scheme of token_endpoint is {scheme or 'missing'}"


@requirement("RFC7521-4.2/client-assertion-parameters-required", "OIDCC-9/assertion-parameters")
def test_assertion_and_its_type_go_together(assertion_parameters: Trace) -> None:
    """Half of the pair, or a type that nobody knows, proves nothing."""
    steps = ("type-missing", "assertion-missing", "type-unknown", "type-of-saml")
    flaws = flaw_in_refusals(assertion_parameters, *steps, codes=NOT_PROVEN)
    assert not flaws, flaws


@requirement("RFC7521-4.2/client-id-same-client")
def test_client_id_is_that_of_the_assertion(assertion_of_another_client: Trace) -> None:
    """A client_id that names another client than the assertion is refused."""
    assert refused(assertion_of_another_client["client-id"]), "two clients at once are taken"


@requirement("RFC7521-4.2/client-id-same-client")
def test_client_id_may_stand_beside_the_assertion(assertion_parameters: Trace) -> None:
    """The client's own client_id does no harm."""
    assert not refused(assertion_parameters["own-client-id"]), "the client_id is refused"


@requirement("RFC7521-4.2.1/invalid-client")
def test_invalid_assertion_is_invalid_client(
    assertion_claims: Trace, assertion_signatures: Trace
) -> None:
    """An expired and a badly signed assertion are invalid_client."""
    late = flaw_in_refusals(assertion_claims, "exp-past")
    assert not late, late
    forged = flaw_in_refusals(assertion_signatures, "claims-changed", "signature-altered")
    assert not forged, forged


@requirement("RFC7521-4.2.1/invalid-client")
def test_second_way_of_authentication_is_refused(
    assertion_parameters: Trace, assertion_forms: Trace
) -> None:
    """A secret beside the assertion is refused, and so is garbage in its place."""
    both = flaw_in_refusals(assertion_parameters, "secret-too", "header-too", codes=NOT_PROVEN)
    assert not both, both
    garbage = flaw_in_refusals(assertion_forms, "garbage", codes=NOT_PROVEN)
    assert not garbage, garbage


@requirement("RFC7521-5.1/issuer-string-comparison")
def test_issuer_is_compared_as_a_string(assertion_claims: Trace) -> None:
    """An issuer with a slash added is somebody else."""
    assert refused(assertion_claims["iss-slash"]), "an issuer with a slash added is taken"


@requirement("RFC7521-5.1/audience-string-comparison", "RFC7523-3/aud-string-comparison")
def test_audience_is_compared_as_a_string(assertion_claims: Trace) -> None:
    """An audience with a slash added, or its scheme in capitals, is somebody else."""
    wrong = flaw_not_refused(assertion_claims, "aud-slash", "aud-case")
    assert not wrong, f"the audience is taken: {wrong}"


@requirement(
    "RFC7521-5.2/issuer-present", "RFC7523-3/iss-required", "OIDCC-9/assertion-iss-is-client"
)
def test_assertion_has_its_issuer(assertion_claims: Trace) -> None:
    """An assertion without iss, or of another issuer, proves nothing."""
    wrong = flaw_not_refused(assertion_claims, "iss-missing", "iss-other")
    assert not wrong, f"the assertion is taken: {wrong}"


@requirement(
    "RFC7521-5.2/subject-present", "RFC7523-3/sub-required", "OIDCC-9/assertion-sub-is-client"
)
def test_assertion_has_its_subject(assertion_claims: Trace) -> None:
    """An assertion without sub, or about somebody else, proves nothing."""
    wrong = flaw_not_refused(assertion_claims, "sub-missing", "sub-other")
    assert not wrong, f"the assertion is taken: {wrong}"


@requirement(
    "RFC7521-5.2/foreign-audience-rejected",
    "RFC7523-3/foreign-aud-rejected",
    "RFC7519-4.1.3/foreign-audience-rejected",
)
def test_assertion_for_others_is_refused(assertion_claims: Trace) -> None:
    """An assertion for another server proves nothing."""
    assert refused(assertion_claims["aud-foreign"]), "an assertion for another server is taken"


@requirement(
    "RFC7521-5.2/expired-rejected",
    "RFC7523-3/exp-passed-rejected",
    "RFC7519-4.1.4/expired-rejected",
    "OIDCC-9/expired-assertion-refused",
)
def test_expired_assertion_is_refused(assertion_claims: Trace) -> None:
    """An assertion that expired ten minutes ago proves nothing."""
    wrong = flaw_not_refused(assertion_claims, "exp-past", "exp-negative")
    assert not wrong, f"an expired assertion is taken: {wrong}"


@requirement(
    "RFC7521-5.2/expiry-present", "RFC7523-3/exp-required", "OIDCC-9/assertion-exp-required"
)
def test_assertion_has_an_expiry(assertion_claims: Trace) -> None:
    """An assertion that never expires proves nothing."""
    assert refused(assertion_claims["exp-missing"]), "an assertion without exp is taken"


@requirement("RFC7521-5.2/bad-signature-rejected", "RFC7515-5.2/invalid-signature-rejected")
def test_altered_assertion_is_refused(assertion_signatures: Trace) -> None:
    """An assertion whose signature does not fit proves nothing."""
    odd = ("signature-of-zeros", "signature-in-der")
    forms = [step for step in odd if step in assertion_signatures]
    steps = ("signature-altered", "signature-missing", "signature-cut", "claims-changed", *forms)
    wrong = flaw_not_refused(assertion_signatures, *steps)
    assert not wrong, f"the assertion is taken: {wrong}"
