"""OpenID Connect Discovery 1.0, section 3: what holds where the configuration says nothing."""

from idprobe.checks import (
    LandingMode,
    Trace,
    assert_silent,
    authorization_response,
    document,
    error_code,
    refused,
    requirement,
    texts_in,
    userinfo_claims,
)

CONFIGURATION = "openid-configuration"


@requirement("OIDCD-3/request-object-algs")
def test_request_objects_are_signed_by_rs256_or_not_at_all(metadata_documents: Trace) -> None:
    """Request Objects may be signed with RS256, and may be unsigned."""
    name = "request_object_signing_alg_values_supported"
    listed = texts_in(document(metadata_documents, CONFIGURATION), name, [])
    missing = sorted({"RS256", "none"} - set(listed))
    assert not missing, f"{name} lacks {' and '.join(missing)}"


@requirement("OIDCD-3/response-modes-default")
def test_query_and_fragment_are_modes_by_default(
    metadata_documents: Trace, response_modes: Trace
) -> None:
    """Without response_modes_supported a code can be had by query and by fragment."""
    assert_silent(metadata_documents, "response_modes_supported", CONFIGURATION)
    for step, mode in {"query": LandingMode.QUERY, "fragment": LandingMode.FRAGMENT}.items():
        exchange = response_modes[step]
        assert not refused(exchange), f"{step} led to {error_code(exchange) or 'an error page'}"
        assert authorization_response(exchange).mode is mode, f"the code is not in the {step}"


@requirement("OIDCD-3/claim-types-default-normal")
def test_claims_are_normal_by_default(metadata_documents: Trace, userinfo_asked: Trace) -> None:
    """Without claim_types_supported no claim comes from elsewhere."""
    assert_silent(metadata_documents, "claim_types_supported", CONFIGURATION)
    claims = userinfo_claims(userinfo_asked, "get")
    elsewhere = {"_claim_names", "_claim_sources"} & claims.keys()
    assert not elsewhere, f"userinfo has {', '.join(sorted(elsewhere))}"


@requirement("OIDCD-3/request-uri-default-true")
def test_request_uri_is_supported_by_default(
    metadata_documents: Trace, openid_objects: Trace
) -> None:
    """Without request_uri_parameter_supported a reference is not refused as unsupported."""
    assert_silent(metadata_documents, "request_uri_parameter_supported", CONFIGURATION)
    code = error_code(openid_objects["request_uri"])
    assert code != "request_uri_not_supported", "references are not supported"
