"""RFC 9110, 9111 and 6585: what methods, statuses, redirects and caches mean at these endpoints."""

import re
from collections.abc import Iterator

from idprobe.checks import (
    PSEUDONYM,
    EvidenceError,
    Exchange,
    Trace,
    Unsuited,
    authorization_response,
    challenges,
    claims_told,
    error_code,
    gives_tokens,
    http_date,
    is_token_accepted,
    refused,
    requirement,
    token_response,
)

URI = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*")
OVERLOAD = {429, 502, 503, 504}
CACHE_FIELDS = ("x-cache", "x-cache-status", "cf-cache-status", "x-proxy-cache")


def _answers(*traces: Trace) -> Iterator[Exchange]:
    """Yield what was answered at all."""
    return (exchange for trace in traces for exchange in trace if exchange.response is not None)


def _limited(trace: Trace) -> list[Exchange]:
    """Return the guesses that were answered with 429; raises Unsuited without one."""
    found = [e for e in trace.steps("guess") if e.answered.status == 429]
    if not found:
        raise Unsuited("no request was answered with 429")
    return found


@requirement("RFC9110-4.1/uris-of-8000-octets")
def test_uri_of_8000_octets_is_served(uri_of_8000_octets: Trace) -> None:
    """A request of nearly 8000 octets leads to a code, as a short one does."""
    exchange = uri_of_8000_octets["padded"]
    if exchange.answered.status in OVERLOAD:
        raise EvidenceError(f"the server is overloaded: {exchange}")
    status = exchange.answered.status
    assert status not in {400, 414, 431, 500}, f"it is answered with {status}"
    assert not refused(exchange), f"it led to {error_code(exchange) or 'an error page'}"
    assert authorization_response(exchange).get("code"), "there is no code"


@requirement("RFC9110-8.4/unknown-content-coding")
def test_compressed_request_crashes_nothing(compressed_request: Trace) -> None:
    """A body in a coding that the server may not take is refused, or read."""
    status = compressed_request["gzip"].answered.status
    if status in OVERLOAD:
        raise EvidenceError("the server is overloaded")
    assert status < 500, f"the status is {status}"


@requirement("RFC9110-8.6/no-content-length-with-204")
def test_204_has_no_length(preflights: Trace) -> None:
    """An answer without content does not say how long it is."""
    empty = [exchange for exchange in preflights if exchange.answered.status == 204]
    if not empty:
        raise Unsuited("no preflight is answered with 204")
    for exchange in empty:
        preflights.decide(exchange)
        length = exchange.answered.header("content-length")
        assert length is None, f"{exchange.step}: a 204 has Content-Length {length}"


@requirement("RFC9110-9.1/method-case-sensitive")
def test_post_in_lower_case_is_no_post(method_in_lower_case: Trace) -> None:
    """The method post is none that a token endpoint knows."""
    if not gives_tokens(method_in_lower_case["usual"]):
        raise EvidenceError("the same request by POST brings no tokens")
    exchange = method_in_lower_case["lower"]
    served = exchange.response is not None and gives_tokens(exchange)
    assert not served, "post is served like POST"


@requirement("RFC9110-9.2.1/no-unsafe-action-by-get")
def test_nothing_is_revoked_by_get(revocation_by_get: Trace) -> None:
    """A GET revokes no token; the same request by POST does."""
    trace = revocation_by_get
    asked = [trace[step].answered.is_success for step in ("before", "after", "post", "gone")]
    if not all(asked) or not is_token_accepted(trace["before"]) or is_token_accepted(trace["gone"]):
        raise EvidenceError("introspection does not show that the token is revoked by POST")
    assert is_token_accepted(trace["after"]), "the token is revoked by GET"


@requirement("RFC9110-9.2.1/no-unsafe-action-by-get")
def test_nothing_is_approved_by_get(consent_by_get: Trace) -> None:
    """The consent form, sent by GET, approves nothing; sent as it is it does."""
    if not gives_tokens(consent_by_get["post"]):
        raise EvidenceError("the form brings no code as it is either")
    assert not gives_tokens(consent_by_get["get"]), "consent is given by GET"


@requirement("RFC9110-10.2.2/location-single-uri-reference")
def test_location_is_one_uri(authorization_states: Trace, user_pages: Trace) -> None:
    """Every redirect names one URI, in the characters that URIs have."""
    redirects = [e for e in _answers(authorization_states, user_pages) if e.answered.is_redirect]
    if not redirects:
        raise EvidenceError("there is no redirect to look at")
    for exchange in redirects:
        authorization_states.decide(exchange)
        fields = exchange.answered.all_headers("location")
        assert len(fields) == 1, f"{exchange.step}: Location stands {len(fields)} times"
        uri = PSEUDONYM.sub("x", fields[0])
        assert URI.fullmatch(uri), f"{exchange.step}: Location has characters that no URI has"
        assert uri.count("#") <= 1, f"{exchange.step}: Location has two fragments"


@requirement("RFC9110-10.2.3/retry-after-syntax", "RFC6585-4/429-retry-after")
def test_retry_after_can_be_read(secret_guessed: Trace) -> None:
    """Retry-After is a number of seconds, or a date."""
    fields = [e.answered.header("retry-after") for e in _answers(secret_guessed)]
    said = {field for field in fields if field is not None}
    if not said:
        raise Unsuited("no answer has Retry-After")
    for field in said:
        assert field.isdecimal() or http_date(field), f"Retry-After is {field[:40]!r}"


@requirement("RFC6585-4/429-explained")
def test_429_says_why(secret_guessed: Trace) -> None:
    """Who is refused for haste is told so."""
    for exchange in _limited(secret_guessed):
        secret_guessed.decide(exchange)
        assert exchange.answered.body.strip(), f"{exchange.step}: the 429 has no content"


@requirement("RFC6585-4/429-not-cached")
def test_429_is_for_nobody_else(secret_guessed: Trace) -> None:
    """A 429 for one client is not served to another."""
    _limited(secret_guessed)
    if "bystander" not in secret_guessed:
        raise Unsuited("the profile has no client that could ask meanwhile")
    status = secret_guessed["bystander"].answered.status
    assert status != 429, "another client gets a 429 too"


@requirement("RFC9110-11.4/bad-credentials-401")
def test_missing_and_bad_tokens_are_challenged(userinfo_refused: Trace) -> None:
    """Userinfo without a token, and with one of nobody, is a 401 with a challenge."""
    for step in ("nothing", "bogus"):
        exchange = userinfo_refused[step]
        status = exchange.answered.status
        if status in OVERLOAD:
            raise EvidenceError(f"the server is overloaded: {exchange}")
        assert status == 401, f"{step}: the status is {status}"
        assert challenges(exchange), f"{step}: there is no challenge"


@requirement("RFC7617-2/colon-splits-once")
def test_secret_may_have_colons(secret_with_marks: Trace) -> None:
    """The client_id ends at the first colon; what comes after it is the secret, colons and all."""
    if not gives_tokens(secret_with_marks["encoded_again"]):
        raise EvidenceError("the secret is not read as RFC 6749 section 2.3.1 has it")
    exchange = secret_with_marks["colon"]
    assert not refused(exchange), f"the secret is cut: {error_code(exchange)}"


@requirement("RFC9110-15.5.14/413-for-large-content")
def test_large_bodies_crash_nothing(large_bodies: Trace) -> None:
    """A value of 1 MiB, 10000 parameters and empty names are read, refused or broken off."""
    for step in ("large-value", "many-parameters", "empty-names"):
        response = large_bodies[step].response
        status = 0 if response is None else response.status
        if status in OVERLOAD:
            raise EvidenceError(f"the server is overloaded: {large_bodies[step]}")
        assert status < 500, f"{step.replace('-', ' ')}: the status is {status}"


@requirement("RFC9111-3.5/authenticated-responses-not-shared")
def test_claims_are_those_of_the_token(userinfo_of_two_users: Trace) -> None:
    """Two users who ask in turn and at once get their own claims each time."""
    subjects = {name: _subjects(userinfo_of_two_users, name) for name in ("first", "second")}
    mixed = subjects["first"] & subjects["second"]
    assert not mixed, "claims of one user are given to the token of the other"
    for name, found in subjects.items():
        assert len(found) == 1, f"the token of the {name} user brings claims of {len(found)} users"


def _subjects(trace: Trace, name: str) -> set[str]:
    told = [claims_told(trace, exchange) for exchange in trace.steps(name)]
    if any("sub" not in claims for claims in told):
        raise EvidenceError("userinfo does not tell whose claims they are")
    return {str(claims["sub"]) for claims in told}


@requirement("RFC9111-5.2.2.5/no-store-respected")
def test_no_token_comes_from_a_cache(code_answer: Trace, token_request_faults: Trace) -> None:
    """No answer of the token endpoint has an age, or was found in a cache."""
    for exchange in _answers(code_answer, token_request_faults):
        code_answer.decide(exchange)
        if exchange.request.agent != "client":
            continue
        age = exchange.answered.header("age")
        assert age is None, f"{exchange.step}: the answer is {age:.40} seconds old"
        found = [exchange.answered.header(name) or "" for name in CACHE_FIELDS]
        hit = any(value.lower().startswith("hit") for value in found)
        assert not hit, f"{exchange.step}: the answer comes from a cache"


@requirement("RFC9111-5.4/pragma-deprecated")
def test_pragma_does_not_stand_alone(code_answer: Trace) -> None:
    """Whoever sends Pragma sends Cache-Control, which alone decides, as well."""
    response = token_response(code_answer["tokens"])
    if response.header("pragma") is None:
        raise Unsuited("the server sends no Pragma")
    assert response.header("cache-control"), "Pragma stands without Cache-Control"


@requirement("RFC8259-9/all-conforming-texts-accepted")
def test_every_spelling_of_json_is_read(registration_spellings: Trace) -> None:
    """White space, escapes and members within members change nothing.

    What is nested tells nothing of a server that refuses every member that it does not know.
    """
    ignores = _registered(registration_spellings["unknown"]) in {200, 201}
    for step in ("spaced", "escaped", "slashes", *(("nested",) if ignores else ())):
        status = _registered(registration_spellings[step])
        assert status in {200, 201}, f"{step}: the status is {status}"


@requirement("RFC8259-11/charset-parameter-harmless")
def test_charset_of_json_changes_nothing(registration_spellings: Trace) -> None:
    """application/json with a charset is application/json."""
    status = _registered(registration_spellings["charset"])
    assert status in {200, 201}, f"the status is {status}"


def _registered(exchange: Exchange) -> int:
    status = exchange.answered.status
    if status in OVERLOAD:
        raise EvidenceError(f"the server is overloaded: {exchange}")
    return status


@requirement("RFC8259-4/duplicate-names-in-requests")
def test_repeated_name_is_read_in_one_way(registration_with_repeated_name: Trace) -> None:
    """A client that was registered with two lists of URIs has the one that it is told."""
    trace = registration_with_repeated_name
    for step in ("one-last", "one-first"):
        if not trace[step].answered.is_success:
            continue
        told = trace[step].answered.json_object.get("redirect_uris")
        for name in ("asked", "asked-elsewhere"):
            exchange = trace[f"{step}-{name}"]
            uri = trace.steps(f"{step}-{name}")[0].request.parameter("redirect_uri")
            is_told = isinstance(told, list) and uri in told
            assert is_told or refused(exchange), f"{step}: a URI that is not told is followed"


@requirement("RFC9110-9.1/known-method-405")
def test_no_code_comes_by_other_methods(authorization_by_other_methods: Trace) -> None:
    """PUT, DELETE, PATCH and OPTIONS at the authorization endpoint bring no code."""
    trace = authorization_by_other_methods
    if not gives_tokens(trace["get"]):
        raise EvidenceError("nobody is served silently by GET either")
    served = [one for one in ("put", "delete", "patch", "options") if gives_tokens(trace[one])]
    assert not served, f"a code comes by {', '.join(served)}"
