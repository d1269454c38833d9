"""OpenID Connect Core 1.0, section 5.5: claims that are asked for by name."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    authorization_response,
    error_code,
    gives_tokens,
    id_token,
    is_login_page,
    refused,
    requirement,
    userinfo_claims,
)


def assert_served(trace: Trace, step: str) -> None:
    """Complain of a request that led to an error, at the client or on a page."""
    exchange = trace[step]
    assert not refused(exchange), f"it led to {error_code(exchange) or 'an error page'}"
    if not gives_tokens(exchange):
        raise EvidenceError(f"no code landed: {exchange}")


def assert_delivered(trace: Trace, by_scope: Trace, step: str, *names: str) -> None:
    """Complain if a claim that the scopes yield does not come when asked for by name."""
    had = userinfo_claims(by_scope, "userinfo-all")
    wanted = [name for name in names if had.get(name) is not None]
    if not wanted:
        raise Unsuited(f"the user has no {' and no '.join(names)}")
    assert_served(trace, step)
    given = userinfo_claims(trace, f"userinfo-{step}")
    missing = [name for name in wanted if name not in given]
    assert not missing, f"{', '.join(missing)} did not come"


@requirement("OIDCC-5.5/userinfo-member-adds-claims")
def test_userinfo_member_adds_claims(claims_requested: Trace, userinfo_by_scope: Trace) -> None:
    """UserInfo tells what was asked for by name, and sub as always."""
    assert_delivered(claims_requested, userinfo_by_scope, "named", "name", "email")
    assert "sub" in userinfo_claims(claims_requested, "userinfo-named"), "sub did not come"


@requirement("OIDCC-5.5.1/null-request")
def test_null_asks_for_a_claim(claims_requested: Trace, userinfo_by_scope: Trace) -> None:
    """A claim that is asked for by null comes."""
    assert_delivered(claims_requested, userinfo_by_scope, "named", "nickname", "email")


@requirement("OIDCC-5.5/id-token-member-adds-claims")
def test_id_token_member_adds_claims(claims_requested: Trace, userinfo_by_scope: Trace) -> None:
    """The ID Token tells what was asked for by name, and what it always tells."""
    assert_served(claims_requested, "named")
    claims = id_token(claims_requested, "tokens-named").claims
    has_email = userinfo_claims(userinfo_by_scope, "userinfo-all").get("email") is not None
    wanted = {"iss", "sub", "aud", "exp", "iat", "auth_time", *(["email"] if has_email else [])}
    missing = sorted(wanted - claims.keys())
    assert not missing, f"{', '.join(missing)} did not come"


@requirement("OIDCC-2/auth-time-when-essential")
def test_essential_auth_time_comes(claims_requested: Trace) -> None:
    """auth_time comes when it is Essential."""
    assert_served(claims_requested, "named")
    assert "auth_time" in id_token(claims_requested, "tokens-named").claims, "there is no auth_time"


@requirement("OIDCC-5.5/unknown-members-ignored")
def test_unknown_members_do_no_harm(claims_requested: Trace) -> None:
    """A member beside userinfo and id_token is ignored."""
    assert_served(claims_requested, "unknown-member")


@requirement("OIDCC-5.5.1/unknown-qualifiers-ignored")
def test_unknown_qualifiers_do_no_harm(claims_requested: Trace, userinfo_by_scope: Trace) -> None:
    """A claim that is asked for with a member that nobody knows comes all the same."""
    assert_delivered(claims_requested, userinfo_by_scope, "unknown-qualifier", "name")


@requirement("OIDCC-5.5.1/missing-essential-claim-no-error")
def test_claim_that_nobody_has_is_no_error(claims_requested: Trace) -> None:
    """An Essential claim that cannot be delivered is left out, and that is all."""
    assert_served(claims_requested, "unavailable")
    for step in ("tokens-unavailable", "userinfo-unavailable"):
        status = claims_requested[step].answered.status
        assert status == 200, f"the status is {status} ({step})"


@requirement("OIDCC-5.5.1/value-mismatch-omits-claim")
def test_claim_with_another_value_is_left_out(claims_requested: Trace) -> None:
    """A claim that has not the value that was asked for does not come."""
    if "email" not in userinfo_claims(claims_requested, "userinfo-named"):
        raise Unsuited("the user has no email that could come")
    if "email" in userinfo_claims(claims_requested, "userinfo-control"):
        raise Unsuited("email comes without being asked for by name, as by a default scope")
    assert_served(claims_requested, "other-value")
    given = userinfo_claims(claims_requested, "userinfo-other-value")
    assert "email" not in given, "an email came that was not asked for"


@requirement("OIDCC-5.5.2/other-language-is-tagged")
def test_claim_in_another_language_is_tagged(claims_requested: Trace) -> None:
    """What comes for a name in Katakana is not passed off as untagged."""
    assert_served(claims_requested, "other-language")
    if "family_name" in userinfo_claims(claims_requested, "userinfo-control"):
        raise Unsuited("family_name always comes")
    given = userinfo_claims(claims_requested, "userinfo-other-language")
    assert "family_name" not in given, "family_name came without a language tag"


@requirement("OIDCC-5.5/unsupported-claims-parameter-tolerated")
def test_unsupported_claims_parameter_does_no_harm(claims_requested_unsupported: Trace) -> None:
    """A server without support for claims ignores the parameter."""
    assert_served(claims_requested_unsupported, "asked")


@requirement("OIDCC-5.5.1.1/essential-acr-value-returned")
def test_essential_acr_is_reached(acr_requested: Trace) -> None:
    """An Essential acr that the server offers is reached, or the login fails."""
    if "reachable" not in acr_requested:
        raise Unsuited("the metadata lists no acr_values_supported")
    exchange = acr_requested["reachable"]
    if refused(exchange):
        raise EvidenceError(f"the login failed: {exchange}")
    asked = acr_requested.steps("reachable")[0].request.parameter("claims") or ""
    acr = id_token(acr_requested, "tokens-reachable").claims.get("acr")
    assert isinstance(acr, str), "the ID Token has no acr"
    assert f'"{acr}"' in asked, "the acr is another than was asked for"


@requirement("OIDCC-5.5.1.1/essential-acr-unmet-fails")
def test_essential_acr_that_is_not_reached_fails(acr_requested: Trace) -> None:
    """An Essential acr that nobody can reach makes the login fail, or has it tried once more."""
    exchange = acr_requested["unreachable"]
    assert not gives_tokens(exchange), "a code was issued for another acr than the Essential one"
    if not is_login_page(exchange) and not refused(exchange):
        raise EvidenceError(f"the login neither failed nor was tried again: {exchange}")


@requirement("OIDCC-5.5.1.1/voluntary-acr-unmet-returns-current")
def test_voluntary_acr_is_told_as_it_is(acr_requested: Trace) -> None:
    """A Voluntary acr that is not reached is answered with that of the session."""
    assert_served(acr_requested, "voluntary")
    usual = id_token(acr_requested, "tokens-control").claims.get("acr")
    acr = id_token(acr_requested, "tokens-voluntary").claims.get("acr")
    assert acr is not None or usual is None, "the ID Token tells no acr"
    assert usual is None or usual == acr, "the acr is another than that of the session"
    asked = acr_requested.steps("voluntary")[0].request.parameter("claims") or ""
    assert acr is None or f'"{acr}"' not in asked, "the acr is one that was not reached"


@requirement("OIDCC-3.1.2.1/acr-values-voluntary")
def test_acr_values_are_not_echoed(acr_requested: Trace) -> None:
    """A level that acr_values ask for and nobody can reach is not told as reached."""
    assert_served(acr_requested, "by-parameter")
    asked = acr_requested.steps("by-parameter")[0].request.parameter("acr_values")
    acr = id_token(acr_requested, "tokens-by-parameter").claims.get("acr")
    assert acr != asked, "the acr is one that was not reached"


@requirement("OIDCC-3.1.2.2/no-token-for-another-user")
def test_nobody_becomes_another_by_a_list(sub_requested: Trace) -> None:
    """Where other users are asked for in a list, the ID Token is of the one who is logged in."""
    own = id_token(sub_requested, "tokens").claims.get("sub")
    for step in ("listed", "both", "both-reversed"):
        if gives_tokens(sub_requested[step]):
            sub = id_token(sub_requested, f"tokens-{step}").claims.get("sub")
            assert sub == own, f"the ID Token is another user's: {step}"


@requirement("OIDCC-3.1.2.2/requested-sub-only")
def test_requested_sub_is_the_one_logged_in(sub_requested: Trace) -> None:
    """Where a user is asked for by sub, nobody else is served."""
    if not gives_tokens(sub_requested["own"]):
        raise EvidenceError("a request for the user who is logged in was not served silently")
    exchange = sub_requested["other"]
    assert not gives_tokens(exchange), "a code was issued for another user than was asked for"
    assert authorization_response(exchange).error, "there is no error"
