"""OAuth 2.1: what the draft takes away from OAuth 2.0, and what it wants of clients."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    documents,
    error_code,
    gives_tokens,
    is_granted,
    refused,
    requirement,
    texts_in,
    url_parts,
)

GONE = {"implicit", "password"}
LINKS_FOR_PEOPLE = {"service_documentation", "op_policy_uri", "op_tos_uri"}


@requirement("OAUTH21-1.5/https-only")
def test_every_url_of_the_protocol_is_https(metadata_documents: Trace) -> None:
    """The issuer and every endpoint of the metadata are https."""
    for _, members in documents(metadata_documents):
        for name, value in members.items():
            is_place = name.endswith(("_endpoint", "_uri", "_iframe")) or name == "issuer"
            if is_place and isinstance(value, str) and name not in LINKS_FOR_PEOPLE:
                scheme = url_parts(value).scheme
                assert scheme == "https", f"the scheme of {name} is {scheme or 'missing'}"


@requirement("OAUTH21-2.4.1/secret-in-body-supported")
def test_secret_may_come_in_the_body(secret_in_body: Trace) -> None:
    """A client that has a secret can send client_id and client_secret in the form."""
    exchange = secret_in_body["tokens"]

    assert is_granted(exchange), f"the credentials are refused: {error_code(exchange)}"


@requirement(
    "OAUTH21-4.1.2.1/public-client-without-challenge-rejected",
    "OAUTH21-4.1.1/code-challenge-enforced",
)
def test_public_client_needs_a_challenge(pkce_absent_at_public: Trace) -> None:
    """A public client gets no code without a code challenge."""
    exchange = pkce_absent_at_public["refused"]

    assert refused(exchange), "a code is issued without a challenge"
    assert error_code(exchange) in {"invalid_request", None}, f"it is {error_code(exchange)}"


@requirement(
    "OAUTH21-4.1.2.1/other-client-without-challenge-rejected",
    "OAUTH21-4.1.1/code-challenge-enforced",
)
def test_confidential_client_needs_a_challenge(pkce_absent: Trace) -> None:
    """A confidential client gets no code with neither challenge nor nonce (section 7.5.1)."""
    exchange = pkce_absent["unguarded"]

    assert refused(exchange), "a code is issued with neither challenge nor nonce"
    assert error_code(exchange) in {"invalid_request", None}, f"it is {error_code(exchange)}"


@requirement("OAUTH21-10/implicit-and-password-omitted")
def test_implicit_and_password_are_not_announced(metadata_documents: Trace) -> None:
    """The grant types of the metadata have neither implicit nor password."""
    for _, members in documents(metadata_documents):
        listed = members.get("grant_types_supported")
        if not isinstance(listed, list):
            raise EvidenceError("the metadata does not list the grant types")
        left = sorted(GONE & {one for one in listed if isinstance(one, str)})
        assert not left, f"{' and '.join(left)} is announced"


@requirement("OAUTH21-10.1/response-type-token-gone")
def test_response_type_token_is_not_announced(metadata_documents: Trace) -> None:
    """The response types of the metadata do not have token."""
    for _, members in documents(metadata_documents):
        listed = members.get("response_types_supported")
        if not isinstance(listed, list):
            raise EvidenceError("the metadata does not list the response types")
        assert "token" not in listed, "token is announced"


@requirement("OAUTH21-10.1/response-type-token-gone")
def test_response_type_token_is_refused(native_token_by_redirect: Trace) -> None:
    """response_type=token brings no token."""
    exchange = native_token_by_redirect["token"]

    assert not gives_tokens(exchange), "an access token is issued by redirect"
    assert refused(exchange), "the request is served"


@requirement("OAUTH21-7.10/challenge-methods-detectable")
def test_challenge_methods_that_work_are_announced(
    metadata_documents: Trace, pkce_support: Trace
) -> None:
    """Where challenge methods are listed S256 is among them, as it works."""
    name = "code_challenge_methods_supported"
    found = documents(metadata_documents)
    methods = {method for _, members in found for method in texts_in(members, name, [])}
    if not methods:
        raise Unsuited("the metadata lists no methods, and other ways cannot be seen")
    works = gives_tokens(pkce_support["right"]) and refused(pkce_support["wrong"])
    assert "S256" in methods or not works, "S256 works and is not listed"
