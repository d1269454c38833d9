"""OpenID Connect Discovery 1.0, section 3: the members of the configuration."""

from collections.abc import Mapping
from typing import Any

from idprobe.checks import (
    Trace,
    Unsuited,
    document,
    page_response,
    requirement,
    texts_in,
    url_parts,
    userinfo_claims,
)

FLAGS = (
    "claims_parameter_supported",
    "request_parameter_supported",
    "request_uri_parameter_supported",
    "require_request_uri_registration",
)
DYNAMIC_TYPES = ("code", "id_token", "id_token token")
CORE_SCOPES = ("profile", "email", "address", "phone", "offline_access")


def _configuration(trace: Trace) -> Mapping[str, Any]:
    return document(trace, "openid-configuration")


def _member(trace: Trace, name: str) -> Any:
    """Return a member of the configuration; raises Unsuited without it."""
    members = _configuration(trace)
    if name not in members:
        raise Unsuited(f"the configuration has no {name}")
    return members[name]


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and bool(url_parts(value).scheme and url_parts(value).netloc)


def _listed(trace: Trace, name: str) -> tuple[str, ...]:
    """Return what a member of the configuration lists; raises Unsuited without it."""
    _member(trace, name)
    return texts_in(_configuration(trace), name)


def _assert_https(trace: Trace, name: str) -> None:
    scheme = url_parts(str(_member(trace, name))).scheme
    assert scheme == "https", f"the scheme of {name} is {scheme or 'missing'}"


def _assert_strings(trace: Trace, name: str) -> None:
    value = _configuration(trace).get(name)
    assert isinstance(value, list), f"{name} is missing or no array"
    assert value, f"{name} is empty"
    assert all(isinstance(one, str) for one in value), f"{name} has a member that is no string"


@requirement("OIDCD-3/issuer-present")
def test_configuration_has_an_issuer(metadata_documents: Trace) -> None:
    """The issuer is a URL without query and fragment, https where the server is reached so."""
    issuer = _configuration(metadata_documents).get("issuer")
    assert _is_url(issuer), "issuer is missing or no URL"
    origin = metadata_documents["openid-configuration"].request.origin
    scheme = url_parts(str(issuer)).scheme
    assert scheme in {"https", url_parts(origin).scheme}, f"the scheme is {scheme}"
    assert not set("?#") & set(str(issuer)), "issuer has a query or a fragment"


@requirement("OIDCD-3/authorization-endpoint-present")
def test_configuration_has_the_authorization_endpoint(metadata_documents: Trace) -> None:
    """authorization_endpoint is a URL."""
    found = _configuration(metadata_documents).get("authorization_endpoint")
    assert _is_url(found), "authorization_endpoint is missing or no URL"


@requirement("OIDCD-3/authorization-endpoint-https")
def test_authorization_endpoint_is_https(metadata_documents: Trace) -> None:
    """Users log in over a channel that nobody can read."""
    _assert_https(metadata_documents, "authorization_endpoint")


@requirement("OIDCD-3/token-endpoint-present")
def test_configuration_has_the_token_endpoint(metadata_documents: Trace) -> None:
    """token_endpoint is a URL, unless no flow uses it."""
    members = _configuration(metadata_documents)
    types = texts_in(members, "response_types_supported", ["code"])
    needed = any("code" in one.split() for one in types)
    there = _is_url(members.get("token_endpoint"))
    assert there or not needed, "token_endpoint is missing or no URL"


@requirement("OIDCD-3/token-endpoint-https")
def test_token_endpoint_is_https(metadata_documents: Trace) -> None:
    """Tokens travel over a channel that nobody can read."""
    _assert_https(metadata_documents, "token_endpoint")


@requirement("OIDCD-3/userinfo-endpoint-recommended")
def test_configuration_has_the_userinfo_endpoint(metadata_documents: Trace) -> None:
    """userinfo_endpoint is there."""
    assert "userinfo_endpoint" in _configuration(metadata_documents), "it is missing"


@requirement("OIDCD-3/userinfo-endpoint-https", "OIDCC-1.2/userinfo-endpoint-https")
def test_userinfo_endpoint_is_https(metadata_documents: Trace) -> None:
    """Claims travel over a channel that nobody can read."""
    _assert_https(metadata_documents, "userinfo_endpoint")


@requirement("OIDCD-3/jwks-uri-present")
def test_configuration_has_jwks_uri(metadata_documents: Trace) -> None:
    """jwks_uri is a URL."""
    assert _is_url(_configuration(metadata_documents).get("jwks_uri")), "it is missing or no URL"


@requirement("OIDCD-3/jwks-uri-https")
def test_jwks_uri_is_https(metadata_documents: Trace) -> None:
    """Keys travel over a channel that nobody can change."""
    _assert_https(metadata_documents, "jwks_uri")


@requirement("OIDCD-3/registration-endpoint-recommended")
def test_configuration_has_the_registration_endpoint(metadata_documents: Trace) -> None:
    """registration_endpoint is there."""
    assert "registration_endpoint" in _configuration(metadata_documents), "it is missing"


@requirement("OIDCD-3/registration-endpoint-https")
def test_registration_endpoint_is_https(metadata_documents: Trace) -> None:
    """Secrets travel over a channel that nobody can read."""
    _assert_https(metadata_documents, "registration_endpoint")


@requirement("OIDCD-3/scopes-supported-recommended")
def test_configuration_lists_scopes(metadata_documents: Trace) -> None:
    """scopes_supported is there."""
    _assert_strings(metadata_documents, "scopes_supported")


@requirement("OIDCD-3/openid-scope-supported")
def test_openid_is_a_scope(metadata_documents: Trace, openid_alone: Trace) -> None:
    """The scope openid is among the scopes, and works alone."""
    scopes = texts_in(_configuration(metadata_documents), "scopes_supported", ["openid"])
    assert "openid" in scopes, "openid is not listed"
    assert openid_alone["tokens"].answered.status == 200, "a login with openid alone fails"


@requirement("OIDCD-3/core-scopes-listed")
def test_scopes_of_core_are_listed(metadata_documents: Trace, userinfo_by_scope: Trace) -> None:
    """A scope that brings claims is listed."""
    listed = _listed(metadata_documents, "scopes_supported")
    for scope, claim in (("email", "email"), ("address", "address"), ("phone", "phone_number")):
        if f"userinfo-{scope}" in userinfo_by_scope:
            claims = userinfo_claims(userinfo_by_scope, f"userinfo-{scope}")
            assert scope in listed or claim not in claims, f"{scope} works and is not listed"


@requirement("OIDCD-3/response-types-supported-present")
def test_configuration_lists_response_types(metadata_documents: Trace) -> None:
    """response_types_supported is there."""
    _assert_strings(metadata_documents, "response_types_supported")


@requirement("OIDCD-3/dynamic-response-types", "OIDCC-15.2/response-types")
def test_a_dynamic_provider_has_the_three_response_types(metadata_documents: Trace) -> None:
    """A provider that takes unknown clients has code, id_token and 'id_token token'."""
    listed = texts_in(_configuration(metadata_documents), "response_types_supported", [])
    words = [set(one.split()) for one in listed]
    missing = [one for one in DYNAMIC_TYPES if set(one.split()) not in words]
    assert not missing, f"it lacks {', '.join(missing)}"


@requirement("OIDCD-3/dynamic-grant-types")
def test_a_dynamic_provider_has_the_two_grants(metadata_documents: Trace) -> None:
    """A provider that takes unknown clients has authorization_code and implicit."""
    default = ["authorization_code", "implicit"]
    listed = texts_in(_configuration(metadata_documents), "grant_types_supported", default)
    missing = [one for one in default if one not in listed]
    assert not missing, f"it lacks {', '.join(missing)}"


@requirement("OIDCD-3/subject-types-supported-present")
def test_configuration_lists_subject_types(metadata_documents: Trace) -> None:
    """subject_types_supported is there."""
    _assert_strings(metadata_documents, "subject_types_supported")
    types = set(_listed(metadata_documents, "subject_types_supported"))
    assert types & {"public", "pairwise"}, "it names neither public nor pairwise"


@requirement("OIDCD-3/id-token-algs-present")
def test_configuration_lists_algorithms_of_id_tokens(metadata_documents: Trace) -> None:
    """id_token_signing_alg_values_supported is there."""
    _assert_strings(metadata_documents, "id_token_signing_alg_values_supported")


@requirement("OIDCD-3/id-token-algs-include-rs256", "OIDCC-15.1/rs256-supported")
def test_rs256_is_among_the_algorithms(metadata_documents: Trace) -> None:
    """Every client can verify RS256, so it is on offer."""
    listed = _listed(metadata_documents, "id_token_signing_alg_values_supported")
    assert "RS256" in listed, "RS256 is not listed"


@requirement("OIDCD-3/token-endpoint-auth-algs-no-none")
def test_client_assertions_are_not_unsecured(metadata_documents: Trace) -> None:
    """The algorithm none is no algorithm for client authentication."""
    name = "token_endpoint_auth_signing_alg_values_supported"
    listed = {one.lower() for one in _listed(metadata_documents, name)}
    assert "none" not in listed, "none is listed"


@requirement("OIDCD-3/claims-supported-recommended")
def test_configuration_lists_claims(metadata_documents: Trace) -> None:
    """claims_supported is there."""
    _assert_strings(metadata_documents, "claims_supported")


@requirement("OIDCD-3/boolean-members-are-booleans")
def test_flags_are_booleans(metadata_documents: Trace) -> None:
    """A flag is true or false."""
    members = _configuration(metadata_documents)
    wrong = [name for name in FLAGS if not isinstance(members.get(name, False), bool)]
    assert not wrong, f"{', '.join(wrong)} is no boolean"


@requirement("OIDCD-3/array-members-are-string-arrays")
def test_lists_are_arrays_of_strings(metadata_documents: Trace) -> None:
    """What lists values is an array of strings."""
    for name, value in _configuration(metadata_documents).items():
        is_list = name.endswith(("_values_supported", "_types_supported", "_methods_supported"))
        if is_list or name in {"scopes_supported", "claims_supported", "response_modes_supported"}:
            assert isinstance(value, list), f"{name} is no array"
            assert all(isinstance(one, str) for one in value), f"{name} has another member"


@requirement("OIDCD-3/policy-and-tos-uris")
def test_policies_are_urls(metadata_documents: Trace) -> None:
    """What leads to a page for people is a URL."""
    members = _configuration(metadata_documents)
    names = ("op_policy_uri", "op_tos_uri", "service_documentation")
    wrong = [name for name in names if name in members and not _is_url(members[name])]
    assert not wrong, f"{', '.join(wrong)} is no URL"


@requirement("OIDCD-3/client-accessed-endpoints-cors")
def test_scripts_may_call_the_endpoints(preflights: Trace) -> None:
    """The endpoints that clients call can be called by scripts of another origin."""
    called = {"token", "userinfo", "keys", "registration"}
    closed = [
        exchange.step
        for exchange in preflights
        if exchange.step in called
        and exchange.answered.header("access-control-allow-origin") is None
    ]
    preflights.decide_by(closed)
    assert not closed, f"no CORS at {', '.join(closed)}"


@requirement("OIDCD-3/no-cors-at-authorization-endpoint")
def test_scripts_may_not_call_the_authorization_endpoint(cross_origin_requests: Trace) -> None:
    """Users are sent to the authorization endpoint; no script calls it."""
    page_response(cross_origin_requests["plain"])
    allowed = cross_origin_requests["preflight"].answered.header("access-control-allow-origin")
    assert allowed is None, "CORS is allowed"


@requirement("OIDCC-15.2/discovery-supported")
def test_a_dynamic_provider_has_a_configuration(metadata_documents: Trace) -> None:
    """A provider that takes unknown clients can be discovered."""
    status = metadata_documents["openid-configuration"].answered.status
    assert status == 200, f"status is {status}"
