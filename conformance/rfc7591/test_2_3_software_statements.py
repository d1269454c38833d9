"""RFC 7591 sections 2.3 and 3.2.2: software statements that are not believed.

A server cannot verify the statement of an issuer that it does not know: both error codes will do
wherever a statement is not plainly broken.
"""

from idprobe.checks import (
    EvidenceError,
    Exchange,
    Trace,
    error_code,
    requirement,
)

INVALID = "invalid_software_statement"
UNAPPROVED = "unapproved_software_statement"


def _flaw(exchange: Exchange, *codes: str) -> str:
    """Return what is wrong with a refusal, "" if nothing is."""
    response = exchange.answered
    if response.is_success:
        return "it is taken"
    if response.status >= 500 or response.status in {401, 403, 429}:
        raise EvidenceError(f"that is no judgement of the statement: {exchange}")
    code = error_code(exchange)
    return "" if code in codes else f"the error is {code}"


@requirement("RFC7591-2.3/software-statement-signed")
def test_statement_has_to_be_signed(software_statements: Trace) -> None:
    """A statement of the algorithm none is refused."""
    flaw = _flaw(software_statements["unsigned"], INVALID, UNAPPROVED)
    assert not flaw, f"an unsigned statement: {flaw}"


@requirement("RFC7591-2.3/software-statement-iss")
def test_statement_has_to_have_an_issuer(software_statements: Trace) -> None:
    """A statement that nobody says to have made is refused."""
    flaw = _flaw(software_statements["nameless"], INVALID, UNAPPROVED)
    assert not flaw, f"a statement without iss: {flaw}"


@requirement("RFC7591-3.2.2/invalid-software-statement")
def test_what_is_no_statement_is_invalid(software_statements: Trace) -> None:
    """A text that is no JWT is invalid_software_statement."""
    flaw = _flaw(software_statements["garbage"], INVALID)
    assert not flaw, f"what is no JWT: {flaw}"


@requirement("RFC7591-3.2.2/unapproved-software-statement")
def test_statement_of_a_stranger_is_not_approved(software_statements: Trace) -> None:
    """A well-signed statement of an issuer that nobody knows is refused."""
    flaw = _flaw(software_statements["stranger"], INVALID, UNAPPROVED)
    assert not flaw, f"a statement of a stranger: {flaw}"
