"""RFC 9700 section 2.1: the server sends no browser wherever a link says."""

from idprobe.checks import (
    ATTACKER,
    Trace,
    requirement,
    steps_leading_to,
)


@requirement("RFC9700-2.1/no-open-redirector")
def test_no_parameter_names_where_to_go(foreign_targets: Trace) -> None:
    """No page of the server sends the browser on to a URI from a parameter."""
    wrong = steps_leading_to(foreign_targets, ATTACKER)
    places = sorted({foreign_targets[step].request.path for step in wrong})
    assert not places, f"the browser is sent on by {', '.join(places)}"


@requirement("RFC9700-2.1/no-open-redirector")
def test_no_form_of_another_site_says_where_to_go(forged_forms_with_targets: Trace) -> None:
    """No form that another site's page submits sends the browser on to a URI from it."""
    wrong = steps_leading_to(forged_forms_with_targets, ATTACKER)
    assert not wrong, f"the browser is sent on by {', '.join(wrong)}"
