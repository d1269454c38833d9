"""RFC 6749 section 8 and appendix A: names and characters in a token response."""

import re

from idprobe.checks import (
    EvidenceError,
    Exchange,
    Trace,
    requirement,
    token_members,
)

NAME = re.compile(r"[-._A-Za-z0-9]+")
ABSOLUTE_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[!#-\[\]_a-z~%A-Z]+")
REGISTERED = {
    "access_token",
    "ace_profile",
    "authorization_details",
    "c_nonce",
    "c_nonce_expires_in",
    "cnf",
    "expires_in",
    "id_token",
    "issued_token_type",
    "nonce",
    "refresh_token",
    "rs_cnf",
    "scope",
    "session_state",
    "state",
    "token_type",
}


@requirement("RFC6749-8.1/token-type-name", "RFC6749-A.13/token-type-syntax")
def test_token_type_is_a_name_or_a_uri(code_answer: Trace) -> None:
    """token_type is a name of letters, digits and some signs, or an absolute URI."""
    exchange = code_answer["tokens"]

    value = _token_type(exchange)

    fits = NAME.fullmatch(value) or ABSOLUTE_URI.fullmatch(value)
    assert fits, f"token_type is {value[:40]!r}"


@requirement("RFC6749-8.1/token-type-name", "RFC6749-A.13/token-type-syntax")
def test_token_type_of_client_credentials_is_a_name_or_a_uri(
    client_credentials_answer: Trace,
) -> None:
    """The token_type of a client's own token is a name or an absolute URI."""
    exchange = client_credentials_answer["tokens"]

    value = _token_type(exchange)

    fits = NAME.fullmatch(value) or ABSOLUTE_URI.fullmatch(value)
    assert fits, f"token_type is {value[:40]!r}"


def _token_type(exchange: Exchange) -> str:
    """Return token_type; without one there is nothing to look at."""
    value = token_members(exchange).get("token_type")
    if not isinstance(value, str):
        raise EvidenceError("there is no token_type that is a string")
    return value


@requirement("RFC6749-8.2/parameter-names", "RFC6749-A.18/parameter-name-syntax")
def test_members_of_a_token_response_are_named_simply(code_answer: Trace) -> None:
    """Member names have letters, digits, "-", "." and "_" alone."""
    exchange = code_answer["tokens"]

    wrong = [name for name in token_members(exchange) if NAME.fullmatch(name) is None]

    assert not wrong, f"there is a member named {wrong[0][:40]!r}"


@requirement("RFC6749-8.2/vendor-parameter-prefix")
def test_members_of_the_vendor_have_a_prefix(code_answer: Trace) -> None:
    """A member that no specification defines has a prefix."""
    exchange = code_answer["tokens"]

    own = sorted(token_members(exchange).keys() - REGISTERED)

    bare = [name for name in own if re.search(r"[._:\-]", name.strip("._:-")) is None]
    assert not bare, f"{', '.join(bare)} is not registered and has no prefix"


@requirement("RFC6749-A.12/access-token-syntax")
def test_access_token_is_printable(code_answer: Trace) -> None:
    """The access token has printable ASCII characters alone."""
    exchange = code_answer["tokens"]

    facts = code_answer.fact(str(token_members(exchange).get("access_token")))

    assert facts["vschar"], "the access token has characters that it may not have"


@requirement("RFC6749-A.12/access-token-syntax")
def test_access_token_of_client_credentials_is_printable(client_credentials_answer: Trace) -> None:
    """A client's own token has printable ASCII characters alone."""
    exchange = client_credentials_answer["tokens"]

    facts = client_credentials_answer.fact(str(token_members(exchange).get("access_token")))

    assert facts["vschar"], "the access token has characters that it may not have"


@requirement("RFC6749-A.17/refresh-token-syntax")
def test_refresh_token_is_printable(refresh_answer: Trace) -> None:
    """The refresh token has printable ASCII characters alone."""
    exchange = refresh_answer["redeem"]
    token = token_members(exchange).get("refresh_token")
    if not isinstance(token, str):
        raise EvidenceError("there is no refresh token")

    facts = refresh_answer.fact(token)

    assert facts["vschar"], "the refresh token has characters that it may not have"


@requirement("RFC6749-A.11/code-syntax")
def test_code_is_printable(code_answer: Trace) -> None:
    """The code has printable ASCII characters alone."""
    code = code_answer.landing.get("code")
    if code is None:
        raise EvidenceError("no code landed")

    facts = code_answer.fact(code)

    assert facts["vschar"], "the code has characters that it may not have"
