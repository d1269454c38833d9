"""HTTP and the URL standard: however a request is spelled, it says the same (generated)."""

from idprobe.checks import (
    Trace,
    first_flaw,
    flaw_in_answer,
    flaw_not_authenticated,
    flaw_not_granted,
    requirement,
)


@requirement("WHATWG-URL-5.1/plus-then-percent-decoding")
def test_any_character_may_be_percent_encoded(unreserved_characters_encoded: Trace) -> None:
    """A form with any of its characters percent-encoded, in either case, is served as usual."""
    assert not (flaw := first_flaw(unreserved_characters_encoded, flaw_not_granted)), flaw


@requirement("WHATWG-URL-5.1/empty-pairs-skipped")
def test_any_number_of_ampersands_is_skipped(empty_pairs_anywhere: Trace) -> None:
    """Ampersands before, between and after the parameters change nothing, however many."""
    assert not (flaw := first_flaw(empty_pairs_anywhere, flaw_not_granted)), flaw


@requirement("WHATWG-URL-5.1/utf-8-decoding-lossy")
def test_octets_that_are_no_text_do_no_harm(forms_with_broken_utf_8: Trace) -> None:
    """Overlong forms, surrogates and cut sequences are answered by tokens or an OAuth error."""
    assert not (flaw := first_flaw(forms_with_broken_utf_8, flaw_in_answer)), flaw


@requirement("WHATWG-URL-5.1/bad-percent-sequences-kept")
def test_broken_percent_signs_do_no_harm(forms_with_broken_percents: Trace) -> None:
    """Percent signs without two digits are answered by tokens or an OAuth error."""
    assert not (flaw := first_flaw(forms_with_broken_percents, flaw_in_answer)), flaw


@requirement("RFC9110-8.3.1/media-type-case-insensitive")
def test_media_type_is_known_in_any_case(media_type_respelled: Trace) -> None:
    """The media type of a form is known in any mixture of cases."""
    assert not (flaw := first_flaw(media_type_respelled, flaw_not_granted)), flaw


@requirement("RFC9110-8.3.1/media-type-parameters-tolerated")
def test_charset_of_a_form_is_known_in_any_spelling(charset_of_form_respelled: Trace) -> None:
    """A form that is said to be UTF-8, with space and quotes where they may be, is served."""
    assert not (flaw := first_flaw(charset_of_form_respelled, flaw_not_granted)), flaw


@requirement("RFC9110-11.1/scheme-case-insensitive")
def test_basic_is_known_in_any_case(basic_scheme_respelled: Trace) -> None:
    """A client is known by `Basic` in any mixture of cases, whatever the number of spaces."""
    assert not (flaw := first_flaw(basic_scheme_respelled, flaw_not_authenticated)), flaw


@requirement("RFC9112-7.1/chunked-decoded")
def test_bodies_come_in_chunks(bodies_in_chunks: Trace) -> None:
    """A form that comes in chunks is served as one that comes as a whole."""
    assert not (flaw := first_flaw(bodies_in_chunks, flaw_not_granted)), flaw
