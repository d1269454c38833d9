"""RFC 8707 section 2: tokens for the resources that the client names, and for no others."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    audience,
    authorization_response,
    error_code,
    refused,
    requirement,
    scope_of_token,
    sent_value,
    stays_within,
    token_members,
)

RELATIVE = ("relative", "path")
FRAGMENTS = ("fragment", "empty-fragment")
UNKNOWN = ("unknown", "longer-host", "host-as-user", "one-unknown")


def _taken(trace: Trace, steps: tuple[str, ...]) -> str:
    return ", ".join(step for step in steps if not refused(trace[step]))


def _other_errors(trace: Trace, steps: tuple[str, ...]) -> str:
    """Return what is not refused with invalid_target, as words."""
    wrong = []
    for step in steps:
        code = error_code(trace[step]) if refused(trace[step]) else "no error"
        if code is None:
            raise EvidenceError(f"the refusal has no OAuth error: {trace[step]}")
        if code != "invalid_target":
            wrong.append(f"{step}: {code}")
    return ", ".join(wrong)


@requirement("RFC8707-2/resource-absolute-uri")
def test_resource_is_absolute(
    resources_of_client: Trace, resources_at_authorization: Trace
) -> None:
    """A relative reference names no resource, at either endpoint."""
    for trace in (resources_of_client, resources_at_authorization):
        assert not (taken := _taken(trace, RELATIVE)), f"taken for a resource: {taken}"


@requirement("RFC8707-2/resource-without-fragment")
def test_resource_has_no_fragment(
    resources_of_client: Trace, resources_at_authorization: Trace
) -> None:
    """A URI with a fragment names no resource, at either endpoint."""
    for trace in (resources_of_client, resources_at_authorization):
        assert not (taken := _taken(trace, FRAGMENTS)), f"taken for a resource: {taken}"


@requirement("RFC8707-2/several-resources")
def test_several_resources_may_be_named(
    resources_of_client: Trace, resources_at_authorization: Trace
) -> None:
    """Two resources are no repeated parameter: a server may refuse them, but as a target."""
    for trace in (resources_of_client, resources_at_authorization):
        both = trace["both"]
        code = error_code(both) if refused(both) else None
        assert code != "invalid_request", "two resources are called a malformed request"


@requirement("RFC8707-2/audience-restricted-to-resource")
def test_tokens_are_for_the_resource_that_was_named(resources_of_client: Trace) -> None:
    """Each token has an audience, which the token of another resource does not share."""
    first, second = (audience(resources_of_client, step) for step in ("first", "second"))
    assert first, "the token of the first resource has no aud"
    assert second, "the token of the second resource has no aud"
    assert not first & second, "tokens of different resources have an audience in common"


@requirement("RFC8707-2.1/omitted-resource")
def test_a_request_without_resource_is_served_or_misses_its_target(
    resources_at_authorization: Trace,
) -> None:
    """The server may use a default or none; if it refuses, the error is invalid_target."""
    omitted = resources_at_authorization["omitted"]
    code = error_code(omitted) if refused(omitted) else None
    assert code in {None, "invalid_target"}, f"the error is {code}"


@requirement("RFC8707-2.1/unacceptable-resource-invalid-target")
def test_authorization_of_unacceptable_resources_is_invalid_target(
    resources_at_authorization: Trace,
) -> None:
    """What is unknown or cannot be read is refused at the redirect URI, with the state."""
    steps = (*RELATIVE, *FRAGMENTS, *UNKNOWN)
    assert not (wrong := _other_errors(resources_at_authorization, steps)), wrong
    for step in steps:
        state = sent_value(resources_at_authorization, step, "state")
        assert authorization_response(resources_at_authorization[step]).get("state") == state, (
            f"{step}: no state"
        )


@requirement("RFC8707-2.1/applies-to-whole-grant")
def test_resources_of_the_authorization_bound_the_whole_grant(resources_of_grant: Trace) -> None:
    """A resource that was not granted cannot be had by redemption, and not by a refresh."""
    granted = audience(resources_of_grant, "redeem-one")
    for step in ("redeem-other", "refresh-other"):
        held = stays_within(resources_of_grant, step, granted)
        assert held, f"{step}: the token is for a resource that was not granted"


@requirement("RFC8707-2.1/request-object-array")
def test_request_object_names_resources_by_string_or_array(
    resources_in_request_object: Trace, resources_at_authorization: Trace
) -> None:
    """One resource is a string, several are an array whose every member counts."""
    if refused(resources_at_authorization["both"]):
        raise Unsuited("the server takes one resource at a time")
    trace = resources_in_request_object
    for step in ("string", "array"):
        assert authorization_response(trace[step]).error is None, f"{step}: refused"
        assert not refused(trace[f"tokens-{step}"]), f"{step}: no token for what it named"
        assert audience(trace, f"tokens-{step}"), f"{step}: the token has no aud"
    one, other = audience(trace, "tokens-string"), audience(trace, "tokens-array")
    assert not one & other, "a member of the array did not count"
    assert refused(trace["array-unknown"]), "an unknown member of the array was passed over"


@requirement("RFC8707-2.2/token-request-resource")
def test_resource_counts_in_every_grant(
    resources_of_client: Trace, resources_of_grant: Trace
) -> None:
    """The audience follows resource for client credentials, codes and refresh tokens."""
    own, other = (audience(resources_of_client, step) for step in ("first", "second"))
    assert own != other, "client_credentials: both resources give the same audience"
    redeemed = audience(resources_of_grant, "redeem")
    assert redeemed == own, "authorization_code: the audience is not that of the resource"
    refreshed = audience(resources_of_grant, "refresh-second")
    assert refreshed == other, "refresh_token: the audience is not that of the resource"


@requirement("RFC8707-2.2/subset-of-granted-resources")
def test_a_subset_is_had_by_each_request_and_the_grant_stays_whole(
    resources_of_grant: Trace,
) -> None:
    """A code redeemed for one resource leaves the other to the refresh token."""
    trace = resources_of_grant
    assert not refused(trace["refresh-second"]), "the refresh token lost the other resource"
    first, second = audience(trace, "redeem"), audience(trace, "refresh-second")
    assert not first & second, "the token of one resource is for the other too"
    assert not refused(trace["refresh-first"]), "the refresh token lost the first resource"


@requirement("RFC8707-2.2/unacceptable-resource-invalid-target")
def test_tokens_for_unacceptable_resources_are_invalid_target(resources_of_client: Trace) -> None:
    """What is unknown or cannot be read is refused with 400 and invalid_target."""
    steps = (*RELATIVE, *FRAGMENTS, *UNKNOWN)
    assert not (wrong := _other_errors(resources_of_client, steps)), wrong
    statuses = {resources_of_client[step].answered.status for step in steps}
    assert statuses == {400}, f"the statuses are {sorted(statuses)}"


def _asked(trace: Trace, step: str) -> frozenset[str]:
    """Return the scope that a step asked for."""
    return frozenset((trace[step].request.parameter("scope") or "").split())


def _scope_at_one_resource(trace: Trace) -> frozenset[str]:
    """Return the scope of the token that was asked for with the scope of another resource too."""
    if refused(trace["wide"]):
        raise Unsuited("more scope than the resource has is refused")
    return scope_of_token(trace, "wide")


@requirement("RFC8707-2.2/scope-downscoped")
def test_scope_is_reduced_to_the_resource(resources_of_client: Trace) -> None:
    """A token for one resource has no scope of another, or none comes."""
    scope = _scope_at_one_resource(resources_of_client)
    assert not scope & _asked(resources_of_client, "second"), "it has the scope of another resource"


@requirement("RFC8707-2.2/effective-scope-told")
def test_reduced_scope_is_told(resources_of_client: Trace) -> None:
    """The response says which scope the token has, if it is not the one asked for."""
    effective = _scope_at_one_resource(resources_of_client)
    if effective == _asked(resources_of_client, "wide"):
        raise Unsuited("the scope is not reduced")
    told = token_members(resources_of_client["wide"]).get("scope")
    assert isinstance(told, str), "scope is not told"
    assert frozenset(told.split()) == effective, "the scope told is not the token's"
