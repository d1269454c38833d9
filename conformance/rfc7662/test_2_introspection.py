"""RFC 7662 section 2: asking about tokens."""

import re
from typing import Any

from idprobe.checks import (
    SKEW_S,
    EvidenceError,
    Exchange,
    Trace,
    Unsuited,
    audiences,
    challenges,
    metadata,
    requirement,
    sent_parameter,
    server_time_s,
    tokens_of,
)

NO_TOKENS = ("bogus", "short", "long", "foreign")
SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*\Z")


LASTING = {
    "active", "scope", "client_id", "username", "token_type", "exp", "iat", "nbf", "sub", "aud",
    "iss", "jti",
}  # fmt: skip
"""What RFC 7662 says of a token; other members may count down, or differ from time to time."""


def _said(exchange: Exchange) -> dict[str, Any]:
    """Return what is said of a token; raises EvidenceError for any other answer."""
    response = exchange.answered
    if response.status != 200:
        raise EvidenceError(f"the question is not answered: {exchange}")
    return response.json_object


def _live(trace: Trace, step: str = "access") -> dict[str, Any]:
    """Return what is said of a live token; raises Unsuited if the client may not ask."""
    said = _said(trace[step])
    if said.get("active") is not True:
        raise Unsuited("the client may not introspect its own token")
    return said


def _member(trace: Trace, name: str) -> Any:
    """Return what is said by one member; raises Unsuited without it."""
    said = _live(trace)
    if name not in said:
        raise Unsuited(f"the answer has no {name}")
    return said[name]


def _hollow(exchange: Exchange) -> bool:
    """Return whether an answer says of an inactive token nothing but that."""
    said = _said(exchange)
    if said.get("active") is not False:
        raise EvidenceError(f"the token is not inactive ({exchange.step})")
    return said == {"active": False}


@requirement("RFC7662-2.1/post-form-accepted")
def test_introspection_takes_a_form(tokens_introspected: Trace) -> None:
    """A form by POST is answered with JSON."""
    response = tokens_introspected["access"].answered
    assert response.status == 200, f"status is {response.status}"
    assert isinstance(response.json, dict), "the answer is no object"


@requirement("RFC7662-2.1/token-required")
def test_introspection_of_nothing_is_malformed(introspection_faults: Trace) -> None:
    """A question says which token it is about."""
    response = introspection_faults["missing"].answered
    assert response.status == 400, f"status is {response.status}"
    assert response.error == "invalid_request", f"the error is {response.error}"


@requirement("RFC7662-2.1/search-past-wrong-hint")
def test_a_wrong_hint_hides_nothing(tokens_introspected: Trace) -> None:
    """The answer is the same whatever the hint says."""
    _live(tokens_introspected)
    for step in ("access", "refresh"):
        if step in tokens_introspected:
            plain = _said(tokens_introspected[step])
            hinted = _said(tokens_introspected[f"{step}-hint"])
            changed = [name for name in sorted(LASTING) if hinted.get(name) != plain.get(name)]
            assert not changed, f"a wrong hint changes {', '.join(changed)} ({step} token)"


@requirement("RFC7662-2.1/authorization-required", "RFC7662-4/authentication-required")
def test_introspection_needs_credentials(introspection_unauthenticated: Trace) -> None:
    """Nobody learns anything about a token without authentication."""
    for step in ("nobody", "client-id", "bearer", "wrong-secret"):
        response = introspection_unauthenticated[step].answered
        assert response.status in {400, 401, 403}, f"status is {response.status} ({step})"
        assert b'"active"' not in response.body, f"the question is answered ({step})"


@requirement("RFC7662-2.2/json-object")
def test_introspection_is_json(tokens_introspected: Trace, introspection_faults: Trace) -> None:
    """What is said of a token is an object of JSON, and says so."""
    for exchange in (tokens_introspected["access"], introspection_faults["bogus"]):
        tokens_introspected.decide(exchange)
        response = exchange.answered
        media_type = response.media_type
        assert media_type == "application/json", f"the media type is {media_type}"
        assert isinstance(response.json, dict), "the answer is no object"


@requirement("RFC7662-2.2/active-present-boolean")
def test_active_is_a_boolean(tokens_introspected: Trace, introspection_faults: Trace) -> None:
    """Every answer has active, which is true or false."""
    for exchange in (tokens_introspected["access"], introspection_faults["bogus"]):
        tokens_introspected.decide(exchange)
        assert isinstance(_said(exchange).get("active"), bool), "active is missing or no boolean"


@requirement("RFC7662-2.2/scope-format")
def test_scope_is_what_was_granted(tokens_introspected: Trace) -> None:
    """The scope is a string of values, those of the token response."""
    scope = _member(tokens_introspected, "scope")
    assert isinstance(scope, str), "scope is no string"
    assert SCOPE.match(scope), "scope has not the syntax of a scope"
    granted = tokens_of(tokens_introspected, "tokens").get("scope")
    granted = sent_parameter(tokens_introspected, "login", "scope") if granted is None else granted
    assert set(scope.split()) == set(str(granted).split()), "scope is not what was granted"


@requirement("RFC7662-2.2/timestamps-integers")
def test_times_are_integers(tokens_introspected: Trace) -> None:
    """exp, iat and nbf are whole seconds, and fit the time of the answer."""
    said = _live(tokens_introspected)
    times = {name: said[name] for name in ("exp", "iat", "nbf") if name in said}
    if not times:
        raise Unsuited("the answer has no times")
    wrong = [n for n, v in times.items() if not isinstance(v, int) or isinstance(v, bool)]
    assert not wrong, f"{', '.join(wrong)} is no integer"
    now = tokens_introspected["access"].started_at.timestamp()
    assert times.get("exp", now) > server_time_s(tokens_introspected["access"]), "exp has passed"
    for name in ("iat", "nbf"):
        assert times.get(name, now) <= now + SKEW_S, f"{name} is ahead"


@requirement("RFC7662-2.2/client-id-correct")
def test_client_id_is_the_clients(tokens_introspected: Trace) -> None:
    """client_id is the client that asked for the token."""
    client_id = _member(tokens_introspected, "client_id")
    wanted = sent_parameter(tokens_introspected, "login", "client_id")
    assert client_id == wanted, "client_id is another one"


@requirement("RFC7662-2.2/token-type-as-issued")
def test_token_type_is_that_of_the_token_response(tokens_introspected: Trace) -> None:
    """token_type is what the token response said."""
    said = str(_member(tokens_introspected, "token_type"))
    issued = str(tokens_of(tokens_introspected, "tokens").get("token_type"))
    assert said.lower() == issued.lower(), f"token_type is {said[:20]}"


@requirement("RFC7662-2.2/aud-format")
def test_aud_is_a_string_or_an_array(tokens_introspected: Trace) -> None:
    """The aud is one string or an array of strings."""
    values = audiences(_member(tokens_introspected, "aud"))
    assert all(isinstance(one, str) for one in values), "aud has a member that is no string"


@requirement("RFC7662-2.2/iss-format")
def test_iss_is_the_issuer(tokens_introspected: Trace, metadata_documents: Trace) -> None:
    """The iss is the issuer of the token."""
    iss = _member(tokens_introspected, "iss")
    assert iss == metadata(metadata_documents).get("issuer"), "iss is another one"


@requirement("RFC7662-2.2/unknown-token-inactive")
def test_an_unknown_token_is_inactive(introspection_faults: Trace) -> None:
    """Nobody knows the token, so it is not active."""
    response = introspection_faults["bogus"].answered
    assert response.status == 200, f"status is {response.status}"
    assert response.json_object.get("active") is False, "active is not false"


@requirement("RFC7662-2.3/inactive-is-no-error")
def test_a_question_about_anything_is_answered(introspection_faults: Trace) -> None:
    """Whatever comes as a token is active or not; it is no error."""
    for step in NO_TOKENS:
        response = introspection_faults[step].answered
        assert response.status == 200, f"status is {response.status} ({step} token)"
        assert response.json_object.get("active") is False, f"active is not false ({step} token)"


@requirement("RFC7662-2.2/expired-or-revoked-token-inactive")
def test_a_dead_token_is_inactive(
    access_token_revoked: Trace, used_refresh_token_introspected: Trace
) -> None:
    """A token that was revoked, or traded for another, is not active."""
    _live(access_token_revoked, "introspect-before")
    if access_token_revoked["revoke"].answered.error == "unsupported_token_type":
        raise Unsuited("the server does not revoke this type of token")
    revoked = _said(access_token_revoked["introspect-after"])
    assert revoked.get("active") is False, "a revoked access token is active"
    used = _said(used_refresh_token_introspected["after"])
    assert used.get("active") is False, "a used refresh token is active"


@requirement("RFC7662-2.2/inactive-without-details", "RFC7662-4/inactive-without-claims")
def test_an_inactive_token_is_not_described(introspection_faults: Trace) -> None:
    """Of an inactive token nothing is said but that."""
    for step in ("bogus", "short", "foreign"):
        assert _hollow(introspection_faults[step]), f"more than active is said ({step} token)"


@requirement("RFC7662-2.3/bad-client-credentials-401")
def test_a_wrong_secret_is_401(introspection_unauthenticated: Trace) -> None:
    """Wrong credentials are 401, with a challenge where they came in the header."""
    exchange = introspection_unauthenticated["wrong-secret"]
    response = exchange.answered
    assert response.status == 401, f"status is {response.status}"
    by_header = exchange.request.header("authorization") is not None
    challenge = response.header("www-authenticate")
    assert challenge or not by_header, "WWW-Authenticate is missing"


@requirement("RFC7662-2.3/bad-bearer-401")
def test_a_bad_bearer_token_is_401(introspection_unauthenticated: Trace) -> None:
    """Where bearer tokens open the endpoint, one that does not is 401 with its challenge."""
    exchange = introspection_unauthenticated["bearer"]
    response = exchange.answered
    by_bearer = "bearer" in {challenge.scheme for challenge in challenges(exchange)}
    if not by_bearer and response.error != "invalid_token":
        raise Unsuited("the server does not authorise this call by bearer tokens")
    assert response.status == 401, f"status is {response.status}"
    assert by_bearer, "there is no Bearer challenge"


@requirement("RFC7662-2.2/not-allowed-to-ask-inactive")
def test_who_may_not_ask_hears_of_an_inactive_token(introspected_by_another_client: Trace) -> None:
    """To a client that may not see a token it is as inactive as one that nobody knows."""
    unknown = introspected_by_another_client["other-unknown"].answered
    if not unknown.is_success or unknown.json_object.get("active") is not False:
        raise Unsuited("the second client of the profile may not introspect anything")
    response = introspected_by_another_client["other"].answered
    if response.is_success and response.json_object.get("active") is True:
        raise Unsuited("the second client of the profile may see the tokens of others")
    assert response.status == 200, f"status is {response.status}"
    assert response.json_object == unknown.json_object, "it is told apart from an unknown token"


@requirement("RFC7662-2/transport-security")
def test_introspection_endpoint_is_https(metadata_documents: Trace) -> None:
    """Tokens are asked about over a channel that nobody can read."""
    endpoint = metadata(metadata_documents).get("introspection_endpoint")
    if not isinstance(endpoint, str):
        raise Unsuited("the metadata name no introspection endpoint")
    assert endpoint.startswith("https://"), "the URL is not https"


@requirement("RFC7662-4/get-refused")
def test_get_is_refused_or_answered(introspection_faults: Trace) -> None:
    """A GET is refused, or answered as a POST would be."""
    response = introspection_faults["get"].answered
    refusal = 400 <= response.status < 500
    assert refusal or "active" in response.json_object, f"status is {response.status}"
