"""RFC 6749 section 4.3.2: who may ask with the password of a user."""

from idprobe.checks import (
    NOT_PROVEN,
    EvidenceError,
    Trace,
    Unsuited,
    error_code,
    refused,
    requirement,
    slowed_down,
)

NO_PASSWORD = "no user of the profile has a password beyond ASCII"


@requirement("RFC6749-4.3.2/require-client-authentication")
def test_confidential_client_proves_itself_for_a_password(password_grant: Trace) -> None:
    """A confidential client gets no tokens for a password without its credentials."""
    exchange = password_grant["anonymous"]
    assert refused(exchange), "tokens are given to a client that did not authenticate"
    code = error_code(exchange)
    assert code in NOT_PROVEN | {"unauthorized_client"}, f"the error is {code}"


@requirement("RFC6749-4.3.2/authenticate-if-included")
def test_wrong_secret_beside_a_password_is_refused(password_grant: Trace) -> None:
    """Credentials of the client that come with a password are checked."""
    if "wrong-secret" not in password_grant:
        raise Unsuited("the client has no secret to get wrong")
    exchange = password_grant["wrong-secret"]
    assert refused(exchange), "a wrong secret is taken"


@requirement("RFC6749-4.3.2/validate-user-password")
def test_password_is_checked(password_grant: Trace) -> None:
    """A wrong password, and one of nobody, brings no tokens."""
    for step in ("wrong-password", "unknown-user"):
        exchange = password_grant[step]
        assert refused(exchange), f"tokens are given for {step.replace('-', ' ')}"


@requirement("RFC6749-5.2/invalid-grant")
def test_wrong_password_is_invalid_grant(password_grant: Trace) -> None:
    """A wrong password, and one of nobody, is told as invalid_grant."""
    steps = ("wrong-password", "unknown-user")
    refusals = [password_grant[step] for step in steps if refused(password_grant[step])]
    if not refusals:
        raise EvidenceError("no wrong password was refused")
    for exchange in refusals:
        password_grant.decide(exchange)
        code = error_code(exchange)
        assert code == "invalid_grant", f"the error is {code} ({exchange.step})"


@requirement("RFC6749-4.3.2/brute-force-protection")
def test_password_cannot_be_guessed_at_any_rate(password_guessed_by_grant: Trace) -> None:
    """After forty wrong passwords in a row the server has locked, limited or slowed down."""
    trace = password_guessed_by_grant
    locked = error_code(trace["right"]) == "invalid_grant"
    assert locked or slowed_down(trace), "forty wrong passwords in a row change nothing"


@requirement("RFC6749-A.15/username-unicode")
def test_username_may_be_beyond_ascii(passwords_beyond_ascii: Trace) -> None:
    """A user who can log in with a name beyond ASCII can do so by the grant."""
    if "username" not in passwords_beyond_ascii:
        raise Unsuited("no user of the profile has a name beyond ASCII")
    exchange = passwords_beyond_ascii["username"]
    assert not refused(exchange), f"the name is refused: {error_code(exchange)}"


@requirement("RFC6749-A.16/password-unicode")
def test_password_may_be_beyond_ascii(passwords_beyond_ascii: Trace) -> None:
    """A user who can log in with a password beyond ASCII can do so by the grant."""
    if "password" not in passwords_beyond_ascii:
        raise Unsuited(NO_PASSWORD)
    exchange = passwords_beyond_ascii["password"]
    assert not refused(exchange), f"the password is refused: {error_code(exchange)}"


@requirement("RFC6749-B/body-decoded-as-utf-8")
def test_form_is_decoded_as_utf_8(passwords_beyond_ascii: Trace) -> None:
    """A password beyond ASCII is right in UTF-8 and in no other encoding."""
    trace = passwords_beyond_ascii
    if "password" not in trace:
        raise Unsuited(NO_PASSWORD)
    assert not refused(trace["password"]), "UTF-8 is not read"
    if refused(trace["password-again"]):
        raise EvidenceError("the right password is refused after the other")
    assert refused(trace["password-latin-1"]), "another encoding than UTF-8 is read"
