"""RFC 6749 sections 3.1.2.1, 4.1.1, 10.2 and 10.8: what a person is asked, told and warned of."""

import re

from selectolax.lexbor import LexborHTMLParser

from idprobe.checks import EvidenceError, Exchange, Trace, gives_tokens, requirement
from idprobe.errors import Unsuited
from idprobe.reading.issued import tokens
from idprobe.reading.pages import is_login_page, is_user_page
from idprobe.reading.registered import accepted

NAME = "Idprobe client of many wishes"
WORD = re.compile(r"[^\W\d_]{3,}")
ADDRESS = re.compile(r"[\w.+-]*[:/.][\w.:/?=&%-]+")


def consent_pages(trace: Trace, step: str) -> list[Exchange]:
    """Return the pages of a journey on which a person decides, the login left out."""
    if not gives_tokens(trace[step]):
        raise EvidenceError(f"the journey {step} ends without a code: {trace[step]}")
    return [e for e in trace.steps(step) if is_user_page(e) and not is_login_page(e)]


def asked(trace: Trace, step: str) -> Exchange:
    """Return the page on which consent is given; raises Unsuited if nobody is asked."""
    pages = consent_pages(trace, step)
    if not pages:
        raise Unsuited("nobody is asked for consent: there is no page to look at")
    return pages[-1]


def words(trace: Trace, step: str) -> set[str]:
    """Return what a person reads on a page, without addresses, numbers and the client_id."""
    page = LexborHTMLParser(asked(trace, step).answered.body)
    page.strip_tags(["script", "style", "head"])
    text = page.body.text(separator=" ") if page.body is not None else ""
    text = text.replace(trace.steps(step)[0].request.parameter("client_id") or NAME, " ")
    return set(WORD.findall(ADDRESS.sub(" ", text)))


@requirement("RFC6749-4.1.1/decision-obtained")
def test_somebody_decides_about_a_new_client(consents_compared: Trace) -> None:
    """A client that nobody knew before gets no code until somebody has agreed on a page."""
    assert consent_pages(consents_compared, "little"), "a code is issued and nobody was asked"


@requirement("RFC6749-10.2/explicit-authentication-and-information")
def test_person_is_told_who_asks(consents_compared: Trace) -> None:
    """The page that asks for consent names the client."""
    page = asked(consents_compared, "little").answered.text
    client_id = str(consents_compared["register"].answered.json_object.get("client_id"))
    assert NAME in page or client_id in page, "the client is not named"


@requirement("RFC6749-10.2/explicit-authentication-and-information")
def test_person_is_told_what_is_asked(consents_compared: Trace) -> None:
    """The page that asks for more scopes says more."""
    if "more" not in consents_compared:
        raise Unsuited("the profile has one scope only")
    little, more = (words(consents_compared, step) for step in ("little", "more"))
    assert more - little, "the page says the same of one scope and of all"


@requirement("RFC6749-3.1.2.1/warn-about-insecure-redirect")
def test_person_is_warned_of_a_redirect_in_the_clear(consents_compared: Trace) -> None:
    """A redirect URI of plain http is refused, or the page that asks for consent warns of it."""
    if accepted(consents_compared["register-clear"]):
        usual, clear = (words(consents_compared, step) for step in ("little", "clear"))
        assert clear - usual, "the page says nothing that it does not say of https"


@requirement("RFC6749-10.8/codes-not-in-clear", "RFC9700-2.6/responses-not-in-clear")
def test_no_code_goes_to_plain_http(consents_compared: Trace) -> None:
    """A redirect URI of plain http is refused, or no code is sent there."""
    if accepted(consents_compared["register-clear"]):
        assert not gives_tokens(consents_compared["clear"]), "a code went there in the clear"


@requirement("RFC6749-10.3/scope-depends-on-client")
def test_client_gets_the_scope_that_it_registered(narrow_client_registered: Trace) -> None:
    """A client that registered one scope is not granted others."""
    if not gives_tokens(narrow_client_registered["asked"]):
        return
    own = narrow_client_registered["register"].answered.json_object["scope"]
    granted = tokens(narrow_client_registered, "asked-tokens").get("scope")
    if not isinstance(granted, str):
        raise EvidenceError("the response does not tell which scope was granted")
    more = set(granted.split()) - set(own.split())
    assert not more, f"it is granted {', '.join(sorted(more))} too"
