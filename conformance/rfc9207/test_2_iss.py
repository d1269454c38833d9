"""RFC 9207 section 2: the issuer in the authorization response."""

from typing import Any

from idprobe.checks import (
    EvidenceError,
    Landing,
    Trace,
    all_landings,
    authorization_response,
    error_landings,
    refused,
    requirement,
    url_parts,
)

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def metadata_member(documents: Trace, name: str) -> Any:
    """Return a member of the first metadata document; None without one."""
    found = [e.answered.json_object for e in documents if e.answered.is_success]
    return found[0].get(name) if found else None


def sent_iss(landing: Landing) -> str:
    """Return the iss of a response; raises EvidenceError without one."""
    iss = landing.get("iss")
    if iss is None:
        raise EvidenceError("the authorization response has no iss")
    return iss


@requirement("RFC9207-2/iss-in-success-response")
def test_success_has_iss(code_redeemed: Trace, response_modes: Trace) -> None:
    """A successful authorization response has iss, by whatever mode it travels."""
    answers = [code_redeemed["authorize"]]
    answers += [response_modes[mode] for mode in ("query", "fragment", "form_post")]
    for exchange in answers:
        code_redeemed.decide(exchange)
        if not refused(exchange):
            assert authorization_response(exchange).get("iss"), (
                f"there is no iss in the answer to {exchange.step}"
            )


@requirement("RFC9207-2/iss-in-error-response")
def test_errors_have_iss(authorization_errors: Trace, authorization_denied: Trace) -> None:
    """An error response has iss, that of a denied consent too."""
    for step, landing in error_landings(authorization_errors, authorization_denied):
        assert landing.get("iss"), f"there is no iss in the error after {step}"


@requirement("RFC9207-2/iss-is-https-url")
def test_iss_is_a_url(code_redeemed: Trace) -> None:
    """The iss is an https URL without query and fragment; on loopback http will do."""
    iss = sent_iss(authorization_response(code_redeemed["authorize"]))
    parts = url_parts(iss)
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    assert secure, f"the scheme of iss is {parts.scheme!r}"
    assert "?" not in iss, "iss has a query"
    assert "#" not in iss, "iss has a fragment"


@requirement("RFC9207-2.3/issuer-provided")
def test_metadata_has_issuer(metadata_documents: Trace) -> None:
    """The metadata tells the issuer identifier."""
    assert metadata_member(metadata_documents, "issuer"), "the metadata has no issuer"


@requirement("RFC9207-2.3/iss-equals-metadata-issuer")
def test_iss_is_the_issuer(
    metadata_documents: Trace, code_redeemed: Trace, authorization_errors: Trace
) -> None:
    """The iss is the issuer of the metadata, character by character."""
    issuer = metadata_member(metadata_documents, "issuer")
    for step, landing in all_landings(code_redeemed, authorization_errors):
        if landing.get("iss") is not None:
            assert landing.get("iss") == issuer, f"iss is not the issuer after {step}"
    sent_iss(authorization_response(code_redeemed["authorize"]))


@requirement("RFC9207-2.3/support-announced")
def test_iss_is_announced(metadata_documents: Trace, iss_sent: Trace) -> None:
    """A server that sends iss says so in its metadata."""
    sent_iss(authorization_response(iss_sent["authorize"]))
    announced = metadata_member(
        metadata_documents, "authorization_response_iss_parameter_supported"
    )
    assert announced is True, f"it is announced as {announced!r}"


@requirement("RFC9207-2.4/iss-equals-id-token-iss")
def test_iss_is_that_of_the_id_token(code_redeemed: Trace, hybrid_code_id_token: Trace) -> None:
    """The issuer of an authorization response is that of an ID Token from the same endpoint."""
    landing = authorization_response(hybrid_code_id_token["login"])
    claims = hybrid_code_id_token.fact(landing.get("id_token"))["jwt"]["claims"]
    iss = landing.get("iss") or authorization_response(code_redeemed["authorize"]).get("iss")
    assert iss == claims["iss"], "iss and the iss claim differ"
