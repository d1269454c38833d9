"""OpenID Connect Registration section 5: the sector document is read, and has to fit."""

from idprobe.checks import (
    Trace,
    is_registered,
    logout_calls,
    requirement,
)


@requirement("OIDCR-5/sector-uri-https-json")
def test_sector_is_a_json_array_at_https(sector_documents: Trace) -> None:
    """A sector at plain http, an object, and a document that is missing are refused."""
    taken = [one for one in ("plain", "object", "missing") if is_registered(sector_documents[one])]
    assert not taken, f"it was registered: {', '.join(taken)}"


@requirement("OIDCR-5/sector-uri-covers-redirect-uris")
def test_sector_covers_the_redirect_uris(sector_documents: Trace) -> None:
    """A sector that does not list the redirect URI is refused."""
    assert not is_registered(sector_documents["others"]), "it was registered"


@requirement("OIDCR-5/sector-uri-validated-at-registration")
def test_sector_is_read_at_registration(sector_documents: Trace) -> None:
    """The sector document is fetched while the client is registered."""
    assert logout_calls(sector_documents, "call-good"), "nobody fetched the sector document"
