"""RFC 9068 sections 2.2.2 to 5: which resources a token is for, and what it says of users."""

import re
from collections.abc import Mapping
from typing import Any

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    audience,
    error_code,
    is_token_accepted,
    jwt_access_token,
    refused,
    requirement,
    resources_named,
    scope_of_token,
    userinfo_claims,
)

ALIASES = {
    "email": re.compile(r"e?[-_]?mail(?:[-_]?address)?|user[-_]?e?mail", re.IGNORECASE),
    "given_name": re.compile(r"first[-_]?name|forename|givenname", re.IGNORECASE),
    "family_name": re.compile(r"last[-_]?name|surname|sn|familyname", re.IGNORECASE),
    "phone_number": re.compile(r"(?:tele)?phone|mobile|tel|phonenumber", re.IGNORECASE),
    "birthdate": re.compile(r"birth[-_]?(?:day|date)|dob|date[-_]of[-_]birth", re.IGNORECASE),
    "locale": re.compile(r"lang(?:uage)?", re.IGNORECASE),
}
"""Other names for the attributes that OpenID Connect has registered."""


def _profiled_audience(trace: Trace, step: str) -> frozenset[str]:
    jwt_access_token(trace, step)
    return audience(trace, step)


def _renamed(claims: Mapping[str, Any], told: Mapping[str, Any]) -> list[str]:
    """Return the claims that repeat an attribute under another name than the registered one."""
    return [
        name
        for name, value in claims.items()
        for known, alias in ALIASES.items()
        if name != known and alias.fullmatch(name) and value and value == told.get(known)
    ]


@requirement("RFC9068-2.2.2/registered-claim-names")
def test_attributes_of_users_have_their_registered_names(refreshed: Trace) -> None:
    """What userinfo calls email is not called mail in the token."""
    claims = jwt_access_token(refreshed, "refresh").claims
    told = userinfo_claims(refreshed, "userinfo")
    renamed = _renamed(claims, told)
    if not renamed and not claims.keys() & ALIASES.keys():
        raise Unsuited("the access tokens say nothing of the user")
    assert not renamed, f"the claim is named {renamed[0][:40]}"


@requirement("RFC9068-2.2.3/scope-fits-audience")
def test_scope_of_token_means_something_to_its_audience(resources_of_client: Trace) -> None:
    """A token for one resource has no scope of the other alone."""
    if refused(resources_of_client["wide"]):
        raise Unsuited("more scope than the resource has is refused")
    jwt_access_token(resources_of_client, "wide")
    foreign = resources_of_client["second"].request.parameter("scope") or ""
    assert foreign not in scope_of_token(resources_of_client, "wide"), "it has a foreign scope"


@requirement("RFC9068-3/aud-equals-resource")
def test_aud_is_the_resource_that_was_named(resources_of_client: Trace) -> None:
    """The aud has the value of resource."""
    for step in ("first", "second"):
        named = frozenset(resources_named(resources_of_client[step]))
        assert _profiled_audience(resources_of_client, step) == named, f"{step}: aud is another one"


@requirement("RFC9068-3/no-ambiguous-token")
def test_a_scope_that_resources_share_is_for_one_of_them(resources_of_client: Trace) -> None:
    """No token has two audiences and a scope that means something to each."""
    if "shared" not in resources_of_client:
        raise Unsuited("the resources of the profile share no scope")
    _profiled_audience(resources_of_client, "alone")
    if refused(resources_of_client["shared"]):
        return
    many = len(audience(resources_of_client, "shared")) > 1
    shared = resources_of_client["shared"].request.parameter("scope")
    assert not many or shared not in scope_of_token(resources_of_client, "shared"), (
        "the token has a scope that could be for either of its audiences"
    )


def _default(trace: Trace, step: str) -> frozenset[str]:
    """Return the audience of a token whose request named no resource; Unsuited if none came."""
    if refused(trace[step]):
        raise Unsuited("there is no default: a resource has to be named")
    return _profiled_audience(trace, step)


@requirement("RFC9068-3/scope-decides-default")
def test_scope_decides_the_default_resource(resources_of_client: Trace) -> None:
    """Scopes of different resources lead to different audiences."""
    first = _default(resources_of_client, "default-first")
    assert first != _default(resources_of_client, "default-second"), "aud is the same for both"


@requirement("RFC9068-3/conflicting-scopes-rejected")
def test_scopes_of_different_defaults_are_refused(resources_of_client: Trace) -> None:
    """A scope of two resources without a resource named is invalid_scope."""
    first = _default(resources_of_client, "default-first")
    if first == _default(resources_of_client, "default-second"):
        raise Unsuited("both scopes lead to the same default")
    both = resources_of_client["default-both"]
    assert refused(both), "a token for both defaults was issued"
    assert error_code(both) == "invalid_scope", f"the error is {error_code(both)}"


@requirement("RFC9068-5/distinct-audiences")
def test_resources_have_audiences_of_their_own(resources_of_client: Trace) -> None:
    """Tokens of two resources share no aud, and none is the client as in ID Tokens."""
    first = _profiled_audience(resources_of_client, "first")
    second = _profiled_audience(resources_of_client, "second")
    assert not first & second, "tokens of two resources have the same aud"
    own = jwt_access_token(resources_of_client, "first").claims.get("client_id")
    assert own not in first | second, "aud is the client, as in ID Tokens"


@requirement("RFC9068-4/audience-validated-by-userinfo")
def test_userinfo_takes_no_token_for_another_resource(token_of_resource_at_userinfo: Trace) -> None:
    """A token for a resource that was named is not good at userinfo, which it does not name."""
    trace = token_of_resource_at_userinfo
    if not is_token_accepted(trace["here"]):
        raise EvidenceError("userinfo does not serve an ordinary token")
    if not _profiled_audience(trace, "redeem") <= set(resources_named(trace["redeem"])):
        raise Unsuited("the token is not for the resource alone")
    assert not is_token_accepted(trace["elsewhere"]), "userinfo serves a token that is not for it"
