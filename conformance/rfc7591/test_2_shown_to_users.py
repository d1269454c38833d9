"""RFC 7591 section 2: what a person is shown of a client."""

import html

from idprobe.checks import (
    EvidenceError,
    Exchange,
    Trace,
    Unsuited,
    is_login_page,
    is_user_page,
    page_of,
    requirement,
)

NAME = "Idprobe <i>Größe</i> Ωμέγα 株"
HOME = "https://client.example"


def consent_page(trace: Trace) -> Exchange:
    """Return the page on which the person decides: the last one before the answer."""
    seen = [exchange for exchange in trace.steps("login") if exchange.response is not None]
    pages = [one for one in seen if is_user_page(one) and not is_login_page(one)]
    if not pages:
        raise Unsuited("nobody is asked for consent: there is no page that could show the client")
    return pages[-1]


def shows(trace: Trace, uri: str) -> bool:
    """Return whether the consent page has a link or an image of that address."""
    if uri.encode() not in trace["register"].request.body:
        raise EvidenceError("the registration did not name it")
    return uri in html.unescape(consent_page(trace).answered.text)


@requirement("RFC7591-2/client-uri-shown", "OIDCR-2/client-uri-displayed")
def test_client_uri_is_shown(registered_client_at_work: Trace) -> None:
    """The consent page links to the client's home page."""
    assert shows(registered_client_at_work, f"{HOME}/about"), "client_uri is not on the page"


@requirement("RFC7591-2/logo-shown", "OIDCR-2/logo-uri-displayed")
def test_logo_is_shown(registered_client_at_work: Trace) -> None:
    """The consent page shows the client's logo."""
    assert shows(registered_client_at_work, f"{HOME}/logo.png"), "logo_uri is not on the page"


@requirement("RFC7591-2/tos-shown", "OIDCR-2/tos-uri-displayed")
def test_terms_are_shown(registered_client_at_work: Trace) -> None:
    """The consent page links to the client's terms of service."""
    assert shows(registered_client_at_work, f"{HOME}/terms"), "tos_uri is not on the page"


@requirement("RFC7591-2/policy-shown", "OIDCR-2/policy-uri-displayed")
def test_policy_is_shown(registered_client_at_work: Trace) -> None:
    """The consent page links to the client's privacy policy."""
    assert shows(registered_client_at_work, f"{HOME}/privacy"), "policy_uri is not on the page"


@requirement("RFC7591-2.2/untagged-value-shown-as-is", "OIDCR-2.1/untagged-text-used-as-is")
def test_name_is_shown_as_it_is(registered_client_at_work: Trace) -> None:
    """A name without a language is shown as it was registered, and never as markup."""
    page = consent_page(registered_client_at_work).answered.text
    assert "<i>Größe</i>" not in page, "the name became markup"
    if "Ωμέγα" not in html.unescape(page):
        raise Unsuited("the consent page does not show the client's name")
    assert NAME in html.unescape(page), "the name was changed"


@requirement("RFC7591-5/user-protected-from-linked-content")
def test_nothing_of_the_client_runs_on_the_page(registered_client_at_work: Trace) -> None:
    """What the client's addresses lead to is neither framed nor run, nor styles the page."""
    page = page_of(consent_page(registered_client_at_work).answered)
    found = page.css("iframe, frame, script, object, embed, link") if page is not None else []
    leads = [
        value
        for element in found
        for name, value in element.attributes.items()
        if name in {"src", "href", "data"} and (value or "").startswith(HOME)
    ]
    assert not leads, f"the page is made with {leads[0]}"
