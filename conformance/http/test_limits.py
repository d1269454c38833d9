"""HTTP at its edges: HEAD, unknown methods, other media types, more bytes than a server takes."""

from idprobe.checks import (
    EvidenceError,
    Exchange,
    Trace,
    Unsuited,
    gives_tokens,
    requirement,
)

OVERLOAD = {429, 502, 503, 504}


def _status(exchange: Exchange) -> int:
    """Return the status; an overload says nothing of the request."""
    status = exchange.answered.status
    if status in OVERLOAD:
        raise EvidenceError(f"the server is overloaded: {exchange}")
    return status


@requirement("RFC9110-9.1/get-and-head-supported")
def test_documents_are_served_by_head(heads_of_documents: Trace) -> None:
    """HEAD on the metadata and on the keys has the status of GET."""
    for name in ("metadata", "keys"):
        exchange = heads_of_documents[f"{name}/head"]
        wanted, found = _status(heads_of_documents[f"{name}/get"]), _status(exchange)
        assert found == wanted, f"{name}: HEAD is answered with {found}, GET with {wanted}"


@requirement("RFC9110-9.3.2/head-fields-as-get")
def test_head_has_the_fields_of_get(heads_of_documents: Trace) -> None:
    """HEAD says of media type and caching what GET says."""
    for name in ("metadata", "keys"):
        exchange = heads_of_documents[f"{name}/head"]
        by_get = heads_of_documents[f"{name}/get"].answered
        for field in ("content-type", "cache-control", "etag"):
            found, wanted = exchange.answered.header(field), by_get.header(field)
            assert found == wanted, f"{name}: {field} is {found} by HEAD and {wanted} by GET"


@requirement("RFC9110-9.1/unknown-method-501")
def test_unknown_method_is_not_implemented(unknown_method: Trace) -> None:
    """A method that nobody knows is refused as such; 405 and 400 are common and do no harm."""
    exchange = unknown_method["unknown"]

    status = exchange.answered.status

    assert status in {400, 405, 501}, f"the status is {status}"


@requirement("RFC9110-5.4/too-large-fields-4xx")
def test_large_header_is_served_or_refused(large_header: Trace) -> None:
    """A header field of 20 KiB is taken, or refused with a 4xx."""
    exchange = large_header["large"]

    status = _status(exchange)

    assert status < 500, f"the status is {status}"


@requirement("RFC9112-3/long-request-target-414", "RFC9110-15.5.15/414-for-long-uri")
def test_long_target_is_served_or_refused(long_target: Trace) -> None:
    """A URI of 20 KiB is taken, or refused with a 4xx."""
    exchange = long_target["long"]

    status = _status(exchange)

    assert status < 500, f"the status is {status}"


@requirement("RFC9110-15.5.16/415-for-wrong-media-type")
def test_token_request_in_json_is_refused(other_media_types: Trace) -> None:
    """A token request that is JSON, not a form, is refused with 400 or 415."""
    exchange = other_media_types["json"]

    assert not gives_tokens(exchange), "a request in JSON is served"
    status = _status(exchange)
    assert status in {400, 401, 415}, f"the status is {status}"


@requirement("RFC9110-15.5.16/415-for-wrong-media-type")
def test_token_request_in_another_form_is_refused(other_media_types: Trace) -> None:
    """A token request in multipart, XML or UTF-16 brings no tokens."""
    if "multipart" not in other_media_types:
        raise Unsuited("the client has its secret in the body, which no odd form should carry")
    for step in ("multipart", "xml", "utf-16"):
        exchange = other_media_types[step]
        assert not gives_tokens(exchange), f"a request in {step} is served"
        status = _status(exchange)
        assert status < 500, f"{step}: the status is {status}"


@requirement("RFC9110-15.5.16/415-for-wrong-media-type")
def test_token_request_of_another_type_does_no_harm(other_media_types: Trace) -> None:
    """A token request that says to be text, or nothing, crashes nothing."""
    for step in ("text", "none"):
        exchange = other_media_types[step]
        status = _status(exchange)
        assert status < 500, f"{step}: the status is {status}"
