"""OpenID Connect Discovery 1.0, section 4: where the configuration is, and how it is served."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    document,
    is_number,
    requirement,
    userinfo_claims,
)

CONFIGURATION = "openid-configuration"
SUFFIX = f"/.well-known/{CONFIGURATION}"


@requirement("OIDCD-4/document-at-well-known-path", "OIDCD-4.2/status-200")
def test_configuration_is_at_the_well_known_path(document_of_plain_issuer: Trace) -> None:
    """The configuration is at issuer and suffix, at the first hop."""
    status = document_of_plain_issuer[CONFIGURATION].answered.status
    assert status == 200, f"status is {status}"


@requirement("OIDCD-4/document-at-well-known-path")
def test_configuration_of_an_issuer_with_slash_is_there_too(
    document_of_slash_issuer: Trace,
) -> None:
    """A terminating slash of the issuer is removed before the suffix comes."""
    status = document_of_slash_issuer[CONFIGURATION].answered.status
    assert status == 200, f"status is {status}"


@requirement("OIDCD-4.3/issuer-equals-url-prefix")
def test_issuer_is_the_prefix_of_the_url(document_of_plain_issuer: Trace) -> None:
    """The configuration speaks for the issuer that was asked."""
    url = document_of_plain_issuer[CONFIGURATION].request.url
    issuer = document(document_of_plain_issuer, CONFIGURATION).get("issuer")
    assert issuer == url.removesuffix(SUFFIX), "issuer is another one"


@requirement("OIDCD-4.3/issuer-equals-url-prefix")
def test_issuer_with_slash_is_the_prefix_of_the_url(document_of_slash_issuer: Trace) -> None:
    """The configuration speaks for the issuer that was asked, its slash included."""
    url = document_of_slash_issuer[CONFIGURATION].request.url
    issuer = document(document_of_slash_issuer, CONFIGURATION).get("issuer")
    assert issuer == url.removesuffix(SUFFIX) + "/", "issuer is another one"


@requirement("OIDCD-4/content-type-json")
def test_configuration_says_that_it_is_json(metadata_documents: Trace) -> None:
    """The media type is application/json."""
    media_type = metadata_documents[CONFIGURATION].answered.media_type
    assert media_type == "application/json", f"the media type is {media_type}"


@requirement("OIDCD-4.2/json-object")
def test_configuration_is_one_object(metadata_documents: Trace) -> None:
    """The body is one JSON object whose names occur once."""
    response = metadata_documents[CONFIGURATION].answered
    if not response.is_success:
        raise EvidenceError("there is no configuration")
    try:
        members = response.json_object
    except EvidenceError as error:
        raise AssertionError(str(error)) from None
    assert members, "the object is empty"


@requirement("OIDCD-4.2/empty-arrays-omitted")
def test_empty_lists_are_left_out(metadata_documents: Trace) -> None:
    """A list without elements is not there."""
    members = document(metadata_documents, CONFIGURATION)
    empty = sorted(name for name, value in members.items() if value == [])
    assert not empty, f"{', '.join(empty)} has no elements"


@requirement("OIDCD-4/cors")
def test_scripts_may_read_the_configuration(metadata_requests: Trace) -> None:
    """A script of another origin can read the configuration."""
    allowed = metadata_requests["origin"].answered.header("access-control-allow-origin")
    assert allowed in {"*", "https://client.example.org"}, "Access-Control-Allow-Origin is missing"


@requirement("OIDCD-4.1/get-request")
def test_configuration_is_served_to_anybody(metadata_requests: Trace) -> None:
    """A bare GET gets the configuration."""
    status = metadata_requests["bare"].answered.status
    assert status == 200, f"status is {status}"


@requirement("OIDCD-4.2/error-has-http-status")
def test_no_configuration_is_no_success(metadata_requests: Trace) -> None:
    """Where no issuer is there is an error by its status."""
    if not metadata_requests["again"].answered.is_success:
        raise EvidenceError("no configuration is served any more")
    status = metadata_requests["nowhere"].answered.status
    assert 400 <= status < 500, f"status is {status}"


@requirement("OIDCC-13.3/no-nulls")
def test_json_has_no_nulls(
    metadata_documents: Trace, code_redeemed: Trace, userinfo_asked: Trace
) -> None:
    """What has no value is left out."""
    bodies = {
        "the configuration": document(metadata_documents, CONFIGURATION),
        "the token response": document(code_redeemed, "redeem"),
        "userinfo": userinfo_claims(userinfo_asked, "get"),
    }
    for name, members in bodies.items():
        nulls = sorted(key for key, value in members.items() if value is None)
        assert not nulls, f"{name} has null for {', '.join(nulls)}"


@requirement("OIDCC-13.3/json-types")
def test_json_has_the_right_types(metadata_documents: Trace, code_redeemed: Trace) -> None:
    """Numbers are numbers, strings are strings, flags are flags."""
    members = document(code_redeemed, "redeem")
    assert is_number(members.get("expires_in", 0)), "expires_in is no number"
    assert isinstance(members.get("token_type"), str), "token_type is no string"
    for name, value in document(metadata_documents, CONFIGURATION).items():
        if name.endswith("_parameter_supported"):
            assert isinstance(value, bool), f"{name} is no boolean"
