"""RFC 7009 section 2: revoking tokens."""

from idprobe.checks import (
    EvidenceError,
    Exchange,
    Trace,
    Unsuited,
    metadata,
    refused,
    requirement,
    token_error,
)


def _announced(trace: Trace) -> str:
    """Return the endpoint that the metadata name; raises Unsuited without one."""
    endpoint = metadata(trace).get("revocation_endpoint")
    if not isinstance(endpoint, str):
        raise Unsuited("the metadata name no revocation endpoint")
    return endpoint


def _revoked(exchange: Exchange) -> bool:
    """Return whether a token was revoked; raises Unsuited where its type cannot be."""
    response = exchange.answered
    if response.error == "unsupported_token_type":
        raise Unsuited("the server does not revoke this type of token")
    if response.status in {429, 503}:
        raise EvidenceError(f"the server was busy: {exchange}")
    return response.status == 200


def _needs_effect(plain: Trace) -> None:
    """Raise EvidenceError where a revocation without a hint ends no refresh token."""
    if not refused(plain["refresh"]):
        raise EvidenceError("without a hint the token still brings tokens, too")


def _is_dead(trace: Trace, when: str) -> bool:
    """Return whether an access token no longer works where it worked before."""
    if f"userinfo-{when}" in trace and trace["userinfo-before"].answered.is_success:
        return not trace[f"userinfo-{when}"].answered.is_success
    if f"introspect-{when}" in trace and _active(trace["introspect-before"]):
        return not _active(trace[f"introspect-{when}"])
    raise EvidenceError("there is no place where the token worked before")


def _active(exchange: Exchange) -> bool:
    response = exchange.answered
    return response.is_success and response.json_object.get("active") is True


@requirement("RFC7009-2/refresh-token-revocation")
def test_revoked_refresh_token_is_dead(refresh_token_revoked: Trace) -> None:
    """A revoked refresh token brings no tokens."""
    assert _revoked(refresh_token_revoked["revoke"]), "the revocation is refused"
    assert refused(refresh_token_revoked["refresh"]), "the revoked token brings tokens"


@requirement("RFC7009-2/access-token-revocation")
def test_revoked_access_token_is_dead(access_token_revoked: Trace) -> None:
    """A revoked access token opens nothing."""
    assert _revoked(access_token_revoked["revoke"]), "the revocation is refused"
    assert _is_dead(access_token_revoked, "after"), "the revoked token still works"


@requirement("RFC7009-2/endpoint-url-rules")
def test_revocation_endpoint_has_no_fragment(metadata_documents: Trace) -> None:
    """The URL has no fragment."""
    endpoint = _announced(metadata_documents)
    assert "#" not in endpoint, "the URL has a fragment"


@requirement("RFC7009-2/endpoint-https", "RFC7009-2/http-service-not-published")
def test_revocation_endpoint_is_https(metadata_documents: Trace) -> None:
    """Tokens travel over a channel that nobody can read."""
    endpoint = _announced(metadata_documents)
    assert endpoint.startswith("https://"), "the URL is not https"


@requirement("RFC7009-2.1/token-required")
def test_revocation_of_nothing_is_malformed(revocation_faults: Trace) -> None:
    """A request says which token it is about."""
    response = revocation_faults["missing"].answered
    assert response.status == 400, f"status is {response.status}"
    assert response.error == "invalid_request", f"the error is {response.error}"


@requirement("RFC7009-2.1/search-past-wrong-hint")
def test_a_wrong_hint_hides_nothing(
    hints_of_revocation: Trace, refresh_token_revoked: Trace
) -> None:
    """A refresh token is found although the hint says access_token."""
    _needs_effect(refresh_token_revoked)
    assert _revoked(hints_of_revocation["revoke-wrong"]), "the revocation is refused"
    assert refused(hints_of_revocation["refresh-wrong"]), "the token still brings tokens"


@requirement("RFC7009-2.2/bad-hint-ignored")
def test_an_unknown_hint_is_ignored(
    hints_of_revocation: Trace, refresh_token_revoked: Trace
) -> None:
    """A hint that the server does not know has no influence."""
    _needs_effect(refresh_token_revoked)
    assert _revoked(hints_of_revocation["revoke-unknown"]), "the revocation is refused"
    assert refused(hints_of_revocation["refresh-unknown"]), "the token still brings tokens"


@requirement("RFC7009-2.1/client-authenticated")
def test_revocation_needs_the_clients_credentials(revocation_unauthenticated: Trace) -> None:
    """A confidential client authenticates, else nothing is revoked."""
    for step in ("anonymous", "wrong-secret"):
        response = revocation_unauthenticated[step].answered
        assert response.status in {400, 401}, f"status is {response.status} ({step})"
    still = not refused(revocation_unauthenticated["refresh"])
    assert still, "the token was revoked by somebody unknown"


@requirement("RFC7009-2.1/token-belongs-to-client")
def test_a_client_cannot_revoke_the_token_of_another(revocation_by_another_client: Trace) -> None:
    """A token is revoked by its own client alone."""
    still = not refused(revocation_by_another_client["refresh"])
    assert still, "another client revoked the token"


@requirement("RFC7009-2.1/token-belongs-to-client")
def test_a_client_cannot_revoke_the_access_token_of_another(
    revocation_by_another_client: Trace,
) -> None:
    """Neither another client nor one without credentials ends an access token."""
    dead = _is_dead(revocation_by_another_client, "after")
    assert not dead, "another client revoked the access token"


@requirement("RFC7009-2.1/immediate")
def test_revocation_works_at_once(
    access_token_revoked: Trace, refresh_token_revoked: Trace
) -> None:
    """A revoked token is dead with the next request."""
    assert _revoked(access_token_revoked["revoke"]), "the revocation is refused"
    assert _is_dead(access_token_revoked, "after"), "the access token still works"
    assert refused(refresh_token_revoked["refresh"]), "the refresh token still works"


@requirement("RFC7009-2.1/cascade-from-refresh-token")
def test_revoking_a_refresh_token_ends_its_access_tokens(refresh_token_revoked: Trace) -> None:
    """With a refresh token the access tokens of its grant end."""
    assert _revoked(refresh_token_revoked["revoke"]), "the revocation is refused"
    assert _is_dead(refresh_token_revoked, "after"), "the access token still works"


@requirement("RFC7009-2.1/cascade-from-access-token")
def test_refresh_token_of_a_revoked_access_token_is_good_or_invalid(
    access_token_revoked: Trace,
) -> None:
    """With an access token its refresh token may end, and is then an invalid grant."""
    assert _revoked(access_token_revoked["revoke"]), "the revocation is refused"
    if "refresh" not in access_token_revoked:
        raise Unsuited("the client is given no refresh token")
    code = token_error(access_token_revoked["refresh"])
    assert code in {None, "invalid_grant"}, f"the error is {code}"


@requirement("RFC7009-2.2.1/unsupported-token-type")
def test_a_type_that_cannot_be_revoked_is_named(access_token_revoked: Trace) -> None:
    """An access token is revoked, or the error says that its type cannot be."""
    response = access_token_revoked["revoke"].answered
    if response.status in {429, 503}:
        raise EvidenceError(f"the server was busy: {access_token_revoked['revoke']}")
    if response.status == 200:
        dead = _is_dead(access_token_revoked, "after")
        assert dead, "the revocation is answered with 200, and has no effect"
    else:
        assert response.status == 400, f"status is {response.status}"
        assert response.error == "unsupported_token_type", f"the error is {response.error}"


@requirement("RFC7009-2.3/cors")
def test_cors_of_revocation_fits(preflights: Trace) -> None:
    """Where scripts may revoke tokens, the header that says so is one that browsers take."""
    if "revocation" not in preflights:
        raise Unsuited("the server has no revocation endpoint")
    exchange = preflights["revocation"]
    allowed = exchange.answered.header("access-control-allow-origin")
    if allowed is None:
        raise Unsuited("scripts may not call the revocation endpoint")
    assert allowed in {"*", exchange.request.header("origin")}, "no origin fits the header"


@requirement("RFC7009-2.2/status-200")
def test_revocation_is_answered_with_200(
    revocation_faults: Trace, refresh_token_revoked: Trace
) -> None:
    """Success is 200."""
    for exchange in (revocation_faults["usual"], refresh_token_revoked["revoke"]):
        revocation_faults.decide(exchange)
        assert _revoked(exchange), f"status is {exchange.answered.status}"


@requirement("RFC7009-2.2/unknown-token-200")
def test_an_expired_token_is_no_error(brief_tokens: Trace) -> None:
    """What has expired is as good as revoked."""
    if "late-revoke" not in brief_tokens:
        raise Unsuited("the server has no revocation endpoint")
    exchange = brief_tokens["late-revoke"]
    assert _revoked(exchange), f"status is {exchange.answered.status}"


@requirement("RFC7009-2.2/unknown-token-200")
def test_an_unknown_token_is_no_error(
    revocation_faults: Trace, refresh_token_revoked: Trace
) -> None:
    """What is not there is as good as revoked."""
    for exchange in (
        revocation_faults["bogus"],
        revocation_faults["bogus-with-hint"],
        refresh_token_revoked["twice"],
    ):
        revocation_faults.decide(exchange)
        status = exchange.answered.status
        assert status == 200, f"status is {status} ({exchange.step})"


@requirement("RFC7009-2.2.1/error-format")
def test_revocation_errors_are_token_errors(
    revocation_faults: Trace, revocation_unauthenticated: Trace
) -> None:
    """Errors have the form of the token endpoint's."""
    for exchange in (revocation_faults["missing"], revocation_unauthenticated["wrong-secret"]):
        revocation_faults.decide(exchange)
        response = exchange.answered
        assert response.error, f"there is no error ({exchange.step})"
        assert response.status in {400, 401}, f"status is {response.status} ({exchange.step})"
        media_type = response.media_type
        assert media_type == "application/json", f"the media type is {media_type}"
