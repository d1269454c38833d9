"""OpenID Connect Core 1.0, sections 3.1.2.1 to 3.1.2.3: users who have to log in once more."""

from idprobe.checks import (
    EvidenceError,
    Exchange,
    Trace,
    Unsuited,
    authorization_response,
    carries_password,
    error_code,
    gives_tokens,
    id_token,
    is_login_page,
    is_user_page,
    requirement,
)

TOO_OLD = {"login_required", "interaction_required"}
NOT_CHOSEN = {
    "account_selection_required",
    "access_denied",
    "interaction_required",
    "login_required",
}


def _asked(trace: Trace, step: str) -> list[Exchange]:
    """Return the exchanges of a step in which somebody logged in, or was asked to."""
    steps = trace.steps(step)
    return [
        e for e in steps if carries_password(e.request) or (is_user_page(e) and is_login_page(e))
    ]


def _assert_renewed(trace: Trace) -> None:
    """Complain unless the second ID Token tells of a later login than the first."""
    assert _asked(trace, "again"), "nobody was asked to log in"
    if not gives_tokens(trace["again"]):
        raise EvidenceError(f"the second login did not succeed: {trace['again']}")
    first = id_token(trace, "tokens").number("auth_time")
    second = id_token(trace, "tokens-again").number("auth_time")
    assert second > first, f"auth_time went from {first:.0f} to {second:.0f}"


@requirement("OIDCC-3.1.2.3/prompt-login-reauthenticates")
def test_prompt_login_authenticates_anew(logins_renewed_by_prompt: Trace) -> None:
    """After prompt=login the ID Token tells of the login that followed."""
    _assert_renewed(logins_renewed_by_prompt)


@requirement("OIDCC-3.1.2.1/max-age-reauthenticates")
def test_max_age_authenticates_anew(logins_renewed_by_max_age: Trace) -> None:
    """A login that is older than max_age is made anew."""
    _assert_renewed(logins_renewed_by_max_age)


def _assert_same_login(trace: Trace, step: str) -> None:
    """Complain unless an ID Token tells of the same user and the same login as the first."""
    exchange = trace[step]
    if not gives_tokens(exchange):
        raise EvidenceError(f"prompt=none brought no code: {exchange}")
    first, then = id_token(trace, "tokens"), id_token(trace, f"tokens-{step}")
    assert then.claim("sub") == first.claim("sub"), "the sub is another one"
    before, after = first.number("auth_time"), then.number("auth_time")
    assert after == before, f"auth_time went from {before:.0f} to {after:.0f} without a login"


@requirement("OIDCC-3.1.2.1/prompt-none-success-when-logged-in")
def test_silent_login_is_the_same_login(logins_repeated_silently: Trace) -> None:
    """After prompt=none the ID Token tells of the user and the login of before."""
    _assert_same_login(logins_repeated_silently, "silent")


@requirement("OIDCC-3.1.2.1/id-token-hint-same-user-succeeds")
def test_hinted_login_is_the_same_login(logins_repeated_silently: Trace) -> None:
    """With id_token_hint too the ID Token tells of the user and the login of before."""
    _assert_same_login(logins_repeated_silently, "hinted")


@requirement("OIDCC-15.1/max-age-enforced")
def test_max_age_is_enforced(logins_renewed_by_max_age: Trace) -> None:
    """A login that is older than max_age does not do for prompt=none."""
    if not gives_tokens(logins_renewed_by_max_age["silent-old"]):
        raise EvidenceError("prompt=none fails for a login of any age")
    exchange = logins_renewed_by_max_age["silent"]
    assert not gives_tokens(exchange), "a code was issued for a login that is too old"
    assert authorization_response(exchange).error in TOO_OLD, f"the error is {error_code(exchange)}"


def _assert_cancelled(exchange: Exchange) -> None:
    """Complain if the old session did, or nobody was told; asking on tells us nothing."""
    assert not gives_tokens(exchange), "a code was issued although the user cancelled"
    if is_user_page(exchange):
        raise EvidenceError(f"the server went on asking: {exchange}")
    code = authorization_response(exchange).error
    assert code in NOT_CHOSEN, f"the error is {code}"


@requirement("OIDCC-3.1.2.1/prompt-login-impossible-is-error")
def test_cancelled_login_is_an_error(login_cancelled: Trace) -> None:
    """Who does not log in again is reported, and the old session does not do."""
    _assert_cancelled(login_cancelled["cancelled"])


@requirement("OIDCC-3.1.2.1/prompt-select-account-impossible-is-error")
def test_cancelled_choice_is_an_error(account_choice_cancelled: Trace) -> None:
    """Who chooses no account is reported, and the old session does not do."""
    _assert_cancelled(account_choice_cancelled["cancelled"])


@requirement("OIDCC-3.1.2.2/id-token-hint-issuer-validated")
def test_forged_hints_are_not_believed(id_token_hints_forged: Trace) -> None:
    """Whom a hint names makes no difference unless the server issued it itself."""
    trace = id_token_hints_forged
    if not gives_tokens(trace["genuine"]):
        raise EvidenceError("a genuine hint of the user who is logged in was not taken")
    outcomes = {}
    for fault in ("foreign-key", "foreign-issuer", "unsigned", "altered"):
        own, nobody = (gives_tokens(trace[f"{fault}-{whose}"]) for whose in ("own", "nobody"))
        assert own == nobody, f"a hint with a {fault.replace('-', ' ')} was believed"
        outcomes[fault] = own
    if all(outcomes.values()):
        raise Unsuited("the server makes nothing of a hint, be it genuine or forged")
