"""Mutants that trip over one spelling of a request, as only generated requests show."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import re

from idprobe.reference.forms import Form
from idprobe.reference.mutants.registry import mutant
from idprobe.reference.mutants.token_reading import OtherForm

__all__ = ["HexInLowerCaseIsKept"]


@mutant(breaks="WHATWG-URL-5.1/plus-then-percent-decoding")
class HexInLowerCaseIsKept(OtherForm):
    """Percent sequences with a hexadecimal digit in lower case are not decoded."""

    def form_of(self, octets: bytes) -> Form:
        return Form.parse(re.sub(rb"%(?=[0-9][a-f])", b"%25", octets))
