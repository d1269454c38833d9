"""RFC 6749 section 4.3.2: who may ask with the password of a user."""

from idprobe.checks import Trace, error_code, refused, requirement
from idprobe.reading.refusals import NOT_PROVEN


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
    exchange = password_grant["wrong-secret"]
    assert refused(exchange), "a wrong secret is taken"


@requirement("RFC6749-4.3.2/validate-user-password")
def test_password_is_checked(password_grant: Trace) -> None:
    """A wrong password, and one of nobody, is invalid_grant."""
    for step in ("wrong-password", "unknown-user"):
        exchange = password_grant[step]
        assert refused(exchange), f"tokens are given for {step.replace('-', ' ')}"
        code = error_code(exchange)
        assert code == "invalid_grant", f"the error for {step.replace('-', ' ')} is {code}"
