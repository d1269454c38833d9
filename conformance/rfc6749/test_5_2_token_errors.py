"""RFC 6749 section 5.2: how the token endpoint refuses, and with which code."""

import re

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    error_code,
    error_response,
    exchanges_with_errors,
    refused,
    requirement,
    texts_without_secrets,
    token_error,
)

ERROR_CHARACTERS = re.compile(r"[ !#-\[\]-~]+")
URI_CHARACTERS = re.compile(r"[!#-\[\]-~]+")
URI_REFERENCE = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*")
NOT_OFFERED = {"unsupported_grant_type", "unauthorized_client", "invalid_request"}
ORDINARY_FAULTS = ("no_parameters", "no_code", "unknown_code", "unknown_grant_name", "code_twice")


@requirement("RFC6749-5.2/status-400")
def test_faulty_requests_are_answered_with_400(token_request_faults: Trace) -> None:
    """Errors other than invalid_client have status 400."""
    for step in ORDINARY_FAULTS:
        exchange = token_request_faults[step]
        status = error_response(exchange).status
        assert status == 400, f"{step.replace('_', ' ')}: the status is {status}"


@requirement("RFC6749-5.2/error-present")
def test_errors_have_an_error_code(token_request_faults: Trace) -> None:
    """Every refusal has an error that is a non-empty string."""
    for step in ORDINARY_FAULTS:
        exchange = token_request_faults[step]
        response = error_response(exchange)
        assert response.error, f"{step.replace('_', ' ')}: there is no error code"


@requirement("RFC6749-5.2/media-type-json")
def test_errors_are_sent_as_json(token_request_faults: Trace) -> None:
    """Every refusal is an application/json object."""
    for step in ORDINARY_FAULTS:
        exchange = token_request_faults[step]
        response = error_response(exchange)
        assert response.media_type == "application/json", f"the media type is {response.media_type}"
        assert response.body.lstrip()[:1] == b"{", "the body is no object"


@requirement("RFC6749-5.2/invalid-request-missing-parameter")
def test_missing_grant_type_is_invalid_request(token_request_faults: Trace) -> None:
    """A request without any parameter of a grant is invalid_request."""
    exchange = token_request_faults["no_parameters"]

    code = token_error(exchange)

    assert code == "invalid_request", f"the error is {code}"


@requirement("RFC6749-5.2/invalid-request-missing-parameter")
def test_missing_code_is_invalid_request(token_request_faults: Trace) -> None:
    """The code grant without a code is invalid_request."""
    exchange = token_request_faults["no_code"]

    code = token_error(exchange)

    assert code == "invalid_request", f"the error is {code}"


@requirement("RFC6749-5.2/invalid-request-repeated-parameter")
def test_repeated_code_is_invalid_request(token_request_faults: Trace) -> None:
    """A code that is sent twice is invalid_request, whatever its value."""
    exchange = token_request_faults["code_twice"]

    code = token_error(exchange)

    assert code == "invalid_request", f"the error is {code}"


@requirement("RFC6749-5.2/invalid-grant")
def test_unknown_code_is_invalid_grant(token_request_faults: Trace) -> None:
    """A code that nobody issued is invalid_grant."""
    exchange = token_request_faults["unknown_code"]

    code = token_error(exchange)

    assert code == "invalid_grant", f"the error is {code}"


@requirement("RFC6749-5.2/invalid-grant")
def test_unknown_refresh_token_is_invalid_grant(refresh_faults: Trace) -> None:
    """A refresh token that nobody issued is invalid_grant."""
    exchange = refresh_faults["unknown_token"]

    code = token_error(exchange)

    assert code == "invalid_grant", f"the error is {code}"


@requirement("RFC6749-5.2/unsupported-grant-type")
def test_unknown_grant_types_are_unsupported(token_request_faults: Trace) -> None:
    """A grant type that nobody knows is unsupported_grant_type, be it a name or a URI."""
    for step in ("unknown_grant_name", "unknown_grant_uri"):
        exchange = token_request_faults[step]
        code = token_error(exchange)
        assert code == "unsupported_grant_type", f"the error is {code}"


@requirement("RFC6749-A.10/grant-type-syntax")
def test_grant_type_with_a_space_is_refused(token_request_faults: Trace) -> None:
    """A grant type with a space in it is none."""
    exchange = token_request_faults["grant_type_with_space"]

    code = token_error(exchange)

    assert code in {"unsupported_grant_type", "invalid_request"}, f"the error is {code}"


@requirement("RFC6749-5.2/unauthorized-client")
def test_grant_that_is_not_registered_is_unauthorized_client(
    client_credentials_without_permission: Trace,
) -> None:
    """A client that may not use a grant type that others may is told unauthorized_client."""
    exchange = client_credentials_without_permission["unpermitted"]

    assert refused(exchange), "the client is given tokens by a grant that it is not registered for"
    code = error_code(exchange)
    assert code == "unauthorized_client", f"the error is {code}"


@requirement("RFC6749-5.2/invalid-scope")
def test_unknown_scope_is_invalid_or_left_out(client_credentials_scopes: Trace) -> None:
    """A scope that nobody knows is invalid_scope, or is not in what is granted."""
    exchange = client_credentials_scopes["partly_unknown"]

    if refused(exchange):
        code = error_code(exchange)
        assert code == "invalid_scope", f"the error is {code}"
    else:
        told = str(exchange.answered.json_object.get("scope", "")).split()
        assert told, "the scope that was granted instead is not told"
        assert "idprobe_no_such_scope" not in told, "a scope that nobody knows is granted"


@requirement(
    "RFC6749-10.7/password-grant-minimised",
    "RFC9700-2.4/password-grant-absent",
    "OAUTH21-10/implicit-and-password-omitted",
)
def test_password_grant_is_not_offered(token_request_faults: Trace) -> None:
    """The password grant is unknown, or at least not for this client."""
    exchange = token_request_faults["password_grant"]

    code = token_error(exchange)
    if code not in {None, "invalid_grant", *NOT_OFFERED}:
        raise EvidenceError(f"the error {code} does not tell whether the grant is known")

    assert code in NOT_OFFERED, f"the grant type is known: the error is {code}"


@requirement(
    "RFC6749-5.2/error-charset", "RFC6749-A.7/error-syntax", "RFC6749-8.5/error-code-syntax"
)
def test_error_codes_keep_to_their_characters(token_request_faults: Trace) -> None:
    """No error code has a quote, a backslash, a control character or one beyond ASCII."""
    for exchange in exchanges_with_errors(token_request_faults):
        token_request_faults.decide(exchange)
        code = exchange.answered.error or ""
        assert ERROR_CHARACTERS.fullmatch(code), f"the error is {code[:40]!r}"


@requirement("RFC6749-8.5/error-code-registered")
def test_error_codes_are_registered(token_request_faults: Trace) -> None:
    """Ordinary mistakes are answered with codes of RFC 6749."""
    known = {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    }
    for exchange in exchanges_with_errors(token_request_faults):
        token_request_faults.decide(exchange)
        code = exchange.answered.error
        assert code in known, f"the error is {str(code)[:40]!r}"


@requirement("RFC6749-5.2/error-description-charset", "RFC6749-A.8/error-description-syntax")
def test_descriptions_keep_to_their_characters(token_request_faults: Trace) -> None:
    """No description repeats the quotes, line ends or signs beyond ASCII that were sent."""
    described = [
        exchange
        for exchange in exchanges_with_errors(token_request_faults)
        if "error_description" in exchange.answered.json_object
    ]
    if not described:
        raise Unsuited("no error has an error_description, which is optional")
    for exchange in described:
        token_request_faults.decide(exchange)
        text = exchange.answered.json_object["error_description"]
        assert isinstance(text, str), "error_description is no string"
        shown = texts_without_secrets(token_request_faults, text)
        fits = ERROR_CHARACTERS.fullmatch(shown)
        assert fits, f"after {exchange.step.replace('_', ' ')} it is {shown[:60]!r}"


@requirement("RFC6749-5.2/error-uri-syntax", "RFC6749-A.9/error-uri-syntax")
def test_error_uris_are_uri_references(token_request_faults: Trace) -> None:
    """No error has an error_uri that is no URI reference."""
    for exchange in exchanges_with_errors(token_request_faults):
        token_request_faults.decide(exchange)
        uri = exchange.answered.json_object.get("error_uri", "/")
        assert isinstance(uri, str), "error_uri is no string"
        shown = texts_without_secrets(token_request_faults, uri)
        assert URI_CHARACTERS.fullmatch(shown), f"error_uri is {shown[:60]!r}"
        assert URI_REFERENCE.fullmatch(shown), f"error_uri is {shown[:60]!r}"
