"""RFC 9700 section 2.1: redirect URIs and PKCE."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    accepted_redirect_uris,
    accepts_redirect_uri,
    documents,
    is_granted,
    password_posts,
    refused,
    requirement,
    texts_in,
    token_error,
)


@requirement("RFC9700-2.1/exact-redirect-matching")
def test_redirect_uris_match_exactly(redirect_uri_near_misses: Trace) -> None:
    """A redirect_uri that is not the registered string is not followed."""
    wrong = accepted_redirect_uris(redirect_uri_near_misses)
    assert not wrong, f"it made no difference: {', '.join(wrong)}"


@requirement("RFC9700-2.1/exact-redirect-matching")
def test_query_of_a_redirect_uri_is_a_part_of_it(redirect_uri_with_another_query: Trace) -> None:
    """A registered URI with another query, or without its own, is another URI."""
    wrong = accepted_redirect_uris(redirect_uri_with_another_query)
    assert not wrong, f"it made no difference: {', '.join(wrong)}"


@requirement("RFC9700-2.1/exact-redirect-matching")
def test_nothing_but_the_port_may_vary(loopback_port_varied: Trace) -> None:
    """A loopback URI with another port matches, with another path or query it does not."""
    steps = ("port-and-query", "port-and-path")
    wrong = [step for step in steps if accepts_redirect_uri(loopback_port_varied, step)]
    loopback_port_varied.decide_by(wrong)
    assert not wrong, f"it made no difference: {', '.join(wrong)}"


@requirement("RFC9700-4.1.3/redirect-uris-equal")
def test_redirect_uris_are_equal_strings(redirect_uri_near_misses: Trace) -> None:
    """The redirect_uri of the request and the registered one are the same string."""
    wrong = accepted_redirect_uris(redirect_uri_near_misses)
    assert not wrong, f"it made no difference: {', '.join(wrong)}"


@requirement("RFC9700-4.1.3/loopback-port-variable")
def test_loopback_port_may_vary(loopback_port_varied: Trace) -> None:
    """A native app may use another port of the loopback address than it registered."""
    exchange = loopback_port_varied["port"]
    assert not refused(exchange), "another port was refused"
    assert accepts_redirect_uri(loopback_port_varied, "port"), "the answer did not go to that port"


@requirement("RFC9700-2.1/credentials-not-forwarded")
def test_credentials_are_not_forwarded(user_pages: Trace) -> None:
    """After the login no further request of the journey carries the password."""
    carriers = password_posts(user_pages)
    assert len(carriers) <= 1, "the password is sent on"
    forwarding = {e.answered.status for e in carriers} & {307, 308}
    assert not forwarding, "the redirect makes the browser send the password again"


@requirement("RFC9700-2.1.1/pkce-supported")
def test_pkce_is_supported(pkce_support: Trace) -> None:
    """A good verifier redeems the code, a bad one does not."""
    assert is_granted(pkce_support["right"]), "a good verifier is refused"
    assert refused(pkce_support["wrong"]), "a bad verifier redeems the code"


@requirement("RFC9700-2.1.1/pkce-enforced-when-used")
def test_pkce_is_enforced_when_used(pkce_verifiers: Trace) -> None:
    """A code with a challenge needs its verifier."""
    for step in ("missing", "other"):
        exchange = pkce_verifiers[step]
        assert refused(exchange), f"the code was redeemed with a verifier that is {step}"
        code = token_error(exchange)
        assert code in {"invalid_grant", "invalid_request"}, f"the error is {code}"


@requirement("RFC9700-2.1.1/pkce-downgrade-prevented", "OAUTH21-4.1.3/verifier-iff-challenge")
def test_verifier_without_challenge_is_refused(pkce_absent: Trace) -> None:
    """A verifier is only good for a code with a challenge."""
    begins = not refused(pkce_absent["downgrade"])
    taken = begins and not refused(pkce_absent["redeem-downgrade"])
    assert not taken, "a verifier was accepted without a challenge"


@requirement("RFC9700-4.8.2/challenge-bound-to-code")
def test_challenge_is_bound_to_the_code(pkce_verifiers: Trace) -> None:
    """The server knows which challenge a code has."""
    for step in ("crossed", "crossed-back"):
        assert refused(pkce_verifiers[step]), "the verifier of another code redeems it"


@requirement("RFC9700-4.8.2/verifier-demanded", "OAUTH21-4.1.3/verifier-iff-challenge")
def test_verifier_is_demanded(pkce_verifiers: Trace) -> None:
    """A code with a challenge is not redeemed without a verifier."""
    assert refused(pkce_verifiers["missing"]), "the code was redeemed without a verifier"


@requirement("RFC9700-4.8.2/verifier-without-challenge-rejected")
def test_verifier_needs_a_challenge(pkce_optional: Trace) -> None:
    """A verifier for a code without a challenge is refused."""
    exchange = pkce_optional["with-verifier"]
    assert refused(exchange), "a verifier was accepted without a challenge"


@requirement("RFC9700-2.1.1/pkce-in-metadata")
def test_pkce_is_in_the_metadata(metadata_documents: Trace) -> None:
    """The metadata lists the challenge methods."""
    found = [e.answered.json_object for e in metadata_documents if e.answered.is_success]
    listed = [one.get("code_challenge_methods_supported") for one in found]
    assert any(listed), "code_challenge_methods_supported is not there"


@requirement("RFC9700-2.1.1/pkce-support-detectable", "RFC9700-4.7.1/pkce-support-detectable")
def test_clients_can_rely_on_pkce(metadata_documents: Trace, pkce_absent: Trace) -> None:
    """The metadata list the challenge methods, or the server serves nobody without a challenge."""
    member = "code_challenge_methods_supported"
    if any(document.get(member) for _, document in documents(metadata_documents)):
        return
    assert refused(pkce_absent["downgrade"]), "PKCE is neither announced nor wanted"


@requirement("RFC9700-2.1.2/no-token-in-authorization-response")
def test_no_response_type_has_token(metadata_documents: Trace) -> None:
    """No response type is offered that hands out an access token by redirect."""
    found = [e.answered.json_object for e in metadata_documents if e.answered.is_success]
    listed = [kind for one in found for kind in texts_in(one, "response_types_supported", [])]
    if not listed:
        raise EvidenceError("the metadata does not list the response types")
    with_token = sorted({kind for kind in listed if "token" in kind.split()})
    assert not with_token, f"{', '.join(with_token)} are offered"
