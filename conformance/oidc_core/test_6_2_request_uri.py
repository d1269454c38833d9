"""OpenID Connect Core 1.0, section 6.2: a Request Object that the server fetches itself."""

from idprobe.checks import (
    BEHIND_URI,
    EvidenceError,
    Trace,
    Unsuited,
    authorization_response,
    error_code,
    gives_tokens,
    logout_calls,
    metadata,
    refused,
    requirement,
)

URI_ERRORS = {"invalid_request_uri", "invalid_request"}
ERRORS = URI_ERRORS | {"invalid_request_object"}
SUPPORTED = "request_uri_parameter_supported"


def _assert_refused(trace: Trace, step: str, what: str) -> None:
    assert refused(trace[step]), f"a request was granted {what}"


def _assert_served(trace: Trace, step: str) -> None:
    exchange = trace[step]
    assert not refused(exchange), f"it led to {error_code(exchange) or 'an error page'}"
    if not gives_tokens(exchange):
        raise EvidenceError(f"no code landed: {exchange}")


@requirement("OIDCC-6.2/referenced-values-win")
def test_referenced_values_win(request_objects_referenced: Trace) -> None:
    """The state is that of the Request Object, whatever stands outside."""
    _assert_served(request_objects_referenced, "values")
    state = authorization_response(request_objects_referenced["values"]).get("state")
    assert state == BEHIND_URI, "the state is not that of the Request Object"


@requirement("OIDCD-3/request-object-algs")
def test_object_signed_by_rs256_is_served(request_objects_referenced: Trace) -> None:
    """A Request Object that is signed with RS256 is taken by reference."""
    _assert_served(request_objects_referenced, "rs256")


@requirement("OIDCC-6.2.3/fetched-by-get")
def test_object_is_fetched_by_get(request_objects_referenced: Trace) -> None:
    """The Request Object is fetched with GET."""
    found = logout_calls(request_objects_referenced, "call-values")
    if not found:
        raise EvidenceError("nobody fetched the Request Object")
    methods = {call.request.method for call in found}
    assert methods == {"GET"}, f"it was fetched with {', '.join(methods)}"


@requirement("OIDCC-6.2/fragment-change-invalidates-cache")
def test_another_fragment_means_another_object(request_objects_referenced: Trace) -> None:
    """With another fragment the changed object counts."""
    if refused(request_objects_referenced["hash-1"]):
        raise Unsuited("a request_uri is registered with its fragment, or not at all")
    _assert_served(request_objects_referenced, "hash-1")
    _assert_served(request_objects_referenced, "hash-2")
    state = authorization_response(request_objects_referenced["hash-2"]).get("state")
    assert state == f"{BEHIND_URI}-2", "the values are those of the former object"


@requirement("OIDCC-6.2/long-request-uri")
def test_long_request_uri_is_served(request_objects_referenced: Trace) -> None:
    """A request_uri of 500 characters works; one of 2000 works or is refused cleanly."""
    _assert_served(request_objects_referenced, "long")
    status = request_objects_referenced["too-long"].answered.status
    assert status < 500, f"2000 characters are answered with {status}"


@requirement("OIDCC-6.2/response-type-and-client-id-match")
def test_object_agrees_with_the_parameters(request_uris_faulty: Trace) -> None:
    """Another response_type or client_id in the object than outside is an error."""
    _assert_refused(request_uris_faulty, "response-type", "with two response types")
    _assert_refused(request_uris_faulty, "client-id", "with two client_ids")


@requirement("OIDCC-6.2/contents-are-a-request-object")
def test_only_an_object_will_do(request_uris_faulty: Trace) -> None:
    """A page, and a text that is no JWT, are refused."""
    _assert_refused(request_uris_faulty, "page", "with a page instead of a Request Object")
    _assert_refused(request_uris_faulty, "not-a-jwt", "with something that is no JWT")


@requirement("OIDCC-3.1.2.6/invalid-request-uri-code")
def test_invalid_reference_is_named(request_uris_faulty: Trace) -> None:
    """An address that answers 404 is invalid_request_uri; a text that is no JWT, or the object."""
    for step, codes in (("missing", URI_ERRORS), ("not-a-jwt", ERRORS)):
        exchange = request_uris_faulty[step]
        assert refused(exchange), f"a request was granted: {step}"
        code = error_code(exchange)
        assert exchange.landing is None or code in codes, f"{step}: the error is {code}"


@requirement("OIDCR-2/request-object-alg-enforced")
def test_registered_algorithm_is_enforced(
    request_uris_faulty: Trace, request_object_algorithms: Trace
) -> None:
    """Another algorithm than the registered one is refused, by value and by reference."""
    if not gives_tokens(request_object_algorithms["good"]):
        raise EvidenceError("a Request Object with the registered algorithm was not served")
    _assert_refused(request_object_algorithms, "rs256", "with another algorithm, by value")
    _assert_refused(request_uris_faulty, "wrong-alg", "with another algorithm, by reference")


@requirement("OIDCC-6/request-uri-https-unless-signed")
def test_unsigned_object_comes_by_https(request_uris_bounded: Trace) -> None:
    """An unsigned Request Object at a plain http address is refused."""
    if "unsigned" not in request_uris_bounded:
        raise Unsuited("our addresses are https")
    _assert_refused(request_uris_bounded, "unsigned", "with an unsigned object from an http URL")


@requirement("OIDCD-3/request-uri-preregistration")
def test_unregistered_address_is_not_asked(request_uris_faulty: Trace) -> None:
    """A request_uri that was not registered is refused, and nobody fetches it."""
    _assert_refused(request_uris_faulty, "unregistered", "with a request_uri nobody registered")
    assert not logout_calls(request_uris_faulty, "call-unregistered"), "the server fetched it"


@requirement("OIDCC-15.2/request-uri-supported")
def test_dynamic_server_takes_references(metadata_documents: Trace) -> None:
    """A dynamic server does not say that it has no request_uri."""
    value = metadata(metadata_documents).get(SUPPORTED, True)
    assert value is not False, f"{SUPPORTED} is false"


@requirement("ASVS-5.2.6/redirects-not-followed")
def test_redirects_are_not_followed(request_uris_bounded: Trace, sector_documents: Trace) -> None:
    """What a client's address redirects to is neither fetched nor used."""
    for trace, step in ((request_uris_bounded, "redirect"), (sector_documents, "leading")):
        if not logout_calls(trace, f"call-{step}"):
            raise EvidenceError("nobody called the address that redirects")
        assert not logout_calls(trace, "call-elsewhere"), (
            f"{step}: the server followed the redirect"
        )


@requirement("ASVS-12.1.1/fetches-bounded")
def test_fetches_are_bounded(request_uris_bounded: Trace, request_uri_held_back: Trace) -> None:
    """A huge answer is not read to its end, and nobody waits half a minute for a slow one."""
    huge = logout_calls(request_uris_bounded, "call-huge")
    if not huge:
        raise EvidenceError("nobody called the address with the huge answer")
    assert huge[0].failure is not None, "the server read a huge answer to its end"
    slow = request_uri_held_back["slow"]
    assert slow.response is not None, f"the person has no answer: {slow.failure}"
