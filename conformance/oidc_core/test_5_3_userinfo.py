"""OpenID Connect Core 1.0, section 5.3: the UserInfo endpoint."""

from idprobe.checks import (
    EvidenceError,
    Exchange,
    Trace,
    Unsuited,
    id_token,
    requirement,
    userinfo_claims,
)

STANDARD = (
    "sub", "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username",
    "profile", "picture", "website", "email", "email_verified", "gender", "birthdate", "zoneinfo",
    "locale", "phone_number", "phone_number_verified", "address",
)  # fmt: skip
"""The claims about a person, which do not change from one request to the next."""


@requirement("OIDCC-5.3/post-supported")
def test_userinfo_takes_post(userinfo_asked: Trace) -> None:
    """POST brings what GET brings."""
    status = userinfo_asked["post"].answered.status
    assert status == 200, f"status is {status}"
    posted, got = (userinfo_claims(userinfo_asked, step) for step in ("post", "get"))
    differing = sorted(name for name in STANDARD if posted.get(name) != got.get(name))
    assert not differing, f"the claims differ: {', '.join(differing)}"


@requirement("OIDCC-5.3/bearer-accepted")
def test_userinfo_takes_bearer_tokens(userinfo_asked: Trace) -> None:
    """The scheme is read without case; a token in a form is taken or refused in due form."""
    for step in ("get", "lower-case"):
        status = userinfo_asked[step].answered.status
        assert status == 200, f"status is {status} ({step})"
    status = userinfo_asked["body"].answered.status
    assert status in {200, 400, 401, 405, 415}, f"status is {status} for a token in a form"


@requirement("OIDCC-5.3/cors")
def test_scripts_may_ask_userinfo(userinfo_cross_origin: Trace) -> None:
    """A script of any origin, or of the client's own, can ask and read the answer."""
    scripts = [step for step in ("script", "own-script") if step in userinfo_cross_origin]
    flaws = {step: _cross_origin_flaw(userinfo_cross_origin[step]) for step in scripts}
    assert "" in flaws.values(), "; ".join(f"{step}: {flaw}" for step, flaw in flaws.items())
    preflight = userinfo_cross_origin["preflight"].answered
    allowed = preflight.header("access-control-allow-origin")
    assert allowed is not None, "Access-Control-Allow-Origin is missing (preflight)"


def _cross_origin_flaw(exchange: Exchange) -> str:
    """Return what keeps a script from the claims, "" if nothing does."""
    response = exchange.answered
    if response.header("access-control-allow-origin") is None:
        return "Access-Control-Allow-Origin is missing"
    return "" if response.is_success else f"the status is {response.status}"


@requirement("OIDCC-5.3.2/claims-as-json-object")
def test_claims_are_an_object(userinfo_asked: Trace) -> None:
    """The claims are the members of one JSON object."""
    response = userinfo_asked["get"].answered
    if not response.is_success:
        raise EvidenceError(f"userinfo answers {response.status}")
    if response.media_type == "application/jwt":
        raise Unsuited("the client gets signed answers")
    if response.unreadable:
        raise EvidenceError(f"the answer {response.unreadable}")
    try:
        claims = response.json_object
    except EvidenceError as error:
        raise AssertionError(str(error)) from None
    assert claims, "the object is empty"


@requirement("OIDCC-5.3.2/no-null-or-empty-claims", "OIDCC-5.3.2/absent-claims-omitted")
def test_claims_without_value_are_left_out(userinfo_asked: Trace) -> None:
    """A claim that has no value is not there."""
    claims = userinfo_claims(userinfo_asked, "get")
    hollow = sorted(name for name, value in claims.items() if value is None or value == "")
    assert not hollow, f"{', '.join(hollow)} has no value"


@requirement("OIDCC-5.3.2/sub-always-returned")
def test_userinfo_says_whom_it_is_about(userinfo_by_scope: Trace) -> None:
    """The sub is there whatever the scope."""
    for step in ("userinfo-openid", "userinfo-all"):
        sub = userinfo_claims(userinfo_by_scope, step).get("sub")
        assert isinstance(sub, str), "sub is missing or no string"
        assert sub, "sub is empty"


@requirement("OIDCC-5.3.2/sub-equals-id-token-sub")
def test_userinfo_is_about_the_user_of_the_id_token(userinfo_asked: Trace) -> None:
    """The sub is that of the ID Token of the same login."""
    sub = id_token(userinfo_asked, "tokens").claim("sub")
    told = userinfo_claims(userinfo_asked, "get").get("sub")
    assert told == sub, "sub is missing or another one"


@requirement("OIDCC-5.3.2/content-type-present")
def test_userinfo_names_its_format(userinfo_asked: Trace) -> None:
    """The answer says what it is."""
    response = userinfo_asked["get"].answered
    assert response.is_success, f"status is {response.status}"
    assert response.media_type, "Content-Type is missing"


@requirement("OIDCC-5.3.2/content-type-json")
def test_userinfo_is_json(userinfo_asked: Trace) -> None:
    """Claims in plain text are application/json."""
    response = userinfo_asked["get"].answered
    media_type = response.media_type
    if not response.is_success:
        raise EvidenceError(f"userinfo answers {response.status}")
    if media_type == "application/jwt":
        raise Unsuited("the client gets signed answers")
    assert media_type == "application/json", f"the media type is {media_type}"


@requirement("OIDCC-5.3.2/utf-8-body")
def test_userinfo_is_utf_8(userinfo_asked: Trace) -> None:
    """The body is UTF-8 and no other charset is declared."""
    response = userinfo_asked["get"].answered
    try:
        response.body.decode("utf-8")
    except UnicodeDecodeError:
        raise AssertionError("the body is not UTF-8") from None
    declared = (response.header("content-type") or "").lower().partition("charset=")[2]
    assert declared.strip('" ') in {"", "utf-8"}, "another charset than utf-8 is declared"


@requirement("OIDCC-5.3.2/withheld-claims-are-no-error")
def test_scopes_of_claims_are_no_error(userinfo_by_scope: Trace) -> None:
    """Asking for claims never fails, whether the user has them or not."""
    for step in ("userinfo-openid", "userinfo-all"):
        status = userinfo_by_scope[step].answered.status
        assert status == 200, f"status is {status} ({step})"


@requirement("OIDCC-15.2/userinfo-supported")
def test_a_dynamic_provider_has_userinfo(userinfo_asked: Trace) -> None:
    """A provider that takes unknown clients tells them about the user."""
    assert userinfo_claims(userinfo_asked, "get").get("sub"), "sub is missing"
