"""OpenID Connect Core 1.0, section 6.3.1: Request Objects that are encrypted."""

from idprobe.checks import (
    IN_OBJECT,
    EvidenceError,
    Trace,
    authorization_response,
    error_code,
    gives_tokens,
    refused,
    requirement,
)


def assert_refused(trace: Trace, step: str, what: str) -> None:
    """Complain of a request that was granted, if good ones before and after it were granted."""
    if not all(gives_tokens(trace[good]) for good in ("sealed", "sealed-again")):
        raise EvidenceError("a good Request Object that is encrypted was not served")
    assert refused(trace[step]), f"a request was granted {what}"


@requirement("OIDCC-6.3.1/encrypted-object-decrypted", "OIDCC-6.1/sign-then-encrypt")
def test_signed_object_is_taken_out_of_its_envelope(request_object_encrypted: Trace) -> None:
    """A Request Object that was signed, then encrypted to a key of the server, is served."""
    exchange = request_object_encrypted["sealed"]
    assert not refused(exchange), f"it led to {error_code(exchange) or 'an error page'}"
    assert authorization_response(exchange).get("state") == IN_OBJECT, (
        "the values in it are not used"
    )


@requirement("OIDCC-6.3.1/decryption-failure-is-error")
def test_what_cannot_be_opened_is_refused(request_object_encrypted: Trace) -> None:
    """A Request Object whose ciphertext was altered is refused."""
    assert_refused(request_object_encrypted, "altered", "whose Request Object was altered")


@requirement("OIDCC-6.3.1/nested-signature-validated")
def test_signature_in_the_envelope_is_validated(request_object_encrypted: Trace) -> None:
    """A Request Object of a strange key is refused in an envelope too."""
    assert_refused(request_object_encrypted, "foreign-key", "that was signed by somebody else")
