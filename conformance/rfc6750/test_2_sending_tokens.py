"""RFC 6750 section 2: the ways in which a token may come."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    requirement,
)


@requirement("RFC6750-2.1/authorization-header-supported", "OIDCC-5.3/get-supported")
def test_token_in_the_header_works(userinfo_asked: Trace) -> None:
    """A token in the Authorization header is taken."""
    for step in ("get", "again"):
        status = userinfo_asked[step].answered.status
        assert status == 200, f"status is {status}"


@requirement("RFC6750-2/one-transmission-method")
def test_token_in_two_places_is_refused(userinfo_asked: Trace) -> None:
    """A request with its token in two places is not served."""
    status = userinfo_asked["twice"].answered.status
    assert not 200 <= status < 300, f"status is {status}"
    if status not in {400, 401}:
        raise EvidenceError(f"status {status} is no refusal by RFC 6750")


@requirement("RFC6750-3.1/invalid-request-400")
def test_malformed_request_is_400(userinfo_asked: Trace) -> None:
    """A request with its token in two places is malformed."""
    status = userinfo_asked["twice"].answered.status
    if status not in {200, 400, 401, 403}:
        raise EvidenceError(f"status {status} is no answer by RFC 6750")
    assert status == 400, f"status is {status}"


@requirement("RFC6750-2.2/form-body-supported")
def test_token_in_a_form_is_taken_or_refused(userinfo_asked: Trace) -> None:
    """A token in a form body is taken, or refused in due form."""
    status = userinfo_asked["body"].answered.status
    assert status in {200, 400, 401, 405, 415}, f"status is {status}"


@requirement("RFC6750-2.2/no-form-body-with-get")
def test_token_in_the_body_of_a_get_is_not_honoured(userinfo_asked: Trace) -> None:
    """A GET has no body that would count."""
    status = userinfo_asked["get-with-body"].answered.status
    assert not 200 <= status < 300, f"status is {status}"


@requirement("RFC6750-2.3/query-parameter-not-used")
def test_token_in_the_query_is_not_taken(userinfo_asked: Trace) -> None:
    """Queries end up in logs, so no token is taken from there."""
    status = userinfo_asked["query"].answered.status
    assert not 200 <= status < 300, f"status is {status}"


@requirement("RFC6750-2.3/query-response-private")
def test_answer_to_a_token_in_the_query_is_private(userinfo_asked: Trace) -> None:
    """Where a token is taken from the query no shared cache may keep the answer."""
    response = userinfo_asked["query"].answered
    if not response.is_success:
        raise Unsuited("a token in the query is not taken")
    kept = {"private", "no-store"} & response.directives("cache-control")
    assert kept, "Cache-Control has neither private nor no-store"
