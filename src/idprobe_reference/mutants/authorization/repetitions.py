"""Mutants that make one value of several of a parameter (RFC 6749 sections 3.1 and 3.2).

Which one depends on the framework a server is built with; that the first counts is in errors.py
and mixups.py.
"""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from collections.abc import Callable
from operator import itemgetter
from typing import Final

from idprobe_reference.mutants.registry import mutant
from idprobe_reference.mutants.tokens.token_reading import OtherForm
from idprobe_reference.requests.authorization_request import Wish
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer

_AT_TOKENS: Final = (
    "RFC6749-3.2/repeated-parameter-rejected",
    "RFC6749-5.2/invalid-request-repeated-parameter",
)
_AT_LOGINS: Final = ("RFC6749-3.1/repeated-parameter-rejected", "RFC6749-4.1.2.1/invalid-request")
_last: Final[Callable[[tuple[str, ...]], str]] = itemgetter(-1)


def _united(form: Form, one_of: Callable[[tuple[str, ...]], str]) -> Form:
    """Return a form whose repeated parameters have become one each."""
    repeated = form.repeated()
    others = [pair for pair in form.pairs if pair[0] not in repeated]
    return Form([*others, *((name, one_of(form.everything(name))) for name in sorted(repeated))])


@mutant(_AT_TOKENS)
class LastOfRepeatedParametersCounts(OtherForm):
    """Of several values of a parameter of a token request the last counts."""

    def form_of(self, octets: bytes) -> Form:
        return _united(Form.parse(octets), _last)


@mutant(_AT_TOKENS)
class RepeatedParametersAreJoinedByCommas(OtherForm):
    """Several values of a parameter of a token request are one, with commas in it."""

    def form_of(self, octets: bytes) -> Form:
        return _united(Form.parse(octets), ",".join)


@mutant(_AT_TOKENS)
class RepeatedParametersAreJoinedBySpaces(OtherForm):
    """Several values of a parameter of a token request are one, with spaces in it."""

    def form_of(self, octets: bytes) -> Form:
        return _united(Form.parse(octets), " ".join)


@mutant(_AT_LOGINS)
class LastOfTwoValuesCounts(ReferenceServer):
    """Of several values of a parameter of an authorization request the last counts."""

    def wish_of(self, form: Form) -> Wish:
        return super().wish_of(_united(form, _last))


@mutant(_AT_LOGINS)
class TwoValuesAreJoinedByCommas(ReferenceServer):
    """Several values of a parameter of an authorization request are one, with commas in it."""

    def wish_of(self, form: Form) -> Wish:
        return super().wish_of(_united(form, ",".join))


@mutant(_AT_LOGINS)
class TwoValuesAreJoinedBySpaces(ReferenceServer):
    """Several values of a parameter of an authorization request are one, with spaces in it."""

    def wish_of(self, form: Form) -> Wish:
        return super().wish_of(_united(form, " ".join))
