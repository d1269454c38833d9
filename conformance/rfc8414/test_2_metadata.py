"""RFC 8414 section 2: the members of the metadata, in whatever document they are published."""

from collections.abc import Mapping
from typing import Any

from idprobe.checks import (
    Trace,
    Unsuited,
    document,
    documents,
    oauth_document,
    published_keys,
    read_jwt,
    requirement,
    texts_in,
    url_parts,
    verified_by,
)

ASSERTION_METHODS = frozenset({"private_key_jwt", "client_secret_jwt"})
FRONT_GRANTS = frozenset({"authorization_code", "implicit"})


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and bool(url_parts(value).scheme and url_parts(value).netloc)


def _takes_assertions(members: Mapping[str, Any], endpoint: str) -> bool:
    methods = texts_in(members, f"{endpoint}_endpoint_auth_methods_supported", [])
    return bool(ASSERTION_METHODS & set(methods))


def _algorithms(members: Mapping[str, Any], endpoint: str) -> list[Any]:
    name = f"{endpoint}_endpoint_auth_signing_alg_values_supported"
    values = members.get(name)
    return values if isinstance(values, list) else []


def _signed(trace: Trace) -> str:
    """Return signed_metadata; raises EvidenceError without it."""
    for _, members in documents(trace):
        if isinstance(members.get("signed_metadata"), str):
            return str(members["signed_metadata"])
    raise Unsuited("there is no signed_metadata")


@requirement("RFC8414-2/issuer-present")
def test_metadata_has_an_issuer(metadata_documents: Trace) -> None:
    """The document says whose it is."""
    for _, members in documents(metadata_documents):
        issuer = members.get("issuer")
        assert isinstance(issuer, str), "issuer is missing or no string"
        assert issuer, "issuer is empty"


@requirement("RFC8414-2/issuer-https-without-query-or-fragment")
def test_issuer_is_a_url_of_the_right_form(metadata_documents: Trace) -> None:
    """The issuer is an https URL without query and fragment; http where we came by http."""
    for exchange, members in documents(metadata_documents):
        metadata_documents.decide(exchange)
        issuer = str(members.get("issuer"))
        parts = url_parts(issuer)
        allowed = {"https", url_parts(exchange.request.origin).scheme}
        assert parts.scheme in allowed, f"the scheme of issuer is {parts.scheme or 'missing'}"
        assert parts.netloc, "issuer names no host"
        assert "?" not in issuer, "issuer has a query"
        assert "#" not in issuer, "issuer has a fragment"


@requirement("RFC8414-2/authorization-endpoint-present")
def test_metadata_has_the_authorization_endpoint(metadata_documents: Trace) -> None:
    """Where a grant goes by the browser the document says where it begins."""
    for _, members in documents(metadata_documents):
        grants = texts_in(members, "grant_types_supported", ["authorization_code"])
        needed = bool(FRONT_GRANTS & set(grants))
        there = _is_url(members.get("authorization_endpoint"))
        assert there or not needed, "authorization_endpoint is missing or no URL"


@requirement("RFC8414-2/token-endpoint-present")
def test_metadata_has_the_token_endpoint(metadata_documents: Trace) -> None:
    """The document says where tokens are had, unless the implicit grant is the only one."""
    for _, members in documents(metadata_documents):
        only_implicit = members.get("grant_types_supported") == ["implicit"]
        there = _is_url(members.get("token_endpoint"))
        assert there or only_implicit, "token_endpoint is missing or no URL"


@requirement("RFC8414-2/jwks-uri-https")
def test_jwks_uri_is_https(metadata_documents: Trace) -> None:
    """Keys are fetched over a channel that nobody can change."""
    for _, members in documents(metadata_documents):
        scheme = url_parts(str(members.get("jwks_uri", "https:"))).scheme
        assert scheme == "https", f"the scheme is {scheme or 'missing'}"


@requirement("RFC8414-2/jwks-keys-have-use", "OIDCD-3/use-required-when-mixed")
def test_keys_say_what_they_are_for(keys_document: Trace) -> None:
    """Where keys for signatures and for encryption are published together, each says which."""
    keys = published_keys(keys_document)
    mixed = any(key.get("use") == "enc" for key in keys)
    unsaid = [key for key in keys if key.get("use") not in ("sig", "enc")]
    assert not (mixed and unsaid), f"{len(unsaid)} keys have no use"


@requirement("RFC8414-2/scopes-supported-present")
def test_scopes_are_listed(metadata_documents: Trace) -> None:
    """The document lists scopes."""
    for _, members in documents(metadata_documents):
        assert isinstance(members.get("scopes_supported"), list), "scopes_supported is missing"


@requirement("RFC8414-2/response-types-supported-present")
def test_response_types_are_listed(metadata_documents: Trace) -> None:
    """The document lists the response types."""
    for _, members in documents(metadata_documents):
        listed = members.get("response_types_supported")
        assert isinstance(listed, list), "response_types_supported is missing or no array"


@requirement("RFC8414-2/token-auth-signing-algs-present")
def test_algorithms_of_client_assertions_are_listed(metadata_documents: Trace) -> None:
    """Clients that sign assertions learn with which algorithms (OAuth's own document)."""
    members = oauth_document(metadata_documents)
    listed = _algorithms(members, "token")
    assert listed or not _takes_assertions(members, "token"), "the algorithms are not listed"


@requirement("RFC8414-2/token-auth-rs256-supported", "OIDCD-3/token-endpoint-auth-algs-rs256")
def test_client_assertions_may_be_rs256(metadata_documents: Trace) -> None:
    """RS256 is among the algorithms for client assertions."""
    for _, members in documents(metadata_documents):
        listed = _algorithms(members, "token")
        if not listed:
            raise Unsuited("the algorithms are not listed")
        assert "RS256" in listed, "RS256 is not listed"


@requirement("RFC8414-2/token-auth-alg-none-absent")
def test_client_assertions_are_never_unsecured(metadata_documents: Trace) -> None:
    """The algorithm none is no way to authenticate."""
    for _, members in documents(metadata_documents):
        listed = {str(one).lower() for one in _algorithms(members, "token")}
        assert "none" not in listed, "none is listed"


@requirement("RFC8414-2/revocation-auth-signing-algs-present")
def test_algorithms_for_revocation_are_listed(metadata_documents: Trace) -> None:
    """Clients that sign assertions learn with which algorithms at the revocation endpoint."""
    for _, members in documents(metadata_documents):
        listed = _algorithms(members, "revocation")
        assert listed or not _takes_assertions(members, "revocation"), "they are not listed"


@requirement("RFC8414-2/revocation-auth-alg-none-absent")
def test_revocation_is_never_unsecured(metadata_documents: Trace) -> None:
    """The algorithm none is no way to authenticate at the revocation endpoint."""
    for _, members in documents(metadata_documents):
        listed = {str(one).lower() for one in _algorithms(members, "revocation")}
        assert "none" not in listed, "none is listed"


@requirement("RFC8414-2/introspection-auth-signing-algs-present")
def test_algorithms_for_introspection_are_listed(metadata_documents: Trace) -> None:
    """Clients that sign assertions learn with which algorithms at the introspection endpoint."""
    for _, members in documents(metadata_documents):
        listed = _algorithms(members, "introspection")
        assert listed or not _takes_assertions(members, "introspection"), "they are not listed"


@requirement("RFC8414-2/introspection-auth-alg-none-absent")
def test_introspection_is_never_unsecured(metadata_documents: Trace) -> None:
    """The algorithm none is no way to authenticate at the introspection endpoint."""
    for _, members in documents(metadata_documents):
        listed = {str(one).lower() for one in _algorithms(members, "introspection")}
        assert "none" not in listed, "none is listed"


@requirement("RFC8414-2.1/signed-metadata-signed")
def test_signed_metadata_is_signed(metadata_documents: Trace, keys_document: Trace) -> None:
    """signed_metadata verifies with a key of the server."""
    found = verified_by(_signed(metadata_documents), document(keys_document, "keys"), secret=None)
    assert found is not None, "no published key verifies it"


@requirement("RFC8414-2.1/signed-metadata-iss")
def test_signed_metadata_has_iss(metadata_documents: Trace) -> None:
    """signed_metadata says who vouches for it."""
    assert "iss" in read_jwt(_signed(metadata_documents)).claims, "iss is missing"


@requirement("RFC8414-2.1/signed-metadata-not-nested")
def test_signed_metadata_has_none_of_its_own(metadata_documents: Trace) -> None:
    """signed_metadata does not contain itself."""
    claims = read_jwt(_signed(metadata_documents)).claims
    assert "signed_metadata" not in claims, "it contains signed_metadata"
