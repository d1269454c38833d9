"""URL standard, section 5.1: however a form is spelled, it says the same (generated requests)."""

from idprobe.checks import Trace, first_flaw, requirement
from idprobe.reading.encodings import granted


@requirement("WHATWG-URL-5.1/plus-then-percent-decoding")
def test_any_character_may_be_percent_encoded(unreserved_characters_encoded: Trace) -> None:
    """A form with any of its characters percent-encoded, in either case, is served as usual."""
    assert not (flaw := first_flaw(unreserved_characters_encoded, granted)), flaw
