"""RFC 9700 section 2.1: the server sends no browser wherever a link says."""

from idprobe.checks import Exchange, Trace, requirement
from idprobe.reading.landings import led_to
from idprobe.reading.pages import page_of

HOST = "attacker.idprobe.example"


@requirement("RFC9700-2.1/no-open-redirector")
def test_no_parameter_names_where_to_go(foreign_targets: Trace) -> None:
    """No page of the server sends the browser on to a URI from a parameter."""
    wrong = led_to(foreign_targets, HOST)
    wrong += [exchange.step for exchange in foreign_targets if refreshes(exchange)]
    places = sorted({foreign_targets[step].request.path for step in wrong})
    assert not places, f"the browser is sent on by {', '.join(places)}"


@requirement("RFC9700-2.1/no-open-redirector")
def test_no_form_names_where_to_go(forms_with_targets: Trace) -> None:
    """No login or consent, given or declined, ends at a URI that came back with its form."""
    wrong = led_to(forms_with_targets, HOST)
    wrong += [exchange.step for exchange in forms_with_targets if refreshes(exchange)]
    assert not wrong, f"the browser is sent on by {', '.join(sorted(set(wrong)))}"


def refreshes(exchange: Exchange) -> bool:
    """Return whether a page sends the browser to the foreign host after a while."""
    page = page_of(exchange.answered)
    metas = page.css('meta[http-equiv="refresh" i]') if page is not None else []
    said = [meta.attributes.get("content") or "" for meta in metas]
    return any(HOST in one for one in (*said, exchange.answered.header("refresh") or ""))
