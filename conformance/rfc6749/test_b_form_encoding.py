"""RFC 6749 appendix B and the URL standard: how the token endpoint decodes a form.

The standard's algorithm is what deployed software does; where it differs, that is told and not held
against anybody.
"""

from idprobe.checks import (
    EvidenceError,
    Exchange,
    Trace,
    authorization_response,
    error_code,
    is_granted,
    refused,
    requirement,
    sent_value,
)

REFUSALS = {"invalid_scope", "invalid_request"}


def _outcome(exchange: Exchange) -> tuple[object, ...]:
    """Return what an answer says of the scope: what is granted, or the error.

    An answer without a scope grants what was asked for, if anything (RFC 6749 section 5.1).
    """
    if refused(exchange):
        return ("refused", error_code(exchange))
    asked = exchange.request.parameter("scope") or None
    scope = exchange.answered.json_object.get("scope", asked)
    values = frozenset(scope.split()) if isinstance(scope, str) else scope
    return ("granted", values)


@requirement("RFC6749-B/values-encoded-as-utf-8", "WHATWG-URL-5.2/serializer-escapes")
def test_signs_of_a_state_are_escaped(authorization_states: Trace) -> None:
    """A state with signs that mean something in a query is one value, and no other parameter."""
    exchange = authorization_states["reserved"]
    if refused(exchange):
        raise EvidenceError(f"the state is refused: {error_code(exchange)}")
    landing = authorization_response(exchange)
    wanted = sent_value(authorization_states, "reserved", "state")
    assert landing.values("state") == (wanted,), "the state is changed"
    assert landing.get("c") is None, "a part of the state became a parameter"


@requirement("RFC6749-B/plus-is-space", "WHATWG-URL-5.1/plus-then-percent-decoding")
def test_plus_separates_scopes_as_a_space_does(form_encodings: Trace) -> None:
    """Two scopes apart by "+" are two, apart by "%2B" they are one that nobody knows."""
    space, plus = form_encodings["percent_20"], form_encodings["plus"]
    sign = form_encodings["percent_2b"]
    if refused(space):
        raise EvidenceError(f"two scopes are refused: {error_code(space)}")

    assert _outcome(plus) == _outcome(space), '"+" is not read as a space'
    assert _outcome(sign) != _outcome(space), '"%2B" is read as a space'


@requirement("WHATWG-URL-5.1/plus-then-percent-decoding")
def test_percent_20_separates_scopes_as_plus_does(form_encodings: Trace) -> None:
    """Two scopes apart by "%20" are two."""
    space, plus = form_encodings["percent_20"], form_encodings["plus"]
    if refused(plus):
        raise EvidenceError(f"two scopes are refused: {error_code(plus)}")

    assert _outcome(space) == _outcome(plus), '"%20" is not read as a space'


@requirement("WHATWG-URL-5.1/plus-then-percent-decoding")
def test_names_are_percent_decoded(client_credentials_requests_bent: Trace) -> None:
    """grant%5Ftype is grant_type."""
    exchange = client_credentials_requests_bent["name_percent_encoded"]

    assert is_granted(exchange), f"the request is refused: {error_code(exchange)}"


@requirement("WHATWG-URL-5.1/ampersand-only")
def test_semicolon_separates_nothing(client_credentials_requests_bent: Trace) -> None:
    """A semicolon belongs to the value, so there is no such grant type."""
    exchange = client_credentials_requests_bent["semicolon"]

    assert refused(exchange), "a semicolon is read as a separator"


@requirement("WHATWG-URL-5.1/ampersand-only")
def test_semicolon_separates_nothing_in_a_code_request(code_requests_bent: Trace) -> None:
    """A semicolon belongs to the value, so there is no such grant type."""
    exchange = code_requests_bent["semicolon"]

    assert refused(exchange), "a semicolon is read as a separator"


@requirement("WHATWG-URL-5.1/empty-pairs-skipped")
def test_empty_pairs_are_skipped(client_credentials_requests_bent: Trace) -> None:
    """Ampersands in a row, at the start and at the end change nothing."""
    exchange = client_credentials_requests_bent["empty_pairs"]

    assert is_granted(exchange), f"the request is refused: {error_code(exchange)}"


@requirement("WHATWG-URL-5.1/empty-pairs-skipped")
def test_empty_pairs_of_a_code_request_are_skipped(code_requests_bent: Trace) -> None:
    """Ampersands in a row, at the start and at the end change nothing."""
    exchange = code_requests_bent["empty_pairs"]

    assert is_granted(exchange), f"the request is refused: {error_code(exchange)}"


@requirement("WHATWG-URL-5.1/first-equals-splits")
def test_name_without_equals_sign_has_an_empty_value(form_encodings: Trace) -> None:
    """A bare scope is answered as if there were none."""
    exchange = form_encodings["equals_missing"]

    form_encodings.decide(exchange)
    assert _outcome(exchange) == _outcome(form_encodings["omitted"]), "a bare name is no empty one"


@requirement("WHATWG-URL-5.1/bad-percent-sequences-kept")
def test_bad_percent_sequences_do_no_harm(form_encodings: Trace) -> None:
    """A "%" without two hexadecimal digits is granted to nobody and crashes nothing."""
    for step in ("bad_percent", "lone_percent"):
        exchange = form_encodings[step]
        assert exchange.answered.status != 500, f"{step.replace('_', ' ')}: the server crashes"
        assert _is_left_out(exchange, "%"), f"{step.replace('_', ' ')}: such a scope is granted"


@requirement("WHATWG-URL-5.1/utf-8-decoding-lossy")
def test_bytes_that_are_no_text_do_no_harm(form_encodings: Trace) -> None:
    """Bytes that are not UTF-8, and overlong forms, are granted to nobody and crash nothing."""
    for step in ("not_utf_8", "overlong"):
        exchange = form_encodings[step]
        assert exchange.answered.status != 500, f"{step.replace('_', ' ')}: the server crashes"
        for text in ("\ufffd", "\u00ff", "/", "\u00c0"):
            assert _is_left_out(exchange, text), f"{step.replace('_', ' ')}: a scope is granted"


def _is_left_out(exchange: Exchange, text: str) -> bool:
    """Return whether the request was refused, or what was granted does not have the text."""
    if refused(exchange):
        return error_code(exchange) is not None
    scope = exchange.answered.json_object.get("scope", "")
    return isinstance(scope, str) and text not in scope
