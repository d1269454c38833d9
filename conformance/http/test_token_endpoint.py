"""HTTP, JSON and Basic authentication as the token endpoint speaks them."""

import json
import re
from collections import Counter
from collections.abc import Iterator

from idprobe.checks import (
    Challenge,
    EvidenceError,
    Exchange,
    Response,
    Trace,
    Unsuited,
    challenges,
    error_code,
    error_response,
    is_granted,
    requirement,
    token_response,
)

GZIP = b"\x1f\x8b"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
SINGLETONS = ("content-type", "content-length", "location", "retry-after", "date", "age", "etag")
TYPES_WITH_PARAMETERS = (
    "type_with_charset",
    "type_with_space_and_charset",
    "type_with_quoted_charset",
)


def _answers(*traces: Trace) -> Iterator[tuple[Exchange, Response]]:
    """Yield what the client itself sent and got."""
    for trace in traces:
        for exchange in trace:
            if exchange.request.agent == "client" and exchange.response is not None:
                yield exchange, exchange.response


def _json_bodies(*traces: Trace) -> list[tuple[Exchange, Response]]:
    """Return the answers that say to be JSON; without one there is nothing to look at."""
    found = [
        (exchange, response)
        for exchange, response in _answers(*traces)
        if response.media_type == "application/json" and response.body and not response.unreadable
    ]
    if not found:
        raise EvidenceError("no answer is application/json that could be read")
    return found


def _unauthorized(*traces: Trace) -> list[tuple[Exchange, Response]]:
    """Return the answers of status 401, which those who tried no header need not be given."""
    found = [(e, r) for e, r in _answers(*traces) if r.status == 401]
    if not found and any(r.status == 400 and r.error for _, r in _answers(*traces)):
        raise Unsuited("the server refuses with 400, as RFC 6749 section 5.2 lets it")
    if not found:
        raise EvidenceError("no answer has status 401")
    return found


def _basic_challenges(trace: Trace) -> list[Challenge]:
    found = [c for c in challenges(trace["wrong_secret"]) if c.scheme == "basic"]
    if not found:
        raise Unsuited("the server challenges by no Basic scheme")
    return found


@requirement("RFC9110-5.1/unknown-fields-ignored")
def test_unknown_header_of_a_code_request_is_ignored(code_requests_bent: Trace) -> None:
    """A header field that nobody knows changes nothing."""
    exchange = code_requests_bent["unknown_header"]

    assert is_granted(exchange), f"the request is refused: {error_code(exchange)}"


@requirement("RFC9110-5.3/singleton-fields-once")
def test_singleton_fields_stand_once(code_answer: Trace, token_request_faults: Trace) -> None:
    """Fields that are no lists stand once in each answer."""
    for exchange, response in _answers(code_answer, token_request_faults):
        code_answer.decide(exchange)
        for name in SINGLETONS:
            count = len(response.all_headers(name))
            assert count <= 1, f"{exchange.step}: {name} stands {count} times"


@requirement("RFC9110-8.3/content-type-present")
def test_answers_with_content_have_a_content_type(
    code_answer: Trace, token_request_faults: Trace
) -> None:
    """Each answer with a body says what it is."""
    for exchange, response in _answers(code_answer, token_request_faults):
        code_answer.decide(exchange)
        if response.body:
            assert response.media_type, f"{exchange.step}: there is no Content-Type"


@requirement("RFC9110-8.4/content-encoding-declared")
def test_compressed_answers_say_so(code_answer: Trace) -> None:
    """No token response is compressed without Content-Encoding."""
    exchange = code_answer["tokens"]
    response = exchange.answered
    if not response.is_success or not response.body:
        raise EvidenceError("there is no token response to look at")

    is_compressed = response.body.startswith(GZIP)

    assert not is_compressed or response.header("content-encoding"), "it is gzip without saying so"


@requirement("RFC9110-8.3.1/media-type-case-insensitive")
def test_media_type_of_a_code_request_may_be_in_capitals(code_requests_bent: Trace) -> None:
    """Application/X-WWW-Form-URLEncoded is the same type."""
    exchange = code_requests_bent["type_in_capitals"]

    assert is_granted(exchange), f"the request is refused: {error_code(exchange)}"


@requirement("RFC9110-8.3.1/media-type-case-insensitive")
def test_media_type_of_client_credentials_may_be_in_capitals(
    client_credentials_requests_bent: Trace,
) -> None:
    """Application/X-WWW-Form-URLEncoded is the same type."""
    exchange = client_credentials_requests_bent["type_in_capitals"]

    assert is_granted(exchange), f"the request is refused: {error_code(exchange)}"


@requirement("RFC9110-8.3.1/media-type-parameters-tolerated")
def test_media_type_of_a_code_request_may_have_parameters(code_requests_bent: Trace) -> None:
    """A charset, with or without a space and quotes, changes nothing."""
    for step in TYPES_WITH_PARAMETERS:
        exchange = code_requests_bent[step]
        assert is_granted(exchange), f"{step.replace('_', ' ')}: {error_code(exchange)}"


@requirement("RFC9110-8.3.1/media-type-parameters-tolerated")
def test_media_type_of_client_credentials_may_have_parameters(
    client_credentials_requests_bent: Trace,
) -> None:
    """A charset, with or without a space and quotes, changes nothing."""
    for step in TYPES_WITH_PARAMETERS:
        exchange = client_credentials_requests_bent[step]
        assert is_granted(exchange), f"{step.replace('_', ' ')}: {error_code(exchange)}"


@requirement("RFC9110-9.1/known-method-405")
def test_other_methods_are_not_allowed(token_endpoint_methods: Trace) -> None:
    """GET, PUT and DELETE at the token endpoint are answered with 405."""
    for step in ("get", "put", "delete"):
        exchange = token_endpoint_methods[step]
        status = error_response(exchange).status
        assert status == 405, f"{step.upper()} is answered with {status}"


@requirement("RFC9110-9.1/known-method-405")
def test_odd_methods_are_not_served(token_endpoint_methods: Trace) -> None:
    """HEAD, PATCH and TRACE at the token endpoint are no success, and TRACE echoes nothing."""
    for step in ("head", "patch", "trace"):
        status = token_endpoint_methods[step].answered.status
        assert not 200 <= status <= 299, f"{step.upper()} is answered with {status}"


@requirement("RFC9110-10.2.1/allow-in-405", "RFC9110-15.5.6/allow-in-405")
def test_405_allows_what_is_served(allow_of_405: Trace) -> None:
    """A 405 of the token endpoint says that POST is allowed, and it is."""
    exchange = allow_of_405["refused"]

    allowed = exchange.answered.directives("allow")

    assert "post" in allowed, f"Allow is {', '.join(sorted(allowed)) or 'absent'}"
    assert allow_of_405["allowed"].answered.status != 405, "POST is answered with 405 too"


@requirement("RFC9110-11.1/scheme-case-insensitive")
def test_basic_is_spelled_in_any_case(basic_authentication: Trace) -> None:
    """The scheme may be written basic and BASIC."""
    for step in ("scheme_in_lower_case", "scheme_in_capitals"):
        exchange = basic_authentication[step]
        assert is_granted(exchange), f"{step.replace('_', ' ')}: {error_code(exchange)}"


@requirement("RFC9110-11.2/auth-params-once")
def test_parameters_of_a_challenge_stand_once(basic_authentication: Trace) -> None:
    """No parameter of a challenge is repeated."""
    for challenge in _basic_challenges(basic_authentication):
        counts = Counter(name.lower() for name, _ in challenge.parameters)
        repeated = sorted(name for name, count in counts.items() if count > 1)
        assert not repeated, f"{', '.join(repeated)} is repeated"


@requirement("RFC9110-11.5/realm-quoted")
def test_realm_is_quoted(basic_authentication: Trace) -> None:
    """The realm is a quoted string."""
    exchange = basic_authentication["wrong_secret"]
    if not any(challenge.get("realm") for challenge in challenges(exchange)):
        raise Unsuited("no challenge of the server has a realm")

    for header in exchange.answered.all_headers("www-authenticate"):
        bare = re.search(r"(?:^|[\s,])realm\s*=\s*[^\s\"]", header, re.IGNORECASE)
        assert bare is None, "the realm is not in quotes"


@requirement("RFC9110-11.6.1/challenge-in-401")
def test_401_has_a_challenge(basic_authentication: Trace) -> None:
    """Each 401 to a client that uses Basic has WWW-Authenticate."""
    for exchange, _ in _unauthorized(basic_authentication):
        basic_authentication.decide(exchange)
        assert challenges(exchange), f"{exchange.step}: there is no challenge"


@requirement("RFC9110-11.6.1/challenge-in-401")
def test_401_of_wrong_client_credentials_has_a_challenge(
    client_credentials_unproven: Trace,
) -> None:
    """Each 401 to a client without proof has WWW-Authenticate, wherever the secret was."""
    for exchange, _ in _unauthorized(client_credentials_unproven):
        client_credentials_unproven.decide(exchange)
        assert challenges(exchange), f"{exchange.step}: there is no challenge"


@requirement("RFC9110-15.5.2/challenge-applicable")
def test_challenge_is_one_that_clients_can_answer(basic_authentication: Trace) -> None:
    """The challenge of the token endpoint names a scheme for clients: Basic is."""
    schemes = {"basic", "digest", "bearer", "dpop", "mutual", "hoba", "privatetoken"}
    for exchange, _ in _unauthorized(basic_authentication):
        basic_authentication.decide(exchange)
        found = {challenge.scheme for challenge in challenges(exchange)}
        if found:
            assert found & (schemes - {"bearer", "dpop"}), f"{exchange.step}: it is for {found}"


@requirement("RFC9110-15.5/error-content")
def test_errors_explain_themselves(token_request_faults: Trace) -> None:
    """Each error has a body."""
    found = [(e, r) for e, r in _answers(token_request_faults) if 400 <= r.status <= 499]
    if not found:
        raise EvidenceError("no answer has a status of 4xx")
    for exchange, response in found:
        token_request_faults.decide(exchange)
        assert response.body, f"{exchange.step}: there is no body"


@requirement("RFC7617-2/realm-in-basic-challenge")
def test_basic_challenge_has_a_realm(basic_authentication: Trace) -> None:
    """A Basic challenge names its realm."""
    for challenge in _basic_challenges(basic_authentication):
        assert challenge.get("realm") is not None, "there is no realm"


@requirement("RFC7617-2.1/charset-only-utf-8")
def test_charset_of_a_basic_challenge_is_utf_8(basic_authentication: Trace) -> None:
    """No Basic challenge has a charset other than UTF-8."""
    for challenge in _basic_challenges(basic_authentication):
        charset = challenge.get("charset") or "UTF-8"
        assert charset.upper() == "UTF-8", f"charset is {charset[:20]!r}"


@requirement("RFC8259-2/json-grammar", "RFC8259-10/generator-strict")
def test_tokens_are_sent_as_strict_json(code_answer: Trace) -> None:
    """A token response is one JSON text by the strict grammar."""
    for exchange, response in _json_bodies(code_answer):
        code_answer.decide(exchange)
        problem = _json_problem(response)
        assert not problem, f"{exchange.step}: {problem}"


@requirement("RFC8259-2/json-grammar", "RFC8259-10/generator-strict", "RFC8259-7/strings-escaped")
def test_token_errors_are_sent_as_strict_json(token_request_faults: Trace) -> None:
    """A token error is one JSON text by the strict grammar."""
    for exchange, response in _json_bodies(token_request_faults):
        token_request_faults.decide(exchange)
        problem = _json_problem(response)
        assert not problem, f"{exchange.step}: {problem}"


def _json_problem(response: Response) -> str:
    """Return what breaks the grammar; a byte order mark and repeated names are judged elsewhere."""
    try:
        text = response.text.removeprefix("\ufeff")
        json.loads(text, parse_constant=_refuse_constant, parse_int=str)  # of whatever length
    except ValueError as error:
        return str(error)[:80]
    except RecursionError:
        raise EvidenceError("the JSON nests too deep to be read") from None
    return ""


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON number")


@requirement("RFC8259-6/number-grammar")
def test_numbers_are_written_as_json_wants(code_answer: Trace) -> None:
    """expires_in has no leading zero, no sign plus, and is not hexadecimal."""
    exchange = code_answer["tokens"]

    written = re.search(r'"expires_in"\s*:\s*([^\s,}"]+)', token_response(exchange).text)

    if written is None:
        raise Unsuited("the token response has no expires_in, which is optional")
    number = re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", written[1])
    assert number, f"a number is written {written[1][:20]}"


@requirement("RFC8259-8.1/utf-8")
def test_tokens_are_sent_in_utf_8(code_answer: Trace) -> None:
    """A token response is UTF-8."""
    for exchange, response in _json_bodies(code_answer):
        code_answer.decide(exchange)
        assert _is_utf_8(response.body), f"{exchange.step}: the body is not UTF-8"


@requirement("RFC8259-8.1/utf-8")
def test_token_errors_are_sent_in_utf_8(token_request_faults: Trace) -> None:
    """A token error is UTF-8, whatever was sent."""
    for exchange, response in _json_bodies(token_request_faults):
        token_request_faults.decide(exchange)
        assert _is_utf_8(response.body), f"{exchange.step}: the body is not UTF-8"


def _is_utf_8(octets: bytes) -> bool:
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


@requirement("RFC8259-8.1/no-byte-order-mark")
def test_tokens_are_sent_without_a_mark(code_answer: Trace) -> None:
    """No token response starts with a byte order mark."""
    for exchange, response in _json_bodies(code_answer):
        code_answer.decide(exchange)
        assert not response.body.startswith(BYTE_ORDER_MARK), f"{exchange.step}: there is one"


@requirement("RFC8259-8.1/no-byte-order-mark")
def test_token_errors_are_sent_without_a_mark(token_request_faults: Trace) -> None:
    """No token error starts with a byte order mark."""
    for exchange, response in _json_bodies(token_request_faults):
        token_request_faults.decide(exchange)
        assert not response.body.startswith(BYTE_ORDER_MARK), f"{exchange.step}: there is one"
