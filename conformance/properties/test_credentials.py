"""Properties of what proves a client or a grant: whatever is almost right is wrong."""

from idprobe.checks import (
    Trace,
    first_flaw,
    flaw_forged_token_accepted,
    flaw_forged_token_active,
    flaw_not_granted,
    flaw_not_refused_with,
    flaw_token_ended,
    flaw_token_refused,
    requirement,
)

WRONG_GRANT = flaw_not_refused_with("invalid_grant", "invalid_request")
WRONG_CLIENT = flaw_not_refused_with("invalid_client", "invalid_request")


@requirement("RFC6750-5.2/token-integrity")
def test_no_changed_access_token_is_served(access_tokens_tampered: Trace) -> None:
    """An access token that was changed anywhere is not served at the userinfo endpoint."""
    assert not (flaw := first_flaw(access_tokens_tampered, flaw_forged_token_accepted)), flaw


@requirement("RFC7662-4/signature-checked")
def test_no_changed_access_token_is_active(introspected_tokens_tampered: Trace) -> None:
    """An access token that was changed anywhere is not active."""
    assert not (flaw := first_flaw(introspected_tokens_tampered, flaw_forged_token_active)), flaw


@requirement("RFC6749-6/refresh-token-validated")
def test_no_changed_refresh_token_is_traded(refresh_tokens_tampered: Trace) -> None:
    """A refresh token that was changed anywhere brings nothing."""
    assert not (flaw := first_flaw(refresh_tokens_tampered, WRONG_GRANT)), flaw


@requirement("RFC6749-4.1.3/code-validated")
def test_no_changed_code_is_redeemed(codes_tampered: Trace) -> None:
    """A code that was changed anywhere brings nothing."""
    assert not (flaw := first_flaw(codes_tampered, WRONG_GRANT)), flaw


@requirement("RFC7009-2.1/token-belongs-to-client")
def test_no_changed_token_revokes_another(revoked_tokens_tampered: Trace) -> None:
    """To revoke a token that was never issued ends none that was."""
    assert not (flaw := first_flaw(revoked_tokens_tampered, flaw_token_ended)), flaw


@requirement("RFC7636-4.6/equal-values-continue")
def test_any_well_formed_verifier_works(verifiers_well_formed: Trace) -> None:
    """Any 43 to 128 unreserved characters make a verifier."""
    assert not (flaw := first_flaw(verifiers_well_formed, flaw_not_granted)), flaw


@requirement("RFC7636-4.1/verifier-syntax-enforced")
def test_no_malformed_verifier_works(verifiers_malformed: Trace) -> None:
    """A verifier of another length, or with any other sign, works with no challenge."""
    assert not (flaw := first_flaw(verifiers_malformed, WRONG_GRANT)), flaw


@requirement("RFC7636-4.6/comparison-is-exact")
def test_no_verifier_that_is_almost_right_works(verifiers_nearly_right: Trace) -> None:
    """A verifier that differs from the right one anywhere does not work."""
    assert not (flaw := first_flaw(verifiers_nearly_right, WRONG_GRANT)), flaw


@requirement("RFC6749-5.2/invalid-client")
def test_no_secret_that_is_almost_right_works(secrets_nearly_right: Trace) -> None:
    """A secret that differs from the right one anywhere does not authenticate."""
    assert not (flaw := first_flaw(secrets_nearly_right, WRONG_CLIENT)), flaw


@requirement("RFC6749-5.2/invalid-client")
def test_no_client_id_that_is_almost_right_works(client_ids_nearly_right: Trace) -> None:
    """A client_id that differs from the right one anywhere names nobody."""
    assert not (flaw := first_flaw(client_ids_nearly_right, WRONG_CLIENT)), flaw


@requirement("RFC9110-11.1/scheme-case-insensitive")
def test_the_bearer_scheme_is_read_in_any_spelling(bearer_headers_spelled: Trace) -> None:
    """Each letter of the scheme may be of either case."""
    assert not (flaw := first_flaw(bearer_headers_spelled, flaw_token_refused)), flaw


@requirement("RFC6750-3.1/invalid-token-401")
def test_no_malformed_bearer_header_is_served(bearer_headers_malformed: Trace) -> None:
    """A token in a header that is no Bearer credential is not served."""
    assert not (flaw := first_flaw(bearer_headers_malformed, flaw_forged_token_accepted)), flaw
