"""RFC 6749 sections 2 and 3.1.2 and appendix A, as registration shows them."""

import re

from idprobe.checks import (
    EvidenceError,
    Trace,
    accepts_redirect_uri,
    client_information,
    is_error_page,
    is_registered,
    requirement,
    usable_without_redirect_uri,
)

SERVED = "it was registered, and may name any redirect URI"
VSCHAR = re.compile(r"[\x20-\x7e]*")


@requirement(
    "RFC6749-3.1.2/redirect-uri-absolute", "OAUTH21-2.3/redirect-uri-absolute-without-fragment"
)
def test_redirect_uri_has_to_be_absolute(registration_redirect_faults: Trace) -> None:
    """A redirect URI that is not absolute is not registered."""
    for step in ("relative", "without-scheme"):
        assert not is_registered(registration_redirect_faults[step]), f"it was registered: {step}"


@requirement(
    "RFC6749-3.1.2/redirect-uri-without-fragment",
    "OAUTH21-2.3/redirect-uri-absolute-without-fragment",
)
def test_redirect_uri_has_no_fragment(registration_redirect_faults: Trace) -> None:
    """A redirect URI with a fragment is not registered."""
    assert not is_registered(registration_redirect_faults["fragment"]), "it was registered"


@requirement(
    "RFC6749-3.1.2.2/public-client-registers-redirect", "RFC6749-10.6/redirect-registration-public"
)
def test_public_client_needs_a_redirect_uri(registration_without_redirect_uris: Trace) -> None:
    """A public client cannot register without a redirect URI, or cannot begin a login then."""
    assert not usable_without_redirect_uri(registration_without_redirect_uris, "code-public"), (
        SERVED
    )


@requirement("RFC6749-10.6/redirect-registration-confidential")
def test_confidential_client_needs_a_redirect_uri(
    registration_without_redirect_uris: Trace,
) -> None:
    """A confidential client without a redirect URI is refused here or when it begins a login."""
    assert not usable_without_redirect_uri(registration_without_redirect_uris, "code"), SERVED


@requirement("RFC6749-3.1.2.2/implicit-client-registers-redirect")
def test_implicit_client_needs_a_redirect_uri(registration_without_redirect_uris: Trace) -> None:
    """A client of the implicit grant without a redirect URI is refused here or at its login."""
    for step in ("implicit", "implicit-id-token"):
        assert not usable_without_redirect_uri(registration_without_redirect_uris, step), (
            f"{SERVED}: {step}"
        )


@requirement("RFC6749-3.1.2.2/complete-uri-registered")
def test_registered_origin_is_no_prefix(loose_redirect_uris_registered: Trace) -> None:
    """An origin is refused as a redirect URI, or stands for itself and no path below."""
    if is_registered(loose_redirect_uris_registered["origin"]):
        assert not accepts_redirect_uri(loose_redirect_uris_registered, "origin-asked"), (
            "a path below works"
        )


@requirement("RFC9700-2.1/exact-redirect-matching")
def test_registered_wildcard_is_no_pattern(loose_redirect_uris_registered: Trace) -> None:
    """A wildcard is refused in a redirect URI, or stands for itself."""
    if is_registered(loose_redirect_uris_registered["wildcard"]):
        assert not accepts_redirect_uri(loose_redirect_uris_registered, "wildcard-asked"), (
            "it is a pattern"
        )


@requirement("RFC6749-3.1.2.2/several-redirect-uris")
def test_several_redirect_uris_can_be_registered(client_registered: Trace) -> None:
    """A client can have more than one redirect URI."""
    uris = client_information(client_registered["register"]).get("redirect_uris")
    assert isinstance(uris, list), "the response has no redirect_uris"
    assert len(uris) == 2, f"{len(uris)} of 2 were registered"


@requirement("RFC6749-A.1/client-id-syntax")
def test_client_id_is_printable(client_registered: Trace) -> None:
    """An issued client_id is printable ASCII."""
    client_id = client_information(client_registered["register"])["client_id"]
    assert VSCHAR.fullmatch(client_id), "client_id has other characters"


@requirement("RFC6749-A.2/client-secret-syntax")
def test_client_secret_is_printable(client_registered: Trace) -> None:
    """An issued client_secret is printable ASCII."""
    secret = client_information(client_registered["register"]).get("client_secret")
    assert client_registered.fact(secret)["vschar"], "client_secret has other characters"


@requirement("RFC6749-10.1/no-secret-for-native-or-browser-client")
def test_native_and_browser_clients_get_no_secret(public_client_registered: Trace) -> None:
    """Clients that cannot keep a secret are given none."""
    for step in ("web", "native"):
        exchange = public_client_registered[step]
        if is_registered(exchange):
            assert "client_secret" not in client_information(exchange), f"there is a secret: {step}"


@requirement(
    "RFC9700-2.6/client-chosen-identity-prevented", "RFC9700-4.15.1/client-id-not-confusable"
)
def test_client_cannot_choose_its_identity(registration_extras: Trace) -> None:
    """A client that asks for a client_id like a user's name does not get it."""
    exchange = registration_extras["chosen-identity"]
    if is_registered(exchange):
        members = client_information(exchange)
        assert members["client_id"] != "alice", "the client chose its client_id"
        assert "sub" not in members, "the client chose its sub"


@requirement("RFC9700-2.6/no-http-redirect-uris")
def test_plain_http_is_not_registered(registration_redirect_faults: Trace) -> None:
    """A redirect URI of plain http is not registered, but for native apps on loopback."""
    assert not is_registered(registration_redirect_faults["plain-http"]), "it was registered"


@requirement(
    "RFC9700-4.11.2/as-not-open-redirector", "RFC9700-4.11.2/redirect-only-to-trusted-uris"
)
def test_nobody_is_redirected_before_doing_anything(client_registered_by_defaults: Trace) -> None:
    """An error of a client that anybody registered sends no stranger's browser to it at once."""
    exchange = client_registered_by_defaults["token-by-redirect"]
    assert exchange.landing is None, "the browser was sent on without a word"
    if exchange.answered.status != 200 and not is_error_page(exchange.answered):
        raise EvidenceError(f"nobody is shown a page: {exchange}")
