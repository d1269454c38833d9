"""RFC 7515, RFC 7518, RFC 7519 and RFC 8725 at the place where the server reads JWTs of others."""

from idprobe.checks import (
    Trace,
    flaw_not_refused,
    logout_calls,
    refused,
    requirement,
)


@requirement("RFC7515-4/unknown-headers-ignored")
def test_unknown_headers_do_no_harm(assertion_allowances: Trace) -> None:
    """A header that nobody knows and nobody calls critical is ignored."""
    assert not refused(assertion_allowances["unknown-header"]), "an unknown header is refused"


@requirement("RFC7515-4.1.1/alg-case-sensitive")
def test_alg_is_case_sensitive(assertion_signatures: Trace) -> None:
    """The name of an algorithm in another case is no algorithm."""
    wrong = flaw_not_refused(assertion_signatures, "alg-in-lower-case", "none-in-other-case")
    assert not wrong, f"the assertion is taken: {wrong}"


@requirement("RFC7515-4.1.11/unknown-crit-rejected")
def test_unknown_critical_header_is_refused(assertion_signatures: Trace) -> None:
    """What its maker calls critical and the server does not know is refused."""
    assert refused(assertion_signatures["crit-unknown"]), "an unknown critical header is taken"


@requirement("RFC7515-10.12/strict-json")
def test_malformed_json_is_refused(assertion_forms: Trace) -> None:
    """A header that is not quite JSON makes an invalid JWS."""
    wrong = flaw_not_refused(assertion_forms, "header-trailing-letter", "header-trailing-comma")
    assert not wrong, f"the assertion is taken: {wrong}"


@requirement("RFC7519-4/duplicate-claims-in-received-jwt")
def test_first_of_two_subjects_does_not_count(assertion_forms: Trace) -> None:
    """Where a claim comes twice, the last counts or none."""
    assert refused(assertion_forms["wrong-last-sub"]), "the first of two subjects counts"


@requirement("RFC7519-7.2/malformed-jwt-rejected")
def test_malformed_jwt_is_refused(assertion_forms: Trace) -> None:
    """White space or marks inside, a fourth part, and claims that are no object are refused."""
    forms = ("json-serialization", "five-parts", "utf-16")
    steps = ("space-inside", "line-break-inside", "not-base64url", "fourth-part", "array", *forms)
    wrong = flaw_not_refused(assertion_forms, *steps)
    assert not wrong, f"the assertion is taken: {wrong}"


@requirement("RFC7519-7.2/malformed-jwt-rejected")
def test_malformed_claims_are_refused(assertion_forms: Trace) -> None:
    """Claims that are not quite JSON are refused."""
    wrong = flaw_not_refused(assertion_forms, "trailing-letter", "trailing-comma")
    assert not wrong, f"the assertion is taken: {wrong}"


@requirement(
    "RFC7519-7.2/unacceptable-algorithm-rejected", "RFC8725-3.1/key-algorithm-binding-checked"
)
def test_public_key_is_no_secret(assertion_signatures: Trace) -> None:
    """A MAC keyed with what everybody knows, the public key, is refused."""
    wrong = flaw_not_refused(assertion_signatures, "hmac-by-pem", "hmac-by-jwk")
    assert not wrong, f"the assertion is taken: {wrong}"


@requirement("RFC8725-3.1/alg-header-matches-operation")
def test_alg_is_what_the_signature_has(assertion_signatures: Trace) -> None:
    """An assertion that names another algorithm than it was signed by is refused."""
    assert refused(assertion_signatures["alg-of-another"]), "the alg of the header is not looked at"


@requirement("RFC8725-3.10/kid-not-an-injection")
def test_strange_kid_does_no_harm(assertion_signatures: Trace) -> None:
    """A kid that reads like a query or a path, or is very long, is just a kid of no key."""
    steps = ("kid-quote", "kid-path", "kid-long", "hmac-by-device")
    broken = [step for step in steps if assertion_signatures[step].answered.status == 500]
    assertion_signatures.decide_by(broken)
    assert not broken, f"the server broke down: {', '.join(broken)}"
    wrong = flaw_not_refused(assertion_signatures, *steps)
    assert not wrong, f"the assertion is taken: {wrong}"


@requirement("RFC8725-3.10/jku-x5u-not-followed-blindly")
def test_keys_that_an_assertion_names_are_not_fetched(assertion_names_its_keys: Trace) -> None:
    """A strange key behind jku or x5u opens nothing, and nobody fetches it."""
    steps = flaw_not_refused(assertion_names_its_keys, "jku", "x5u")
    assert not steps, f"an assertion was taken: {steps}"
    assert not logout_calls(assertion_names_its_keys, "call-keys"), "the server fetched the keys"
