"""RFC 6749 sections 3.1.2.1, 4.1.1, 10.2 and 10.8: what a person is asked, told and warned of."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    consent_page,
    consent_pages,
    gives_tokens,
    is_registered,
    requirement,
    tokens_of,
    words_of_consent_page,
)

NAME = "Idprobe client of many wishes"


@requirement("RFC6749-4.1.1/decision-obtained")
def test_somebody_decides_about_a_new_client(consents_compared: Trace) -> None:
    """A client that nobody knew before gets no code until somebody has agreed on a page."""
    assert consent_pages(consents_compared, "little"), "a code is issued and nobody was asked"


@requirement("RFC6749-4.1.1/decision-obtained")
def test_client_has_no_say_in_who_is_asked(privileges_registered: Trace) -> None:
    """A client that registers itself as trusted is refused, or approved like any other."""
    if not consent_pages(privileges_registered, "plain"):
        raise Unsuited("nobody is asked about a new client in any case")
    if is_registered(privileges_registered["register-privileged"]):
        assert consent_pages(privileges_registered, "privileged"), "nobody was asked"


@requirement("RFC6749-10.2/explicit-authentication-and-information")
def test_person_is_told_who_asks(consents_compared: Trace) -> None:
    """The page that asks for consent names the client."""
    page = consent_page(consents_compared, "little").answered.text
    client_id = str(consents_compared["register"].answered.json_object.get("client_id"))
    assert NAME in page or client_id in page, "the client is not named"


@requirement("RFC6749-10.2/explicit-authentication-and-information")
def test_person_is_told_what_is_asked(consents_compared: Trace) -> None:
    """The page that asks for more scopes says more."""
    if "more" not in consents_compared:
        raise Unsuited("the profile has one scope only")
    little, more = (words_of_consent_page(consents_compared, step) for step in ("little", "more"))
    assert more - little, "the page says the same of one scope and of all"


@requirement("RFC6749-3.1.2.1/warn-about-insecure-redirect")
def test_person_is_warned_of_a_redirect_in_the_clear(consents_compared: Trace) -> None:
    """A redirect URI of plain http is refused, or the page that asks for consent warns of it."""
    if is_registered(consents_compared["register-clear"]):
        usual, clear = (
            words_of_consent_page(consents_compared, step) for step in ("little", "clear")
        )
        assert clear - usual, "the page says nothing that it does not say of https"


@requirement("RFC6749-10.8/codes-not-in-clear", "RFC9700-2.6/responses-not-in-clear")
def test_no_code_goes_to_plain_http(consents_compared: Trace) -> None:
    """A redirect URI of plain http is refused, or no code is sent there."""
    if is_registered(consents_compared["register-clear"]):
        assert not gives_tokens(consents_compared["clear"]), "a code went there in the clear"


@requirement("RFC6749-10.3/scope-depends-on-client")
def test_client_gets_the_scope_that_it_registered(narrow_client_registered: Trace) -> None:
    """A client that registered one scope is not granted others."""
    if not gives_tokens(narrow_client_registered["asked"]):
        return
    own = narrow_client_registered["register"].answered.json_object["scope"]
    granted = tokens_of(narrow_client_registered, "asked-tokens").get("scope")
    if not isinstance(granted, str):
        raise EvidenceError("the response does not tell which scope was granted")
    more = set(granted.split()) - set(own.split())
    assert not more, f"it is granted {', '.join(sorted(more))} too"
