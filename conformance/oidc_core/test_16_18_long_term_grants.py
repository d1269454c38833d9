"""OpenID Connect Core 1.0, sections 5.4, 14 and 16.18: what users grant, and are told of it."""

import re

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    claims_told,
    error_code,
    experiments_ended,
    gives_tokens,
    refused,
    requirement,
    tokens_of,
    words_of_consent_page,
)

LIST = re.compile(r"[^ ]+( [^ ]+)*\Z")
STANDARD = {
    "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username",
    "profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
    "email", "email_verified", "address", "phone_number", "phone_number_verified",
}  # fmt: skip


@requirement("OIDCC-16.18/long-term-grants-shown")
def test_user_is_told_of_lasting_access(offline_access_of_new_client: Trace) -> None:
    """The page that asks for offline access says something that it does not say of a login."""
    usual, lasting = (
        words_of_consent_page(offline_access_of_new_client, step) for step in ("login", "granted")
    )
    assert lasting - usual, "the page says the same of a login and of lasting access"


@requirement("OIDCC-14/single-space-delimiter")
def test_one_space_is_between_scopes(code_redeemed: Trace) -> None:
    """The values of scope in a token response are apart by one space each."""
    scope = tokens_of(code_redeemed, "redeem").get("scope")
    if not isinstance(scope, str):
        raise Unsuited("the response does not tell the scope")
    assert LIST.match(scope), "the values are not apart by one space"


@requirement("OIDCC-5.4/scope-claims-are-voluntary")
def test_missing_claims_do_not_matter(users_of_few_claims: Trace) -> None:
    """A request for scopes is granted although the user lacks a claim of theirs."""
    steps = [step for step, _ in experiments_ended(users_of_few_claims) if step.startswith("all-")]
    for step in steps:
        exchange = users_of_few_claims[step]
        assert not refused(exchange), f"it led to {error_code(exchange) or 'an error page'}"
    told = [e for e in users_of_few_claims if e.step.startswith("userinfo-")]
    if not told or not all(gives_tokens(users_of_few_claims[step]) for step in steps):
        raise EvidenceError("nobody came to the end")
    if all(claims_told(users_of_few_claims, e).keys() >= STANDARD for e in told):
        raise Unsuited("no user of the profile lacks a standard claim")
